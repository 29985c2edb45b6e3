"""Sharing: what several workloads use together, split over them so that every total stays what it was.

Cost with activity `shared` is divided within one currency and day: by fixed shares where the policy gives them, else
in proportion to each workload's direct AI cost of that day. Where nothing can be divided by (no workload spent
anything), the cost stays in its own row. Parts are exact: they sum to the cost, to the last digit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from aiops_cost import money
from aiops_cost.errors import UserError
from aiops_cost.model import Problem

DIRECT = ("serving", "training", "storage")
"""The activities whose cost weighs how much of the shared cost a workload bears."""


@dataclass(frozen=True)
class CostRow:
    """Cost of one workload and activity on one day; `workload` is None where no tag names one."""

    day: date
    currency: str
    activity: str
    workload: str | None
    amount: Decimal


@dataclass(frozen=True)
class Policy:
    """How shared cost is divided: fixed shares per workload (they sum to 1), or none for `by direct cost`.

    `keep_own` leaves shared cost that already names a workload with it.
    """

    shares: Mapping[str, Decimal] = field(default_factory=dict)
    keep_own: bool = True


@dataclass(frozen=True)
class SharedRow:
    """A cost row after sharing. `shared_from` is None for direct cost, else the activity that was divided."""

    day: date
    currency: str
    activity: str
    workload: str | None
    amount: Decimal
    shared_from: str | None = None


def policy(shares: Mapping[str, str], place: str = "", keep_own: bool = True) -> Policy:
    """A policy of fixed shares as a person writes them: `{chat: 60%, search: 40%}`.

    Raises UserError for what is not a percentage, and when they do not sum to 100%.
    """
    try:
        parsed = {workload: money.parse_share(text) for workload, text in shares.items()}
    except ValueError as error:
        raise UserError(Problem("sharing-not-a-share", place, str(error))) from None
    total = sum(parsed.values(), Decimal(0))
    if parsed and total != 1:
        raise UserError(
            Problem("sharing-not-whole", place, f"the shares sum to {(total * 100).normalize():f}%, not to 100%",
                    "Change one of them, so that every part of the shared cost has a place.")
        )  # fmt: skip
    return Policy(shares=parsed, keep_own=keep_own)


def share(costs: Sequence[CostRow], policy: Policy) -> list[SharedRow]:
    """Divide the shared rows; all others pass unchanged. Per currency and day the total is the same, exactly.

    Amounts have 18 decimals at most. The order is that of the input; parts follow by workload name. A day's negative
    direct cost (a credit) weighs nothing. Raises UserError when fixed shares do not sum to 100%.
    """
    if policy.shares and sum(policy.shares.values(), Decimal(0)) != 1:
        raise UserError(Problem("sharing-not-whole", "", "the fixed shares do not sum to 100%"))
    weights = _weights(costs)
    rows: list[SharedRow] = []
    for cost in costs:
        own = policy.keep_own and cost.workload is not None
        if cost.activity != "shared" or own:
            rows.append(SharedRow(cost.day, cost.currency, cost.activity, cost.workload, cost.amount))
        else:
            rows += _divided(cost, dict(policy.shares) or weights[cost.currency, cost.day])
    return rows


def _divided(cost: CostRow, weights: Mapping[str, Decimal]) -> list[SharedRow]:
    bearing = sorted((workload, weight) for workload, weight in weights.items() if weight > 0)
    if not bearing:
        return [SharedRow(cost.day, cost.currency, cost.activity, cost.workload, cost.amount)]
    parts = money.split(cost.amount, [weight for _, weight in bearing])
    return [
        SharedRow(cost.day, cost.currency, cost.activity, workload, part, shared_from="shared")
        for (workload, _), part in zip(bearing, parts, strict=True)
    ]


def _weights(costs: Sequence[CostRow]) -> dict[tuple[str, date], dict[str, Decimal]]:
    """Direct AI cost per workload, of each currency and day."""
    weights: dict[tuple[str, date], dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for cost in costs:
        if cost.activity in DIRECT and cost.workload is not None:
            weights[cost.currency, cost.day][cost.workload] += cost.amount
    return weights
