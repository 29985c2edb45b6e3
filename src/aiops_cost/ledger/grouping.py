"""Sums a delivered file by all that its rows say, in one pass, so that whatever follows looks at far fewer rows.

A group is the rows of one file that agree in every text, in the day on which they begin and end, in their billing
period, and in the sign of every figure (negative, zero, positive, empty, unreadable). What a format's SELECT or a
deviation asks of a row (is this null, is it zero, what kind of line is it) has therefore one answer for all rows of a
group; and what a SELECT does with figures, it may do with their sums, as long as it only chooses, adds and subtracts.
Rows of a kind for which that is not enough are kept one by one (`apart` in the contract).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb

from aiops_cost.ledger.cells import TARGET, Cell, cells, text_cell
from aiops_cost.ledger.part import Part, quoted, source_of
from aiops_cost.ledger.typed import chosen, columns_of, read, row_of

_TIMES = ("ChargePeriodStart", "ChargePeriodEnd")
_UNREADABLE = 2
_WHOLE = {"TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER", "BIGINT"}


@dataclass(frozen=True)
class Figure:
    """How one figure of a part is summed, as SQL over its rows.

    `sign` is -1, 0 or 1, null where the cell is empty, 2 where it cannot be read; `total` sums a group, and `value` is
    that sum (called `"sum:NAME"`) as the ledger's decimal; `rest` sums what rounding left over. `cell` is given where
    the figure must be read from text row by row.
    """

    name: str
    sign: str
    total: str
    value: str
    rest: str = ""
    cell: Cell | None = None


def group(con: duckdb.DuckDBPyConnection, parts: Mapping[int, Part], table: str, text_rules: Sequence[str]) -> None:
    """Make the table `table` of all groups: the columns of a row, and how many rows each group has, `x_rows`.

    Times of a charge are the latest in the group. `<name>_given` stands beside figures and times, `<name>_text` beside
    columns of which the contract lists the values, `<name>_rest` beside amounts: the exact sum of what rounding them
    left over. `x_rule_0`, `x_rule_1`, ... tell in how many rows each of `text_rules` (SQL over the texts of dates)
    holds.
    """
    for number, (index, part) in enumerate(parts.items()):
        listed, times = _settled_times(con, part, list(cells(part)))
        figures = list(_figures(con, part, listed))
        rules = text_rules if part.dates_as_text else ()
        groups = _grouped(index, part, listed, figures, times, rules)
        typed = _typed(replace(part, relation=f"({groups})"), listed, figures, times, (len(rules), len(text_rules)))
        con.execute(
            f"INSERT INTO {table} BY NAME {typed}" if number else f"CREATE OR REPLACE TEMP TABLE {table} AS {typed}"
        )


def _grouped(
    index: int,
    part: Part,
    listed: Sequence[Cell],
    figures: Sequence[Figure],
    times: Mapping[str, bool],
    rules: Sequence[str],
) -> str:
    """The one statement that reads the file: GROUP BY what rows say, sums of their figures."""
    texts = [cell for cell in listed if _kind(part, cell.name) in {"text", "json"} and part.has(cell.name)]
    members = _members(part, [cell.name for cell in texts])
    natives = _natives(part, [cell.name for cell in texts if cell.name not in members])
    needed = _natives(part, [*members, *(figure.name for figure in figures if not figure.cell)])
    kept = [quoted(name) for name in dict.fromkeys([*natives, *needed])]
    typed = [*(cell for cell in listed if cell.name in times), *(figure.cell for figure in figures if figure.cell)]
    rows = f"SELECT {', '.join([*columns_of(typed), *kept, 'x_row'])} FROM ({read(part, typed, [*kept, row_of(part)])})"
    keys = [quoted(name) for name in natives]
    keys += [f'{sql} AS "member:{name}"' for name, sql in members.items()]
    keys += [f'{figure.sign} AS "sign:{figure.name}"' for figure in figures]
    keys += _time_keys(times)
    if apart := _apart(part):
        keys.append(f"CASE WHEN {apart} THEN x_row END AS x_alone")
    sums = [f'{figure.total} AS "sum:{figure.name}"' for figure in figures]
    sums += [f'{figure.rest} AS "rest:{figure.name}"' for figure in figures if figure.rest]
    sums += [f'max("{name}") AS "{name}"' for name in times if name in _TIMES]
    sums += [f"count_if({rule}) AS x_rule_{number}" for number, rule in enumerate(rules)]
    return f"SELECT {index} AS x_part, {', '.join([*keys, *sums])}, count(*) AS x_rows FROM ({rows}) GROUP BY ALL"


def _kind(part: Part, name: str) -> str:
    return part.contract.file.columns[name].type


def _members(part: Part, names: Sequence[str]) -> dict[str, str]:
    """The columns that are single keys of a column which is not read whole, with the SQL that reads them: rows are
    then grouped by these keys, which costs much less than to group by all that the column holds."""
    origins = {name: origin for name in names if (origin := source_of(part, name))}
    whole = {column for origin in origins.values() if origin.is_whole for column in origin.columns}
    return {name: o.sql for name, o in origins.items() if not o.is_whole and whole.isdisjoint(o.columns)}


def _natives(part: Part, names: Sequence[str]) -> list[str]:
    """The file's own columns that these columns of the contract are read from, each once."""
    origins = [source_of(part, name) for name in names]
    return list(dict.fromkeys(column for origin in origins if origin for column in origin.columns))


def _time_keys(times: Mapping[str, bool]) -> Iterator[str]:
    """What rows must agree in as to time: the first and the last day of the charge, whether it takes any time at all,
    all other moments as they are, and which of the moments cannot be read."""
    if "ChargePeriodStart" in times:
        yield "CAST(ChargePeriodStart AS DATE) AS x_day"
    if "ChargePeriodEnd" in times:
        yield "CAST(ChargePeriodEnd - INTERVAL 1 MICROSECOND AS DATE) AS x_last"
    if set(_TIMES) <= set(times):
        yield "ChargePeriodEnd <= ChargePeriodStart AS x_empty"
    yield from (f'"{name}"' for name in times if name not in _TIMES)
    yield from (
        f'"{name}" IS NULL AND "{name}_given" AS "unread:{name}"' for name, readable in times.items() if not readable
    )


def _apart(part: Part) -> str:
    """SQL: this row is of a kind that is kept row by row."""
    apart = part.contract.file.apart
    origin = source_of(part, apart.column) if apart else None
    if apart is None or origin is None:
        return ""
    listed = ", ".join(f"'{value.lower()}'" for value in apart.values)
    return f"lower({origin.sql}) IN ({listed})"


def _typed(
    part: Part,
    listed: Sequence[Cell],
    figures: Sequence[Figure],
    times: Mapping[str, bool],
    rules: tuple[int, int],
) -> str:
    """The groups of one part, with the columns that a row has. `rules` are how many rules about texts were counted,
    and how many there are."""
    done = {*times, *(figure.name for figure in figures)}
    members = _members(part, [cell.name for cell in listed if cell.name not in done])
    rest = [
        text_cell(part, cell.name, f'"member:{cell.name}"') if cell.name in members else cell
        for cell in listed
        if cell.name not in done
    ]
    columns = [f'{cell.value} AS "{cell.name}"' for cell in rest]
    columns += [f'"{c.name}_text"' for c in rest if part.contract.file.columns[c.name].values]
    columns += [f'false AS "{c.name}_given"' for c in rest if _kind(part, c.name) not in {"text", "json"}]
    for figure in figures:
        columns.append(f'CASE WHEN "sign:{figure.name}" <> {_UNREADABLE} THEN {figure.value} END AS "{figure.name}"')
        columns.append(f'"sign:{figure.name}" IS NOT NULL AS "{figure.name}_given"')
    for name, readable in times.items():
        unread = "" if readable else f' OR "unread:{name}"'
        columns.append(f'"{name}", "{name}" IS NOT NULL{unread} AS "{name}_given"')
    rounded = {figure.name: f'"rest:{figure.name}"' for figure in figures if figure.rest}
    columns += [
        f'CAST({rounded.get(cell.name, "NULL")} AS DECIMAL(38, 38)) AS "{cell.name}_rest"'
        for cell in listed
        if _kind(part, cell.name) == "amount"
    ]
    counted, wanted = rules
    columns += [f"{f'x_rule_{n}' if n < counted else 0} AS x_rule_{n}" for n in range(wanted)]
    columns += [*chosen(part), "x_part", "x_rows"]
    return f"SELECT {', '.join(columns)} FROM ({read(part, rest, ['*'])})"


def _settled_times(
    con: duckdb.DuckDBPyConnection, part: Part, listed: Sequence[Cell]
) -> tuple[list[Cell], dict[str, bool]]:
    """The moments that the part has, each with whether all of its cells can be read; such are taken as they are."""
    origins = {cell.name: source_of(part, cell.name) for cell in listed if _kind(part, cell.name) == "instant"}
    times = {name: False for name, origin in origins.items() if origin}
    plain = {name: origin.sql for name, origin in origins.items() if origin and origin.kind == "TIMESTAMP"}
    if plain:
        tests = ", ".join(
            f"plausible(min({sql})) IS NOT NULL AND plausible(max({sql})) IS NOT NULL" for sql in plain.values()
        )
        row = con.execute(f"SELECT {tests} FROM {part.relation}").fetchone() or ()
        times |= dict(zip(plain, row, strict=True))
    taken = [replace(cell, native=plain[cell.name]) if times.get(cell.name) else cell for cell in listed]
    return taken, times


def _figures(con: duckdb.DuckDBPyConnection, part: Part, listed: Sequence[Cell]) -> Iterator[Figure]:
    """How to sum each figure that the part has: as whole numbers or decimals where every cell allows it, else by
    reading each cell as text."""
    kinds = {name: column.type for name, column in part.contract.file.columns.items()}
    found = {cell.name: source_of(part, cell.name) for cell in listed if kinds[cell.name] in {"amount", "quantity"}}
    doubles = {name: origin.sql for name, origin in found.items() if origin and origin.kind == "DOUBLE"}
    short = _all_short(con, part, {name: (sql, kinds[name]) for name, sql in doubles.items()})
    for cell in listed:
        origin = found.get(cell.name)
        if origin is None:
            continue
        kind = kinds[cell.name]
        if cell.name in short:
            yield _in_units(cell.name, origin.sql, kind)
        elif _is_exact(origin.kind, kind):
            yield _in_decimals(cell.name, origin.sql, kind)
        else:
            yield _in_texts(cell, kind)


def _all_short(con: duckdb.DuckDBPyConnection, part: Part, doubles: Mapping[str, tuple[str, str]]) -> set[str]:
    """The columns of doubles of which every cell is short (see casts.sql): a whole number of small units."""
    if not doubles:
        return set()
    tests = ", ".join(
        f"bool_and(short_double({sql}))" if kind == "amount" else f"bool_and(abs({sql}) < 1000000000)"
        for sql, kind in doubles.values()
    )
    row = con.execute(f"SELECT {tests} FROM {part.relation}").fetchone() or ()
    return {name for name, short in zip(doubles, row, strict=True) if short is not False}


def _in_units(name: str, sql: str, kind: str) -> Figure:
    """Doubles, each a whole number of ten-billionths (amounts), or rounded to billionths (quantities)."""
    digits = 10 if kind == "amount" else 9
    unit = f"CAST(0.{'0' * (digits - 1)}1 AS DECIMAL({digits}, {digits}))"
    return Figure(
        name,
        sign=f"CAST(sign({sql}) AS TINYINT)",
        total=f"sum(CAST(round({sql} * 1e{digits}) AS BIGINT))",
        value=f'CAST(CAST("sum:{name}" AS DECIMAL({38 - digits}, 0)) * {unit} AS {TARGET[kind]})',
    )


def _is_exact(native: str, kind: str) -> bool:
    """True for a type of which every value fits the ledger's decimal as it is."""
    if native in _WHOLE:
        return True
    if not native.startswith("DECIMAL") or not native.endswith(")"):
        return False
    width, scale = (int(number) for number in native[8:-1].split(","))
    return scale <= (18 if kind == "amount" else 9) and width - scale <= 20


def _in_decimals(name: str, sql: str, kind: str) -> Figure:
    return Figure(
        name,
        sign=f"CAST(sign({sql}) AS TINYINT)",
        total=f"sum({sql})",
        value=f'CAST("sum:{name}" AS {TARGET[kind]})',
    )


def _in_texts(cell: Cell, kind: str) -> Figure:
    name = quoted(cell.name)
    unreadable = f'{name} IS NULL AND "{cell.name}_given"'
    return Figure(
        cell.name,
        sign=f"CAST(CASE WHEN {unreadable} THEN {_UNREADABLE} ELSE sign({name}) END AS TINYINT)",
        total=f"sum({name})",
        value=f'CAST("sum:{cell.name}" AS {TARGET[kind]})',
        rest=f'sum(remainder_of("{cell.name}_wide"))' if kind == "amount" else "",
        cell=cell,
    )
