"""Data trust: whether the bills are there, whole and fresh enough to judge anything.

What it means: DAT001, a source delivered nothing, or not a month that the budget needs. DAT002, a
source is settled only up to a day that is too long ago. DAT003, days are missing inside what came.
DAT004, rows were rejected at the load. DAT005, a column that rules or budgets use was filled before
and is empty now. DAT006, a month that was closed has changed. DAT008, the rows of a month do not add up
to what the record of its load says was kept. DAT009, rows of a bill do not say the cost that is judged.

Why it matters: missing data looks exactly like money saved. While one of DAT001 to DAT005, DAT008 or
DAT009 stands, the answer is "could not judge" (exit 3), whatever the other findings say.

What to do: `aiops-cost status` shows each source and month, and
`aiops-cost pull SOURCE --period YYYY-MM` fetches again. A source that truly does not bill every day
or month takes `sparse: true` in the configuration. For DAT006 read the difference, and tell who
reported the old number. For DAT008 somebody else has changed amounts in the ledger: restore it, or load
it again into a new folder. For DAT009 export the bill with all its columns, or judge
what was billed (`--metric BilledCost`), which every row says.

Stays silent: for months and days that no budget plans, and for those younger than the source's
`settles_after` plus `max_age`. For sparse sources, whose silence means that nothing was billed:
missing months, DAT002 and DAT003. DAT006 is a warning from `checks.restatement.at_least` on, and a
note below it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal

from aiops_cost import money
from aiops_cost.budget.plan import days_of, months_between
from aiops_cost.checks.view import View
from aiops_cost.config import Config
from aiops_cost.model import Amounts, Finding, PeriodState, Severity, SourceState

CODES = {
    "DAT001": "a source or a month that did not come",
    "DAT002": "bills that are too old",
    "DAT003": "days missing inside a bill",
    "DAT004": "rows that were rejected",
    "DAT005": "a column that went away",
    "DAT006": "a closed month that changed",
    "DAT008": "rows that do not add up to their record",
    "DAT009": "rows whose cost is not known",
}
NEVER_IGNORED = frozenset({"DAT001", "DAT002", "DAT003", "DAT004", "DAT005", "DAT008", "DAT009"})
"""They say that nothing can be judged; to ignore them would be to judge without data."""


def check(view: View, config: Config, as_of: date) -> list[Finding]:
    """All DAT findings of all sources."""
    if not view.states:
        return [_no_source()]
    found: list[Finding] = []
    for state in view.states:
        if not state.periods:
            found.append(_nothing_came(state))
            continue
        found += _missing_months(state, view, as_of)
        found += _stale(state, view, as_of)
        found += _gaps(state, view)
        found += _rejected(state, view)
        found += _unknown(state, view)
        found += _lost_columns(state, view)
        found += _restated(state, view, config, as_of)
    return [*found, *map(_unreconciled, view.unreconciled)]


def needed_until(state: SourceState, view: View, as_of: date) -> date:
    """The last day that the source must have settled by now."""
    late = as_of - timedelta(days=state.source.settles_after + state.source.max_age)
    return min([late, max(b.last_day for b in view.budgets)]) if view.budgets else late


def _no_source() -> Finding:
    return _unjudged(
        "DAT001",
        "no source is configured, so there is no bill to judge",
        "Add one under `sources`, then:  aiops-cost pull",
        "",
    )


def _unreconciled(mismatch: tuple[str, str, str, Decimal]) -> Finding:
    name, period, currency, difference = mismatch
    return _unjudged(
        "DAT008",
        f"{name} {period}: the ledger's rows differ by {money.show(difference, currency)} from what the record of their"
        " load says was kept",
        "Restore the ledger from a backup; or load into a new one (`ledger:` in the configuration):  aiops-cost pull",
        name,
        period,
    )


def _nothing_came(state: SourceState) -> Finding:
    name = state.source.name
    return _unjudged(
        "DAT001",
        f"{name} has never delivered anything; no bill is not a bill of zero",
        f"Fetch it:  aiops-cost pull {name}",
        name,
    )


def _missing_months(state: SourceState, view: View, as_of: date) -> Iterator[Finding]:
    """Budget months that should have come by now; the month of the first day that is too young
    to be needed is not asked for."""
    if state.source.sparse or not view.budgets:
        return
    first = min(budget.months[0] for budget in view.current)
    needed = needed_until(state, view, as_of)
    have = {period.period for period in state.periods}
    planned = {month for budget in view.budgets for month in budget.months}
    name = state.source.name
    missing = [m for m in months_between(first, f"{needed:%Y-%m}") if m in planned and m not in have]
    for stretch in _stretches(missing):
        more = len(stretch) > 1
        which = f"{stretch[0]}..{stretch[-1]}" if more else stretch[0]
        yield _unjudged(
            "DAT001",
            f"{name} {which} did not come, and the budget plans {'those months' if more else 'that month'}",
            f"Fetch it:  aiops-cost pull {name}" + ("" if more else f" --period {which}") + "\n"
            f"If {name} did not bill then:  sparse: true, under its entry in `sources`",
            name,
            which,
        )


def _stretches(months: Sequence[str]) -> list[list[str]]:
    """Months in runs without a gap: one finding says all of a run."""
    runs: list[list[str]] = []
    for month in months:
        if runs and months_between(runs[-1][-1], month) == (runs[-1][-1], month):
            runs[-1].append(month)
        else:
            runs.append([month])
    return runs


def _stale(state: SourceState, view: View, as_of: date) -> Iterator[Finding]:
    needed = needed_until(state, view, as_of)
    settled = view.settled(state)
    if settled is not None and settled >= needed:
        return
    name = state.source.name
    until = f"only until {settled}" if settled else "on no day at all"
    yield _unjudged(
        "DAT002",
        f"{name} is settled {until}; by {as_of} it should be settled until {needed} "
        f"(settles after {state.source.settles_after} days, {state.source.max_age} more allowed)",
        f"Fetch it:  aiops-cost pull {name}\nIf {name} bills no more:  sparse: true, under its entry in `sources`",
        name,
    )


def _gaps(state: SourceState, view: View) -> Iterator[Finding]:
    if state.source.sparse:
        return
    settled = state.settled_until
    gaps = [day for day in state.gaps if settled is not None and day <= settled and _is_planned(day, view)]
    if not gaps:
        return
    name = state.source.name
    yield _unjudged(
        "DAT003",
        f"{name} has not one row on {len(gaps)} {'day' if len(gaps) == 1 else 'days'} "
        f"between days that have: {_some(gaps)}",
        f"Fetch the month again:  aiops-cost pull {name} --period {gaps[0]:%Y-%m}\n"
        f"If {name} does not bill every day:  sparse: true, under its entry in `sources`",
        name,
    )


def _rejected(state: SourceState, view: View) -> Iterator[Finding]:
    name = state.source.name
    for period in state.periods:
        if period.rejected and _is_needed(period.period, view):
            rows = "row was" if period.rejected == 1 else "rows were"
            yield _unjudged(
                "DAT004",
                f"{name} {period.period}: {period.rejected:,} {rows} rejected at the load, "
                f"so the month is not whole ({period.rows:,} rows are in the ledger)",
                f"See them with their money:  aiops-cost status\n"
                f"Fetch a corrected export:   aiops-cost pull {name} --period {period.period}",
                name,
                period.period,
            )


def _unknown(state: SourceState, view: View) -> Iterator[Finding]:
    name = state.source.name
    for period in state.periods:
        for said in period.unknown(view.cost) if _is_needed(period.period, view) else ():
            yield _unjudged(
                "DAT009",
                f"{name} {period.period}: {said.sentence} ({said.rows:,} rows as loaded)",
                f"Export it with all its columns, then:  aiops-cost pull {name} --period {period.period}\n"
                "Or judge what was billed:             aiops-cost check --metric BilledCost",
                name,
                period.period,
            )


def _lost_columns(state: SourceState, view: View) -> Iterator[Finding]:
    lost = [column for column in state.lost_columns if _is_used(column, view)]
    if lost:
        name = state.source.name
        yield _unjudged(
            "DAT005",
            f"{name} no longer fills {', '.join(lost)}, which rules or budgets use; spend has lost what it was for",
            f"Switch the column on again in the provider's export settings, then:  aiops-cost pull {name}",
            name,
        )


def _restated(state: SourceState, view: View, config: Config, as_of: date) -> Iterator[Finding]:
    for period in state.periods:
        if period.before is None or period.period >= f"{as_of:%Y-%m}":
            continue
        currencies = sorted({*period.before, *period.amounts})
        for currency in currencies:
            finding = _restatement(state, period, currency, view, config)
            if finding:
                yield finding


def _restatement(state: SourceState, period: PeriodState, currency: str, view: View, config: Config) -> Finding | None:
    before: Decimal = getattr((period.before or {}).get(currency, Amounts()), view.cost)
    after: Decimal = getattr(period.amounts.get(currency, Amounts()), view.cost)
    change = money.EXACT.subtract(after, before)
    if not change:
        return None
    large = abs(change) >= config.checks.restatement.at_least
    name = state.source.name
    return Finding(
        code="DAT006",
        severity=Severity.WARNING if large else Severity.INFO,
        message=(
            f"{name} {period.period} was closed and has changed: {money.show(before, currency)} "
            f"became {money.show(after, currency)} ({view.cost})"
        ),
        advice=f"See what changed:  aiops-cost report --month {period.period} --by service",
        scope={"source": name, "period": period.period, "currency": currency},
        period=period.period,
        currency=currency,
        planned=before,
        actual=after,
        amount=change,
        cause="restatement",
    )


def _is_planned(day: date, view: View) -> bool:
    """True for days that a budget plans, but for those of budgets that are history."""
    if not view.budgets:
        return True
    begun = min(budget.first_day for budget in view.current)
    return day >= begun and any(b.first_day <= day <= b.last_day for b in view.budgets)


def _is_needed(month: str, view: View) -> bool:
    return any(_is_planned(day, view) for day in days_of(month))


def _is_used(column: str, view: View) -> bool:
    """True unless it is known that neither a rule nor a budget line looks at the column.

    Workloads and owners come from tags, so those are always used.
    """
    if view.used_columns is None or column == "Tags" or column in view.used_columns:
        return True
    return any(column in line.constraints for line in view.lines)


def _some(days: Sequence[date]) -> str:
    shown = ", ".join(f"{day}" for day in days[:5])
    return shown if len(days) <= 5 else f"{shown} and {len(days) - 5} more"


def _unjudged(code: str, message: str, advice: str, source: str, period: str = "") -> Finding:
    scope_ = {key: value for key, value in (("source", source), ("period", period)) if value}
    return Finding(code, Severity.UNJUDGED, message, advice, scope=scope_, period=period or None)
