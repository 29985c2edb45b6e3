"""What the days of a budget line say: its series, what was expected of each day, what changed and since when.

Worked out once per view for all lines, because drift, forecast and anomalies ask the same. Statistics are floats; the
amounts of findings come from the views, exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from math import log

import numpy as np

from aiops_cost import money
from aiops_cost.budget.plan import BudgetLine, DayRange, days_of, months_between
from aiops_cost.checks import cells, wandering
from aiops_cost.checks.cells import Daily
from aiops_cost.checks.view import View
from aiops_cost.drift import onset, paths, weekly
from aiops_cost.drift.onset import Change
from aiops_cost.drift.weekly import Floats

DAY = timedelta(days=1)
SMOOTH = 0.15
"""Months of a plan that differ by less than this share are one course; more is a step that was planned."""
BEFORE = timedelta(days=90)
"""So many days before the plan are looked at, too: what it was before is the baseline."""
EARLY = 14
FROM_THE_START = "from the start"


@dataclass(frozen=True)
class Study:
    """A line and its days. `daily` is None where no row ever matched it."""

    line: BudgetLine
    daily: Daily | None

    @cached_property
    def watched(self) -> Daily | None:
        """The days that count: of the plan, and a quarter before it."""
        if self.daily is None:
            return None
        return self.daily.since(days_of(min(self.line.amounts))[0] - BEFORE)

    @cached_property
    def expected(self) -> Floats:
        """What the plan expected of each watched day, smooth from month to month."""
        if self.watched is None:
            return np.zeros(0)
        usage, first = self.watched.usage, self.watched.first
        return fitting(usage, first, curve(self.line, first, len(usage)))

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """The structural changes of the watched days, against the plan's course."""
        if self.watched is None or not self.expected.any():
            return ()
        return onset.changes(self.watched.usage, self.watched.first, self.expected)

    @cached_property
    def left(self) -> Change | None:
        """The change by which the line left its plan lately, before its amounts show it."""
        if self.watched is None:
            return None
        tolerance = float(self.line.tolerance.breach)
        return onset.left(self.changes, self.watched.usage, self.watched.first, self.expected, tolerance)

    def onset(self, first: date, last: date, way: int = 1) -> Change | None:
        """The change that did most to a drift of the days from `first` to `last`; `way` is 1 for more, -1 for less.

        Where nothing changed since and it was so from the plan's first days, the onset is the first of them.
        """
        if self.watched is None:
            return None
        begin = days_of(min(self.line.amounts))[0]
        found = onset.main([change for change in self.changes if change.day >= begin], first, last, way)
        return found or self._from_the_start(self.watched, begin, way)

    def _from_the_start(self, watched: Daily, begin: date, way: int) -> Change | None:
        at = max(0, (begin - watched.first).days)
        usage, expected = watched.usage[at : at + EARLY], self.expected[at : at + EARLY]
        if len(usage) < EARLY or expected.sum() <= 0:
            return None
        size = float(usage.sum() / expected.sum() - 1)
        if size * way <= float(self.line.tolerance.warn):
            return None
        return Change(max(begin, watched.first), FROM_THE_START, size, 0.0, 1.0)

    @cached_property
    def week(self) -> Floats:
        """The weekday profile of the watched days; of those before the last step, when there are enough."""
        if self.watched is None:
            return weekly.FLAT
        steps = [change for change in self.changes if change.kind == "step"]
        usage = self.watched.usage
        if steps and (steps[-1].day - self.watched.first).days >= 7 * weekly.ENOUGH_WEEKS:
            usage = usage[: (steps[-1].day - self.watched.first).days]
        return weekly.FLAT if weekly.is_lumpy(usage) else weekly.profile(usage, self.watched.first)

    @cached_property
    def burst(self) -> float:
        """What one run costs, in a line that is mostly empty days; zero for a steady one."""
        if self.watched is None or not weekly.is_lumpy(self.watched.usage):
            return 0.0
        return weekly.median(self.watched.usage[weekly.bursts(self.watched.usage)])


def calendar(studied: Study, days: Sequence[DayRange], plan: Decimal) -> Decimal:
    """What more (or less) than an even spread of the plan was to be expected of these days, by their weekdays."""
    inside = [weekly.weekdays(first, (last - first).days + 1) for first, last in days]
    if studied.week is weekly.FLAT or not inside:
        return Decimal(0)
    share = float(studied.week[np.concatenate(inside)].mean()) - 1
    return money.multiply(plan, Decimal(round(share * 10**6)), 10**6)


def studies(view: View) -> dict[str, Study]:
    """Place of a budget line -> its study, for the lines of the current budgets."""
    if "studies" not in view.memo:
        cells.prepared(view)
        series = cells.daily(view, [wandering.followed(view, line).all for line in view.lines])
        view.memo["studies"] = {key(line): Study(line, found) for line, found in zip(view.lines, series, strict=True)}
    found: dict[str, Study] = view.memo["studies"]
    return found


def key(line: BudgetLine) -> str:
    """What tells a line from all others of the view."""
    return f"{line.budget}\n{line.place}"


def curve(line: BudgetLine, first: date, days: int) -> tuple[Floats, ...]:
    """The plan per day, from the day `first`, in the three ways in which a month's amount may be meant: so much a day
    (the amount follows the number of days), so much a month paid by the day (GB-months), so much a month at a steady
    pace. Through the middles of months where they differ little, in steps where they differ much; before its first and
    after its last month it goes on as there; a month without a plan is zero."""
    months = months_between(f"{first:%Y-%m}", f"{first + (days - 1) * DAY:%Y-%m}")
    planned = months_between(min(line.amounts), max(line.amounts))
    amounts = [float(line.amounts.get(month, 0)) for month in planned]
    a_day = [amount / days_of(month)[1].day for amount, month in zip(amounts, planned, strict=True)]
    by_day = _through(months, _extended(months, planned, a_day), first, days)
    by_month = _through(months, _extended(months, planned, amounts), first, days)
    return by_day, by_month / paths.lengths(first, days), by_month / (365.25 / 12)


_BLOCK = 5


def fitting(usage: Floats, first: date, curves: Sequence[Floats]) -> Floats:
    """The curve against which the days move least up and down, in medians of five days."""
    if weekly.is_lumpy(usage):
        return curves[0]
    week = weekly.profile(usage, first)[weekly.weekdays(first, len(usage))]

    def restless(expected: Floats) -> float:
        base = expected * week
        known = (base > 0) & (usage > 0)
        if known.sum() < 4 * _BLOCK:
            return 0.0
        ratio = np.log(usage[known] / base[known])
        blocks = ratio[len(ratio) % _BLOCK :].reshape(-1, _BLOCK)
        return float(np.abs(np.diff(np.sort(blocks, axis=1)[:, _BLOCK // 2])).sum())

    return min(curves, key=restless)


def _through(months: Sequence[str], levels: Sequence[float], first: date, days: int) -> Floats:
    """The level of each day: on the line through the middles of its month and of the nearer month beside it."""
    found = np.zeros(days)
    for index, month in enumerate(months):
        begin, end = days_of(month)
        length = (end - begin).days + 1
        at = (np.arange(length) + 0.5) / length
        course = np.concatenate([_toward(levels, index, -1, at[at < 0.5]), _toward(levels, index, 1, at[at >= 0.5])])
        offset = (begin - first).days
        found[max(0, offset) : offset + length] = course[max(0, -offset) : days - offset]
    return found


def _extended(months: Sequence[str], planned: Sequence[str], levels: Sequence[float]) -> list[float]:
    """The level of each month; outside of the plan, the course of its first two or last two months goes on."""
    found = []
    for month in months:
        if month < planned[0]:
            found.append(levels[0] / _step(levels[:2]) ** (len(months_between(month, planned[0])) - 1))
        elif month > planned[-1]:
            found.append(levels[-1] * _step(levels[-2:]) ** (len(months_between(planned[-1], month)) - 1))
        else:
            found.append(levels[planned.index(month)])
    return found


def _step(pair: Sequence[float]) -> float:
    """The growth from one month to the next, where it is one course and no step."""
    if len(pair) < 2 or min(pair) <= 0 or abs(log(pair[1] / pair[0])) > SMOOTH:
        return 1.0
    return pair[1] / pair[0]


def _toward(levels: Sequence[float], index: int, way: int, at: Floats) -> Floats:
    """The level at moments of a month (0 to 1): on the line through its middle and that of the month before or after,
    where the two are one course."""
    here, other = levels[index], index + way
    step = log(levels[other] / here) if 0 <= other < len(levels) and here > 0 and levels[other] > 0 else 0.0
    return np.asarray(here * np.exp((step if abs(step) <= SMOOTH else 0.0) * np.abs(at - 0.5)))
