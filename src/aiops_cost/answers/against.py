"""What the plan says about the groups of a report: budget lines spread over days, parts taken out of their wholes.

A budget line belongs to the group that its scope names. What its scope does not say stands as `(any)`: the plan of a
whole activity cannot be compared with one workload of it, so it gets a row of its own.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from aiops_cost import money
from aiops_cost.answers import filters
from aiops_cost.answers.window import Window
from aiops_cost.budget import scope
from aiops_cost.budget.plan import Budget, BudgetLine, days_of, parents_and_parts, planned
from aiops_cost.budget.scope import TAG
from aiops_cost.ledger import schema

ANY = "(any)"
DAY = timedelta(days=1)
_STRETCHES = ("day", "week", "month")


@dataclass(frozen=True)
class Planned:
    """Group -> what is allowed on the days; and what has to be said about it."""

    amounts: dict[tuple[Any, ...], Decimal]
    notes: tuple[str, ...]


Allowed = Callable[[BudgetLine, date, date], Decimal]
"""What a line allows from a day to a day: its plan, or of a line that flexes what the volume of these days is worth."""


@dataclass(frozen=True)
class Plan:
    """What spend is held against: budgets, what a line of them allows on days, and what spend counts (a condition in
    SQL with its parameters)."""

    budgets: tuple[Budget, ...]
    allowed: Allowed = planned
    counted: tuple[str, tuple[Any, ...]] = ("true", ())


def planned_by(
    budgets: Sequence[Budget], by: Sequence[str], window: Window, where: Sequence[str], allowed: Allowed = planned
) -> Planned:
    """The plan of the days in `window` per group of `by`, where the filters hold, in the report currency."""
    lines = [line for budget in budgets for line in budget.lines]
    verdicts = {id(line): _holds(line, where) for line in lines}
    amounts: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    stretch = next((name for name in by if name in _STRETCHES), "month")
    for line, days in _spread(lines, window, allowed, by_day=stretch != "month"):
        if verdicts[id(line)] is True:
            for day, part in days:
                key = tuple(_value(line, name, day) for name in by)
                amounts[key] = money.EXACT.add(amounts[key], part)
    unsure = Counter(verdicts.values())[None]
    notes = (
        [f"{unsure} budget line{'s do' if unsure > 1 else ' does'} not say what the filters ask; left out of the plan."]
        if unsure
        else []
    )
    if any(ANY in key for key in amounts):
        notes.append(f"{ANY}: planned without saying which; compare it with the rows that it may belong to.")
    flexible = [scope.text(line.scope) for line in lines if line.flex and verdicts[id(line)] is True]
    if flexible:
        notes.append(f"{', '.join(flexible)}: the plan moves with volume; here stands what the volume allows.")
    return Planned(dict(amounts), tuple(notes))


def _spread(
    lines: Sequence[BudgetLine], window: Window, allowed: Allowed, by_day: bool
) -> Iterator[tuple[BudgetLine, Sequence[tuple[date, Decimal]]]]:
    """Each line and month of the window: days, and what the line allows on them beyond its own parts. One entry for
    the whole month where nobody asks by day."""
    months = sorted({month for line in lines for month in line.amounts})
    for month in months:
        first, last = days_of(month)
        first, last = max(first, window.first), min(last, window.last)
        if first > last:
            continue
        parts = {id(line): below for line, below in parents_and_parts(lines, month)}
        for line in lines:
            below = parts.get(id(line), ())

            def beyond(start: date, end: date, line: BudgetLine = line, below: Iterable[BudgetLine] = below) -> Decimal:
                of_parts = money.total(allowed(part, start, end) for part in below)
                return money.EXACT.subtract(allowed(line, start, end), of_parts)

            if month in line.amounts and (amount := beyond(first, last)):
                moves = any(one.flex for one in (line, *below))
                yield line, _days(first, last, amount, beyond if moves else None) if by_day else [(first, amount)]


def _days(
    first: date, last: date, amount: Decimal, beyond: Callable[[date, date], Decimal] | None
) -> list[tuple[date, Decimal]]:
    """An amount over its days: evenly, or each day's own where it moves with volume; they sum to it."""
    days = [first + n * DAY for n in range((last - first).days + 1)]
    if beyond is None:
        return list(zip(days, money.split(amount, [Decimal(1)] * len(days)), strict=True))
    own = [beyond(day, day) for day in days[:-1]]
    return list(zip(days, [*own, money.EXACT.subtract(amount, money.total(own))], strict=True))


def _value(line: BudgetLine, name: str, day: date) -> Any:
    if name in _STRETCHES:
        return {"day": day, "week": day - day.weekday() * DAY, "month": f"{day:%Y-%m}"}[name]
    values = line.constraints.get(_column(name))
    if values is None and _column(name) == "x_Owner" and line.owner:
        return line.owner
    return ANY if values is None else "|".join(sorted(values))


def _column(key: str) -> str:
    return key if key.startswith(TAG) else schema.SHORT.get(key, key)


def _holds(line: BudgetLine, where: Sequence[str]) -> bool | None:
    """Whether all that the line plans passes the filters; None where its scope does not tell."""
    verdict: bool | None = True
    for text in where:
        key, operator, value = filters.parsed(text)
        if key in _STRETCHES:
            verdict = None
            continue
        values = line.constraints.get(_column(key))
        if values is None:
            verdict = None
            continue
        passed = {_passes(one, operator, value) for one in values}
        if passed == {False}:
            return False
        verdict = None if len(passed) > 1 else verdict
    return verdict


def _passes(text: str, operator: str, value: str) -> bool:
    if operator.endswith("~"):
        found = value.lower() in text.lower()
    else:
        found = text in [part.strip() for part in value.split(",")] if value else False
    return found != operator.startswith("!")
