"""Anomalies: a day out of the ordinary, something new, something that stopped.

What it means: ANM001 is a spike: one or two days that cost far more than the days before lead to expect, and no more
after them. ANM002 is a service or model that a workload had never used before. ANM003 is a workload that stopped.

Why it matters: a spike is often a job that ran wild and may come again; a new model changes the price of every request;
a stop may be an outage, a lost export or a tag that went away.

What to do: ask the owner about the day. `aiops-cost report --by service,resource --from DAY --to DAY` shows it.

Stays silent: below `checks.anomalies.at_least`; after two weeks; for monthly fees, tax and credits; for what lasts
(that is drift, with an onset); for a workload that is new as a whole (UNB001, when nobody planned it). One event is
one finding, however many services, models or resources show it. They are warnings.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from aiops_cost import money
from aiops_cost.checks import cells
from aiops_cost.checks.view import Condition, View, both, in_days, report_of, scoped, watched
from aiops_cost.config import Config
from aiops_cost.drift import anomalies
from aiops_cost.drift.anomalies import Anomaly
from aiops_cost.model import Finding, Scope, Severity

CODES = {"ANM001": "a spike", "ANM002": "a service or model that is new", "ANM003": "spend that stopped"}
RECENT = timedelta(days=13)
KNOWN = timedelta(days=28)
"""A workload must have been there so long before something in it can be new."""
MOST = 400
DAY = timedelta(days=1)


def check(view: View, config: Config, as_of: date) -> list[Finding]:
    """ANM findings of the last two weeks, per activity and workload."""
    until = view.settled_until
    if until is None:
        return []
    least = config.checks.anomalies.at_least
    groups = _groups(view, until)
    series = cells.daily(view, [both(scoped(of), watched()) for of, _ in groups])
    found: list[Finding] = []
    for (of, owner), daily in zip(groups, series, strict=True):
        if daily is None:
            continue
        since = max(until - RECENT, daily.first)
        events = [*anomalies.spikes(daily.usage, daily.first, since)]
        stopped = anomalies.stop(daily.usage, daily.first, since)
        if stopped:
            events.append(stopped)
        found += (_told(view, of, owner, event) for event in events if abs(event.came - event.expected) >= least)
    return [*found, *_new(view, until, least)]


def _groups(view: View, until: date) -> list[tuple[Scope, str | None]]:
    """The scopes that are looked at, each once: workloads of an activity, and accounts where there is none; only those
    that cost something in the last weeks."""
    lately = both(watched(), in_days([(until - RECENT - KNOWN, until)]))
    rows = view.fetch(
        "SELECT x_Activity, x_Workload, CASE WHEN x_Workload IS NULL THEN SubAccountId END,"
        f" CASE WHEN count(DISTINCT x_Owner) = 1 THEN min(x_Owner) END, sum(Cost) FROM {view.spend} WHERE {lately.sql}"
        f" GROUP BY 1, 2, 3 ORDER BY 5 DESC, 1, 2, 3 LIMIT {MOST}",
        lately.parameters,
    )
    names = ("activity", "workload", "SubAccountId")
    return [
        ({name: value for name, value in zip(names, row, strict=False) if value is not None}, row[3])
        for row in rows
        if row[1] is not None or row[2] is not None
    ]


def _told(view: View, of: Scope, owner: str | None, event: Anomaly) -> Finding:
    days = both(scoped(of), watched(), in_days([(event.first, event.last)]), Condition(f"sort = '{cells.USAGE}'"))
    came = cells.amount(view, days)
    expected = Decimal(str(event.expected)).quantize(money.CENT)
    over = money.EXACT.subtract(came, expected)
    spike = event.kind == "spike"
    when = f"on {event.first}" if event.first == event.last else f"from {event.first} to {event.last}"
    message = (
        f"{money.show(came, view.currency)} ({view.cost}) {when}, where about {money.show(expected)} was to be expected"
        if spike
        else f"no spend since {event.first}; about {money.show(expected, view.currency)} was to be expected"
    )
    return Finding(
        code="ANM001" if spike else "ANM003",
        severity=Severity.WARNING,
        message=message,
        advice=f"Ask {owner or 'who runs it'}; see the day:  {report_of(of, event.first, event.last)}",
        scope=of,
        owner=owner,
        period=f"{event.first}..{event.last}",
        currency=view.currency,
        actual=came,
        amount=over,
        cause=event.kind,
        onset=event.first,
        evidence=tuple(_largest(view, days)) if spike else (),
    )


def _largest(view: View, days: Condition) -> Iterator[str]:
    rows = cells.rows(view, ("ServiceName", "coalesce(x_Model, meter)"), days)
    for service, what, _, cost, _ in sorted(rows, key=lambda row: -row[3])[:3]:
        yield f"{service or 'no service name'}, {what or 'no meter'}: {money.show(Decimal(cost), view.currency)}"


def _new(view: View, until: date, least: Decimal) -> list[Finding]:
    """ANM002: per workload, all services and models that began in it lately, as one event."""
    since = until - RECENT
    found: dict[tuple[str, str], list[Any]] = {}
    rows = view.fetch(
        "WITH seen AS (SELECT x_Activity, x_Workload, ServiceName, x_Model, min(ChargePeriodStart) AS began,"
        " sum(Cost) AS cost, min(min(ChargePeriodStart)) OVER (PARTITION BY x_Activity, x_Workload) AS born,"
        " min(min(ChargePeriodStart)) OVER (PARTITION BY x_Workload, ServiceName, x_Model) AS first_here"
        f" FROM {cells.prepared(view)} WHERE sort = '{cells.USAGE}' AND x_Workload IS NOT NULL GROUP BY 1, 2, 3, 4)"
        " SELECT x_Activity, x_Workload, ServiceName, x_Model, began, cost FROM seen"
        " WHERE began >= ? AND began = first_here AND born <= ? ORDER BY began, cost DESC, 3, 4",
        [since, since - KNOWN],
    )
    for activity, workload, *rest in rows:
        found.setdefault((activity, workload), []).append(rest)
    told = (_newcomer(view, activity, workload, things, until) for (activity, workload), things in found.items())
    return [finding for finding in told if finding.amount is not None and finding.amount >= least]


def _newcomer(view: View, activity: str, workload: str, things: list[Any], until: date) -> Finding:
    amount = money.total(Decimal(thing[3]) for thing in things)
    first = things[0][2]
    names = [
        " ".join(part for part in (thing[1], f"({thing[0]})" if thing[1] else thing[0]) if part) for thing in things
    ]
    of = {"activity": activity, "workload": workload}
    return Finding(
        code="ANM002",
        severity=Severity.WARNING,
        message=(
            f"new since {first}: {', '.join(names[:3])}{' and more' if len(names) > 3 else ''};"
            f" {money.show(amount, view.currency)} ({view.cost}) until {until}"
        ),
        advice=f"Ask whether it was meant; see what it costs:  {report_of(of, first, until)}",
        scope=of,
        period=f"{first}..{until}",
        currency=view.currency,
        amount=amount,
        cause="new",
        onset=first,
        evidence=tuple(f"{name}: since {thing[2]}" for name, thing in zip(names, things, strict=True)),
    )
