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
        costs = by_day.costs(con, "(SELECT *, 1 AS n FROM spent)", CONDITIONS)
        assert costs == [alone(con, condition) for condition in CONDITIONS]
        assert all(isinstance(cost, Decimal) for days in costs for _, cost, _ in days)
        for columns in (["x_Workload", "x_Activity"], ["coalesce(x_Workload, x_Activity)"]):
            met = by_day.met(con, "spent", CONDITIONS, columns, ["sum(Cost)", "count(*)"])
            assert met == [grouped(con, condition, ", ".join(columns)) for condition in CONDITIONS]


def grouped(con: duckdb.DuckDBPyConnection, condition: Condition, keys: str) -> list[tuple[object, ...]]:
    return con.execute(
        f"SELECT {keys}, sum(Cost), count(*) FROM spent WHERE {condition.sql} GROUP BY {keys} ORDER BY {keys}",
        condition.parameters,
    ).fetchall()


def test_the_days_of_a_stretch_are_found():
    days = [(FIRST + timedelta(days=at), at) for at in (0, 1, 4, 5, 9)]
    for first in range(-1, 12):
        for last in range(first, 12):
            stretch = FIRST + timedelta(days=first), FIRST + timedelta(days=last)
            assert by_day.within(days, stretch) == [one for one in days if stretch[0] <= one[0] <= stretch[1]]
