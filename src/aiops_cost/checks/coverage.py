"""Attribution coverage: how much of the AI spend is known for what it is.

What it means: ATR001 says that too much spend is unattributed: no rule and no tag tells whether it
is serving, training or storage. ATR002 names accounts that run accelerators (GPUs, TPUs and the
like) which nothing attributes; the evidence lists the resources, and the finding names whom to ask: their owner, else
whoever spends most in the account.

Why it matters: what is not attributed is in no budget line's actual, so every drift is understated
by it. Accelerators are seldom anything but AI, and seldom cheap.

What to do: `aiops-cost rules suggest` shows the most expensive unattributed lines with a rule to
paste; or tag the resources with one of the keys under `tags` in the configuration.

Stays silent: ATR001 at `checks.coverage.at_least` and above, and where there is no spend to
attribute; ATR002 below `checks.accelerators.at_least` per account. Spend known not to be AI does
not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from aiops_cost import money
from aiops_cost.budget.values import percent
from aiops_cost.checks.view import Condition, View, activity_in, both, in_days, span
from aiops_cost.config import Config
from aiops_cost.model import AI_ACTIVITIES, Finding, Severity

CODES = {
    "ATR001": "too much spend is unattributed",
    "ATR002": "accelerators that nothing attributes",
}
_SHOWN = 5


def check(view: View, config: Config, as_of: date) -> list[Finding]:
    """ATR001 once, ATR002 per account, over the settled days of the budgets."""
    days = view.judged_days()
    if not days:
        return []
    unattributed = both(activity_in(["unattributed"]), in_days(days))
    attributed = both(activity_in(AI_ACTIVITIES), in_days(days))
    first, last = span(days)
    period = f"{first}..{last}"
    return [
        *_coverage(view, config, unattributed, attributed, period),
        *_accelerators(view, config, unattributed, period),
    ]


def _coverage(view: View, config: Config, unattributed: Condition, attributed: Condition, period: str) -> list[Finding]:
    unknown, known = (spent.amount for spent in view.spent_where([unattributed, attributed]))
    whole = money.total([unknown, known])
    limit = config.checks.coverage.at_least
    if whole <= 0 or known >= limit * whole:
        return []
    largest = view.spend_by(["ServiceName"], unattributed, limit=_SHOWN)
    return [
        Finding(
            code="ATR001",
            severity=Severity.WARNING,
            message=(
                f"{known / whole:.1%} of AI spend is attributed, less than {percent(limit)}: "
                f"{money.show(unknown, view.currency)} of {money.show(whole, view.currency)} "
                f"({view.cost}) is unattributed"
            ),
            advice="See the rules that would help:  aiops-cost rules suggest",
            scope={"activity": "unattributed"},
            period=period,
            currency=view.currency,
            amount=unknown,
            evidence=tuple(_said(name, amount, view.currency) for name, amount in largest),
        )
    ]


def _accelerators(view: View, config: Config, unattributed: Condition, period: str) -> list[Finding]:
    running = both(unattributed, Condition("x_Accelerator IS NOT NULL"))
    accounts = [
        (account, amount)
        for account, amount in view.spend_by(["SubAccountId"], running)
        if amount > 0 and amount >= config.checks.accelerators.at_least
    ]
    resources: dict[str | None, list[tuple[Any, ...]]] = {account: [] for account, _ in accounts}
    if accounts:  # one look at the ledger's rows for all accounts; each has its largest first
        for account, *resource in view.spend_by(
            ["SubAccountId", "ResourceId", "x_Accelerator", "SubAccountName"], running
        ):
            if account in resources and len(resources[account]) < _SHOWN:
                resources[account].append(tuple(resource))
    whom = _whom_to_ask(view, running) if accounts else {}
    return [
        _account(view, account, amount, resources[account], period, whom.get(account, (None, "")))
        for account, amount in accounts
    ]


def _account(
    view: View,
    account: str | None,
    amount: Decimal,
    resources: Sequence[tuple[Any, ...]],
    period: str,
    whom: tuple[str | None, str],
) -> Finding:
    where = resources[0][2] or account or "no account"
    owner, ask = whom
    return Finding(
        code="ATR002",
        severity=Severity.WARNING,
        message=(
            f"{money.show(amount, view.currency)} ({view.cost}) of accelerators in {where} "
            "that no tag and no rule attributes"
        ),
        advice=(
            f"Ask {ask or 'whoever owns ' + where}.\n"
            "Tag the resources with a workload (the keys are under `tags` in the configuration),\n"
            "or write a rule for them:  aiops-cost rules suggest"
        ),
        owner=owner,
        scope={"activity": "unattributed", **({"SubAccountId": account} if account else {})},
        period=period,
        currency=view.currency,
        amount=amount,
        evidence=tuple(
            _said(f"{resource or 'no resource id'} ({accelerator})", part, view.currency)
            for resource, accelerator, _, part in resources
        ),
    )


def _whom_to_ask(view: View, running: Condition) -> dict[str | None, tuple[str | None, str]]:
    """Per account the owner of its machines, by the owners file or the table of accounts, and whom to ask: that owner,
    else whose spend is the largest in the account."""
    found: dict[str | None, tuple[str | None, str]] = {}
    named = Condition("x_Owner IS NOT NULL")
    for account, owner, _ in view.spend_by(["SubAccountId", "x_Owner"], both(running, named)):
        found.setdefault(account, (owner, f"{owner}, who owns them"))
    for account, owner, _ in view.spend_by(["SubAccountId", "x_Owner"], named):
        if account is not None:
            found.setdefault(account, (None, f"{owner}, whose spend is the largest in the account"))
    return found


def _said(name: str | None, amount: Decimal, currency: str) -> str:
    return f"{name or 'no service name'}: {money.show(amount, currency)}"
