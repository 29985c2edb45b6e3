"""Many conditions in one statement give what each gives alone: no day lost, none counted twice, null no stranger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_cost.checks import by_day
from aiops_cost.checks.view import NEVER, Condition, both, either, in_days, negated, scoped

FIRST = date(2026, 5, 1)
CONDITIONS = (
    scoped({}),
    scoped({"workload": "chat"}),
    scoped({"workload": ("chat", "rank"), "activity": "serving"}),
    negated(scoped({"activity": "serving"})),
    both(scoped({"activity": "serving"}), in_days([(FIRST, FIRST + timedelta(days=2))])),
    either(scoped({"tags.team": "a"}), scoped({"workload": "rank"})),
    NEVER,
)
rows = st.lists(
    st.tuples(
        st.integers(0, 6),
        st.sampled_from(["serving", "training", None]),
        st.sampled_from(["chat", "rank", None]),
        st.sampled_from(['{"team": "a"}', "{}", None]),
        st.decimals(-1000, 1000, places=18),
    ),
    max_size=30,
)


def alone(con: duckdb.DuckDBPyConnection, condition: Condition) -> by_day.Days:
    return con.execute(
        f"SELECT ChargePeriodStart, sum(Cost), count(*) FROM spent WHERE {condition.sql} GROUP BY 1 ORDER BY 1",
        condition.parameters,
    ).fetchall()


@settings(max_examples=40, deadline=None)
@given(rows)
def test_each_condition_is_answered_as_if_it_were_asked_alone(
    made: Sequence[tuple[int, str | None, str | None, str | None, Decimal]],
):
    with duckdb.connect() as con:
        con.execute(
            "CREATE TABLE spent (ChargePeriodStart DATE, x_Activity VARCHAR, x_Workload VARCHAR, Tags VARCHAR,"
            " Cost DECIMAL(38, 18))"
        )
        for day, *texts, cost in made:
            con.execute("INSERT INTO spent VALUES (?, ?, ?, ?, ?)", [FIRST + timedelta(days=day), *texts, cost])
        found = by_day.summed(con, "spent", CONDITIONS, "sum(day.Cost)", "count(*)")
        assert found == [alone(con, condition) for condition in CONDITIONS]
        assert by_day.summed(con, "spent", [scoped({})], "sum(day.Cost)", "count(*)") == [alone(con, scoped({}))]
        assert by_day.summed(con, "spent", [], "sum(day.Cost)", "count(*)") == []
