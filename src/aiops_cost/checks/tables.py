"""Drift, forecast and their reasons as tables. The numbers come from `drift`, `why`, `moved` and `outlook`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal, localcontext

from aiops_cost import money
from aiops_cost.budget import scope
from aiops_cost.budget.plan import days_of, months_between
from aiops_cost.checks import drift, moved, outlook, study
from aiops_cost.checks.drift import Drift
from aiops_cost.checks.outlook import Ending, Outlook
from aiops_cost.checks.view import View
from aiops_cost.checks.why import Asked, Explained
from aiops_cost.drift.bridge import KINDS, Cells
from aiops_cost.drift.onset import Change
from aiops_cost.model import Column, Table

Pair = tuple[Drift | None, Drift]
_WORTH = Decimal("0.02")
"""A kind of part that is less than this share of every drift shown is told under `other`."""
_MOST = 12


def told(month: Drift | None, whole: Drift) -> Drift:
    """The stretch to explain: the worse one, as in the finding; else the budget to date."""
    return drift.worst(month, whole) or whole


def drifting(view: View) -> list[Drift]:
    """The lines that are over their plan or far below it, worst first, each over the stretch that its finding tells."""
    found = [
        told(month, whole)
        for month, whole in drift.drifts(view)
        if whole.severity or (month and month.severity) or (whole.is_short and whole.rows)
    ]
    return sorted(found, key=lambda one: -one.amount)


def why(view: View, lines: Sequence[Drift]) -> Table:
    """Per drifting line: since when, the cause, and the parts that sum to the drift."""
    drift.gather(view, lines)
    found = [(one, *drift.explained(view, one)) for one in lines]
    kinds = [
        kind
        for kind in KINDS
        if any(abs(e.bridge.by_kind.get(kind, Decimal(0))) > _WORTH * abs(one.amount) for one, e, _ in found)
    ]
    rows = []
    for one, explained, onset in found:
        parts = explained.bridge.by_kind
        parts = {kind: amount for kind, amount in parts.items() if abs(amount) >= money.CENT}
        rest = money.EXACT.subtract(one.amount, money.total(parts.get(kind, Decimal(0)) for kind in kinds))
        rows.append(
            (
                scope.text(one.line.scope), explained.bridge.cause, onset.day if onset else None,
                *(parts.get(kind) for kind in kinds), rest or None, one.amount,
            )
        )  # fmt: skip
    return Table(
        name="why",
        title="Why, and since when",
        columns=(
            Column("scope"),
            Column("cause"),
            Column("since", "date"),
            *(Column(kind.replace(" ", "_"), "money", kind) for kind in kinds),
            Column("other", "money"),
            Column("drift", "money"),
        ),
        rows=tuple(rows),
        note="the parts sum to the drift; one line in all its parts:  aiops-cost drift --why SCOPE",
    )


def ahead(view: View, found: Iterable[Outlook]) -> Table:
    """Where lines end: their month and their budget, with the 80% interval and the probability."""
    rows = []
    for one in found:
        month, budget = one.endings
        rows.append(
            (
                scope.text(one.line.scope), month.planned, month.expected, month.low, month.high, _chance(month),
                budget.planned, budget.expected, _chance(budget), budget.gone,
            )
        )  # fmt: skip
    return Table(
        name="forecast",
        title="Where it ends",
        columns=(
            Column("scope"),
            Column("month_planned", "money", "month plan"),
            Column("month_end", "money"),
            Column("month_low", "money", "80% from"),
            Column("month_high", "money", "to"),
            Column("month_chance", "chance", "over"),
            Column("budget_planned", "money", "budget plan"),
            Column("budget_end", "money"),
            Column("budget_chance", "chance", "over"),
            Column("gone_on", "date"),
        ),
        rows=tuple(rows),
        note="`over` is the probability of more than planned; `gone on`: the line's whole budget is used up then",
    )


def backtests(found: Iterable[Outlook]) -> Table:
    """How the forecasts did on each line's own past, beside run rate and seasonal naive."""
    rows = []
    for one in found:
        scores = {score.method: Decimal(str(round(score.error, 6))) for score in one.forecast.scores}
        own = next((scores[name] for name in ("level", "runs") if name in scores), None)
        rows.append(
            (
                scope.text(one.line.scope), one.path.method, one.forecast.origins or None, own, scores.get("run rate"),
                scores.get("seasonal naive"), one.forecast.inside,
            )
        )  # fmt: skip
    return Table(
        name="backtest",
        title="How such forecasts did before",
        columns=(
            Column("scope"),
            Column("method"),
            Column("forecasts", "count"),
            Column("own_error", "percent", "own error"),
            Column("run_rate", "percent"),
            Column("seasonal_naive", "percent"),
            Column("inside", "count", "of them inside 80%"),
        ),
        rows=tuple(rows),
        note="mean absolute error of the sums that were forecast, as a share of what came; where run rate or seasonal"
        " naive did better than the own method, it is used. A past with a step that nobody could foresee has fewer sums"
        " inside their interval",
    )


def parts(explained: Explained) -> Table:
    """A bridge in all its parts."""
    whole = explained.bridge.amount
    return Table(
        name="bridge",
        title="From planned to actual",
        columns=(Column("kind"), Column("part"), Column("amount", "money"), Column("share", "percent")),
        rows=tuple(
            (part.kind, part.name, part.amount, round(part.amount / whole, 6) if whole else None)
            for part in explained.bridge.parts
        ),
        total=("drift", None, whole, None),
        note=explained.bridge.reference and f"split against {explained.bridge.reference}",
    )


def arithmetic(explained: Explained) -> Table:
    """Quantity x price = cost of every cell, planned and actual."""
    keys = sorted({*explained.before, *explained.after}, key=lambda c: (c.group, c.kind, c.tier, c.sku))
    rows = [
        (cell.group, cell.kind or None, cell.tier or None, cell.sku, *_side(explained.before, cell),
         *_side(explained.after, cell))
        for cell in keys
    ]  # fmt: skip
    return Table(
        name="arithmetic",
        title="Quantity x price, planned and actual",
        columns=(
            Column("group"),
            Column("kind"),
            Column("tier"),
            Column("sku"),
            Column("planned_quantity", "number"),
            Column("planned_price", "number"),
            Column("planned_cost", "money"),
            Column("quantity", "number"),
            Column("price", "number"),
            Column("cost", "money"),
        ),
        rows=tuple(rows),
        note="units made one; prices are cost divided by quantity, shown to six significant digits",
    )


def _side(cells: Cells, cell: object) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    one = cells.get(cell)  # type: ignore[call-overload]
    if one is None:
        return None, None, None
    with localcontext(money.EXACT):
        price = one.cost / one.quantity if one.quantity else None
        return (
            None if one.quantity is None else round(one.quantity, 3),
            None if price is None else Decimal(f"{price:.6g}"),
            one.cost.quantize(money.LEDGER_SCALE),
        )


def things(view: View, asked: Asked, onset: Change) -> Table:
    """What moved since the onset, by resource."""
    found = moved.things(view, asked, onset)[:_MOST]
    return Table(
        name="moved",
        title=f"What moved on {onset.day}",
        columns=(
            *(Column(name) for name in moved.COLUMNS),
            Column("before", "money", "a day before"),
            Column("since", "money", "a day since"),
            Column("change", "money"),
        ),
        rows=tuple((*one.what, one.before, one.since, one.change) for one in found),
        note=moved.sentence(onset),
    )


def changes(studied: study.Study) -> Table:
    """Every structural change of a line, the one that did most to its drift among them."""
    return Table(
        name="changes",
        title="When its course changed",
        columns=(Column("day", "date"), Column("change"), Column("size", "percent"), Column("certainty", "percent")),
        rows=tuple(
            (one.day, one.kind, Decimal(str(round(one.size, 4))), Decimal(str(round(one.certainty, 4))))
            for one in studied.changes
        ),
        note="certainty: that the day is right, give or take three",
    )


def months(view: View, one: Drift) -> Table:
    """Planned and actual of each month of the stretch."""
    stretches = [
        (max(first, begin), min(last, end))
        for first, last in one.days
        for begin, end in (days_of(month) for month in months_between(f"{first:%Y-%m}", f"{last:%Y-%m}"))
    ]
    spent = view.spent_by([(one.line, [days]) for days in stretches])
    rows = []
    for days, amount in zip(stretches, spent, strict=True):
        plan = view.allowed(one.line, [days])
        rows.append((f"{days[0]:%Y-%m}", (days[1] - days[0]).days + 1, plan, amount.amount,
                     money.EXACT.subtract(amount.amount, plan)))  # fmt: skip
    return Table(
        name="months",
        title="Month by month",
        columns=(
            Column("month"), Column("days", "count"), Column("planned", "money"), Column("actual", "money"),
            Column("drift", "money"),
        ),
        rows=tuple(rows),
        total=("total", None, one.planned, one.actual, one.amount),
    )  # fmt: skip


def _chance(ending: Ending) -> Decimal:
    return Decimal(str(round(ending.chance, 4)))


def outlooks(view: View, wanted: Sequence[str], look_back: bool = True) -> list[Outlook]:
    """The outlooks of these lines (by key), in the order given; with `look_back`, all with their backtests."""
    known = outlook.outlooks(view, frozenset(wanted) if look_back else frozenset())
    return [known[key] for key in wanted if key in known]
