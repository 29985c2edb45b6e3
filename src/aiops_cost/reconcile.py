"""Holds the ledger against what the provider itself says: per month, and per service; what is left must be explained.

A difference is explained by a kind of charge (tax, credits, refunds, support) that the bill does not carry at all and
the provider counts, as far as that brings the rest nearer to nothing. A month that the provider calls estimated may
still differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from aiops_cost import money
from aiops_cost.model import ProviderTotal

COSTS = ("BilledCost", "EffectiveCost")
"""Compared with the provider's unblended and net amortized cost."""
EXPLAINING = ("tax", "support", "refund", "credit")
TAX = "Tax"


@dataclass(frozen=True)
class Sum:
    """What the ledger holds of one service of one account and month."""

    source: str
    period: str
    currency: str
    payer: str | None
    account: str | None
    service: str | None
    kind: str
    billed: Decimal
    effective: Decimal


@dataclass(frozen=True)
class Difference:
    """One service on both sides; None where a side does not know it."""

    service: str
    theirs: Decimal | None
    ours: Decimal | None

    @property
    def amount(self) -> Decimal:
        """Theirs less ours."""
        return money.EXACT.subtract(self.theirs or Decimal(0), self.ours or Decimal(0))


@dataclass(frozen=True)
class Compared:
    """A month of a source: what the provider says, what the ledger holds, and what explains the difference."""

    source: str
    period: str
    currency: str
    cost: str
    theirs: Decimal
    ours: Decimal
    explained: Mapping[str, Decimal]
    estimated: bool
    asked_at: datetime
    services: tuple[Difference, ...]

    @property
    def rest(self) -> Decimal:
        """What nothing explains: theirs less ours less what is explained."""
        found = money.EXACT.subtract(self.theirs, self.ours)
        for amount in self.explained.values():
            found = money.EXACT.subtract(found, amount)
        return found


def sums_of(view: str, totals: Sequence[ProviderTotal]) -> tuple[str, list[str]]:
    """SQL over a view with the ledger's columns, and its parameters: a `Sum` per row, of the months of the totals."""
    months = sorted({(one.source, one.period) for one in totals})
    asked = " OR ".join("(x_Source = ? AND x_BillingPeriod = ?)" for _ in months) or "false"
    sql = (
        "SELECT x_Source, x_BillingPeriod, BillingCurrency, BillingAccountId, SubAccountId, ServiceName,"
        " CASE WHEN ChargeCategory = 'Tax' THEN 'tax' WHEN ChargeCategory = 'Credit' THEN 'credit'"
        " WHEN ChargeClass = 'Correction' AND BilledCost < 0 THEN 'refund'"
        " WHEN ServiceName LIKE 'AWS%Support%' THEN 'support' ELSE 'usage' END AS kind,"
        f" sum(BilledCost), sum(EffectiveCost) FROM {view} WHERE {asked} GROUP BY ALL ORDER BY ALL"
    )
    return sql, [value for month in months for value in month]


def compare(totals: Iterable[ProviderTotal], sums: Sequence[Sum]) -> list[Compared]:
    """Every total against the ledger's rows of the same account, in the order of source, month and cost.

    A payer's credentials see the whole bill; a member's, only their own account.
    """
    found = []
    for total in totals:
        month = [
            one
            for one in sums
            if (one.source, one.period, one.currency) == (total.source, total.period, total.currency)
        ]
        payer = total.account in {one.payer for one in month}
        mine = [one for one in month if payer or one.account == total.account]
        found += [_compared(total, mine, cost) for cost in COSTS]
    return sorted(found, key=lambda one: (one.source, one.period, one.currency, COSTS.index(one.cost)))


def _compared(total: ProviderTotal, mine: Sequence[Sum], cost: str) -> Compared:
    name = "billed" if cost == "BilledCost" else "effective"
    theirs = _by((TAX if a.kind == "tax" else a.service, getattr(a, name)) for a in total.amounts)
    ours = _by((TAX if s.kind == "tax" else s.service or "-", getattr(s, name)) for s in mine)
    kinds_there = _by((a.kind, getattr(a, name)) for a in total.amounts)
    kinds_here = {one.kind for one in mine}
    whole, held = money.total(theirs.values()), money.total(ours.values())
    absent = {kind: kinds_there[kind] for kind in EXPLAINING if kind in kinds_there and kind not in kinds_here}
    services = tuple(Difference(s, theirs.get(s), ours.get(s)) for s in sorted({*theirs, *ours}))
    explained = _explaining(money.EXACT.subtract(whole, held), absent)
    where = (total.source, total.period, total.currency)
    return Compared(*where, cost, whole, held, explained, total.estimated, total.asked_at, services)


def _by(items: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for key, amount in items:
        found[key] = money.EXACT.add(found.get(key, Decimal(0)), amount)
    return found


def _explaining(rest: Decimal, absent: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """The absent kinds that bring the rest nearer to nothing, one after another."""
    found: dict[str, Decimal] = {}
    for kind, amount in absent.items():
        if abs(money.EXACT.subtract(rest, amount)) < abs(rest):
            found[kind] = amount
            rest = money.EXACT.subtract(rest, amount)
    return found
