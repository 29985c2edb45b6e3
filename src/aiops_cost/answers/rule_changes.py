"""What a change of the rules would move, in money, before it is merged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from aiops_cost.answers.window import Window
from aiops_cost.model import Column, Report, Table

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = (
    Column("month"),
    Column("from_activity", title="activity now"),
    Column("to_activity", title="activity then"),
    Column("from_workload", title="workload now"),
    Column("to_workload", title="workload then"),
    Column("rule", title="rule then"),
    Column("lines", "count"),
    Column("moved", "money", "cost that moves"),
)

_GAINS = (Column("month"), Column("activity"), Column("workload"), Column("change", "money"))
_MONTH = "strftime(s.ChargePeriodStart, '%Y-%m')"
_DAYS = "s.ChargePeriodStart BETWEEN ? AND ?"


def answer(con: duckdb.DuckDBPyConnection, then: pd.DataFrame, window: Window, cost: str, currency: str) -> Report:
    """Compare the attribution in the view `spend` with `then`, a frame as `rules.engine.attribute` returns it.

    Money moves when the activity, component or workload of its line differs. The total of `spend` is the same under
    both; what moves out of one row moves into another. The second table is the difference of two reports by month,
    activity and workload, one under each set of rules.
    """
    con.register("then_frame", then)
    rows = con.execute(
        "SELECT strftime(s.ChargePeriodStart, '%Y-%m'), s.x_Activity, CAST(t.x_Activity AS VARCHAR), s.x_Workload,"
        " CAST(t.x_Workload AS VARCHAR), CAST(t.x_RuleId AS VARCHAR), count(DISTINCT x_LineId), sum(s.Cost)"
        " FROM spend s JOIN then_frame t USING (x_LineId) WHERE s.ChargePeriodStart BETWEEN ? AND ?"
        " AND (s.x_Activity, s.x_Component, s.x_Workload)"
        " IS DISTINCT FROM"
        " (CAST(t.x_Activity AS VARCHAR), CAST(t.x_Component AS VARCHAR), CAST(t.x_Workload AS VARCHAR))"
        " GROUP BY ALL ORDER BY 1, 8 DESC NULLS LAST, 2, 3, 4, 5, 6",
        [window.first, window.last],
    ).fetchall()
    gains = con.execute(
        f"SELECT month, activity, workload, sum(Cost) FROM (SELECT {_MONTH} AS month, s.x_Activity AS activity,"
        f" s.x_Workload AS workload, -s.Cost AS Cost FROM spend s WHERE {_DAYS} UNION ALL SELECT {_MONTH},"
        " CAST(t.x_Activity AS VARCHAR), CAST(t.x_Workload AS VARCHAR), s.Cost FROM spend s"
        f" JOIN then_frame t USING (x_LineId) WHERE {_DAYS}) GROUP BY ALL HAVING sum(Cost) <> 0"
        " ORDER BY 1, 4 DESC, 2, 3",
        [window.first, window.last] * 2,
    ).fetchall()
    con.unregister("then_frame")
    return Report(
        name="rules-diff",
        title="What the new rules would move",
        facts={"cost": cost, "currency": currency, "period": str(window)},
        tables=(
            Table("moved", "", _COLUMNS, tuple(rows)),
            *([Table("gains", "What each gains or loses", _GAINS, tuple(gains))] if gains else []),
        ),
        notes=() if rows else ("Nothing moves: every line has the same activity, component and workload.",),
    )
