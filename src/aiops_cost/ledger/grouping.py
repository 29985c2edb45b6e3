"""Sums a delivered file by all that its rows say, in one pass, so that whatever follows looks at far fewer rows.

A group is the rows of one file that agree in every text, in the day on which they begin and end, in their billing
period, and in the sign of every figure (negative, zero, positive, empty, unreadable). What a format's SELECT or a
deviation asks of a row (is this null, is it zero, what kind of line is it) has therefore one answer for all rows of a
group; and what a SELECT does with figures, it may do with their sums, as long as it only chooses, adds and subtracts.
Rows of a kind for which that is not enough are kept one by one (`apart` in the contract).

Rows are not compared text by text: a map or a long text would be compared for each row of a bill, though few of them
differ. Two hashes stand for all texts of a row, 128 bits together, and the texts themselves are read once for all days
on which they are said, from the first row that says them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb

from aiops_cost.ledger.cells import TARGET, Cell, cells
from aiops_cost.ledger.figures import Figure, figures
from aiops_cost.ledger.part import Part, quoted, source_of
from aiops_cost.ledger.typed import PLACE, chosen, columns_of, read

_CHARGE = ("ChargePeriodStart", "ChargePeriodEnd")
_NEVER = "CAST(NULL AS TIMESTAMP)"
_REST = "DECIMAL(38, 38)"
_PLACES = 1 << 44
"""More rows than a file has."""


@dataclass(frozen=True)
class _Plan:
    """How one part is grouped: the texts that it has, its figures, its moments (with whether all of their cells can be
    read, and the one that all rows have), and the rules about texts of dates that are counted row by row."""

    index: int
    part: Part
    texts: tuple[Cell, ...]
    figures: tuple[Figure, ...]
    times: Mapping[str, Cell]
    readable: frozenset[str]
    fixed: Mapping[str, str]
    rules: tuple[str, ...]


@dataclass(frozen=True)
class _Shape:
    """The columns that the tables of a group have: what any of its parts has."""

    texts: tuple[str, ...]
    figures: tuple[str, ...]
    rounded: frozenset[str]
    times: tuple[str, ...]
    rules: int


def group(con: duckdb.DuckDBPyConnection, parts: Mapping[int, Part], name: str, text_rules: Sequence[str]) -> None:
    """Make the view `name` of all groups: the columns of a row, how many rows each group has, `x_rows`, and a number
    that no other group of the load has, `x_group`.

    Times of a charge are the latest in the group. `<name>_given` stands beside figures and times, `<name>_text` beside
    columns of which the contract lists the values, `<name>_rest` beside amounts: the exact sum of what rounding them
    left over. `x_rule_0`, `x_rule_1`, ... tell in how many rows each of `text_rules` (SQL over the texts of dates)
    holds.

    The view joins two tables: `<name>_sums`, a row for each group with its days and sums, and `<name>_texts`, a row for
    all groups that say the same.
    """
    plans = [_planned(con, index, part, text_rules) for index, part in parts.items()]
    shape = _shape(plans, len(text_rules))
    sums, texts = f"{name}_sums", f"{name}_texts"
    for number, plan in enumerate(plans):
        into = "INSERT INTO {} BY NAME" if number else "CREATE OR REPLACE TEMP TABLE {} AS"
        con.execute(f"{into.format(sums)} {_sums(plan, shape)}")
        con.execute(f"{into.format(texts)} {_texts(plan, shape, sums)}")
    columns = ", ".join([*_columns(plans[0].part, shape), "x_part", "x_rows", "x_group"])
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT {columns} FROM {sums} JOIN {texts} USING (x_hash, x_check)"
    )


def _planned(con: duckdb.DuckDBPyConnection, index: int, part: Part, text_rules: Sequence[str]) -> _Plan:
    listed = [cell for cell in cells(part) if part.has(cell.name)]
    times = {cell.name: cell for cell in listed if _kind(part, cell.name) == "instant"}
    plain, fixed = _plain_times(con, part, list(times))
    return _Plan(
        index,
        part,
        tuple(cell for cell in listed if _kind(part, cell.name) in {"text", "json"}),
        tuple(figures(con, part, listed)),
        {name: replace(cell, native=plain[name]) if name in plain else cell for name, cell in times.items()},
        frozenset(plain),
        fixed,
        tuple(text_rules) if part.dates_as_text else (),
    )


def _shape(plans: Sequence[_Plan], rules: int) -> _Shape:
    names = plans[0].part.contract.file.columns
    texts = {cell.name for plan in plans for cell in plan.texts}
    summed = {figure.name for plan in plans for figure in plan.figures}
    times = {name for plan in plans for name in plan.times}
    return _Shape(
        tuple(name for name in names if name in texts),
        tuple(name for name in names if name in summed),
        frozenset(figure.name for plan in plans for figure in plan.figures if figure.rest),
        tuple(name for name in names if name in times),
        rules,
    )


def _kind(part: Part, name: str) -> str:
    return part.contract.file.columns[name].type


def _plain_times(
    con: duckdb.DuckDBPyConnection, part: Part, names: Sequence[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """The moments of which every cell is a plausible timestamp, with their SQL: such are taken as they are. And those
    of them that are the same in all rows, with that moment as SQL."""
    origins = {name: source_of(part, name) for name in names}
    typed = {name: origin.sql for name, origin in origins.items() if origin and origin.kind == "TIMESTAMP"}
    if not typed:
        return {}, {}
    asked = ", ".join(
        f"plausible(min({sql})) IS NOT NULL AND plausible(max({sql})) IS NOT NULL,"
        f" CASE WHEN min({sql}) = max({sql}) AND count({sql}) = count(*) THEN CAST(min({sql}) AS VARCHAR) END"
        for sql in typed.values()
    )
    row = con.execute(f"SELECT {asked} FROM {part.relation}").fetchone() or ()
    plain = {name: sql for (name, sql), good in zip(typed.items(), row[::2], strict=True) if good}
    same = {name: f"TIMESTAMP '{moment}'" for name, moment in zip(typed, row[1::2], strict=True) if moment}
    return plain, {name: moment for name, moment in same.items() if name in plain and name not in _CHARGE}


# --- sums -----------------------------------------------------------------------------------------------------


def _sums(plan: _Plan, shape: _Shape) -> str:
    """The statement that reads the file: what rows agree in, and sums of their figures."""
    part = plan.part
    typed = [*plan.times.values(), *(figure.cell for figure in plan.figures if figure.cell)]
    natives = _natives(part, [*(c.name for c in plan.texts), *(f.name for f in plan.figures if not f.cell)])
    kept = [quoted(name) for name in natives]
    cells_read = read(part, typed, [*kept, PLACE])
    rows = f"SELECT {', '.join([*columns_of(typed), *kept, 'x_place'])} FROM ({cells_read})"
    keys = [f"{sql} AS {name}" for name, sql in zip(("x_hash", "x_check"), _hashes(plan), strict=True)]
    keys += _time_keys(plan)
    if apart := _apart(part):
        keys.append(f"CASE WHEN {apart} THEN x_place END AS x_alone")
    sums = [f'{figure.total} AS "sum:{figure.name}"' for figure in plan.figures]
    sums += [f'{figure.rest} AS "rest:{figure.name}"' for figure in plan.figures if figure.rest]
    sums += [f'bool_or({figure.unreadable}) AS "unread:{figure.name}"' for figure in plan.figures if figure.unreadable]
    sums += [f'max("{name}") AS "{name}"' for name in plan.times if name in _CHARGE]
    sums += [f'bool_or({_unread(name)}) AS "unread:{name}"' for name in plan.times if name not in plan.readable]
    sums += [f"count_if({rule}) AS x_rule_{number}" for number, rule in enumerate(plan.rules)]
    groups = (
        f"SELECT {', '.join([*keys, *sums])}, min(x_place) AS x_first, count(*) AS x_rows FROM ({rows}) GROUP BY ALL"
    )
    columns = ", ".join([*_figures_of(plan, shape), *_times_of(plan, shape), *_rules_of(plan, shape)])
    number = f"{plan.index * _PLACES} + x_first AS x_group"
    return f"SELECT x_hash, x_check, {columns}, {plan.index} AS x_part, x_first, x_rows, {number} FROM ({groups})"


def _hashes(plan: _Plan) -> tuple[str, str]:
    """SQL for two hashes of all that a row says, and of how its figures stand. The second is over other texts, so that
    what the first takes for the same by accident, it does not. Of a column that is not read whole, only the keys that
    are read count."""
    members = _members(plan)
    whole = _natives(plan.part, [cell.name for cell in plan.texts if cell.name not in members])
    texts = [*(f"CAST({quoted(name)} AS VARCHAR)" for name in whole), *members.values()]
    stand = [str(plan.index), *(figure.sign for figure in plan.figures), *_flags(plan)]
    marked = [f"{text} || ' '" for text in texts]
    return f"hash({', '.join([*texts, *stand])})", f"hash({', '.join([*marked, *stand])})"


def _members(plan: _Plan) -> dict[str, str]:
    """The columns that are single keys of a column which is not read whole, with the SQL that reads them."""
    origins = {cell.name: origin for cell in plan.texts if (origin := source_of(plan.part, cell.name))}
    whole = {column for origin in origins.values() if origin.is_whole for column in origin.columns}
    return {name: o.sql for name, o in origins.items() if not o.is_whole and whole.isdisjoint(o.columns)}


def _natives(part: Part, names: Sequence[str]) -> list[str]:
    """The file's own columns that these columns of the contract are read from, each once."""
    origins = [source_of(part, name) for name in names]
    return list(dict.fromkeys(column for origin in origins if origin for column in origin.columns))


def _flags(plan: _Plan) -> Iterator[str]:
    """What rows must agree in as to time, apart from days: whether the charge takes any time at all, and which of the
    moments cannot be read."""
    if set(_CHARGE) <= set(plan.times):
        yield "ChargePeriodEnd <= ChargePeriodStart"
    yield from (_unread(name) for name in plan.times if name not in plan.readable)


def _unread(name: str) -> str:
    return f'"{name}" IS NULL AND "{name}_given"'


def _time_keys(plan: _Plan) -> Iterator[str]:
    """The first and the last day of the charge, and all other moments as they are, if they are not always the same."""
    if "ChargePeriodStart" in plan.times:
        yield "CAST(ChargePeriodStart AS DATE) AS x_day"
    if "ChargePeriodEnd" in plan.times:
        yield "CAST(ChargePeriodEnd - INTERVAL 1 MICROSECOND AS DATE) AS x_last"
    yield from (f'"{name}"' for name in plan.times if name not in _CHARGE and name not in plan.fixed)


def _apart(part: Part) -> str:
    """SQL: this row is of a kind that is kept row by row."""
    apart = part.contract.file.apart
    origin = source_of(part, apart.column) if apart else None
    if apart is None or origin is None:
        return ""
    listed = ", ".join(f"'{value.lower()}'" for value in apart.values)
    return f"lower({origin.sql}) IN ({listed})"


def _figures_of(plan: _Plan, shape: _Shape) -> Iterator[str]:
    """The figures of a group, as SQL over its sums; null where the part does not have one."""
    own = {figure.name: figure for figure in plan.figures}
    for name in shape.figures:
        figure = own.get(name)
        unread = f' OR "unread:{name}"' if figure and figure.unreadable else ""
        yield f'{figure.value if figure else f"CAST(NULL AS {TARGET[_kind(plan.part, name)]})"} AS "{name}"'
        yield (f'"sum:{name}" IS NOT NULL{unread}' if figure else "false") + f' AS "{name}_given"'
        if name in shape.rounded:
            rest = f'"rest:{name}"' if figure and figure.rest else "NULL"
            yield f'CAST({rest} AS {_REST}) AS "{name}_rest"'


def _times_of(plan: _Plan, shape: _Shape) -> Iterator[str]:
    for name in shape.times:
        there = name in plan.times
        unread = f' OR "unread:{name}"' if there and name not in plan.readable else ""
        given = f'"{name}" IS NOT NULL{unread}' if there and name not in plan.fixed else str(there).lower()
        yield f'"{name}"' if there and name not in plan.fixed else f'{plan.fixed.get(name, _NEVER)} AS "{name}"'
        yield f'{given} AS "{name}_given"'


def _rules_of(plan: _Plan, shape: _Shape) -> Iterator[str]:
    return (f"{f'x_rule_{n}' if n < len(plan.rules) else 0} AS x_rule_{n}" for n in range(shape.rules))


# --- texts ----------------------------------------------------------------------------------------------------


def _texts(plan: _Plan, shape: _Shape, sums: str) -> str:
    """What the rows of each hash say, from the first row that says it."""
    own = {cell.name: cell for cell in plan.texts}
    columns = []
    for name in shape.texts:
        cell = own.get(name)
        columns.append(f'{cell.value if cell else "CAST(NULL AS VARCHAR)"} AS "{name}"')
        if plan.part.contract.file.columns[name].values:
            columns.append(f'"{name}_text"' if cell else f'CAST(NULL AS VARCHAR) AS "{name}_text"')
    return (
        f"SELECT x_hash, x_check, {', '.join(columns)} FROM ({read(plan.part, plan.texts, [PLACE])})"
        f" JOIN (SELECT x_hash, x_check, min(x_first) AS x_place FROM {sums} WHERE x_part = {plan.index} GROUP BY ALL)"
        " USING (x_place)"
    )


# --- both -----------------------------------------------------------------------------------------------------


def _columns(part: Part, shape: _Shape) -> Iterator[str]:
    """All that a row has, as SQL over both tables; what no part has is null, and takes no room in them."""
    for name, column in part.contract.file.columns.items():
        there = name in {*shape.texts, *shape.figures, *shape.times}
        yield f'"{name}"' if there else f'CAST(NULL AS {TARGET[column.type]}) AS "{name}"'
        if column.values:
            yield f'"{name}_text"' if there else f'CAST(NULL AS VARCHAR) AS "{name}_text"'
        if column.type not in {"text", "json"}:
            yield f'"{name}_given"' if there else f'false AS "{name}_given"'
        if column.type == "amount":
            yield f'"{name}_rest"' if name in shape.rounded else f'CAST(NULL AS {_REST}) AS "{name}_rest"'
    yield from chosen(part)
    yield from (f"x_rule_{number}" for number in range(shape.rules))
