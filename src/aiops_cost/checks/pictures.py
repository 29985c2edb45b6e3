"""The same as pictures: the days of a line with its plan and its forecast, the budget being used up, the bridge."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import numpy as np

from aiops_cost import money
from aiops_cost.budget import scope
from aiops_cost.budget.plan import days_of
from aiops_cost.checks import drift, outlook, study
from aiops_cost.checks.drift import Drift
from aiops_cost.checks.outlook import Outlook
from aiops_cost.checks.view import View
from aiops_cost.model import Chart, Column

DAY = timedelta(days=1)
SHOWN = 120
"""So many days of the past are drawn."""
_Z80 = 1.2816
_TIMELINE = (
    Column("series"), Column("day", "date"), Column("amount", "money"), Column("low", "money"), Column("high", "money"),
)  # fmt: skip
_WATERFALL = (Column("part"), Column("amount", "money"))
Row = tuple[str, date, Decimal, Decimal | None, Decimal | None]


def of(view: View, one: Drift) -> Iterator[Chart]:
    """The pictures of a drifting line."""
    name, title = _slug(scope.text(one.line.scope)), scope.text(one.line.scope)
    yield _bridge(view, one, name, title)
    found = outlook.outlooks(view).get(study.key(one.line))
    days = _days(view, one, found, name, title)
    if days:
        yield days
    if found:
        yield _used_up(view, one, found, name, title)


def _bridge(view: View, one: Drift, name: str, title: str) -> Chart:
    explained, _ = drift.explained(view, one)
    parts: dict[str, Decimal] = {}
    for part in explained.bridge.parts:
        if abs(part.amount) >= money.CENT:
            parts[part.name] = money.EXACT.add(parts.get(part.name, Decimal(0)), part.amount)
    largest = max(parts, key=lambda name: abs(parts[name]), default="nothing")
    rest = money.EXACT.subtract(one.amount, money.total(parts.values()))
    if rest and abs(rest) < money.CENT and parts:
        # A step that nobody could see is drawn with the largest one; the table has each to its last digit.
        parts[largest] = money.EXACT.add(parts[largest], rest)
    elif rest:
        parts["less than a cent each"] = rest
    return Chart(
        name=f"{name}-bridge",
        title=f"{title}: from planned to actual",
        kind="waterfall",
        columns=_WATERFALL,
        rows=(("planned", one.planned), *parts.items(), ("actual", one.actual)),
        description=f"From {money.show(one.planned, view.currency)} planned to {money.show(one.actual)} actual"
        f" in {len(parts)} steps; the largest is {largest} with {money.show(parts.get(largest, Decimal(0)))}.",
    )


def _days(view: View, one: Drift, found: Outlook | None, name: str, title: str) -> Chart | None:
    studied = study.studies(view)[study.key(one.line)]
    if studied.daily is None:
        return None
    daily = studied.daily.since(one.days[-1][1] - (SHOWN - 1) * DAY)
    rows: list[Row] = [
        ("actual", daily.first + n * DAY, _cents(float(v)), None, None) for n, v in enumerate(daily.usage)
    ]
    last = daily.last
    if found:
        count = (found.endings[0].last - daily.last).days
        for n in range(count):
            last = found.first + n * DAY
            middle = float(found.path.mean[n])
            rows.append(("forecast", last, _cents(middle), *_band(middle, float(found.path.daily[n]))))
    plan = [max(daily.first, days_of(min(one.line.amounts))[0]) + n * DAY for n in range(SHOWN + 31)]
    rows += [("budget", day, view.allowed(one.line, [(day, day)]), None, None) for day in plan if day <= last]
    _, onset = drift.explained(view, one)
    since = f" It left its course on {onset.day}." if onset else ""
    return Chart(
        name=f"{name}-days",
        title=f"{title}: a day",
        kind="timeline",
        columns=_TIMELINE,
        rows=tuple(rows),
        description=f"Cost per day from {daily.first} to {daily.last}, the budget per day, and the forecast to {last}"
        f" with its 80% interval.{since}",
    )


def _used_up(view: View, one: Drift, found: Outlook, name: str, title: str) -> Chart:
    """The whole budget: spent, planned and forecast so far, in steps of a week."""
    first, end = days_of(min(one.line.amounts))[0], found.endings[1]
    studied = study.studies(view)[study.key(one.line)]
    rows: list[Row] = []
    if studied.daily is not None:
        daily = studied.daily.since(first)
        spent = np.cumsum(daily.usage + daily.other)
        rows += [("actual", daily.first + n * DAY, _cents(float(spent[n])), None, None) for n in _weekly(len(spent))]
    whole = float(end.spent) + np.cumsum(found.path.mean)
    rows += [
        (
            "forecast",
            found.first + n * DAY,
            _cents(float(whole[n])),
            *_band(float(whole[n]), float(found.path.deviation[n])),
        )
        for n in _weekly(len(whole))
    ]
    for n in _weekly((end.last - first).days + 1):
        rows.append(("budget", first + n * DAY, view.allowed(one.line, [(first, first + n * DAY)]), None, None))
    gone = f"; it is used up on {end.gone}" if end.gone else ""
    return Chart(
        name=f"{name}-budget",
        title=f"{title}: the budget used up",
        kind="timeline",
        columns=_TIMELINE,
        rows=tuple(rows),
        description=f"Spent so far {money.show(end.spent, view.currency)} of {money.show(end.planned)};"
        f" {money.show(end.expected)} expected by {end.last}{gone}.",
    )


def _band(middle: float, deviation: float) -> tuple[Decimal, Decimal]:
    return _cents(middle - _Z80 * deviation), _cents(middle + _Z80 * deviation)


def _weekly(count: int) -> list[int]:
    """Every seventh index, and the last."""
    return sorted({*range(0, count, 7), count - 1}) if count else []


def _cents(value: float) -> Decimal:
    return Decimal(str(value)).quantize(money.CENT)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "everything"
