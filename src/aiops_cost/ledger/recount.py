"""Whether the ledger's rows still are what the records of their loads say: nobody else has written, nothing is gone."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import duckdb

from aiops_cost import money
from aiops_cost.model import Amounts, SourceState

COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
Mismatch = tuple[str, str, str, Decimal]


def mismatches(con: duckdb.DuckDBPyConnection, states: Sequence[SourceState]) -> tuple[Mismatch, ...]:
    """Source, billing period, currency and the largest difference of a cost, where the sum over the view `ledger` is
    not the sum that the record keeps; sources that no longer are configured are left out."""
    sums = ", ".join(f"coalesce(sum({cost}), 0)" for cost in COSTS)
    rows = con.execute(f"SELECT x_Source, x_BillingPeriod, BillingCurrency, {sums} FROM ledger GROUP BY ALL").fetchall()
    there = {tuple(row[:3]): row[3:] for row in rows}
    names = {state.source.name for state in states}
    kept = {
        (state.source.name, period.period, currency): tuple(getattr(amounts, cost) for cost in COSTS)
        for state in states
        for period in state.periods
        for currency, amounts in period.amounts.items()
    }
    zero = tuple(getattr(Amounts(), cost) for cost in COSTS)
    found = []
    for key in sorted({*kept, *(key for key in there if key[0] in names)}):
        pairs = zip(there.get(key, zero), kept.get(key, zero), strict=True)
        worst = max((money.EXACT.subtract(is_, was) for is_, was in pairs), key=abs)
        if worst:
            found.append((*key, worst))
    return tuple(found)
