"""The ledger beside the provider's own totals: per month, and per service where they differ."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import duckdb

from aiops_cost import money, reconcile
from aiops_cost.ledger.frame import Ledger
from aiops_cost.model import Column, PeriodState, ProviderTotal, Table

_MONTHS = (
    Column("source"),
    Column("period"),
    Column("cost"),
    Column("currency"),
    Column("provider", "money", "provider says"),
    Column("ledger", "money", "ledger holds"),
    Column("difference", "money"),
    Column("explained", title="explained by"),
    Column("unexplained", "money"),
)
_SERVICES = (
    Column("source"),
    Column("period"),
    Column("cost"),
    Column("service"),
    Column("provider", "money", "provider says"),
    Column("ledger", "money", "ledger holds"),
    Column("difference", "money"),
)
CENT = Decimal("0.005")


def due(periods: Sequence[PeriodState], kept: Sequence[ProviderTotal]) -> list[str]:
    """The months to ask for: never asked, asked while estimated, or loaded again since."""
    known = {one.period: one for one in kept}
    return [
        state.period
        for state in periods
        if (one := known.get(state.period)) is None or one.estimated or state.loaded_at > one.asked_at
    ]


def compared(con: duckdb.DuckDBPyConnection, totals: Sequence[ProviderTotal], view: str) -> list[reconcile.Compared]:
    """The totals against the rows of a view with the ledger's columns."""
    sql, parameters = reconcile.sums_of(view, totals)
    return reconcile.compare(totals, [reconcile.Sum(*row) for row in con.execute(sql, parameters).fetchall()])


def tables(ledger: Ledger, totals: Sequence[ProviderTotal]) -> tuple[Table, ...]:
    """Both tables; none where no provider was ever asked."""
    if not totals:
        return ()
    with ledger.connect() as con:
        found = compared(con, totals, "ledger")
    months = tuple(_month(one) for one in found)
    services = tuple(
        (one.source, one.period, one.cost, diff.service, diff.theirs, diff.ours, diff.amount)
        for one in found
        if abs(one.rest) >= CENT and not one.estimated
        for diff in sorted(one.services, key=lambda diff: -abs(diff.amount))
        if abs(diff.amount) >= CENT
    )
    days = sorted({f"{one.asked_at:%Y-%m-%d}" for one in found})
    note = f"Asked on {days[0]}" + (f" to {days[-1]}" if len(days) > 1 else "") + "."
    shown = [Table("reconciled", "Beside the provider's own totals", _MONTHS, months, note=note)]
    if services:
        shown.append(Table("services", "Where they differ", _SERVICES, services))
    return tuple(shown)


def _month(one: reconcile.Compared) -> tuple[object, ...]:
    words = [f"{kind} {money.show(amount, one.currency)}" for kind, amount in one.explained.items()]
    words += ["estimated"] if one.estimated else []
    difference = money.EXACT.subtract(one.theirs, one.ours)
    return (
        one.source, one.period, one.cost, one.currency, one.theirs, one.ours, difference,
        ", ".join(words) or None, one.rest,
    )  # fmt: skip
