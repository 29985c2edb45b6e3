"""The facts of one week: what was spent and planned on its settled days, what moved, how far it can be trusted.

The week is the ISO week (Monday to Sunday, UTC) before the day on which one looks. On a Monday its last days are mostly
not settled yet: spend and plan are compared on those that are, and what moved is measured against the same weekdays of
the week before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from aiops_cost import money
from aiops_cost.budget.plan import BudgetLine, DayRange, days_of, planned, roots
from aiops_cost.checks import flex
from aiops_cost.checks.view import (
    NEVER,
    Condition,
    View,
    activity_in,
    both,
    either,
    in_days,
    scoped,
    watched,
)
from aiops_cost.model import AI_ACTIVITIES, Finding, Severity, SourceState
from aiops_cost.summary import stretches
from aiops_cost.summary.stretches import Stretches

WEEK = timedelta(days=7)
MOVERS = 5
Tops = Mapping[str, tuple[tuple[BudgetLine, flex.Volumes], ...]]
"""Per month the lines that are part of no other, each with the volumes that it flexes with; none where it does not."""
TREND_DAYS = 56


@dataclass(frozen=True)
class Mover:
    """Spend of one activity and workload on the settled days of the week, and on the same days a week before."""

    activity: str
    workload: str | None
    owner: str | None
    now: Decimal
    before: Decimal
    finding: Finding | None

    @property
    def by(self) -> Decimal:
        return money.EXACT.subtract(self.now, self.before)


@dataclass(frozen=True)
class Week:
    """One week of everybody (no `owners`) or of some owners. Amounts are in `currency`, days inclusive."""

    name: str
    first: date
    last: date
    as_of: date
    owners: tuple[str, ...]
    currency: str
    cost: str
    settled: DayRange | None
    actual: Decimal
    planned: Decimal
    before: Decimal
    movers: tuple[Mover, ...]
    trend: tuple[tuple[date, Decimal, Decimal], ...]
    attributed: Decimal | None
    states: tuple[SourceState, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    stretches: Stretches
    until: date | None
    """The last day that is settled on every source, whatever week it is in."""
    ledger: str | None

    @property
    def unjudged(self) -> tuple[Finding, ...]:
        """What could not be judged: while there is any, the numbers are not to be trusted."""
        return tuple(one for one in self.findings if one.severity is Severity.UNJUDGED)


def before(as_of: date) -> tuple[str, date, date]:
    """The ISO week before a day: its name, first and last day.

    >>> before(date(2026, 6, 14))
    ('2026-W23', datetime.date(2026, 6, 1), datetime.date(2026, 6, 7))
    """
    first = as_of - timedelta(days=as_of.weekday()) - WEEK
    year, number, _ = first.isocalendar()
    return f"{year}-W{number:02}", first, first + timedelta(days=6)


def of(
    view: View,
    as_of: date,
    findings: Sequence[Finding],
    notes: Sequence[str] = (),
    owners: Sequence[str] = (),
    ledger: str | None = None,
) -> Week:
    """The week before `as_of`; of owners, what they answer for: their budget lines, and spend with their name.
    `ledger` is the version of the ledger, to be named."""
    name, first, last = before(as_of)
    settled = view.settled_window(first, last)
    part = both(_of_owners(view, owners), _counted(view))
    earlier = (settled[0] - WEEK, settled[1] - WEEK) if settled else None
    then = both(part, in_days([earlier])) if earlier else NEVER
    now = both(part, in_days([settled])) if settled else NEVER
    actual, past = (spent.amount for spent in view.spent_where([now, then]))
    findings = [*([] if settled else [_not_settled(name, view)]), *findings]
    mine = tuple(one for one in findings if not owners or one.owner in owners or one.severity is Severity.UNJUDGED)
    lines = [line for line in view.lines if not owners or line.owner in owners]
    tops = _tops(view, lines)
    return Week(
        name=name,
        first=first,
        last=last,
        as_of=as_of,
        owners=tuple(owners),
        currency=view.currency,
        cost=view.cost,
        settled=settled,
        actual=actual,
        planned=_planned(tops, *settled) if settled else Decimal(0),
        before=past,
        movers=tuple(_movers(view, part, settled, earlier, mine)) if settled and earlier else (),
        trend=tuple(_trend(view, part, tops)),
        attributed=_attributed(view, settled),
        states=view.states,
        findings=mine,
        notes=tuple(notes),
        stretches=stretches.of(view),
        until=view.settled_until,
        ledger=ledger,
    )


def owners(view: View) -> list[str]:
    """Everyone who owns a budget line, or AI spend, by name: who owns other spend only has nothing to read here."""
    condition = watched()
    rows = view.fetch(
        f"SELECT DISTINCT x_Owner FROM {view.spend} WHERE x_Owner IS NOT NULL AND {condition.sql}", condition.parameters
    )
    return sorted({line.owner for line in view.lines if line.owner} | {row[0] for row in rows})


def _not_settled(name: str, view: View) -> Finding:
    """A week of which nothing is known cannot be summed up; where bills settle late, the job must run later in it."""
    until = view.settled_until
    return Finding(
        code="DAT002",
        severity=Severity.UNJUDGED,
        message=f"no day of {name} is settled" + (f"; the bills are settled until {until}" if until else ""),
        advice="Load what is missing:  aiops-cost pull\nWhere bills settle late, run the summary later in the week.",
        scope={"period": name},
        period=name,
    )


def _of_owners(view: View, owners: Sequence[str]) -> Condition:
    if not owners:
        return Condition("true")
    marks = ", ".join("?" for _ in owners)
    tagged = Condition(f"coalesce(x_Owner IN ({marks}), false)", tuple(owners), frozenset({"x_Owner"}))
    return either(tagged, *(scoped(line.scope) for line in view.lines if line.owner in owners))


def _counted(view: View) -> Condition:
    """AI spend and what is planned, as drift counts it: a line that plans gross is not made smaller by credits."""
    return both(either(watched(), *(scoped(line.scope) for line in view.lines)), view.counted())


def _tops(view: View, lines: Sequence[BudgetLine]) -> Tops:
    """The lines whose amounts may be added; volumes are read once, for the picture asks for each day."""
    volumes = {id(line): flex.volumes(view, line, line.flex) if line.flex else {} for line in lines}
    months = sorted({month for line in lines for month in line.amounts})
    return {month: tuple((line, volumes[id(line)]) for line in roots(lines, month)) for month in months}


def _planned(tops: Tops, first: date, last: date) -> Decimal:
    """What is allowed on the days: the plan, which moves with volume where a line flexes."""
    return money.total(
        _allowed(line, volumes, max(first, days_of(month)[0]), min(last, days_of(month)[1]))
        for month, lines in tops.items()
        if days_of(month)[0] <= last and days_of(month)[1] >= first
        for line, volumes in lines
    )


def _allowed(line: BudgetLine, volumes: flex.Volumes, first: date, last: date) -> Decimal:
    return flex.flexed(line, line.flex, [(first, last)], volumes) if line.flex else planned(line, first, last)


def _movers(view: View, part: Condition, now: DayRange, then: DayRange, findings: Sequence[Finding]) -> list[Mover]:
    """The largest moves first; each with the finding that is about it, which knows a cause and a day. The owner is
    whoever owned it last, and on that day the most of it."""
    chosen = both(part, in_days([then, now]))
    rows = view.connection.execute(
        "WITH daily AS (SELECT x_Activity, x_Workload, x_Owner, ChargePeriodStart AS day, sum(Cost) AS cost"
        f" FROM {view.rows(chosen.sql)} WHERE {chosen.sql} GROUP BY ALL)"
        " SELECT x_Activity, x_Workload, arg_max(x_Owner, row(day, cost, x_Owner)) FILTER (x_Owner IS NOT NULL),"
        " coalesce(sum(cost) FILTER (day BETWEEN ? AND ?), 0) AS now,"
        " coalesce(sum(cost) FILTER (day BETWEEN ? AND ?), 0) AS past"
        " FROM daily GROUP BY 1, 2"
        " HAVING now <> past ORDER BY abs(now - past) DESC, 1, 2 NULLS FIRST LIMIT ?",
        [*chosen.parameters, *now, *then, MOVERS],
    ).fetchall()
    return [_mover(view, row, findings) for row in rows]


def _mover(view: View, row: Sequence[Any], findings: Sequence[Finding]) -> Mover:
    activity, workload, owner, now, past = row
    about = {"activity": activity, "workload": workload}
    told = [f for f in findings if f.scope == about or (dict(f.scope) == {"workload": workload} and workload)]
    planned_owner = next((line.owner for line in view.lines if dict(line.scope) == about and line.owner), None)
    return Mover(activity, workload, owner or planned_owner, now, past, told[0] if told else None)


def _trend(view: View, part: Condition, tops: Tops) -> list[tuple[date, Decimal, Decimal]]:
    """Spend and plan per day, up to the last settled day; for the picture."""
    until = view.settled_until
    if until is None:
        return []
    first = until - timedelta(days=TREND_DAYS - 1)
    chosen = both(part, in_days([(first, until)]))
    rows = view.connection.execute(
        f"SELECT ChargePeriodStart, sum(Cost) FROM {view.rows(chosen.sql)} WHERE {chosen.sql} GROUP BY 1 ORDER BY 1",
        chosen.parameters,
    ).fetchall()
    spent = dict(rows)
    days = [first + timedelta(days=n) for n in range(TREND_DAYS)] if rows else []
    return [(day, spent.get(day, Decimal(0)), _planned(tops, day, day)) for day in days]


def _attributed(view: View, settled: DayRange | None) -> Decimal | None:
    """The share of AI spend, or what may be AI, of which it is known what it is for; of everybody, on these days."""
    if settled is None:
        return None
    known, unknown = (
        spent.amount
        for spent in view.spent_where(
            [both(activity_in(names), in_days([settled])) for names in (AI_ACTIVITIES, ["unattributed"])]
        )
    )
    whole = money.total([known, unknown])
    return known / whole if whole > 0 else None
