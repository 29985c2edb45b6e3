"""How the figures of a file are summed exactly: as whole numbers where every cell allows it, as decimals where their
type does, else by reading each cell as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from aiops_cost.ledger.cells import TARGET, Cell
from aiops_cost.ledger.part import Part, quoted, source_of

_UNREADABLE = 2
_WHOLE = {"TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER", "BIGINT"}


@dataclass(frozen=True)
class Figure:
    """How one figure of a part is summed, as SQL over its rows.

    `sign` is -1, 0 or 1, null where the cell is empty, 2 where it cannot be read; `total` sums a group, and `value` is
    that sum (called `"sum:NAME"`) as the ledger's decimal; `rest` sums what rounding left over. `cell` is given where
    the figure must be read from text row by row, and `unreadable` says then whether it cannot.
    """

    name: str
    sign: str
    total: str
    value: str
    rest: str = ""
    cell: Cell | None = None
    unreadable: str = ""


def figures(con: duckdb.DuckDBPyConnection, part: Part, listed: Sequence[Cell]) -> Iterator[Figure]:
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
        unreadable=unreadable,
    )
