"""Ownership: spend that nobody answers for.

What it means: a budget line names no owner, or a workload outside the budget has none, and neither
a tag nor the owners file says whose it is.

Why it matters: a finding without an owner is nobody's to act on, so it stays.

What to do: add `owner:` to the budget line, or the workload to the file that `owners` names, or an
owner tag to the resources.

Stays silent: below `checks.ownership.at_least`; where a budget line with an owner plans the spend;
and for spend that is in no workload and no budget line (that is unbudgeted, UNB001).
"""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

from aiops_cost import money
from aiops_cost.budget import scope
from aiops_cost.budget.plan import BudgetLine
from aiops_cost.checks.view import Condition, View, both, covered, in_days, negated, span, watched
from aiops_cost.config import Config
from aiops_cost.model import Finding, Scope, Severity

CODES = {"OWN001": "spend that nobody owns"}


def check(view: View, config: Config, as_of: date) -> list[Finding]:
    """OWN001 per budget line without an owner, and per workload that no budget line plans."""
    days = view.judged_days()
    if not days:
        return []
    first, last = span(days)
    owned = [line for line in view.lines if line.owner]
    ownerless = [line for line in view.lines if line.scope and not line.owner]
    unowned = both(
        watched(),
        in_days(days),
        Condition("x_Owner IS NULL", (), frozenset({"x_Owner"})),
        negated(covered(owned, first, last)),
    )
    of_lines = view.spent_where([both(unowned, covered([line], first, last)) for line in ownerless])
    outside = negated(covered(ownerless, first, last))
    by_workload = (["x_Workload"], both(unowned, Condition("x_Workload IS NOT NULL"), outside))
    found: list[tuple[Scope, Decimal, BudgetLine | None]] = [
        (line.scope, spent.amount, line) for line, spent in zip(ownerless, of_lines, strict=True)
    ]
    found += [({"workload": name}, amount, None) for name, amount in view.spend_by(*by_workload)]
    least = config.checks.ownership.at_least
    return [
        _finding(view, of, amount, line, f"{first}..{last}")
        for of, amount, line in found
        if amount > 0 and amount >= least
    ]


def _finding(view: View, of: Scope, amount: Decimal, line: BudgetLine | None, period: str) -> Finding:
    entry = ", ".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in of.items())
    advice = (
        "Add `owner: NAME` to the budget line."
        if line
        else "Tag its resources with an owner; or name one under `owners` in the file that `owners:` names:\n"
        f"  - scope: {{{entry}}}\n    owner: NAME"
    )
    return Finding(
        code="OWN001",
        severity=Severity.WARNING,
        message=f"{scope.text(of)}: {money.show(amount, view.currency)} ({view.cost}) has no owner",
        advice=advice,
        scope=of,
        period=period,
        currency=view.currency,
        amount=amount,
        place=line.place if line else None,
    )
