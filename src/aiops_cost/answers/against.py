"""What the plan says about the groups of a report: budget lines spread over days, parts taken out of their wholes.

A budget line belongs to the group that its scope names. What its scope does not say stands as `(any)`: the plan of a
whole activity cannot be compared with one workload of it, so it gets a row of its own.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
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
    """Group -> planned amount on the days; and what has to be said about it."""

    amounts: dict[tuple[Any, ...], Decimal]
    notes: tuple[str, ...]


def planned_by(budgets: Sequence[Budget], by: Sequence[str], window: Window, where: Sequence[str]) -> Planned:
    """The plan of the days in `window` per group of `by`, where the filters hold, in the report currency."""
    lines = [line for budget in budgets for line in budget.lines]
    verdicts = {id(line): _holds(line, where) for line in lines}
    amounts: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    for line, first, last, amount in _spread(lines, window):
        if verdicts[id(line)] is True and amount:
            for key, part in _keys(line, by, first, last, amount):
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
        notes.append(
            f"{', '.join(flexible)}: the plan moves with volume (`flex`); here stands what was planned before it moved."
            " What the volume allows:  aiops-cost drift"
        )
    return Planned(dict(amounts), tuple(notes))


def _spread(lines: Sequence[BudgetLine], window: Window) -> Iterator[tuple[BudgetLine, date, date, Decimal]]:
    """Each line and month of the window: the days, and what the line plans on them beyond its own parts."""
    months = sorted({month for line in lines for month in line.amounts})
    for month in months:
        first, last = days_of(month)
        first, last = max(first, window.first), min(last, window.last)
        if first > last:
            continue
        parts = {id(line): below for line, below in parents_and_parts(lines, month)}
        for line in lines:
            if month in line.amounts:
                below = money.total(planned(part, first, last) for part in parts.get(id(line), ()))
                yield line, first, last, money.EXACT.subtract(planned(line, first, last), below)


def _keys(
    line: BudgetLine, by: Sequence[str], first: date, last: date, amount: Decimal
) -> Iterator[tuple[tuple[Any, ...], Decimal]]:
    """The groups of one line in one month; more than one only where the report goes by days or weeks."""
    stretch = next((name for name in by if name in _STRETCHES), "month")
    if stretch == "month":
        yield tuple(_value(line, name, first) for name in by), amount
        return
    days = [first + n * DAY for n in range((last - first).days + 1)]
    for day, part in zip(days, money.split(amount, [Decimal(1)] * len(days)), strict=True):
        yield tuple(_value(line, name, day) for name in by), part


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
