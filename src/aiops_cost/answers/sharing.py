"""Spend by workload before and after shared cost is divided: what each has of its own, and its part of the rest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal, localcontext

import duckdb

from aiops_cost import money
from aiops_cost.answers import filters
from aiops_cost.answers.allocation import allocate
from aiops_cost.answers.window import Window
from aiops_cost.model import AI_ACTIVITIES, Column, Report, Table
from aiops_cost.rules.sharing import Stage

ZERO = Decimal(0)


def answer(
    con: duckdb.DuckDBPyConnection,
    stages: Sequence[Stage],
    keep_own: bool,
    window: Window,
    where: Sequence[str],
    cost: str,
    currency: str,
) -> Report:
    """AI spend per workload. Shared cost is divided day by day, so a workload that began on the 20th bears nothing of
    the days before; what cannot be divided, and what was idle, stays in rows of its own. Filters look at the result:
    `workload=chat` shows chat with its part."""
    notes = allocate(con, stages, keep_own)
    condition, values = filters.where(where)
    activities = ", ".join("?" for _ in AI_ACTIVITIES)
    rows = con.execute(
        "SELECT x_Workload, x_SharedBy, x_SharedAs, x_Activity = 'shared', sum(Cost) FROM allocated"
        f" WHERE ChargePeriodStart BETWEEN ? AND ? AND x_Activity IN ({activities}) AND {condition}"
        " GROUP BY 1, 2, 3, 4 HAVING sum(Cost) IS NOT NULL ORDER BY 1, 2, 3, 4",
        [window.first, window.last, *AI_ACTIVITIES, *values],
    ).fetchall()
    with localcontext(money.EXACT):
        table = _table(rows, [stage.name for stage in stages])
    how = stages[0].how if len(stages) == 1 else "; ".join(f"{stage.name} {stage.how}" for stage in stages)
    return Report(
        name="sharing",
        title="Spend by workload, shared cost divided",
        facts={"cost": cost, "currency": currency, "period": str(window), "divided": how},
        tables=(table,),
        notes=notes,
    )


def _table(rows: Sequence[tuple[str | None, str | None, str | None, bool, Decimal]], stages: Sequence[str]) -> Table:
    """One row per workload and per thing that has none; a column per stage, where there are several."""
    direct: dict[str | None, Decimal] = defaultdict(Decimal)
    parts: dict[str | None, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for workload, stage, kind, shared, amount in rows:
        if stage is not None:
            name = workload if kind == "part" else _apart(stage, kind or "", len(stages))
            parts[name][stage] += amount
        elif shared:
            parts[f"{workload} (shared, not divided)" if workload else "shared, not divided"][stages[0]] += amount
        else:
            direct[workload] += amount
    columns = stages if len(stages) > 1 else []
    sums = {name: money.total(parts[name].values()) for name in {*direct, *parts}}
    names = sorted(sums, key=lambda name: (-(direct[name] + sums[name]), str(name)))
    found = {
        name: [direct[name], *(parts[name][stage] for stage in columns), sums[name], direct[name] + sums[name]]
        for name in names
    }
    totals = [money.total(row[index] for row in found.values()) for index in range(len(columns) + 3)]
    whole = totals[-1]
    return Table(
        name="workloads",
        title="",
        columns=(
            Column("workload"),
            Column("direct", "money", "direct cost"),
            *(Column(stage, "money", f"of {stage}") for stage in columns),
            Column("shared", "money", "part of shared cost"),
            Column("total", "money"),
            Column("share", "percent"),
        ),
        rows=tuple((name, *row, row[-1] / whole if whole else None) for name, row in found.items()),
        total=("total", *totals, Decimal(1) if whole else None),
    )


def _apart(stage: str, kind: str, stages: int) -> str:
    """The name of cost that no workload bears."""
    said = "idle" if kind == "idle" else "not divided"
    return f"{stage}, {said}" if stages > 1 or kind == "idle" else "shared, not divided"
