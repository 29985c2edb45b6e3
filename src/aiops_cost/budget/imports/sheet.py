"""A spreadsheet or CSV as cells that know where they stand; what cannot be read for certain is refused by its cell."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiops_cost import documents
from aiops_cost.errors import UserError
from aiops_cost.model import Problem

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

MAX_ROWS, MAX_COLUMNS = 10_000, 500
MAX_BYTES = 64 * 1024 * 1024
Value = str | Decimal | date | None


@dataclass(frozen=True)
class Cell:
    """One cell: its value, where it stands (`Plan!C5`), and what is wrong with it, if anything.

    `merged` is the range that it is part of; `percent` is true where the sheet shows the number as a percentage.
    """

    value: Value
    place: str
    wrong: str = ""
    merged: str = ""
    percent: bool = False

    @property
    def text(self) -> str:
        """As text, without blanks around it; empty for an empty cell."""
        return "" if self.value is None else str(self.value).strip()


@dataclass(frozen=True)
class Sheet:
    """The cells of one sheet, row by row; `place` is what messages call the file."""

    name: str
    rows: tuple[tuple[Cell, ...], ...]
    place: str


def read(path: Path, shown: str, sheet: str | None) -> Sheet:
    """The sheet of that name, or the only one. Raises UserError; `import-sheet` where there are several."""
    if path.stat().st_size > MAX_BYTES:
        raise UserError(Problem("import-file", shown, "too big for a plan (64 MiB at most)", "Is this the plan?"))
    return _workbook(path, shown, sheet) if path.suffix.lower() in {".xlsx", ".xlsm"} else _csv(path, shown)


def sheets(path: Path) -> list[str]:
    """The names of a workbook's sheets; none for a CSV."""
    if path.suffix.lower() not in {".xlsx", ".xlsm"}:
        return []
    return list(_open(path, str(path), data_only=True).sheetnames)


def _csv(path: Path, shown: str) -> Sheet:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        said = f"byte {error.start} is not UTF-8 text"
        raise UserError(Problem("import-file", shown, said, "Save it as CSV in UTF-8, or import the XLSX.")) from None
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    _check_size(len(rows), max(map(len, rows), default=0), shown)
    cells = (
        tuple(Cell(text.strip() or None, f"{shown}:{number}:{column}") for column, text in enumerate(row, start=1))
        for number, row in enumerate(rows, start=1)
    )
    return Sheet("", tuple(cells), shown)


def _open(path: Path, shown: str, data_only: bool) -> Workbook:
    try:
        import openpyxl
    except ImportError:
        way_out = "Install it:  pip install 'aiops-cost[xlsx]'   or save the plan as CSV."
        raise UserError(Problem("import-file", shown, "reading XLSX needs openpyxl", way_out)) from None
    try:
        return openpyxl.load_workbook(path, data_only=data_only)
    except Exception as error:
        said = f"not a workbook that can be read: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
        way_out = "Open it and save it as .xlsx, without a password; or as CSV in UTF-8."
        raise UserError(Problem("import-file", shown, said, way_out)) from None


def _workbook(path: Path, shown: str, name: str | None) -> Sheet:
    values, formulas = _open(path, shown, data_only=True), _open(path, shown, data_only=False)
    names = [sheet.title for sheet in values.worksheets if sheet.sheet_state == "visible"]
    chosen = name or (names[0] if len(names) == 1 else None)
    if chosen is None or chosen not in values.sheetnames:
        hint = documents.near(name or "", names) or f"The sheets are: {', '.join(names)}."
        said = f"there is no sheet `{name}`" if name else f"there are {len(names)} sheets, and the mapping names none"
        raise UserError(Problem("import-sheet", shown, said, f"Write `sheet:` into the mapping. {hint}"))
    shown_values, written = values[chosen], formulas[chosen]
    _check_size(shown_values.max_row, shown_values.max_column, shown)
    merged = _merged(shown_values)
    rows = tuple(
        tuple(
            _cell(shown_values, written, (row, column), merged, chosen)
            for column in range(1, shown_values.max_column + 1)
        )
        for row in range(1, shown_values.max_row + 1)
    )
    return Sheet(chosen, rows, shown)


def _check_size(rows: int, columns: int, shown: str) -> None:
    if rows > MAX_ROWS or columns > MAX_COLUMNS:
        said = f"{rows} rows and {columns} columns are more than a plan has ({MAX_ROWS} and {MAX_COLUMNS})"
        raise UserError(Problem("import-file", shown, said, "Take out what is not the plan."))


def _merged(sheet: Any) -> dict[tuple[int, int], tuple[tuple[int, int], str]]:
    """Cell of a merged range -> its first cell, which holds the value, and the range."""
    found: dict[tuple[int, int], tuple[tuple[int, int], str]] = {}
    for area in sheet.merged_cells.ranges:
        for row in range(area.min_row, area.max_row + 1):
            for column in range(area.min_col, area.max_col + 1):
                found[row, column] = ((area.min_row, area.min_col), str(area.coord))
    return found


def _cell(
    sheet: Any,
    written: Any,
    at: tuple[int, int],
    merged: dict[tuple[int, int], tuple[tuple[int, int], str]],
    name: str,
) -> Cell:
    first, area = merged.get(at, (at, ""))
    cell = sheet.cell(*first)
    place = f"{name}!{sheet.cell(*at).coordinate}"
    formula = written.cell(*first)
    if formula.data_type == "f" and cell.value is None:
        return Cell(None, place, "a formula whose value was never calculated", area)
    if cell.data_type == "e":
        return Cell(None, place, f"the error {cell.value}", area)
    return Cell(_value(cell.value), place, "", area, "%" in str(cell.number_format or ""))


def _value(found: Any) -> Value:
    """Numbers as the shortest decimal that the sheet's double stands for; a date without its midnight."""
    if isinstance(found, bool) or found is None:
        return None if found is None else str(found)
    if isinstance(found, (int, float)):
        return Decimal(repr(found))
    if isinstance(found, datetime):
        return found.date()
    return found if isinstance(found, date) else str(found)


def filled(row: Sequence[Cell]) -> Iterator[Cell]:
    """The cells of a row that hold something, or should."""
    return (cell for cell in row if cell.text or cell.wrong)
