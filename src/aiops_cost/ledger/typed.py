"""The rows of a file with typed columns: per column of the contract the value, `<column>_text` (what the file says),
`<column>_wide` (a number with more decimals than the ledger's) and `<column>_given` (the cell is not empty)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb

from aiops_cost.ledger.cells import Cell, cells
from aiops_cost.ledger.part import Part

PLACE = "file_row_number AS x_place"
"""SQL for where a row stands, from 0: as the file's own column, by which rows are found again without a search."""
_ROW = "file_row_number + 1 AS x_row"


def typed_view(con: duckdb.DuckDBPyConnection, parts: Mapping[int, Part], name: str) -> None:
    """Create the view `name` over the rows of parts of one contract, with `x_part`, and `x_row` (counted from 1,
    without the header)."""
    selects = []
    for index, part in parts.items():
        listed = list(cells(part))
        columns = ", ".join([*columns_of(listed), *chosen(part)])
        selects.append(f"SELECT {columns}, {index} AS x_part, x_row FROM ({read(part, listed, [_ROW])})")
    con.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {' UNION ALL BY NAME '.join(selects)}")


def read(part: Part, listed: Sequence[Cell], also: Sequence[str]) -> str:
    """A select over the part: each cell as text and, where it has a type of its own, as such; then what texts become
    on the way. `also` are further columns, as SQL over the part's own."""
    texts = [f'{cell.text} AS "{cell.name}_text"' for cell in listed]
    texts += [f'{cell.given} AS "{cell.name}_given"' for cell in listed if cell.given]
    natives = [f'{cell.native} AS "{cell.name}_native"' for cell in listed if cell.native]
    wides = [f'wide("{cell.name}_text") AS "{cell.name}_wide"' for cell in listed if cell.wide]
    return (
        f"SELECT {', '.join(['*', *wides])} FROM (SELECT {', '.join([*texts, *natives, *also])} FROM {part.relation})"
    )


def columns_of(listed: Sequence[Cell]) -> list[str]:
    """The typed columns, as SQL over `read`."""
    columns = []
    for cell in listed:
        wide = f'"{cell.name}_wide"' if cell.wide else "CAST(NULL AS VARCHAR)"
        given = f'"{cell.name}_given"' if cell.given else f'"{cell.name}_text" IS NOT NULL'
        columns += [
            f'{cell.value} AS "{cell.name}"',
            f'"{cell.name}_text"',
            f'{wide} AS "{cell.name}_wide"',
            f'{given} AS "{cell.name}_given"',
        ]
    return columns


def chosen(part: Part) -> list[str]:
    """`<column>_rather`: whether the column is read from the name that it would rather have."""
    columns = part.contract.file.columns
    return [f'{name in part.rather} AS "{name}_rather"' for name, column in columns.items() if column.rather]
