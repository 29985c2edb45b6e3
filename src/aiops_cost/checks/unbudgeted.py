"""Unbudgeted: AI spend that no budget line plans.

What it means: a workload started, or was renamed, or lost its tags after the budget was approved.
Its whole cost is drift, for nothing was planned for it. Spend that nobody has attributed counts
too, except accelerators without a tag, which ATR002 tells.

Why it matters: it is real cost, and would be missing from the drift of every budget line.

What to do: add the line that the advice shows, with an owner and an approval; or correct the tags
or rules, if it belongs to a line that exists (`aiops-cost rules suggest`).

Stays silent: below `checks.unbudgeted.at_least`; on days that no budget plans or that are not
settled; and for spend known not to be AI. A budget line for everything (an empty scope) does not
silence it. It is a warning: `aiops-cost check --fail-on unbudgeted` makes it fail.
"""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal

from aiops_cost import money
from aiops_cost.budget.plan import DayRange
from aiops_cost.checks.view import Condition, View, both, days_in, span, watched
from aiops_cost.config import Config
from aiops_cost.model import Finding, Scope, Severity

CODES = {"UNB001": "spend that no budget line plans"}

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_/-]*\Z")
_YAML_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
_GROUPS = (
    "x_Activity",
    "x_Workload",
    "CASE WHEN x_Workload IS NULL THEN SubAccountName END",
    "CASE WHEN x_Workload IS NULL AND SubAccountName IS NULL THEN SubAccountId END",
)
Group = tuple[str | None, ...]
Service = tuple[str | None, Decimal]
_NOT_A_MACHINE = Condition("NOT (x_Activity = 'unattributed' AND x_Accelerator IS NOT NULL)")
"""Machines that nobody has attributed are told once, with their ids, by ATR002."""
_SHORT = ("activity", "workload", "account", "SubAccountId")


def check(view: View, config: Config, as_of: date) -> list[Finding]:
    """UNB001 per activity and workload, or per activity and account where there is no workload."""
    days = view.judged_days()
    if not view.budgets or not days:
        return []
    groups: dict[Group, list[Service]] = {}
    for *group, service, amount in view.spend_by([*_GROUPS, "ServiceName"], both(view.unplanned(), _NOT_A_MACHINE)):
        groups.setdefault(tuple(group), []).append((service, amount))
    since = view.since(_GROUPS, watched()) if groups else {}
    least = config.checks.unbudgeted.at_least
    found = (_finding(view, days, group, services, since[group]) for group, services in groups.items())
    return [one for one in found if one.amount and one.amount > 0 and one.amount >= least]


def _finding(view: View, days: tuple[DayRange, ...], group: Group, services: list[Service], since: date) -> Finding:
    of: Scope = {name: value for name, value in zip(_SHORT, group, strict=True) if value is not None}
    amount = money.total(part for _, part in services)
    first, last = span(days)
    return Finding(
        code="UNB001",
        severity=Severity.WARNING,
        message=(
            f"{money.show(amount, view.currency)} ({view.cost}) that no budget line plans,"
            f" on {days_in(days)} settled days, {first} to {last}; first billed on {since}"
        ),
        advice=_lines_to_paste(of, amount, days),
        scope=of,
        period=f"{first}..{last}",
        currency=view.currency,
        planned=Decimal(0),
        actual=amount,
        amount=amount,
        cause="unbudgeted",
        onset=since,
        evidence=tuple(
            f"{service or 'no service name'}: {money.show(part, view.currency)}" for service, part in services[:3]
        ),
    )


def _lines_to_paste(found: Scope, amount: Decimal, days: tuple[DayRange, ...]) -> str:
    """A budget line at the rate of these days, for a month of 30 of them."""
    pairs = ", ".join(f"{key}: {_yaml(str(value))}" for key, value in found.items())
    monthly = money.multiply(amount, 30, days_in(days))
    return (
        "Plan it, under `lines` of the budget (the amount is 30 days at the same rate):\n"
        f"  - scope: {{{pairs}}}\n"
        "    owner: NAME\n"
        f"    amount: {money.exact(monthly.quantize(money.CENT))}"
    )


def _yaml(text: str) -> str:
    plain = _PLAIN.match(text) and text.lower() not in _YAML_WORDS
    return text if plain else json.dumps(text, ensure_ascii=False)
