"""What a table of spend shows as a picture: bars of its largest rows, or a line over time."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from aiops_cost.model import Chart, Column, Table

BARS = 12
"""A picture shows so many rows; the table has all."""

SERIES = 6
"""A line for each of so many groups, as long as they can be told apart."""

_TIMELINE = (Column("series"), Column("day", "date"), Column("amount", "money"), Column("low", "money"),
             Column("high", "money"))  # fmt: skip
_BARS = (Column("label"), Column("group"), Column("amount", "money"))


def spend_chart(table: Table, width: int, in_time: bool, cost: str, currency: str) -> Chart | None:
    """The picture of a table whose first `width` columns are its groups; None where there is nothing to compare."""
    rows = [row for row in table.rows if row[width] is not None]
    if not width or len(rows) < 2:
        return None
    if in_time:
        return _lines(table.name, rows, width, f"{cost} in {currency}")
    return _bars(table, rows, width, f"{cost} in {currency}")


def _lines(name: str, rows: list[tuple[Any, ...]], width: int, unit: str) -> Chart | None:
    groups = list(dict.fromkeys(_label(row[1:width]) for row in rows))
    if len(groups) > SERIES or len({row[0] for row in rows}) < 3:
        return None
    points = tuple((_label(row[1:width]), _day(row[0]), row[width], None, None) for row in rows)
    first, last = points[0][1], points[-1][1]
    said = f"{unit}, {first} to {last}" + (f", a line for each of {', '.join(groups)}." if len(groups) > 1 else ".")
    return Chart(name, "Over time", "timeline", _TIMELINE, points, said)


def _bars(table: Table, rows: list[tuple[Any, ...]], width: int, unit: str) -> Chart:
    names = [column.name for column in table.columns]
    shown = rows[:BARS]
    other = next((name for name in ("planned", "before") if name in names), None)
    bars: list[tuple[str, str | None, Decimal | None]] = []
    for row in shown:
        label = _label(row[:width])
        bars.append((label, "actual" if other else None, row[width]))
        if other:
            bars.append((label, other, row[names.index(other)]))
    most = f"{unit}; the largest is {_label(rows[0][:width])}."
    return Chart(table.name, "The largest", "bars", _BARS, tuple(bars), most)


def _label(key: tuple[Any, ...]) -> str:
    return " · ".join("unknown" if part is None else str(part) for part in key if part != "") or "total"


def _day(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(f"{value}-01")
