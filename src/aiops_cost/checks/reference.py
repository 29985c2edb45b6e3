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


def of(
    line: BudgetLine, days: Sequence[DayRange], plan: Decimal, base: Cells | None, came: Cells, base_runs: Decimal | None
) -> Reference | None:
    """The reference of a line on these days. `plan` is its amount for them, `base` the baseline's cells for as many
    days (None where there is none), `came` what came, `base_runs` the baseline's runs. None: nothing to hold against."""
    price = next((name for name in _FORMS if name in line.assumes), None)
    family, said = _FORMS[price] if price else ("", "")
    shape, notes = base, ()
    if not shape or not bridge.cost_of(shape):
        shape = came
        notes = ("mix is not told apart: there are no days before to compare with",)
    if price == "per_run":
        return replace(_runs(line, days, plan, shape, base_runs, base is not None), said=said, notes=notes)
    main = _main(shape, family) if price else None
    if main is not None:
        return replace(_driven(line, days, plan, shape, main), said=said, notes=notes)
    if base is None:
        return None
    start = money.EXACT.subtract(bridge.cost_of(base), plan)
    return Reference(base, (Part("start", "level before", start),), "the days before, for as many days")


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


def _driven(line: BudgetLine, days: Sequence[DayRange], plan: Decimal, shape: Cells, main: str) -> Reference:
    with localcontext(money.EXACT):
        want, have = quantity(line, days), bridge.quantity_of(shape, main)
        cost, parts, flexed = _beyond(line, days, plan)
        cells = bridge.scaled(shape, want * flexed / have, cost)
        requests = line.assumes.get("requests_per_day")
        driver = None if requests is None else requests * days_in(days) * flexed
    return Reference(cells, parts, "", driver)


def _runs(
    line: BudgetLine, days: Sequence[DayRange], plan: Decimal, shape: Cells, base_runs: Decimal | None, base: bool
) -> Reference:
    a = line.assumes
    with localcontext(money.EXACT):
        count = sum((a["runs_per_month"] * part.numerator / part.denominator for _, part in months_of(days)), ZERO)
        cost, parts, flexed = _beyond(line, days, plan)
        assumed = _assumed(line, days) * flexed
        fit, count = (cost / assumed if assumed else Decimal(1)), count * flexed
        grow = count / base_runs if base and base_runs else Decimal(1)
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


def _beyond(
    line: BudgetLine, days: Sequence[DayRange], plan: Decimal
) -> tuple[Decimal, tuple[Part, ...], Decimal]:
    """The cost to split, the part of the plan that its assumptions do not explain, and by how much the plan was
    moved because its volume moved (1 where it does not flex)."""
    assumed = _assumed(line, days)
    if line.flex and assumed:
        return plan, (), plan / assumed
    if abs(plan - assumed) <= _CLOSE * abs(plan):
        return plan, (), Decimal(1)
    return assumed, (Part("reserve", "planned beyond its assumptions", assumed - plan),), Decimal(1)


def _main(cells: Cells, family: str) -> str | None:
    """The group of that unit with the largest cost; None where the bill has no such quantity."""
    costs: Mapping[str, Decimal] = {
        group: money.total(one.cost for cell, one in cells.items() if cell.group == group)
        for group in {cell.group for cell in cells}
        if group.endswith(family)
    }
    known = {group: cost for group, cost in costs.items() if bridge.quantity_of(cells, group) > 0}
    return max(known, key=lambda group: (known[group], group)) if known else None
