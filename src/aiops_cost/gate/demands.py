"""What a gate may demand of the data beyond the configuration: its age, and how much of it is attributed.

Where the demand is not met the answer is "could not judge", never "over the line".
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from aiops_cost import money
from aiops_cost.budget.values import percent
from aiops_cost.checks.view import View, activity_in, both, in_days
from aiops_cost.model import AI_ACTIVITIES, Finding, Severity, SourceState


def of_age(view: View, now: datetime, limit: timedelta) -> Iterator[Finding]:
    """DAT002 for each source whose last delivered day ended longer ago than `limit`.

    Sparse sources are left out: their silence says nothing.
    """
    for state in view.states:
        if state.source.sparse or not state.periods:
            continue  # a source without a bill is DAT001
        age = None if state.last_day is None else now - _end(state)
        if age is None or age > limit:
            yield _too_old(state, age, limit)


def of_coverage(view: View, least: Decimal) -> Iterator[Finding]:
    """ATR001, without an answer, where less than `least` of the AI spend of the judged days is attributed."""
    days = view.judged_days()
    conditions = [both(activity_in(names), in_days(days)) for names in (["unattributed"], AI_ACTIVITIES)]
    unknown, known = (spent.amount for spent in view.spent_where(conditions))
    whole = money.total([unknown, known])
    if whole > 0 and known >= least * whole:
        return
    share = f"{known / whole:.1%} of AI spend is attributed" if whole > 0 else "there is no AI spend to attribute"
    yield Finding(
        code="ATR001",
        severity=Severity.UNJUDGED,
        message=f"{share}, and this gate asks for {percent(least)}; drift is understated by what is unattributed",
        advice="See the rules that would help:  aiops-cost rules suggest",
        scope={"activity": "unattributed"},
        currency=view.currency,
        amount=unknown,
    )


def _end(state: SourceState) -> datetime:
    day = state.last_day
    assert day is not None  # noqa: S101 - the caller has looked
    return datetime.combine(day + timedelta(days=1), time(), UTC)


def _too_old(state: SourceState, age: timedelta | None, limit: timedelta) -> Finding:
    name = state.source.name
    told = f"{_hours(age)} old (they end with {state.last_day})" if age is not None else "of no known day"
    return Finding(
        code="DAT002",
        severity=Severity.UNJUDGED,
        message=f"the bills of {name} are {told}, and this gate asks for {_hours(limit)} at most",
        advice=f"Fetch it:  aiops-cost pull {name}",
        scope={"source": name},
    )


def _hours(span: timedelta) -> str:
    return f"{span / timedelta(hours=1):,.0f} hours"
