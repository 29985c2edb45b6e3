"""Where a line ends: the forecast of its month and of its budget, from settled days.

The days ahead begin with the first one that is not settled: a day that is half there is forecast whole. What use does
not drive (monthly fees, tax, purchases) stays outside of the run rate and inside of the total: ahead, each kind comes
again as often and as large as in the last three months. A credit that a budget gives an end ends on that day.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np

from aiops_cost import money
from aiops_cost.budget.plan import Budget, BudgetLine, DayRange, days_of
from aiops_cost.checks import study
from aiops_cost.checks.cells import Daily
from aiops_cost.checks.view import View
from aiops_cost.drift import forecast
from aiops_cost.drift.forecast import Forecast
from aiops_cost.drift.paths import Path
from aiops_cost.drift.weekly import Floats

DAY = timedelta(days=1)
LEAST_DAYS = 10
"""From so many settled days on, a forecast is worth telling."""
_FEE_DAYS = 91
_NEAR_BREACH = 0.2


@dataclass(frozen=True)
class Ending:
    """A line at the end of a stretch (`month` or `budget`). `spent` is exact; the forecast is rounded to cents."""

    stretch: str
    last: date
    planned: Decimal
    spent: Decimal
    expected: Decimal
    low: Decimal
    high: Decimal
    chance: float
    """That the whole costs more than planned."""
    chance_breach: float
    """That it costs more than planned by more than the tolerance."""
    gone: date | None
    """The day on which the planned amount is used up, where that is before the end."""

    @property
    def over(self) -> Decimal:
        return money.EXACT.subtract(self.expected, self.planned)


@dataclass(frozen=True)
class Outlook:
    """A line's forecast: how it was made, its days ahead, its endings."""

    line: BudgetLine
    first: date
    forecast: Forecast
    path: Path
    endings: tuple[Ending, ...]


def outlooks(view: View, whole: frozenset[str] = frozenset()) -> dict[str, Outlook]:
    """Key of a line -> its outlook; lines without enough settled days have none.

    A look back takes its time: lines that are neither near a breach nor named in `whole` (by key) go without."""
    name = f"outlooks {sorted(whole)}"
    if name not in view.memo:
        asked = [one for budget in view.current for line in budget.lines if (one := _asked(view, budget, line))]
        spent = view.spent_by([(one.line, known) for one in asked for known in (one.month, one.budget)])
        view.memo[name] = {
            study.key(one.line): _outlook(view, one, (spent[2 * at].amount, spent[2 * at + 1].amount), whole)
            for at, one in enumerate(asked)
        }
    known: dict[str, Outlook] = view.memo[name]
    return known


@dataclass(frozen=True)
class _Asked:
    """A line that has days ahead: its days, and the settled ones of its month and of its budget."""

    plan: Budget
    line: BudgetLine
    daily: Daily
    until: date
    last: date
    month: tuple[DayRange, ...]
    budget: tuple[DayRange, ...]

    @property
    def days(self) -> int:
        return (self.last - self.until).days

    @property
    def stretches(self) -> tuple[tuple[str, date, date], ...]:
        first, _ = days_of(f"{self.until + DAY:%Y-%m}")
        month_last = min(days_of(f"{self.until + DAY:%Y-%m}")[1], self.last)
        return ("month", max(first, _first(self.line)), month_last), ("budget", _first(self.line), self.last)


def _asked(view: View, budget: Budget, line: BudgetLine) -> _Asked | None:
    until, daily = view.settled_until, study.studies(view)[study.key(line)].daily
    last = min([days_of(max(line.amounts))[1], *([line.ends] if line.ends else [])])
    if until is None or daily is None or not _first(line) <= until < last or len(daily.usage) < LEAST_DAYS:
        return None
    month = max(days_of(f"{until + DAY:%Y-%m}")[0], _first(line))
    so_far = ((month, until),) if month <= until else ()
    return _Asked(budget, line, daily, until, last, so_far, ((_first(line), until),))


def _outlook(view: View, asked: _Asked, spent: tuple[Decimal, Decimal], whole: frozenset[str]) -> Outlook:
    made = forecast.quick(asked.daily.usage, asked.daily.first, asked.days)
    found = _of(view, asked, spent, made)
    if study.key(asked.line) in whole or any(ending.chance_breach > _NEAR_BREACH for ending in found.endings):
        return _of(view, asked, spent, forecast.forecast(asked.daily.usage, asked.daily.first, asked.days))
    return found


def _of(view: View, asked: _Asked, spent: tuple[Decimal, Decimal], made: Forecast) -> Outlook:
    aside = fees(asked.daily.other, asked.until, asked.days) + _credits_end(asked)
    path = replace(made.path, mean=made.path.mean + aside)
    endings = tuple(
        _ending(view, asked, stretch, so_far, path) for stretch, so_far in zip(asked.stretches, spent, strict=True)
    )
    return Outlook(asked.line, asked.until + DAY, made, path, endings)


def _first(line: BudgetLine) -> date:
    return days_of(min(line.amounts))[0]


def fees(other: Floats, until: date, days: int) -> Floats:
    """What comes without use, on the days of the month on which it came in the last three months, at their mean."""
    ahead = np.zeros(days)
    recent = other[-_FEE_DAYS:]
    if not recent.any():
        return ahead
    months = max(1.0, len(recent) / (365.25 / 12))
    usual: dict[int, float] = {}
    for offset, amount in enumerate(recent):
        if amount:
            at = (until - (len(recent) - 1 - offset) * DAY).day
            usual[at] = usual.get(at, 0.0) + float(amount)
    for index in range(days):
        ahead[index] = usual.get((until + (index + 1) * DAY).day, 0.0) / max(1.0, round(months))
    return ahead


def _credits_end(asked: _Asked) -> Floats:
    """What a net plan has to pay more each day once a credit has ended: it is in the days seen, and will not be in
    those after its end."""
    step = np.zeros(asked.days)
    if asked.line.plans == "gross":
        return step
    for credit in asked.plan.credits:
        if credit.ends <= asked.until or not dict(credit.scope).items() <= dict(asked.line.scope).items():
            continue
        for index in range(asked.days):
            if asked.until + (index + 1) * DAY > credit.ends:
                step[index] += float(credit.on(credit.ends))
    return step


def _ending(view: View, asked: _Asked, stretch: tuple[str, date, date], spent: Decimal, path: Path) -> Ending:
    name, first, last = stretch
    planned = view.allowed(asked.line, [(first, last)])
    count = (last - asked.until).days
    ahead = Forecast(Path(path.method, path.mean[:count], path.deviation[:count], path.daily[:count]), (), 0, None)
    middle, low, high = ahead.total()
    left = money.EXACT.subtract(planned, spent)
    limit = money.EXACT.multiply(asked.line.tolerance.breach, planned)
    over = ahead.day_over(float(left))
    return Ending(
        name, last, planned, spent, _plus(spent, middle), _plus(spent, low), _plus(spent, high),
        chance=ahead.chance_over(float(left)), chance_breach=ahead.chance_over(float(left + limit)),
        gone=asked.until if left < 0 else None if over is None else asked.until + (over + 1) * DAY,
    )  # fmt: skip


def _plus(spent: Decimal, ahead: float) -> Decimal:
    return money.EXACT.add(spent, Decimal(str(ahead))).quantize(money.CENT)


def beats(one: Forecast) -> str:
    """How the forecast did on the line's own past, beside its bars."""
    if not one.scores:
        return f"{one.path.method}; the history is too short to look back"
    told = ", ".join(f"{score.method} {score.error:.1%}" for score in sorted(one.scores, key=_own_first))
    fallen = "" if one.path.method in ("level", "runs") else f"; {one.path.method} did better, so it is used"
    inside = "" if one.inside is None else f"; {one.inside} of {one.origins} inside such an 80% interval"
    return f"mean error of {one.origins} forecasts of its past: {told}{fallen}{inside}"


def _own_first(score: forecast.Score) -> tuple[bool, str]:
    return score.method not in ("level", "runs"), score.method
