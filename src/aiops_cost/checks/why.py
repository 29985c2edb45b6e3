"""Why a line drifted: its cells, its reference, its bridge. The arithmetic is `drift.bridge`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

from aiops_cost import money
from aiops_cost.budget.plan import BudgetLine, DayRange, days_of, parents_and_parts, planned_days
from aiops_cost.checks import cells, reference, study, wandering
from aiops_cost.checks.view import NEVER, Condition, View, both, charges, days_in, in_days
from aiops_cost.drift import bridge, units
from aiops_cost.drift.bridge import Bridge, Cell, Cells, Names, Part, Spent
from aiops_cost.drift.onset import Change
from aiops_cost.rules.storage import storage_class

ZERO = Decimal(0)
DAY = timedelta(days=1)
LONGEST = 90
"""A baseline is at most so many days, the ones nearest to the drift."""
SHORTEST = 7
_COMPUTE = ("training-job", "training-cluster", "ai-api-training", "fine-tuning")
_GROWS = "GB-months"


@dataclass(frozen=True)
class Asked:
    """A line over stretches of settled days: what was planned, what came, since when it differs."""

    line: BudgetLine
    days: tuple[DayRange, ...]
    planned: Decimal
    actual: Decimal
    calendar: Decimal = ZERO
    onset: Change | None = None

    @property
    def amount(self) -> Decimal:
        return money.EXACT.subtract(self.actual, self.planned)


@dataclass(frozen=True)
class Explained:
    """The bridge of a line from planned to actual, and the cells that it was made of."""

    bridge: Bridge
    before: Cells
    after: Cells


def explained(view: View, asked: Asked) -> Explained:
    """Why a line costs what it costs; the parts of the bridge sum to the drift exactly. A line that others are part of
    is explained by them."""
    below = _parts_of(view, asked.line)
    return _together(view, asked, below) if below else _alone(view, asked)


def _parts_of(view: View, line: BudgetLine) -> tuple[BudgetLine, ...]:
    if "parts" not in view.memo:
        view.memo["parts"] = {study.key(whole): parts for whole, parts in parents_and_parts(view.lines)}
    return tuple(view.memo["parts"].get(study.key(line), ()))


def _together(view: View, asked: Asked, below: Sequence[BudgetLine]) -> Explained:
    """The bridges of the parts, joined; and what came outside of them, against what was planned outside of them."""
    last, first = asked.days[-1][1], asked.days[0][0]
    stretches = [(line, planned_days(line, first, last)) for line in below]
    stretches = [(line, days) for line, days in stretches if days]
    spent = view.spent_by(stretches)
    found: list[Part] = []
    before: dict[Cell, Spent] = {}
    after: dict[Cell, Spent] = {}
    notes: list[str] = []
    outside = asked.amount
    for (line, days), came in zip(stretches, spent, strict=True):
        onset = study.studies(view)[study.key(line)].onset(first, last)
        one = Asked(line, days, view.allowed(line, days), came.amount, onset=onset)
        told = explained(view, one)
        outside = money.EXACT.subtract(outside, one.amount)
        found += told.bridge.parts
        notes += [note for note in told.bridge.notes if note not in notes]
        for mine, theirs in ((before, told.before), (after, told.after)):
            for cell, amount in theirs.items():
                mine[cell] = _joined(mine[cell], amount) if cell in mine else amount
    kind = "unbudgeted" if outside > 0 else "reserve"
    found.append(Part(kind, "outside of its parts", outside))
    said = f"the bridges of its {len(stretches)} parts"
    return Explained(bridge.closed(asked.amount, found, said, notes), before, after)


def _joined(one: Spent, other: Spent) -> Spent:
    known = one.quantity is not None and other.quantity is not None
    quantity = money.EXACT.add(one.quantity, other.quantity) if known else None  # type: ignore[arg-type]
    return Spent(quantity, money.EXACT.add(one.cost, other.cost))


def _alone(view: View, asked: Asked) -> Explained:
    cells.prepared(view)
    own = wandering.followed(view, asked.line)
    scope = own.all
    window = both(scope, in_days(asked.days))
    came = _cells(view, window)
    baseline = baseline_days(view, asked)
    before = both(scope, in_days([baseline])) if baseline else None
    base = _cells(view, before) if before else None
    share = Fraction(days_in(asked.days), days_in([baseline])) if baseline else Fraction(1)
    with localcontext(money.EXACT):
        scale = Decimal(share.numerator) / share.denominator
        base = bridge.scaled(base, scale) if base else None
        base_runs = len(_runs(view, charges(asked.line), [baseline])) * scale if base and baseline else None
        pace = 1 + asked.calendar / asked.planned if asked.planned else Decimal(1)
    extra = list(_aside(view, window, before, scale, asked.line))
    exchange = money.EXACT.subtract(_cost(cells.by_sort(view, window).get(cells.USAGE, ())), bridge.cost_of(came))
    if exchange:
        extra.append(Part("fx", "exchange rates since the plan", exchange))
    extra += _renamed(view, own, asked)
    moved = cells.restated(view, cells.COLUMNS, window)
    if moved:
        changed = _made(view, [row for row in moved if row[-1] is not None])
        extra.append(Part("restatement", "months that were delivered again", bridge.cost_of(changed)))
        came = _without(came, changed)
    plan = reference.Plan(asked.line, asked.days, asked.planned, pace)
    found = reference.of(plan, base, came, base_runs)
    if asked.calendar:
        extra.append(Part("calendar", "working days and weekends", asked.calendar))
    if found is None:
        left = money.EXACT.subtract(asked.amount, money.total(part.amount for part in extra))
        said = _nothing_before(asked.line)
        parts = [*extra, Part("not split", "not split", left)]
        return Explained(bridge.closed(asked.amount, parts, "", (said,)), {}, came)
    notes = list(found.notes)
    parts = [*extra, *found.parts, *_driven(view, asked, found, came, notes)]
    said = found.said
    if base and baseline:
        said += f"; proportions and prices of {baseline[0]} to {baseline[1]}"
    return Explained(bridge.closed(asked.amount, parts, said, notes), found.cells, came)


def _renamed(view: View, own: wandering.Followed, asked: Asked) -> Iterator[Part]:
    """What the line lacks, or has besides, because things are attributed otherwise than before."""
    days = in_days(asked.days)
    lacking, besides = (ZERO if one is NEVER else cells.amount(view, both(one, days)) for one in (own.late, own.gained))
    if lacking:
        yield Part("attribution", "was attributed otherwise before, or is now", -lacking)
    if besides:
        yield Part("attribution", "was another's before", besides)


def _without(came: Cells, changed: Cells) -> dict[Cell, Spent]:
    """What had come before months were delivered again."""
    found = dict(came)
    for cell, more in changed.items():
        known = found.get(cell, Spent(Decimal(0), ZERO))
        there = known.quantity is not None and more.quantity is not None
        quantity = money.EXACT.subtract(known.quantity, more.quantity) if there else None  # type: ignore[arg-type]
        found[cell] = Spent(quantity, money.EXACT.subtract(known.cost, more.cost))
    return {cell: one for cell, one in found.items() if one.cost or one.quantity}


def _nothing_before(line: BudgetLine) -> str:
    if line.baseline and not line.assumes:
        return f"the baseline of the budget, {line.baseline[0]} to {line.baseline[1]}, has nothing to compare with"
    return "there are no assumptions in the plan and no days before the drift to compare with"


def _named(view: View, line: BudgetLine) -> DayRange | None:
    """The days of the budget's own baseline that the ledger reaches back to."""
    begun = min((state.first_day for state in view.states if state.first_day), default=None)
    if line.baseline is None or begun is None:
        return None
    first, last = max(line.baseline[0], begun), line.baseline[1]
    return (first, last) if (last - first).days + 1 >= SHORTEST else None


def baseline_days(view: View, asked: Asked) -> DayRange | None:
    """Of a line without assumptions, the baseline that its budget names; else the days before the drift began; else
    those before the plan. None where fewer than a week are known."""
    if asked.line.baseline and not asked.line.assumes:
        return _named(view, asked.line)
    studied = study.studies(view).get(study.key(asked.line))
    if studied is None or studied.daily is None:
        return None
    change = asked.onset
    ends = [change.day - DAY] if change and change.kind != study.FROM_THE_START else []
    ends.append(days_of(min(asked.line.amounts))[0] - DAY)
    for end in ends:
        first = max(studied.daily.first, end - (LONGEST - 1) * DAY)
        if (end - first).days + 1 >= SHORTEST:
            return first, end
    return None


def _cells(view: View, condition: Condition) -> dict[Cell, Spent]:
    """The cells of usage that meet a condition, as `_made` makes them."""
    return _made(view, cells.by_sort(view, condition).get(cells.USAGE, ()))


def gather(view: View, asked: Sequence[Asked]) -> None:
    """Ask for the cells of many lines at once, which `explained` would ask for one line after the other."""
    cells.prepared(view)
    conditions: list[Condition] = []
    for one in asked:
        scope, baseline = wandering.followed(view, one.line).all, baseline_days(view, one)
        conditions += [both(scope, in_days(days)) for days in (one.days, [baseline] if baseline else []) if days]
    cells.gather(view, cells.SORTED, conditions)


def _cost(rows: Sequence[tuple[Any, ...]]) -> Decimal:
    return money.total(Decimal(row[-2]) for row in rows)


def _made(view: View, rows: Sequence[tuple[Any, ...]]) -> dict[Cell, Spent]:
    """Rows as cells in units made one, at the plan's exchange rates; a quantity is None where a row of it lacks one."""
    found: dict[Cell, Spent] = {}
    for activity, component, model, tier, sku, meter, unit, currency, quantity, cost, native in rows:
        family, factor = units.unit(unit, component) or ("no unit", None)
        use = _use(activity, component)
        kind = storage_class(meter or "") if use == "storage" else model
        cell = Cell(f"{use}: {family}", kind or "", tier or "", sku or "")
        amount = None if factor is None or quantity is None else _times(Decimal(quantity), factor)
        one = Spent(amount, _at_plan(view, currency, Decimal(cost), Decimal(native)))
        found[cell] = _joined(found[cell], one) if cell in found else one
    return found


def _at_plan(view: View, currency: str | None, cost: Decimal, native: Decimal) -> Decimal:
    """A cost at the exchange rate of the plan, so that what rates did since is a part of its own."""
    if currency is None or currency == view.currency:
        return cost
    return money.EXACT.multiply(native, cells.rate(view, currency))


def _times(quantity: Decimal, factor: Fraction) -> Decimal:
    with localcontext(money.EXACT):
        return quantity * factor.numerator / factor.denominator


def _use(activity: str | None, component: str | None) -> str:
    """What a cell's group is called besides its unit: training tells preparation apart."""
    if activity != "training":
        return activity or "unattributed"
    return reference.COMPUTE if component in _COMPUTE or component is None else reference.PREPARATION


def names(group: str) -> Names:
    """What the factors of a group are called."""
    use, _, family = group.partition(": ")
    if use in (reference.COMPUTE, reference.PREPARATION):
        each = ("rate", "compute per run" if use == reference.COMPUTE else "preparation per run")
        price = ("rate", "unit price" if use == reference.COMPUTE else "price of preparation")
        return Names(
            ("volume", family), ("frequency", "runs"), each, ("mix", "model mix"), ("rate", "tier"),
            ("mix", "machine mix"), price,
        )  # fmt: skip
    if use == "storage":
        grown = ("growth", "growth") if family == _GROWS else ("volume", family)
        return Names(grown, kind=("mix", "class mix"), sku=("mix", "SKU mix"))
    mixed = "token mix" if family == "tokens" else "machine mix" if family == "hours" else "SKU mix"
    return Names(
        ("volume", family), ("volume", "requests"), ("volume", f"{family} per request"), ("mix", "model mix"),
        ("rate", "latency tier"), ("mix", mixed), ("rate", "unit price"),
    )  # fmt: skip


def _driven(view: View, asked: Asked, found: reference.Reference, came: Cells, notes: list[str]) -> Iterator[Part]:
    """The parts of what use drives, group by group of uses."""
    training = {reference.COMPUTE, reference.PREPARATION}
    for own in ({"serving"}, training, None):
        sides = [{cell: one for cell, one in side.items() if _belongs(cell, own)} for side in (found.cells, came)]
        if not sides[0] and not sides[1]:
            continue
        drivers = _drivers(view, asked, found, own == training, notes) if own else None
        labels = {cell.group: names(cell.group) for side in sides for cell in side}
        for part in bridge.split(sides[0], sides[1], labels, drivers):
            if part.name == "growth":
                yield from _grown(view, asked, found, part, came)
            elif part.name == "runs" and drivers:
                yield from _failed(view, asked, part, drivers)
            else:
                yield part


def _belongs(cell: Cell, uses: set[str] | None) -> bool:
    use = cell.group.partition(": ")[0]
    return use in uses if uses else use not in {"serving", reference.COMPUTE, reference.PREPARATION}


def _drivers(
    view: View, asked: Asked, found: reference.Reference, training: bool, notes: list[str]
) -> tuple[Decimal, Decimal] | None:
    """Planned and actual requests, or runs; None where one of them is not known."""
    if not training:
        before = found.driver if "requests_per_day" in asked.line.assumes else None
        after = measured(view, "requests", asked)
        _compared(view, asked, notes)
        return None if before is None or after is None else (before, after)
    counted = Decimal(len(_runs(view, charges(asked.line), asked.days)))
    told = measured(view, "runs", asked, gaps=True)
    if told is not None and counted and told != counted:
        notes.append(f"metrics count {told:f} runs, the bill names {counted:f}; the bill's are used")
    after = counted or told
    before = found.driver if "runs_per_month" in asked.line.assumes else None
    if before is None:
        baseline = baseline_days(view, asked)
        if baseline is not None and counted:
            there = len(_runs(view, charges(asked.line), [baseline]))
            before = money.multiply(Decimal(there), days_in(asked.days), days_in([baseline])) or None
    if not after:
        notes.append("runs are not told apart: no tag and no job id names them")
    return None if before is None or not after else (before, after)


def measured(view: View, metric: str, asked: Asked, gaps: bool = False) -> Decimal | None:
    """The sum of a metric on these days; None where a day is missing (with `gaps`: where all are)."""
    found = view.volume(metric, asked.line.scope)
    inside = [value for day, value in found.items() if any(first <= day <= last for first, last in asked.days)]
    if not inside or (len(inside) < days_in(asked.days) and not gaps):
        return None
    return money.total(inside)


def _compared(view: View, asked: Asked, notes: list[str]) -> None:
    """Tokens of the metrics beside those of the bill: said, not corrected."""
    told = measured(view, "tokens", asked)
    if told is None:
        return
    here = _cells(view, both(charges(asked.line), in_days(asked.days)))
    billed = bridge.quantity_of(here, "serving: tokens")
    if billed:
        share = money.EXACT.divide(told - billed, billed)
        notes.append(f"metrics count {told:,.0f} tokens, the bill {billed:,.0f} ({share:+.1%}); the bill's are used")


def _runs(view: View, scope: Condition, days: Sequence[DayRange]) -> list[date]:
    return [day for day in cells.runs(view, scope) if any(first <= day <= last for first, last in days)]


def _failed(view: View, asked: Asked, part: Part, drivers: tuple[Decimal, Decimal]) -> Iterator[Part]:
    """Runs that failed apart from those that were meant, in proportion to their number."""
    failed = measured(view, "failed_runs", asked, gaps=True)
    more = drivers[1] - drivers[0]
    if not failed or not more:
        yield part
        return
    with localcontext(money.EXACT):
        theirs = part.amount * failed / more
        yield Part("frequency", "failed runs", theirs)
        yield replace(part, amount=part.amount - theirs)


def _grown(view: View, asked: Asked, found: reference.Reference, part: Part, came: Cells) -> Iterator[Part]:
    """GB that were there from the start apart from those that grew: what the first month was above its plan, had it
    stayed so."""
    if "gb_at_start" not in asked.line.assumes:
        yield part
        return
    group = f"storage: {_GROWS}"
    first = asked.days[0][0]
    month = [(first, min(days_of(f"{first:%Y-%m}")[1], asked.days[0][1]))]
    at_first = bridge.quantity_of(_cells(view, both(charges(asked.line), in_days(month))), group)
    whole, ended = bridge.quantity_of(found.cells, group), bridge.quantity_of(came, group)
    expected = reference.quantity(asked.line, month)
    if not expected or ended == whole:
        yield part
        return
    with localcontext(money.EXACT):
        start = part.amount * whole * (at_first / expected - 1) / (ended - whole)
        yield Part("start", "GB at the start", start)
        yield replace(part, amount=part.amount - start)


_ASIDE: Mapping[str, tuple[str, str]] = {
    cells.FEE: ("fees", "fees, tax and purchases"),
    cells.CREDIT: ("credits", "credits"),
    cells.CORRECTION: ("restatement", "corrections of closed periods"),
}


def _aside(view: View, window: Condition, base: Condition | None, scale: Decimal, line: BudgetLine) -> Iterator[Part]:
    """What use does not drive: fees, credits, corrections, against the baseline's where the plan has no
    assumptions (they are about use, so with them all of it was not planned)."""
    came = cells.by_sort(view, window)
    before = cells.by_sort(view, base) if base and not line.assumes else {}
    for sort, (kind, name) in _ASIDE.items():
        with localcontext(money.EXACT):
            usual = _cost(before.get(sort, ())) * scale if sort != cells.CORRECTION else ZERO
            amount = _cost(came.get(sort, ())) - usual
        if amount:
            yield Part(kind, name, amount)
        if usual:
            yield Part("start", "level before", usual)
