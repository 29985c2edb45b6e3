"""The plan as the steering group made it: a spreadsheet with a title, merged cells, a total and amounts to the cent."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from aiops_cost.demo.budget import CENT, PlanLine, months

COLUMNS = {
    "Requests per day": "requests_per_day",
    "Tokens per request": "tokens_per_request",
    "USD per 1M tokens": "usd_per_1m_tokens",
    "Runs per month": "runs_per_month",
    "USD per run": "usd_per_run",
    "Prep per run": "usd_data_prep_per_run",
    "GB at start": "gb_at_start",
    "Growth per month": "growth",
    "USD per GB month": "usd_per_gb_month",
    "Hours per day": "instance_hours_per_day",
    "USD per hour": "usd_per_hour",
}
_MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*")
_MADE = datetime(2025, 12, 18, 9)  # noqa: DTZ001 - a workbook's clock has no zone


def workbook(lines: Sequence[PlanLine]) -> bytes | None:
    """The plan as XLSX, the same bytes every time; None where openpyxl is not installed."""
    try:
        import openpyxl
    except ImportError:
        return None
    book = openpyxl.Workbook()
    book.properties.created = _MADE
    sheet: Any = book.active
    sheet.title = "Plan 2026"
    sheet.append(["AI workloads in the cloud: plan 2026, approved by the AI platform steering group on 2025-12-18"])
    sheet.append([])
    firsts = [date.fromisoformat(f"{month}-01") for month in months()]
    sheet.append(["Activity", "Use case", "Team", *COLUMNS, *firsts, "Total"])
    for cell in sheet[3]:
        if isinstance(cell.value, (date, datetime)):
            cell.number_format = "mmm yyyy"
    ordered = sorted(lines, key=lambda line: line.scope.partition("/")[0])
    for line in ordered:
        sheet.append(_row(line))
    _merge_activities(sheet, ordered)
    sums = [float(sum((_cents(line, month) for line in ordered), Decimal(0))) for month in months()]
    whole = sum((_cents(line, month) for line in ordered for month in months()), Decimal(0))
    sheet.append(["Total", *[None] * (2 + len(COLUMNS)), *sums, float(whole)])
    sheet.freeze_panes = "D4"
    out = io.BytesIO()
    book.save(out)
    return _still(out.getvalue())


def _cents(line: PlanLine, month: str) -> Decimal:
    return line.months[month].quantize(CENT)


def _row(line: PlanLine) -> list[str | float | None]:
    activity, _, workload = line.scope.partition("/")
    amounts = [_cents(line, month) for month in months()]
    return [
        activity.capitalize(),
        workload,
        line.owner,
        *(_assumed(line, name) for name in COLUMNS.values()),
        *(float(amount) for amount in amounts),
        float(sum(amounts, Decimal(0))),
    ]


def _assumed(line: PlanLine, name: str) -> str | float | None:
    text = line.assumes.get(name)
    if text is None:
        return None
    return text.removesuffix("/month") if name == "growth" else float(text)


def _merge_activities(sheet: Any, lines: Sequence[PlanLine]) -> None:
    """One cell for each activity, over its rows, as people draw it."""
    first = 4
    for index, line in enumerate(lines, start=4):
        following = lines[index - 3].scope if index - 3 < len(lines) else ""
        if following.partition("/")[0] != line.scope.partition("/")[0]:
            if index > first:
                sheet.merge_cells(start_row=first, start_column=1, end_row=index, end_column=1)
            first = index + 1


def _still(data: bytes) -> bytes:
    """The same archive without the time at which it was made, which openpyxl writes whatever it is told."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as made, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as still:
        for name in made.namelist():
            content = _MODIFIED.sub(rb"\g<1>2025-12-18T09:00:00Z", made.read(name))
            still.writestr(zipfile.ZipInfo(name, _MADE.timetuple()[:6]), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()
