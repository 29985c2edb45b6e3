"""Spend by workload before and after shared cost is divided: what each has of its own, and its part of the rest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal, localcontext

import duckdb

from aiops_cost import money
from aiops_cost.answers import filters
from aiops_cost.answers.window import Window
from aiops_cost.errors import CouldNotJudge
from aiops_cost.model import AI_ACTIVITIES, Column, Problem, Report, Table
from aiops_cost.rules.sharing import CostRow, Policy, SharedRow, share

ZERO = Decimal(0)
_COLUMNS = (
    Column("workload"),
    Column("direct", "money", "direct cost"),
    Column("shared", "money", "part of shared cost"),
    Column("total", "money"),
    Column("share", "percent"),
)


def answer(
    con: duckdb.DuckDBPyConnection, policy: Policy, window: Window, where: Sequence[str], cost: str, currency: str
) -> Report:
    """AI spend per workload. Shared cost is divided day by day, so a workload that began on the 20th bears nothing of
    the days before; what cannot be divided stays in a row of its own. The total is that of the undivided rows,
    exactly. Raises CouldNotJudge when the two differ, which would be a defect."""
    condition, values = filters.where(where)
    activities = ", ".join("?" for _ in AI_ACTIVITIES)
    rows = con.execute(
        "SELECT ChargePeriodStart, x_Activity, x_Workload, sum(Cost) FROM spend WHERE ChargePeriodStart BETWEEN ? AND ?"
        f" AND x_Activity IN ({activities}) AND {condition}"
        " GROUP BY 1, 2, 3 HAVING sum(Cost) IS NOT NULL ORDER BY 1, 2, 3",
        [window.first, window.last, *AI_ACTIVITIES, *values],
    ).fetchall()
    costs = [CostRow(day, currency, activity, workload, amount) for day, activity, workload, amount in rows]
    divided = share(costs, policy)
    before, after = _total(costs), _total(divided)
    if before != after:
        raise CouldNotJudge(
            Problem("sharing-not-equal", "", f"{before} {currency} of cost became {after} when it was shared")
        )
    with localcontext(money.EXACT):
        table = _table(divided)
    how = "by fixed shares" if policy.shares else "in proportion to direct cost, day by day"
    return Report(
        name="sharing",
        title="Spend by workload, shared cost divided",
        facts={"cost": cost, "currency": currency, "period": str(window), "divided": how},
        tables=(table,),
    )


def _total(rows: Sequence[CostRow] | Sequence[SharedRow]) -> Decimal:
    return money.total(row.amount for row in rows)


def _table(rows: Sequence[SharedRow]) -> Table:
    direct: dict[str | None, Decimal] = defaultdict(Decimal)
    shared: dict[str | None, Decimal] = defaultdict(Decimal)
    for row in rows:
        if row.shared_from:
            shared[row.workload] += row.amount
        elif row.activity == "shared":
            shared[f"{row.workload} (shared, not divided)" if row.workload else "shared, not divided"] += row.amount
        else:
            direct[row.workload] += row.amount
    whole = money.total([*direct.values(), *shared.values()])
    names = sorted({*direct, *shared}, key=lambda name: (-(direct[name] + shared[name]), str(name)))
    found = [(name, direct[name], shared[name], direct[name] + shared[name]) for name in names]
    total = ("total", money.total(direct.values()), money.total(shared.values()), whole)
    return Table(
        name="workloads",
        title="",
        columns=_COLUMNS,
        rows=tuple((*row, row[3] / whole if whole else None) for row in found),
        total=(*total, Decimal(1) if whole else None),
    )
