"""Retraining: more runs than planned, and what they gained.

What it means: TRN001 is a training line with more runs than its plan, while the quality of its model did not rise:
the extra runs are paid for and bring nothing that is measured. TRN002 is the same where no quality is measured, so
that nobody can say.

Why it matters: retraining twice as often doubles the bill and is set by one line of a schedule. It is worth it only
if the model gets better.

What to do: ask the owner for the reason; go back to the planned schedule, or revise the plan with the quality that
it bought. For TRN002 give a metric `quality` for the workload (`metrics:`).

Stays silent: within the line's `breach` tolerance and below `at_least`; where quality rose by
`checks.retraining.quality_gain` or more since the runs became more; and where no run can be told (neither a tag that
names runs nor a metric `runs`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from aiops_cost import money
from aiops_cost.budget.plan import BudgetLine, DayRange, days_of, planned_days
from aiops_cost.checks import flex
from aiops_cost.checks.view import View, days_in
from aiops_cost.config import Config
from aiops_cost.metrics.points import rounded
from aiops_cost.model import Finding, Severity

CODES = {
    "TRN001": "retrained more often than planned, without a gain in quality",
    "TRN002": "retrained more often than planned; the gain is not measured",
}
QUALITY_DAYS = 28
"""Quality before and after is the mean of so many days."""


@dataclass(frozen=True)
class Retraining:
    """A line with more runs than planned on its settled days; `since` is the first run of the first such month."""

    line: BudgetLine
    days: tuple[DayRange, ...]
    planned: Decimal
    actual: Decimal
    cost: Decimal
    since: date

    @property
    def extra(self) -> Decimal:
        return self.actual - self.planned

    @property
    def amount(self) -> Decimal:
        """The extra runs at what a run costs."""
        return money.multiply(self.cost, self.extra, self.actual)


def check(view: View, config: Config, as_of: date) -> list[Finding]:
    """TRN001 or TRN002 per training line with planned runs."""
    lines = [line for line in view.lines if "runs_per_month" in line.assumes]
    found = [_retraining(view, line, known) for line, known in zip(lines, flex.runs(view, lines), strict=True)]
    judged = [_finding(view, one, config) for one in found if one]
    return [finding for finding in judged if finding]


def _retraining(view: View, line: BudgetLine, known: flex.Volumes) -> Retraining | None:
    window = view.budget_window()
    days = planned_days(line, *window) if window else ()
    if not days:
        return None
    counted = {day: n for day, n in known.items() if n and any(a <= day <= b for a, b in days)}
    if not counted:
        return None
    plan = money.total(_planned_runs(line, first, last) for first, last in days)
    actual = money.total(counted.values())
    if actual <= plan:
        return None
    cost = view.spent_by([(line, days)])[0].amount
    return Retraining(line, days, plan, actual, cost, _since(line, days, counted))


def _planned_runs(line: BudgetLine, first: date, last: date) -> Decimal:
    """Runs a month, spread over the days of each month."""
    parts = []
    for month in line.amounts:
        start, end = days_of(month)
        shared = (min(last, end) - max(first, start)).days + 1
        if shared > 0:
            parts.append(money.multiply(line.assumes["runs_per_month"], shared, end.day))
    return money.total(parts)


def _since(line: BudgetLine, days: tuple[DayRange, ...], counted: Mapping[date, Decimal]) -> date:
    """The first run of the first month that had more than it planned, by more than a quarter; else the first day."""
    for month in sorted({f"{day:%Y-%m}" for day in counted}):
        first, last = days_of(month)
        there = [day for day in counted if first <= day <= last]
        end = min(last, days[-1][1])
        if money.total(counted[day] for day in there) > _planned_runs(line, first, end) * Decimal("1.25"):
            return min(there)
    return days[0][0]


def _finding(view: View, one: Retraining, config: Config) -> Finding | None:
    limits = one.line.tolerance
    if one.extra < 1 or one.extra <= limits.breach * one.planned or one.amount < limits.at_least:
        return None
    before, after = _quality(view, one)
    known = before is not None and after is not None
    least = config.checks.retraining.quality_gain
    if before is not None and after is not None and after >= before * (1 + least):
        return None
    said = f"quality went from {before:f} to {after:f}" if known else "whether the model got better is not measured"
    runs_said = f"{one.actual.normalize():f} runs on {days_in(one.days)} settled days, {one.planned:.1f} planned"
    return Finding(
        code="TRN001" if known else "TRN002",
        severity=Severity.WARNING if known else Severity.INFO,
        message=f"{runs_said}; {said}: {money.show(one.amount, view.currency)} for the extra runs",
        advice="Go back to the planned schedule, or revise the plan:  aiops-cost budget revise --help"
        if known
        else "Give a metric `quality` for this workload (`metrics:` in the configuration); then ask again.",
        scope=one.line.scope,
        owner=one.line.owner,
        period=f"{one.days[0][0]}..{one.days[-1][1]}",
        currency=view.currency,
        planned=money.multiply(one.cost, one.planned, one.actual),
        actual=one.cost,
        amount=one.amount,
        cause="frequency",
        onset=one.since,
        evidence=(f"a run costs {money.show(money.multiply(one.cost, 1, one.actual), view.currency)}",),
        place=one.line.place,
    )


def _quality(view: View, one: Retraining) -> tuple[Decimal | None, Decimal | None]:
    """Mean quality of the weeks before the runs became more, and of the last weeks."""
    scope = {key: value for key, value in one.line.scope.items() if key not in ("activity", "x_Activity")}
    found = view.volume("quality", scope)
    last = one.days[-1][1]
    before = [v for day, v in found.items() if 0 < (one.since - day).days <= QUALITY_DAYS]
    after = [v for day, v in found.items() if 0 <= (last - day).days < QUALITY_DAYS and day >= one.since]
    return _mean(before), _mean(after)


def _mean(values: list[Decimal]) -> Decimal | None:
    return rounded(money.total(values) / len(values)).quantize(Decimal("0.0001")).normalize() if values else None
