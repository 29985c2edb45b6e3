"""What a drift is held against: the plan as cells, with quantities and prices.

The plan says amounts, and often what is behind them; the baseline (the days before the drift began, else those before
the plan) says in which proportions and at which relative prices things were used. Together they make the reference:
the plan's quantity and the plan's cost in the baseline's proportions. Where the plan states no assumptions, the
reference is the baseline itself, for as many days, and what it differs from the plan is the part `start`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from fractions import Fraction

from aiops_cost import money
from aiops_cost.budget.plan import BudgetLine, DayRange, days_of, months_between, planned
from aiops_cost.checks.view import days_in
from aiops_cost.drift import bridge
from aiops_cost.drift.bridge import Cell, Cells, Part, Spent

ZERO = Decimal(0)
PREPARATION = "preparation"
COMPUTE = "compute"
_CLOSE = Decimal("0.02")
"""An amount that differs from its assumptions by less is what they say, rounded."""
_FORMS = {
    "per_1m_tokens": ("tokens", "the plan's requests, tokens per request and price"),
    "per_hour": ("hours", "the plan's hours and price"),
    "per_run": ("", "the plan's runs, cost per run and preparation"),
    "per_gb_month": ("GB-months", "the plan's GB, growth and price"),
}
"""The price that tells one set of assumptions from the others, the unit that it prices, and how it is called."""


@dataclass(frozen=True)
class Reference:
    """Cells that sum, with `parts`, to what was planned; `driver` is the planned number of requests or runs."""

    cells: Cells
    parts: tuple[Part, ...]
    said: str
    driver: Decimal | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """A line on some days: its amount for them, and by how much more than an even spread their weekdays ask for."""

    line: BudgetLine
    days: Sequence[DayRange]
    amount: Decimal
    pace: Decimal = Decimal(1)

    @property
    def expected(self) -> Decimal:
        return money.EXACT.multiply(self.amount, self.pace)


def of(plan: Plan, base: Cells | None, came: Cells, base_runs: Decimal | None) -> Reference | None:
    """The reference of a plan. `base` are the baseline's cells for as many days (None where there is none), `came`
    what came, `base_runs` the baseline's runs for as many days. None: there is nothing to hold against."""
    line = plan.line
    price = next((name for name in _FORMS if name in line.assumes), None)
    family, said = _FORMS[price] if price else ("", "")
    shape: Cells | None = base
    notes: tuple[str, ...] = ()
    if not shape or not bridge.cost_of(shape):
        shape = came
        notes = ("mix is not told apart: there are no days before to compare with",)
    if price == "per_run":
        return replace(_runs(plan, shape, base_runs if base else None), said=said, notes=notes)
    main = _main(shape, family) if price and bridge.cost_of(shape) else None  # what costs nothing has no proportions
    if main is not None:
        return replace(_driven(plan, shape, main), said=said, notes=notes)
    if base is None:
        return None
    start = money.EXACT.subtract(bridge.cost_of(base), plan.expected)
    said = "the baseline of the budget" if line.baseline else "the days before"
    return Reference(base, (Part("start", "level before", start),), f"{said}, for as many days")


def quantity(line: BudgetLine, days: Sequence[DayRange]) -> Decimal:
    """The planned tokens, hours or GB-months of these days, by the line's assumptions."""
    a, count = line.assumes, days_in(days)
    with localcontext(money.EXACT):
        if "per_1m_tokens" in a:
            return a["requests_per_day"] * a["tokens_per_request"] * count
        if "per_hour" in a:
            return a["instance_hours_per_day"] * count
        first = min(line.amounts)
        whole = ZERO
        for month, part in months_of(days):
            since = len(months_between(first, month)) - 1
            whole += a["gb_at_start"] * (1 + a.get("growth", ZERO)) ** since * part.numerator / part.denominator
        return whole


def months_of(days: Sequence[DayRange]) -> list[tuple[str, Fraction]]:
    """Each month that the days touch, and the share of it that they are."""
    found = []
    for first, last in days:
        for month in months_between(f"{first:%Y-%m}", f"{last:%Y-%m}"):
            begin, end = days_of(month)
            count = (min(end, last) - max(begin, first)).days + 1
            found.append((month, Fraction(count, end.day)))
    return found


def _assumed(line: BudgetLine, days: Sequence[DayRange]) -> Decimal:
    """What the assumptions come to on these days."""
    by_them = replace(line, amounts=line.derived)
    return money.total(planned(by_them, first, last) for first, last in days)


def _driven(plan: Plan, shape: Cells, main: str) -> Reference:
    with localcontext(money.EXACT):
        want, have = quantity(plan.line, plan.days), bridge.quantity_of(shape, main)
        cost, parts, moved = _beyond(plan)
        cells = bridge.scaled(shape, want * moved / have, cost)
        requests = plan.line.assumes.get("requests_per_day")
        driver = None if requests is None else requests * days_in(plan.days) * moved
    return Reference(cells, parts, "", driver)


def _runs(plan: Plan, shape: Cells, base_runs: Decimal | None) -> Reference:
    a = plan.line.assumes
    with localcontext(money.EXACT):
        months = months_of(plan.days)
        cost, parts, moved = _beyond(plan)
        count = sum((a["runs_per_month"] * part.numerator / part.denominator for _, part in months), ZERO) * moved
        assumed = _assumed(plan.line, plan.days) * moved
        fit = cost / assumed if assumed else Decimal(1)
        grow = count / base_runs if base_runs else Decimal(1)
        wanted = {COMPUTE: a["per_run"] * count * fit, PREPARATION: a.get("data_prep_per_run", ZERO) * count * fit}
        cells: dict[Cell, Spent] = {}
        left: list[Part] = []
        for use, amount in wanted.items():
            mine = {cell: one for cell, one in shape.items() if use_of(cell) == use}
            if bridge.cost_of(mine):
                cells |= bridge.scaled(mine, grow, amount)
            elif amount:
                left.append(Part("rate", f"{use}: planned, never seen", -amount))
    return Reference(cells, (*parts, *left), "", count)


def use_of(cell: Cell) -> str:
    """What a cell of a training line is for: preparation of data, or the computing itself."""
    return PREPARATION if cell.group.startswith(PREPARATION) else COMPUTE


def _beyond(plan: Plan) -> tuple[Decimal, tuple[Part, ...], Decimal]:
    """The cost to split, the part of the plan that its assumptions do not explain, and what the planned quantity is
    multiplied with, because the days or the volume that the plan follows ask for it."""
    assumed, expected = _assumed(plan.line, plan.days), plan.expected
    if plan.line.flex and assumed:
        return expected, (), expected / assumed
    if abs(expected - assumed * plan.pace) <= _CLOSE * abs(expected):
        return expected, (), plan.pace
    assumed *= plan.pace
    return assumed, (Part("reserve", "planned beyond its assumptions", assumed - expected),), plan.pace


def _main(cells: Cells, family: str) -> str | None:
    """The group of that unit with the largest cost; None where the bill has no such quantity."""
    costs: Mapping[str, Decimal] = {
        group: money.total(one.cost for cell, one in cells.items() if cell.group == group)
        for group in {cell.group for cell in cells}
        if group.endswith(family)
    }
    known = {group: cost for group, cost in costs.items() if bridge.quantity_of(cells, group) > 0}
    return max(known, key=lambda group: (known[group], group)) if known else None
