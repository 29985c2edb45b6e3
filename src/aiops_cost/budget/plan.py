"""A budget with its meaning: exact amounts per line and month, spread over each month's days."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cache, cached_property

from aiops_cost import money
from aiops_cost.budget.file import Approval
from aiops_cost.budget.scope import Constraints, Relation, constraints, relate
from aiops_cost.budget.values import Tolerance
from aiops_cost.model import Scope

DayRange = tuple[date, date]
"""First and last day, both included."""


@dataclass(frozen=True)
class BudgetLine:
    """One planned amount. Months are `YYYY-MM`; amounts are in the budget's currency.

    `amounts` holds the months that the line plans and no others. `assumes` holds the assumptions by
    their names without the currency (`usd_per_run` is `per_run`); `derived` the amounts that follow
    from them.
    """

    budget: str
    scope: Scope
    owner: str | None
    amounts: Mapping[str, Decimal]
    assumes: Mapping[str, Decimal]
    derived: Mapping[str, Decimal]
    tolerance: Tolerance
    place: str
    kind: str = "product"
    ends: date | None = None
    flex: str | None = None
    flex_per_month: Decimal | None = None
    plans: str = "gross"
    baseline: DayRange | None = None
    """The days that tell in which quantities and at which prices the amount was meant, where no assumption does."""

    @cached_property
    def constraints(self) -> Constraints:
        """The scope as columns and values; computed once, for each line meets every other."""
        return constraints(self.scope)


@dataclass(frozen=True)
class Credit:
    """Money that a provider gives, `amount` a month in the budget's currency, spread evenly over each month's days.

    The day after `ends` the same use costs so much more: a step that a forecast of net cost has to make.
    """

    name: str
    scope: Scope
    amount: Decimal
    starts: date | None
    ends: date

    def on(self, day: date) -> Decimal:
        """What it takes off the cost of a day; zero before it starts and after it ends."""
        if day > self.ends or (self.starts and day < self.starts):
            return Decimal(0)
        return money.multiply(self.amount, 1, calendar.monthrange(day.year, day.month)[1])


@dataclass(frozen=True)
class Budget:
    """A plan for some months. `rate` is what one unit of `written_in` was worth in `currency`.

    `phases` are stretches of months with names; `credits` what is expected to be given, and until when.
    """

    name: str
    currency: str
    months: tuple[str, ...]
    lines: tuple[BudgetLine, ...]
    place: str
    approved: Approval | None = None
    written_in: str = ""
    rate: Decimal = field(default=Decimal(1))
    version: int = 1
    phases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    credits: tuple[Credit, ...] = ()

    @property
    def first_day(self) -> date:
        return days_of(self.months[0])[0]

    @property
    def last_day(self) -> date:
        return days_of(self.months[-1])[1]


@cache
def days_of(month: str) -> DayRange:
    """The first and the last day of a month.

    >>> days_of("2028-02")[1]
    datetime.date(2028, 2, 29)
    """
    first = date.fromisoformat(f"{month}-01")
    return first, first.replace(day=calendar.monthrange(first.year, first.month)[1])


def months_between(first: str, last: str) -> tuple[str, ...]:
    """All months from `first` to `last`, both included."""
    found, month = [], first
    while month <= last:
        found.append(month)
        month = f"{days_of(month)[1] + timedelta(days=1):%Y-%m}"
    return tuple(found)


def planned(line: BudgetLine, first: date, last: date) -> Decimal:
    """What the line plans for the days from `first` to `last`, to 18 decimals, half-even.

    A month's amount is spread evenly over its own days, so 28 days of February are worth as much as
    31 of March; a whole month is exactly its amount. Days after the line's end plan nothing.
    """
    parts = []
    until = min(last, line.ends) if line.ends else last
    for month, amount in line.amounts.items():
        month_first, month_last = days_of(month)
        start, end = max(first, month_first), min(until, month_last)
        if start <= end:
            parts.append(money.multiply(amount, (end - start).days + 1, month_last.day))
    return money.total(parts)


def planned_days(line: BudgetLine, first: date, last: date) -> tuple[DayRange, ...]:
    """The days from `first` to `last` that the line plans, neighbouring months joined."""
    months = (days_of(month) for month in line.amounts)
    until = min(last, line.ends) if line.ends else last
    return joined((max(first, start), min(until, end)) for start, end in months if start <= until and end >= first)


def joined(ranges: Iterable[DayRange]) -> tuple[DayRange, ...]:
    """The same days in as few ranges as possible, in order; each day once."""
    found: list[DayRange] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + timedelta(days=1):
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return tuple(found)


def share_months(one: BudgetLine, other: BudgetLine) -> bool:
    """True when both plan at least one month."""
    return not one.amounts.keys().isdisjoint(other.amounts)


def parents_and_parts(
    lines: Sequence[BudgetLine], month: str | None = None
) -> list[tuple[BudgetLine, tuple[BudgetLine, ...]]]:
    """Each line that has parts, with its direct parts: those with no other line in between.

    With a month, only the lines that plan it are looked at. Parts of one line never overlap
    (reading refuses that), so their amounts may be added.
    """
    present = [line for line in lines if month is None or month in line.amounts]
    every = [[_is_parent(line, other) for other in present] for line in present]
    found = []
    for line, parts in zip(present, every, strict=True):
        below = [at for at, is_part in enumerate(parts) if is_part]
        direct = tuple(present[part] for part in below if not any(every[between][part] for between in below))
        if direct:
            found.append((line, direct))
    return found


def roots(lines: Sequence[BudgetLine], month: str) -> Iterator[BudgetLine]:
    """The lines of a month that are part of no other: their amounts add up to the plan."""
    present = [line for line in lines if month in line.amounts]
    return (line for line in present if not any(_is_parent(other, line) for other in present))


def _is_parent(one: BudgetLine, other: BudgetLine) -> bool:
    near = one.constraints.keys() <= other.constraints.keys()  # most are not, and that is told without their values
    return near and relate(one.constraints, other.constraints) is Relation.PARENT and share_months(one, other)
