"""Unit cost: what one of a thing costs, against what it was planned to cost.

What it means: UNT001 is a line whose unit cost is above the planned one: the same business costs more. UNT002 is a
line that costs more than its fixed plan because there is more business, at no more than the planned unit cost.
UNT003 is a line that should flex with volume, and whose volume is not known.

Why it matters: twice the requests at the planned price is success; the planned requests at twice the price is not.
One drift cannot tell them apart. *More business* is planned unit cost times (actual - planned volume); *worse price*
is actual cost minus planned unit cost times actual volume; the two sum to the drift of the measured days.

What to do: for UNT001 look at what a unit is made of: longer answers, a dearer model, a smaller discount
(`aiops-cost report --by model,latency_tier --unit requests`). For UNT002 tell whoever approved the plan; `flex:
requests` in the budget line lets the plan move with volume. For UNT003 fetch or name the metric (`metrics:`).

Stays silent: without assumptions or a metric to divide by; within the line's tolerance (`warn`, `at_least`); on days
without a value, which count on neither side. More runs are told by TRN, more GB by STO, not by UNT002.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from aiops_cost import money
from aiops_cost.budget.plan import BudgetLine, DayRange, joined, planned, planned_days
from aiops_cost.budget.volumes import judged_by
from aiops_cost.checks import flex
from aiops_cost.checks.view import View, days_in, report_of
from aiops_cost.config import Config
from aiops_cost.metrics.volume import unit_of
from aiops_cost.model import Finding, Severity

CODES = {
    "UNT001": "a unit costs more than planned",
    "UNT002": "more business than planned, at the planned price",
    "UNT003": "the volume that a line flexes with is not known",
}


@dataclass(frozen=True)
class UnitCost:
    """One line on the settled days whose volume is known. Amounts are in the report currency, volumes in single
    units (of GB, GB-months)."""

    line: BudgetLine
    metric: str
    days: tuple[DayRange, ...]
    planned: Decimal
    allowed: Decimal
    actual: Decimal
    volume: Decimal

    @property
    def more_business(self) -> Decimal:
        """Planned unit cost x (actual volume - planned volume)."""
        return money.EXACT.subtract(self.allowed, self.planned)

    @property
    def worse_price(self) -> Decimal:
        """Actual cost - planned unit cost x actual volume."""
        return money.EXACT.subtract(self.actual, self.allowed)

    @property
    def planned_unit(self) -> Decimal | None:
        """What a unit (1,000 requests, a run) was planned to cost, at the actual volume; None without any."""
        return self._per_unit(self.allowed)

    @property
    def actual_unit(self) -> Decimal | None:
        """What a unit costs; None without any."""
        return self._per_unit(self.actual)

    def _per_unit(self, amount: Decimal) -> Decimal | None:
        size = unit_of(self.metric).size
        return money.multiply(amount, size, self.volume) if self.volume else None


def check(view: View, config: Config, as_of: date) -> list[Finding]:
    """UNT001 or UNT002 per line, UNT003 for lines that should flex and cannot."""
    found = [_finding(view, one) for one in unit_costs(view)]
    return [*(finding for finding in found if finding), *_without_volume(view, config)]


def unit_costs(view: View, lines: Sequence[BudgetLine] | None = None) -> list[UnitCost]:
    """Each line whose planned volume is known and whose actual volume was measured, budget to date."""
    window = view.budget_window()
    if window is None:
        return []
    asked: list[tuple[BudgetLine, str, flex.Volumes, tuple[DayRange, ...]]] = []
    for line, metric, volumes in _volumes(view, view.lines if lines is None else lines):
        days = _measured(line, window, volumes)
        if days:
            asked.append((line, metric, volumes, days))
    spent = view.spent_by([(line, days) for line, _, _, days in asked])
    return [
        UnitCost(
            line=line,
            metric=metric,
            days=days,
            planned=money.total(planned(line, first, last) for first, last in days),
            allowed=flex.flexed(line, metric, days, volumes),
            actual=cost.amount,
            volume=money.total(value for day, value in volumes.items() if _within(day, days)),
        )
        for (line, metric, volumes, days), cost in zip(asked, spent, strict=True)
    ]


def _volumes(view: View, lines: Sequence[BudgetLine]) -> Iterator[tuple[BudgetLine, str, flex.Volumes]]:
    """Each line with what it is judged by, and how much there was of it; the bill is read once for all runs."""
    metrics = [(line, metric) for line in lines if (metric := judged_by(line)) is not None]
    flex.runs(view, [line for line, metric in metrics if metric == "runs"])
    for line, metric in metrics:
        yield line, metric, flex.volumes(view, line, metric)


def _measured(line: BudgetLine, window: DayRange, volumes: flex.Volumes) -> tuple[DayRange, ...]:
    """The planned settled days that have a volume."""
    ranges = planned_days(line, *window)
    return joined((day, day) for day in volumes if _within(day, ranges))


def _finding(view: View, one: UnitCost) -> Finding | None:
    limits = one.line.tolerance
    if one.worse_price >= limits.at_least and one.worse_price > limits.warn * one.allowed:
        over = one.worse_price > limits.breach * one.allowed
        return _told(view, one, "UNT001", Severity.WARNING if over else Severity.INFO)
    drift = money.EXACT.subtract(one.actual, one.planned)
    told_elsewhere = one.metric in ("runs", "gb") or one.line.flex
    if drift >= limits.at_least and drift > limits.warn * one.planned and not told_elsewhere:
        return _told(view, one, "UNT002", Severity.INFO)
    return None


def _told(view: View, one: UnitCost, code: str, severity: Severity) -> Finding:
    unit = unit_of(one.metric).label
    worse = code == "UNT001"
    amount = one.worse_price if worse else one.more_business
    cost = f"{price(one.actual_unit)} {view.currency} per {unit}, {price(one.planned_unit)} planned"
    return Finding(
        code=code,
        severity=severity,
        message=(
            f"{cost}: {money.show(amount, view.currency)} for "
            + ("a worse price" if worse else "more business, at no worse price")
            + f" on {days_in(one.days)} measured days, {one.days[0][0]} to {one.days[-1][1]}"
        ),
        advice=(
            f"See what a unit is made of:  {_made_of(one)}"
            if worse
            else f"Let the plan move with volume:  flex: {one.metric}   in the budget line, once it is approved."
        ),
        scope=one.line.scope,
        owner=one.line.owner,
        period=f"{one.days[0][0]}..{one.days[-1][1]}",
        currency=view.currency,
        planned=one.allowed if worse else one.planned,
        actual=one.actual,
        amount=amount,
        bridge={"more business": one.more_business, "worse price": one.worse_price},
        cause="worse price" if worse else "more business",
        evidence=(
            f"more business: {money.show(one.more_business, view.currency)}; "
            f"worse price: {money.show(one.worse_price, view.currency)}; "
            f"together the drift of the measured days",
            f"volume: {money.show(one.volume, places=0)} {one.metric if one.metric != 'gb' else 'GB-months'}",
        ),
        place=one.line.place,
    )


def _made_of(one: UnitCost) -> str:
    """The command that divides the unit cost; runs are counted on the bill, which `report --unit` does not do."""
    first, last = one.days[0][0], one.days[-1][1]
    if one.metric == "runs":
        return report_of(one.line.scope, first, last)
    return report_of(one.line.scope, first, last, by="model,component") + f" --unit {one.metric}"


def _without_volume(view: View, config: Config) -> Iterator[Finding]:
    """A line that flexes with what nobody measures is judged by its fixed plan, and that is said; where metrics were
    required, it is not judged at all."""
    window = view.budget_window()
    if window is None:
        return
    required = any(source.entry.required for source in config.metrics)
    for line in view.lines:
        days = planned_days(line, *window)
        if not line.flex or not days:
            continue
        known = flex.volumes(view, line, line.flex)
        lacking = days_in(days) - sum(1 for day in known if _within(day, days))
        if lacking:
            yield Finding(
                code="UNT003",
                severity=Severity.UNJUDGED if required and lacking == days_in(days) else Severity.INFO,
                message=f"{lacking} of {days_in(days)} settled days have no `{line.flex}`, which this line flexes with;"
                " those days are judged by the fixed plan",
                advice="Name where it comes from under `metrics:` in the configuration; then:  aiops-cost pull",
                scope=line.scope,
                owner=line.owner,
                period=f"{days[0][0]}..{days[-1][1]}",
                place=line.place,
            )


def _within(day: date, ranges: Sequence[DayRange]) -> bool:
    return any(first <= day <= last for first, last in ranges)


def price(amount: Decimal | None) -> str:
    """A unit price for a person, in a sentence."""
    return "unknown" if amount is None else money.price(amount)
