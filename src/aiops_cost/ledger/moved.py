"""What a load moves: the months that it replaces, before and after, by service."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import duckdb

from aiops_cost.ledger.frame import Ledger
from aiops_cost.model import Moved

_SERVICE = "coalesce(ServiceName, x_ServiceCode, '(no service)')"


def by_service(
    con: duckdb.DuckDBPyConnection, ledger: Ledger, source: str, periods: Sequence[str], rows: str
) -> tuple[Moved, ...]:
    """The services whose cost in `periods` differs between the ledger's snapshot and the table `rows`, per month and
    currency, the largest difference first. Amounts are exact; an unknown cost counts as nothing on both sides."""
    if not periods:
        return ()
    listed = ", ".join(f"'{period}'" for period in periods)
    what = f"x_BillingPeriod AS period, BillingCurrency AS currency, {_SERVICE} AS service, BilledCost, EffectiveCost"
    literal = source.replace("'", "''")
    found = con.execute(
        "WITH change AS ("
        f" SELECT {what}, 1 AS sign FROM {rows} WHERE x_BillingPeriod IN ({listed}) UNION ALL"
        f" SELECT {what}, -1 FROM ({ledger.select()}) WHERE x_Source = '{literal}' AND x_BillingPeriod IN ({listed}))"
        ", sums AS (SELECT period, currency, service,"
        " coalesce(sum(BilledCost) FILTER (sign < 0), 0) AS billed_before,"
        " coalesce(sum(BilledCost) FILTER (sign > 0), 0) AS billed,"
        " coalesce(sum(EffectiveCost) FILTER (sign < 0), 0) AS effective_before,"
        " coalesce(sum(EffectiveCost) FILTER (sign > 0), 0) AS effective"
        " FROM change GROUP BY ALL)"
        " SELECT * FROM sums WHERE billed <> billed_before OR effective <> effective_before"
        " ORDER BY period, currency, greatest(abs(billed - billed_before), abs(effective - effective_before)) DESC,"
        " service"
    ).fetchall()
    return tuple(Moved(*row[:3], *map(Decimal, row[3:])) for row in found)
