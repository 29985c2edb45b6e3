"""The view `allocated`: `spend` after sharing. Rows of a pool are gone, and their parts stand in their place.

A part has the day, the workload, its owner, the activity `shared`, the stage as its component, and what is left of the
other columns is null, as a part has no resource. `x_SharedBy` names the stage of a part, and is null for direct cost;
`x_SharedAs` is `part`, `idle` or `undivided`. The total is that of `spend`, exactly, on every day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import duckdb

from aiops_cost.budget import scope
from aiops_cost.errors import CouldNotJudge
from aiops_cost.model import Problem
from aiops_cost.rules.sharing import DIRECT, SHARED, Part, Stage, divide


def allocate(con: duckdb.DuckDBPyConnection, stages: Sequence[Stage], keep_own: bool) -> tuple[str, ...]:
    """Create `allocated` (and `pooled`, the lines of each pool). Returns notes on what could not be divided as asked.

    `keep_own` leaves cost that names a workload with it. Raises CouldNotJudge when a total differs before and after,
    which would be a defect.
    """
    _pool(con, stages)
    own = " AND spend.x_Workload IS NULL" if keep_own else ""
    pools: dict[date, dict[str, Decimal]] = defaultdict(dict)
    for day, stage, cost in con.execute(
        "SELECT ChargePeriodStart, stage, sum(Cost) FROM spend JOIN pooled USING (x_LineId)"
        f" WHERE true{own} GROUP BY 1, 2 HAVING sum(Cost) IS NOT NULL"
    ).fetchall():
        pools[day][stages[stage].name] = cost
    direct = _direct(con)
    parts = [part for day in sorted(pools) for part in divide(day, pools[day], direct[day], stages)]
    _parts(con, parts)
    taken = f"x_LineId IN (SELECT x_LineId FROM pooled){own}"
    con.execute(
        "CREATE OR REPLACE TEMP VIEW allocated AS SELECT *, CAST(NULL AS VARCHAR) AS x_SharedBy,"
        f" CAST(NULL AS VARCHAR) AS x_SharedAs FROM spend WHERE NOT ({taken}) OR Cost IS NULL"
        " UNION ALL BY NAME SELECT * FROM shared_parts"
    )
    _prove(con)
    fitting = {row[0] for row in con.execute("SELECT DISTINCT stage FROM pooled").fetchall()}
    nothing = [stage.name for number, stage in enumerate(stages) if number not in fitting and stage.of != SHARED]
    return (*_unfitting(nothing, stages), *_notes(stages, parts, direct))


def takes(con: duckdb.DuckDBPyConnection, line_id: int, stages: Sequence[Stage]) -> bool:
    """Whether a stage takes the line: without one there is nothing to divide."""
    cases = [scope.where(stage.of) for stage in stages]
    condition = " OR ".join(sql for sql, _ in cases)
    found = con.execute(
        f"SELECT count(*) FROM spend WHERE x_LineId = ? AND ({condition})",
        [line_id, *(value for _, values in cases for value in values)],
    ).fetchone()
    return bool(found and found[0])


def _pool(con: duckdb.DuckDBPyConnection, stages: Sequence[Stage]) -> None:
    """The table `pooled`: the lines that stages take, each by the first stage that fits."""
    cases, parameters = [], []
    for number, stage in enumerate(stages):
        condition, values = scope.where(stage.of)
        cases.append(f"WHEN {condition} THEN {number}")
        parameters += values
    con.execute(
        "CREATE OR REPLACE TEMP TABLE pooled AS SELECT x_LineId, min(stage) AS stage FROM"
        f" (SELECT x_LineId, CASE {' '.join(cases)} END AS stage FROM spend) WHERE stage IS NOT NULL GROUP BY 1",
        parameters,
    )


def _direct(con: duckdb.DuckDBPyConnection) -> dict[date, dict[str, Decimal]]:
    """Direct AI cost per day and workload: what bears the shared cost where nothing else is said."""
    found: dict[date, dict[str, Decimal]] = defaultdict(dict)
    activities = ", ".join("?" for _ in DIRECT)
    for day, workload, cost in con.execute(
        "SELECT ChargePeriodStart, x_Workload, sum(Cost) FROM spend WHERE x_Workload IS NOT NULL AND x_Activity IN"
        f" ({activities}) AND x_LineId NOT IN (SELECT x_LineId FROM pooled) GROUP BY 1, 2 HAVING sum(Cost) IS NOT NULL",
        list(DIRECT),
    ).fetchall():
        found[day][workload] = cost
    return found


def _parts(con: duckdb.DuckDBPyConnection, parts: Sequence[Part]) -> None:
    """The table `shared_parts`, with the columns of the view that a part has."""
    columns = [[str(part.day) for part in parts], [part.stage for part in parts], [part.workload for part in parts],
               [part.kind for part in parts], [str(part.amount) for part in parts]]  # fmt: skip
    named = ("day", "stage", "workload", "kind", "cost")
    listed = ", ".join(f"unnest(CAST(? AS VARCHAR[])) AS {name}" for name in named)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE shared_parts AS WITH owners AS (SELECT x_Workload AS workload,"
        " arg_max(x_Owner, cost) AS owner FROM (SELECT x_Workload, x_Owner, sum(Cost) AS cost FROM spend"
        " WHERE x_Workload IS NOT NULL AND x_Owner IS NOT NULL GROUP BY 1, 2) GROUP BY 1)"
        " SELECT CAST(day AS DATE) AS ChargePeriodStart, substr(day, 1, 7) AS x_BillingPeriod,"
        " 'shared' AS x_Activity, if(kind = 'part', stage, stage || ' (' || kind || ')') AS x_Component,"
        " workload AS x_Workload, owner AS x_Owner, stage AS x_SharedBy, kind AS x_SharedAs,"
        f" CAST(cost AS DECIMAL(38, 18)) AS Cost FROM (SELECT {listed}) LEFT JOIN owners USING (workload)",
        columns,
    )


def _prove(con: duckdb.DuckDBPyConnection) -> None:
    """Every day costs after sharing what it cost before."""
    wrong = con.execute(
        "SELECT ChargePeriodStart, sum(before), sum(after) FROM (SELECT ChargePeriodStart, Cost AS before, 0 AS after"
        " FROM spend UNION ALL SELECT ChargePeriodStart, 0, Cost FROM allocated) GROUP BY 1"
        " HAVING coalesce(sum(before), 0) <> coalesce(sum(after), 0) ORDER BY 1 LIMIT 1"
    ).fetchone()
    if wrong:
        sentence = f"{wrong[1]} of cost on {wrong[0]} became {wrong[2]} when it was shared"
        raise CouldNotJudge(Problem("sharing-not-equal", "", sentence))


def _unfitting(nothing: Sequence[str], stages: Sequence[Stage]) -> list[str]:
    """Stages that take no line of their own and get no part of another's: perhaps their scope is misspelt."""
    given = {name for stage in stages for name in stage.targets}
    alone = [name for name in nothing if name not in given]
    return [f"{name}: no line of these bills fits its scope, so it divides nothing." for name in alone]


def _notes(stages: Sequence[Stage], parts: Sequence[Part], direct: dict[date, dict[str, Decimal]]) -> list[str]:
    """Metrics and costs that do not know each other, and days that could not be divided."""
    costly = {workload for found in direct.values() for workload in found}
    names = {stage.name for stage in stages}
    notes = []
    for stage in stages:
        left = {part.day for part in parts if part.stage == stage.name and part.kind == "undivided"}
        if left:
            notes.append(f"{stage.name}: {len(left)} days have nothing to divide by; their cost is kept apart.")
        if stage.weights is None and not stage.shares:
            continue
        strange, silent = sorted(stage.targets - costly - names), sorted(costly - stage.targets)
        if strange:
            own = (
                "bears cost, and has none of its own" if len(strange) == 1 else "bear cost, and have none of their own"
            )
            notes.append(f"{stage.name}: {_listed(strange)} {own} in these bills.")
        if stage.weights is not None and silent:
            of_one = "has cost, and is not in the metric, so it bears nothing."
            of_many = "have cost, and are not in the metric, so they bear nothing."
            notes.append(f"{stage.name}: {_listed(silent)} {of_one if len(silent) == 1 else of_many}")
    return notes


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
