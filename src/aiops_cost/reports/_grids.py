"""A table as the cells of a page: text, how it is set, the number behind it for sorting, small pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from aiops_cost.model import Column, Table
from aiops_cost.reports._cells import DRAWN, NUMERIC, UNKNOWN, clean, heading, heights, plain, share, shown, without

LONG = 15
"""A table with more rows can be filtered."""

DELTAS = {"drift", "change", "month_drift", "restated_by", "drift_share", "change_share"}
"""Columns whose sign is the message: more is over, less is under."""

_WORDS = {"breach", "warning", "unbudgeted", "unjudged", "ok", "under", "info", "no spend", "new", "resolved"}
"""What a column `status` or `severity` says; shown as a badge."""


@dataclass(frozen=True)
class Head:
    """A column's head."""

    title: str
    style: str
    sorts: bool


@dataclass(frozen=True)
class GridCell:
    """A cell: `text` may be a small picture; `value` is the number to sort by."""

    text: Any
    style: str
    value: str = ""
    is_head: bool = False


@dataclass(frozen=True)
class Grid:
    """A table ready for the page; `heading` is empty where a section's title says it."""

    id: str
    title: str
    heading: str
    columns: tuple[Head, ...]
    rows: tuple[tuple[GridCell, ...], ...]
    total: tuple[GridCell, ...] | None
    note: str
    is_long: bool


def grid(given: Table, titled: bool, title: str = "") -> Grid:
    """The table; `titled` gives it a heading of its own. Raises as `_cells.shown` does."""
    table = without(given)
    head = next((i for i, column in enumerate(table.columns) if column.kind in {"text", "date"}), -1)
    name = clean(table.title) or title or clean(table.name)
    return Grid(
        id="t-" + "".join(char if char.isascii() and char.isalnum() else "-" for char in table.name),
        title=name,
        heading=name if titled else "",
        columns=tuple(Head(heading(c), _style(c), c.kind not in DRAWN) for c in table.columns),
        rows=tuple(_row(table.columns, row, head) for row in table.rows),
        total=None if table.total is None else _row(table.columns, table.total, head, is_total=True),
        note=clean(table.note),
        is_long=len(table.rows) > LONG,
    )


def _row(columns: Sequence[Column], row: Sequence[Any], head: int, is_total: bool = False) -> tuple[GridCell, ...]:
    return tuple(
        GridCell("", _style(column)) if is_total and value is None else _cell(column, value, index == head)
        for index, (column, value) in enumerate(zip(columns, row, strict=True))
    )


def _cell(column: Column, value: Any, is_head: bool) -> GridCell:
    style, kind = _style(column), column.kind
    if kind in DRAWN:
        return GridCell(_drawn(kind, value), style)
    text = shown(value, kind)
    if column.name in {"status", "severity"} and text in _WORDS:
        return GridCell(_badge(text), style)
    if value is None:
        return GridCell(UNKNOWN, f"{style} none", is_head=is_head)
    if kind not in NUMERIC or isinstance(value, str):
        return GridCell(text, style, is_head=is_head)
    if column.name in DELTAS:
        sign = Decimal(str(value))
        style += " over" if sign > 0 else " under" if sign < 0 else ""
        text = f"+{text}" if sign > 0 else text
    return GridCell(text, style, str(plain(value, kind)))


def _style(column: Column) -> str:
    if column.kind in DRAWN:
        return "drawn"
    if column.kind in NUMERIC:
        return "n"
    return "day" if column.kind == "date" else "text"


def _badge(text: str) -> Any:
    from markupsafe import Markup

    return Markup('<span class="badge {}">{}</span>').format(text, text)


def _drawn(kind: str, value: Any) -> Any:
    """A bar or a sparkline; the numbers beside it say the same, so a screen reader passes it by."""
    from markupsafe import Markup

    if kind == "bar":
        return Markup(
            '<svg class="meter" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
            '<rect y="2.5" width="{}" height="5"/></svg>'
        ).format(f"{share(value) * 100:.1f}")
    points = heights(value or ())
    step = 100 / max(len(points) - 1, 1)
    drawn = " ".join(f"{i * step:.1f},{14 - 12 * y:.1f}" for i, y in enumerate(points) if y is not None)
    return Markup(
        '<svg class="spark" viewBox="0 0 100 16" preserveAspectRatio="none" aria-hidden="true">'
        '<polyline points="{}"/></svg>'
    ).format(drawn)
