"""Idleness: serving capacity that is paid by the hour and not used.

What it means: SRV001 is an endpoint that is paid for and that nobody has called for `checks.serving.idle_days` settled
days: the bill, which named its traffic before, names none, or the metric `requests` of its workload is zero. SRV002 is
a workload whose machines are used less than the share `checks.serving.used`, over four weeks, by the metric
`utilization_percent`.

Why it matters: an endpoint costs the same whether requests come or not, and no alarm rings when they end.

What to do: ask the owner; delete the endpoint, or let it scale to zero or be serverless; for SRV002 take fewer or
smaller machines. `aiops-cost report --idle` shows used, idle and not known side by side.

Stays silent: below `checks.serving.at_least`; where one request came in those days; once the endpoint is gone; and
where neither the bill nor a metric tells whether it is used: no metric is not a metric of zero.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from aiops_cost import idle, money
from aiops_cost.checks.view import View, report_of
from aiops_cost.config import Config
from aiops_cost.model import Finding, Scope, Severity

CODES = {
    "SRV001": "an endpoint that is paid for and not called",
    "SRV002": "serving capacity that is hardly used",
}
_WEEKS = timedelta(days=27)
_SHOWN = 3
_TELLS = {"bill": "the bill, which names no traffic any more", "requests": "its metrics", "utilization": "its metrics"}


def check(view: View, config: Config, as_of: date) -> list[Finding]:
    """SRV001 and SRV002 per workload."""
    until = view.settled_until
    if until is None:
        return []
    return [*_not_called(view, config, until), *_hardly_used(view, config, until)]


def _not_called(view: View, config: Config, until: date) -> Iterator[Finding]:
    limits = config.checks.serving
    found = [
        one for one in idle.still_idle(view.connection, view.rows("ResourceId"), until) if one.days >= limits.idle_days
    ]
    for workload in dict.fromkeys(one.workload for one in found):
        mine = [one for one in found if one.workload == workload]
        amount = money.total(one.cost for one in mine)
        if amount >= limits.at_least:
            yield _told(view, workload, mine, until)


def _told(view: View, workload: str | None, mine: Sequence[idle.Idle], until: date) -> Finding:
    of = _scope(workload)
    since = min(one.since for one in mine)
    amount = money.total(one.cost for one in mine)
    of_day = money.total(money.multiply(one.cost, 1, one.days) for one in mine)
    things = "an endpoint is" if len(mine) == 1 else f"{len(mine)} endpoints are"
    told = sorted({_TELLS[one.known] for one in mine})
    return Finding(
        code="SRV001",
        severity=Severity.WARNING,
        message=f"{things} paid for and not called since {since} (by {' and '.join(told)}):"
        f" {money.show(amount, view.currency)} so far, {money.show(of_day, view.currency)} a day",
        advice="Ask the owner; then delete it, or let it scale to zero. What it is made of:\n"
        f"  {report_of(of, since, until)}",
        scope=of,
        owner=view.owner_of(of) or next((one.owner for one in mine if one.owner), None),
        period=f"{since}..{until}",
        currency=view.currency,
        actual=amount,
        amount=amount,
        cause="idle",
        onset=since,
        evidence=tuple(_evidence(view, one) for one in mine[:_SHOWN]),
    )


def _evidence(view: View, one: idle.Idle) -> str:
    name = one.resource or "no resource is named"
    account = f" in {one.account}" if one.account else ""
    return f"{name}{account}: {money.show(one.cost, view.currency)} on {one.days} days since {one.since}"


def _hardly_used(view: View, config: Config, until: date) -> Iterator[Finding]:
    limits, first = config.checks.serving, until - _WEEKS
    if not view.fetch("SELECT 1 FROM metrics WHERE name = 'utilization_percent' LIMIT 1", ()):
        return
    every = idle.hosted(view.connection, view.rows("ResourceId"), first, until)
    measured = [one for one in every if one.known == "utilization"]
    for workload in dict.fromkeys(one.workload for one in measured):
        mine = [one for one in measured if one.workload == workload]
        cost, used, wasted, _ = idle.combined(mine)
        if used >= limits.used * cost or wasted < limits.at_least:
            continue
        of = _scope(workload)
        yield Finding(
            code="SRV002",
            severity=Severity.INFO,
            message=f"{used / cost:.0%} of the capacity was used in four weeks: of {money.show(cost, view.currency)},"
            f" {money.show(wasted, view.currency)} were idle",
            advice="Take fewer or smaller machines, or scale with requests:  aiops-cost report --idle",
            scope=of,
            owner=view.owner_of(of) or next((one.owner for one in mine if one.owner), None),
            period=f"{first}..{until}",
            currency=view.currency,
            actual=cost,
            amount=wasted,
            cause="idle",
        )


def _scope(workload: str | None) -> Scope:
    return {"activity": "serving", **({"workload": workload} if workload else {})}
