"""Drift: actual spend against the plan, on settled days.

What it means: DRF001 is a budget line that costs more than planned, by more than its tolerance.
DRF002 is a line that costs much less: planned spend does not come. DRF003 says that nothing could
be compared: there is no budget, no settled day in it, or no row for anything it plans. DRF004 is a
line that changed for good within the last three weeks, by a step or a new slope, and costs more per
day than planned since then, though its amounts are still within tolerance.

Why it matters: a migration was approved on its plan. Spend above it needs a decision while the
month can still be changed; spend far below it often means a delay, or cost that is booked
elsewhere.

What to do: see the parts of the drift, the day it began and what moved then (`aiops-cost drift --why
SCOPE`). Stop the cause, or revise the plan with a new approval. For DRF003, load what is missing
(`aiops-cost status` shows it) or name a budget under `budgets` in the configuration.

Stays silent: within `tolerance` (more than `warn` is a warning, more than `breach` a breach), and
below `at_least`. Both the month to date and the budget to date are judged, and the worse is told.
On the first days of a month, before any of its days is settled, the month judged is the one before.
Months are spread over their own days, so the length of a month is never drift; nor are weekends, where
the line has a week, nor one run more or less, where most of its days are empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from aiops_cost import money
from aiops_cost.budget import scope
from aiops_cost.budget.plan import BudgetLine, DayRange, days_of, planned_days, roots
from aiops_cost.checks import moved, study, why
from aiops_cost.checks.view import Spent, View, both, charges, days_in, either, in_days, typed
from aiops_cost.checks.why import Explained
from aiops_cost.config import Config
from aiops_cost.drift.bridge import Bridge
from aiops_cost.drift.onset import Change
from aiops_cost.model import Column, Finding, Scope, Severity, Table

CODES = {
    "DRF001": "spend over the plan",
    "DRF002": "planned spend that does not come",
    "DRF003": "drift that could not be judged",
    "DRF004": "spend that has left its course",
}


NO_LINE = "in no budget line"


@dataclass(frozen=True)
class Drift:
    """One budget line over one stretch of settled days. Amounts are in the report currency."""

    line: BudgetLine
    stretch: str
    days: tuple[DayRange, ...]
    planned: Decimal
    actual: Decimal
    rows: int
    calendar: Decimal = Decimal(0)
    """What more was to be expected of these very days, by their weekdays, than an even spread says."""
    burst: Decimal = Decimal(0)
    """What one run costs where most days are empty: a run more or less by the calendar is no drift."""

    @property
    def amount(self) -> Decimal:
        return money.EXACT.subtract(self.actual, self.planned)

    @property
    def share(self) -> Decimal | None:
        """The drift as a share of the plan; None where nothing was planned."""
        return self.amount / self.planned if self.planned else None

    @property
    def severity(self) -> Severity | None:
        """None within tolerance. Spend where nothing was planned is beyond any percentage."""
        limits, judged, expected = self.line.tolerance, self._judged, self.planned + self.calendar
        if judged < max(limits.at_least, self.burst) or judged <= limits.warn * expected:
            return None
        return Severity.BREACH if judged > limits.breach * expected else Severity.WARNING

    @property
    def is_short(self) -> bool:
        """True when far less came than planned, by the same tolerance."""
        limits, judged, expected = self.line.tolerance, self._judged, self.planned + self.calendar
        return -judged >= max(limits.at_least, self.burst) and -judged > limits.breach * expected

    @property
    def _judged(self) -> Decimal:
        """The drift against what was expected of these very days."""
        return money.EXACT.subtract(self.amount, self.calendar)

    @property
    def status(self) -> str:
        """One word for the table."""
        if not self.rows:
            return "no spend"
        if self.severity:
            return str(self.severity)
        return "under" if self.is_short else "ok"


def check(view: View, config: Config, as_of: date) -> list[Finding]:
    """DRF001 and DRF002 per budget line, or DRF003."""
    blocked = _not_judged(view, as_of)
    if blocked:
        return [blocked]
    judged = drifts(view)
    if not any(drift.rows for _, drift in judged) and any(drift.planned for _, drift in judged):
        return [_unjudged(*_NOTHING_CAME)]
    asked = [_asked(view, one) for month, whole in judged if (one := worst(month, whole))]
    why.gather(view, asked)
    moved.gather(view, asked)
    found = (_finding(view, month, whole) for month, whole in judged)
    return [finding for finding in found if finding]


def explained(view: View, drift: Drift, since: Change | None = None) -> tuple[Explained, Change | None]:
    """Why a line drifted, and its onset; worked out once per view."""
    known = view.memo.setdefault("bridges", {})
    at = (study.key(drift.line), drift.days)
    if at not in known:
        asked = _asked(view, drift, since)
        known[at] = (why.explained(view, asked), asked.onset)
    found: tuple[Explained, Change | None] = known[at]
    return found


def gather(view: View, drifts: Iterable[Drift]) -> None:
    """Make ready what `explained` asks for, for many lines at once."""
    why.gather(view, [_asked(view, drift) for drift in drifts])


def _asked(view: View, drift: Drift, since: Change | None = None) -> why.Asked:
    way = 1 if drift.amount >= 0 else -1
    first, last = drift.days[0][0], drift.days[-1][1]
    onset = since or study.studies(view)[study.key(drift.line)].onset(first, last, way)
    return why.Asked(drift.line, drift.days, drift.planned, drift.actual, drift.calendar, onset)


def drifts(view: View) -> list[tuple[Drift | None, Drift]]:
    """Each line that plans a settled day: its month to date and its budget to date.

    The month is None where the line plans none of its settled days.
    """
    window = view.budget_window()
    if window is None:
        return []
    first, last = window
    month = f"{last:%Y-%m}"
    asked: list[tuple[BudgetLine, str, tuple[DayRange, ...]]] = []
    for line in view.lines:
        whole = planned_days(line, first, last)
        if whole:
            asked.append((line, "budget to date", whole))
            asked.append((line, month, planned_days(line, days_of(month)[0], last)))
    spent = view.spent_by([(line, days) for line, _, days in asked])
    found = [_drift(view, *one, spent=amount) for one, amount in zip(asked, spent, strict=True)]
    pairs = zip(found[1::2], found[::2], strict=True)
    return [(month if month.days else None, whole) for month, whole in pairs]


def drift_table(view: View, config: Config, as_of: date) -> Table:
    """Per budget line, budget to date: planned, actual, drift, status; last, what no line plans.

    The total counts each row once, whichever lines it belongs to, and does not add parts to wholes.
    Without settled days there are no rows, and the note says so.
    """
    judged = drifts(view)
    window = view.budget_window()
    note = "no budget line plans a settled day"
    if judged and window:
        note = f"{window[0]} to {window[1]}, {view.cost}, {view.currency}; settled days only"
    return Table(
        name="drift",
        title="Budget against actual",
        columns=(
            Column("scope"),
            Column("owner"),
            Column("planned", "money"),
            Column("actual", "money"),
            Column("drift", "money"),
            Column("drift_share", "percent", "drift %"),
            Column("month_drift", "money", "this month"),
            Column("status"),
        ),
        rows=(*(_row(month, whole) for month, whole in _worst_first(judged)), *_unbudgeted(view, window)),
        total=_total(view, window) if judged and window else None,
        note=note,
    )


def _drift(view: View, line: BudgetLine, stretch: str, days: tuple[DayRange, ...], spent: Spent) -> Drift:
    plan = view.allowed(line, days)
    studied = study.studies(view)[study.key(line)]
    calendar, burst = study.calendar(studied, days, plan), Decimal(round(studied.burst))
    return Drift(line, stretch, days, plan, spent.amount, spent.rows, calendar, burst)


def _not_judged(view: View, as_of: date) -> Finding | None:
    if not view.budgets:
        return _unjudged(
            "there is no budget, so nothing can be over or under it",
            "Write one (aiops-cost init writes an example) and name it under `budgets`.",
        )
    if as_of < min(budget.first_day for budget in view.budgets):
        return None
    if view.budget_window() is None:
        until = view.settled_until
        return _unjudged(
            "no day of the budget is settled"
            + (f"; the bills are settled until {until}" if until else "; no bill is settled"),
            "See what has come:  aiops-cost status\nThen load the rest:  aiops-cost pull",
        )
    return None


_NOTHING_CAME = (
    "not one row matches any line of the budget on its settled days; no data is not no spend",
    "See what has come:           aiops-cost status\nand how it was attributed:   aiops-cost rules coverage",
)


def _unjudged(message: str, advice: str) -> Finding:
    return Finding("DRF003", Severity.UNJUDGED, message, advice)


def worst(month: Drift | None, whole: Drift) -> Drift | None:
    """The worse of the two stretches that are over their plan; the larger amount where both are as bad."""
    over = [drift for drift in (month, whole) if drift is not None and drift.severity]
    return max(over, key=lambda d: (d.severity is Severity.BREACH, d.amount), default=None)


def _finding(view: View, month: Drift | None, whole: Drift) -> Finding | None:
    """What there is to say of a line, over the stretch that is worse."""
    both = [drift for drift in (month, whole) if drift is not None]
    over = worst(month, whole)
    if over:
        return _told(view, "DRF001", over.severity or Severity.WARNING, over, both)
    if whole.is_short and whole.rows:
        return _told(view, "DRF002", Severity.INFO, whole, both)
    left = study.studies(view)[study.key(whole.line)].left
    return _left(view, whole, left) if left else None


def _left(view: View, whole: Drift, change: Change) -> Finding | None:
    """DRF004: the days since the change, against the plan of those days."""
    last = whole.days[-1][1]
    days = planned_days(whole.line, change.day, last)
    if not days:
        return None
    since = _drift(view, whole.line, "since", days, view.spent_by([(whole.line, days)])[0])
    if since.amount < whole.line.tolerance.at_least:
        return None
    found, _ = explained(view, since, change)
    told = _told(view, "DRF004", Severity.WARNING, since, [since], (found, change))
    return replace(told, message=f"{moved.sentence(change)}; since then {told.message}")


def _told(
    view: View,
    code: str,
    severity: Severity,
    drift: Drift,
    both: Sequence[Drift],
    known: tuple[Explained, Change | None] | None = None,
) -> Finding:
    first, last = drift.days[0][0], drift.days[-1][1]
    found, onset = known or explained(view, drift)
    bridge = found.bridge
    return Finding(
        code=code,
        severity=severity,
        message=message(drift, view) + said(bridge, onset),
        advice=_advice(drift.line.scope),
        scope=drift.line.scope,
        owner=drift.line.owner,
        period=f"{first}..{last}",
        currency=view.currency,
        planned=drift.planned,
        actual=drift.actual,
        amount=drift.amount,
        bridge=bridge.by_kind,
        cause=bridge.cause,
        onset=onset.day if onset else None,
        evidence=(*_evidence(both, view.currency), *_because(view, drift, bridge, onset)),
        place=drift.line.place,
    )


def message(drift: Drift, view: View) -> str:
    direction = "over" if drift.amount > 0 else "under"
    share = "nothing was planned" if drift.share is None else f"{abs(drift.share):.1%}"
    return (
        f"{money.show(abs(drift.amount), view.currency)} {direction} the plan ({share})"
        f" on {days_in(drift.days)} settled days, {drift.days[0][0]} to {drift.days[-1][1]}: "
        f"{money.show(drift.actual)} actual ({view.cost}), {money.show(drift.planned)} planned"
    )


def said(bridge: Bridge, onset: Change | None) -> str:
    """The cause and the onset, as the end of a sentence."""
    words = []
    if bridge.cause:
        most = max((p for p in bridge.parts if p.kind == bridge.cause), key=lambda p: abs(p.amount))
        words.append(f"mostly {bridge.cause}" + (f" ({most.name})" if most.name != bridge.cause else ""))
    if onset:
        words.append(f"since {onset.day}")
    return f"; {', '.join(words)}" if words else ""


def _advice(of: Scope) -> str:
    return f"See why:  aiops-cost drift --why {typed(of)}"


def _because(view: View, drift: Drift, bridge: Bridge, onset: Change | None) -> Iterable[str]:
    if onset:
        yield moved.sentence(onset)
        yield from moved.sentences(view, why.Asked(drift.line, drift.days, drift.planned, drift.actual), onset)
    for part in bridge.parts:
        if abs(part.amount) < money.CENT:
            continue
        yield f"{part.kind}, {part.name}: {money.show(part.amount, view.currency)}"
    yield from bridge.notes


def _evidence(both: Iterable[Drift], currency: str) -> Iterable[str]:
    for drift in both:
        yield (
            f"{drift.stretch}: {money.show(drift.actual, currency)} of "
            f"{money.show(drift.planned, currency)} on {days_in(drift.days)} settled days"
        )


def _worst_first(judged: Sequence[tuple[Drift | None, Drift]]) -> list[tuple[Drift | None, Drift]]:
    """Breaches, then warnings, then the rest; within each the largest drift first."""
    order = ("breach", "warning", "no spend", "under", "ok")
    return sorted(judged, key=lambda pair: (order.index(_worst_status(*pair)), -pair[1].amount))


def _row(month: Drift | None, whole: Drift) -> tuple[object, ...]:
    return (
        scope.text(whole.line.scope),
        whole.line.owner,
        whole.planned,
        whole.actual,
        whole.amount,
        _share(whole.amount, whole.planned),
        month.amount if month else None,
        _worst_status(month, whole),
    )


def _share(drift: Decimal, plan: Decimal) -> Decimal | str | None:
    """The drift as a share of the plan, to a ten-thousandth of a per cent; `new` without a plan."""
    if not plan:
        return "new" if drift else None
    return round(drift / plan, 6)


def _worst_status(month: Drift | None, whole: Drift) -> str:
    """A line is as bad as its worse stretch."""
    order = ("breach", "warning", "no spend", "under", "ok")
    statuses = {whole.status, *([month.status] if month and month.rows else [])}
    return min(statuses, key=order.index)


def _unbudgeted(view: View, window: DayRange | None) -> list[tuple[object, ...]]:
    """AI spend that no budget line plans by name: drift of its full amount."""
    if window is None:
        return []
    month = in_days([(window[1].replace(day=1), window[1])])
    whole, latest = view.spent_where([view.unplanned(), both(view.unplanned(), month)])
    if not whole.rows:
        return []
    return [(NO_LINE, None, Decimal(0), whole.amount, whole.amount, "new", latest.amount, "unbudgeted")]


def _total(view: View, window: DayRange) -> tuple[object, ...]:
    """Planned: the lines that are part of no other. Actual: each row once, planned or not."""
    plan = money.total(
        view.allowed(line, [(days_of(month)[0], min(days_of(month)[1], window[1]))])
        for month in sorted({month for line in view.lines for month in line.amounts})
        if days_of(month)[0] <= window[1]
        for line in roots(view.lines, month)
    )
    lines = (both(charges(line), in_days(planned_days(line, *window))) for line in view.lines)
    actual = view.spent_where([either(*lines, view.unplanned())])[0].amount
    drift = money.EXACT.subtract(actual, plan)
    return ("total", None, plan, actual, drift, _share(drift, plan), None, None)
