"""The pictures of the overview: spend and plan by week, and the steps from the plan to what was spent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from aiops_cost import money
from aiops_cost.model import Chart, Column, Finding, Report, Table

STEPS = 7
"""A bridge by budget lines names so many of them."""

SMALL = Decimal("0.01")
"""A step below this share of the largest is not drawn by itself."""

_TIMELINE = (Column("series"), Column("day", "date"), Column("amount", "money"), Column("low", "money"),
             Column("high", "money"))  # fmt: skip
_WATERFALL = (Column("part"), Column("amount", "money"))
_UNPLANNED = "unbudgeted"
_NEVER_CAME = "no spend"


def weeks(weekly: Report, currency: str | None) -> Chart | None:
    """Actual and budget of every whole week, from a report by week against the plan; None for less than three weeks."""
    table = weekly.tables[0]
    names = [column.name for column in table.columns]
    cost = next(column.name for column in table.columns if column.kind == "money")
    first, _, last = (weekly.facts.get("period") or "").partition("..")
    rows = [dict(zip(names, row, strict=True)) for row in table.rows]
    whole = [row for row in rows if _is_whole(row["week"], first, last)]
    if len(whole) < 3:
        return None
    points = [("actual", row["week"], row[cost], None, None) for row in whole]
    points += [("budget", row["week"], row["planned"], None, None) for row in whole]
    over = sum(1 for row in whole if row["drift"] is not None and row["drift"] > 0)
    newest = whole[-1]
    said = (
        f"AI spend per week in {currency}: over the plan in {over} of {len(whole)} whole weeks; the week of"
        f" {newest['week']} cost {money.show(newest[cost], places=0)}, planned were"
        f" {money.show(newest['planned'], places=0)}."
    )
    return Chart("weeks", "Actual and budget", "timeline", _TIMELINE, tuple(points), said)


def _is_whole(monday: Any, first: str, last: str) -> bool:
    return isinstance(monday, date) and f"{monday}" >= first and f"{monday + timedelta(days=6)}" <= last


def bridge(drift: Table, findings: Sequence[Finding]) -> Chart | None:
    """From planned to actual, by cause where the findings know causes, else by the budget lines that moved most.
    Lines without any spend are a step of their own. The steps sum to the drift exactly: small ones, and lines whose
    drift has no finding, are one step, `other`."""
    if drift.total is None:
        return None
    names = [column.name for column in drift.columns]
    total = dict(zip(names, drift.total, strict=True))
    causes = _causes(findings)
    rows = [dict(zip(names, row, strict=True)) for row in drift.rows]
    unplanned = money.total(row["drift"] for row in rows if row["status"] == _UNPLANNED)
    never = money.total(row["drift"] for row in rows if row["status"] == _NEVER_CAME)
    steps = dict(_by_cause(causes, unplanned, never) if causes else _by_line(rows, unplanned))
    least = max((abs(amount) for amount in steps.values()), default=Decimal(0)) * SMALL
    shown = [(name, amount) for name, amount in steps.items() if abs(amount) > least]
    rest = money.EXACT.subtract(total["drift"], money.total(amount for _, amount in shown))
    shown += [("other", rest)] if rest else []
    if not shown:
        return None
    largest = max(shown, key=lambda step: abs(step[1]))
    said = f"The largest step is {largest[0]}, {'+' if largest[1] > 0 else ''}{money.show(largest[1], places=0)}."
    return Chart(
        "bridge",
        "From plan to actual",
        "waterfall",
        _WATERFALL,
        (("planned", total["planned"]), *shown, ("actual", total["actual"])),
        said,
    )


def _causes(findings: Sequence[Finding]) -> Mapping[str, Decimal]:
    """The bridges of the budget lines that drifted, added up by cause."""
    found: dict[str, Decimal] = {}
    for finding in findings:
        if finding.code.startswith("DRF") and finding.bridge:
            for name, amount in finding.bridge.items():
                found[name] = money.EXACT.add(found.get(name, Decimal(0)), amount)
    return found


def _by_cause(causes: Mapping[str, Decimal], unplanned: Decimal, never: Decimal) -> Iterator[tuple[str, Decimal]]:
    yield from sorted(causes.items(), key=lambda item: -abs(item[1]))
    if _UNPLANNED not in causes:
        yield _UNPLANNED, unplanned
    yield _NEVER_CAME, never


def _by_line(rows: Sequence[Mapping[str, Any]], unplanned: Decimal) -> Iterator[tuple[str, Decimal]]:
    lines = [row for row in rows if row["status"] != _UNPLANNED]
    for row in sorted(lines, key=lambda row: -abs(row["drift"]))[:STEPS]:
        yield row["scope"], row["drift"]
    yield _UNPLANNED, unplanned
