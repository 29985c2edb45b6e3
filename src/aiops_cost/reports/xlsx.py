"""XLSX for Excel and its like: a sheet per table with real numbers and dates, the findings, and a sheet about it all.

A workbook's numbers are binary doubles: amounts keep about 15 digits there. Every digit is in JSON, CSV and Parquet.
No text of a bill can become a formula or a link, and the same report gives the same bytes.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from aiops_cost.model import Column, Report, Table
from aiops_cost.reports._cells import DRAWN, NUMERIC, clean, facts_line, heading, paragraphs, plain, shown, without
from aiops_cost.reports._findings import as_table, worst_first

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.cell import Cell, MergedCell
    from openpyxl.worksheet.worksheet import Worksheet

SUFFIXES = (".xlsx",)
IS_BINARY = True

_FORMATS = {
    "money": "#,##0.00",
    "percent": "0.0%",
    "chance": '[>0.99]"over 99%";[<0.01]"under 1%";0%',
    "count": "#,##0",
    "number": "#,##0.###",
    "price": "#,##0.00####",
    "date": "yyyy-mm-dd",
}
_FORBIDDEN = re.compile(r"[\[\]:*?/\\']")
_WIDEST, _ROWS_MEASURED = 60, 200
_MOST_ROWS = 1_048_576 - 2
_CELL = 32_767
"""A sheet has so many rows, a cell so many characters."""
_STAMP = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")
_EPOCH = (1980, 1, 1, 0, 0, 0)


def render(report: Report, *, width: int = 100, color: bool = False) -> bytes:
    """The workbook's bytes; width and colour do not apply. Raises OverflowError for what no sheet holds."""
    from openpyxl import Workbook

    book = Workbook()
    del book["Sheet"]
    tables = list(report.tables)
    if report.findings:
        tables.append(as_table(worst_first(report.findings)))
    for table in tables:
        _sheet(book, without(table, *DRAWN))
    _about(book, report)
    out = io.BytesIO()
    book.save(out)
    return _without_clock(out.getvalue())


def _sheet(book: Workbook, table: Table) -> None:
    from openpyxl.styles import Alignment, Border, Font, Side
    from openpyxl.utils import get_column_letter

    if len(table.rows) > _MOST_ROWS:
        raise OverflowError(f"table {table.name} has {len(table.rows):,} rows, and a sheet holds {_MOST_ROWS:,}")
    sheet = book.create_sheet(_title(table, book.sheetnames))
    bold, line = Font(bold=True), Border(top=Side(style="thin"))
    for index, column in enumerate(table.columns, 1):
        head = _text(sheet.cell(1, index), heading(column))
        head.font, head.alignment = bold, Alignment(horizontal="right" if column.kind in NUMERIC else "left")
    for number, row in enumerate(table.rows, 2):
        _fill(sheet, number, table.columns, row)
    last = len(table.rows) + 1
    if table.total is not None:
        _fill(sheet, last + 1, table.columns, table.total)
        for index in range(1, len(table.columns) + 1):
            sheet.cell(last + 1, index).font, sheet.cell(last + 1, index).border = bold, line
    for index, size in enumerate(_widths(table), 1):
        sheet.column_dimensions[get_column_letter(index)].width = size
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(table.columns))}{last}"


def _fill(sheet: Worksheet, number: int, columns: Sequence[Column], row: Sequence[Any]) -> None:
    for index, (column, value) in enumerate(zip(columns, row, strict=True), 1):
        if value is None:
            continue
        cell = sheet.cell(number, index)
        exact = plain(value, column.kind)
        if column.kind == "text" or isinstance(value, str):
            _text(cell, str(exact))
            continue
        cell.number_format = _FORMATS[column.kind]
        if column.kind != "date":
            cell.value = Decimal(str(exact))
        elif isinstance(value, datetime):
            cell.value, cell.number_format = value.replace(tzinfo=None), "yyyy-mm-dd hh:mm"
        elif isinstance(value, date):
            cell.value = value


def _text(cell: Cell | MergedCell, text: str) -> Cell | MergedCell:
    """Text that stays text, also when somebody edits the cell."""
    safe = clean(text)[:_CELL]
    cell.value = safe
    cell.data_type = "s"
    if safe.lstrip().startswith(("=", "+", "-", "@")):
        cell.quotePrefix = True
    return cell


def _about(book: Workbook, report: Report) -> None:
    """Last, so that a book opens on its numbers: what they are, how far they can be trusted."""
    from openpyxl.styles import Alignment, Font

    sheet = book.create_sheet(_title(Table("about", "About", (), ()), book.sheetnames))
    lines = [report.title, *paragraphs(report.headline), *facts_line(report.facts), *_notes(report), report.verdict]
    for number, line in enumerate((line for line in lines if line), 1):
        _text(sheet.cell(number, 1), line).alignment = Alignment(wrap_text=True, vertical="top")
    sheet.cell(1, 1).font = Font(bold=True)
    sheet.column_dimensions["A"].width = 110


def _notes(report: Report) -> Iterator[str]:
    for table in report.tables:
        if table.note:
            yield f"{table.title or table.name}: {table.note}"
    for note in report.notes:
        yield from note.splitlines()
    yield from (report.paste or "").splitlines()


def _widths(table: Table) -> Iterator[float]:
    for index, column in enumerate(table.columns):
        rows = [*table.rows[:_ROWS_MEASURED], *([table.total] if table.total else [])]
        longest = max((len(shown(row[index], column.kind)) for row in rows), default=0)
        yield min(max(longest, len(heading(column)) + (0 if column.kind in NUMERIC else 2)) + 2, _WIDEST)


def _title(table: Table, taken: Sequence[str]) -> str:
    """At most 31 characters, without those that Excel forbids, and no name twice."""
    wanted = _FORBIDDEN.sub(" ", clean(table.title or table.name)).strip()[:31] or "table"
    name, number = wanted, 2
    while name.lower() in {other.lower() for other in taken}:
        name = f"{wanted[:27]} {number}"
        number += 1
    return name


def _without_clock(content: bytes) -> bytes:
    """The same workbook without the moment at which it was written."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            part = _STAMP.sub(rb"\g<1>1980-01-01T00:00:00Z", old.read(item))
            new.writestr(zipfile.ZipInfo(item.filename, _EPOCH), part, zipfile.ZIP_DEFLATED)
    return out.getvalue()
