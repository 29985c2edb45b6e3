"""`report --share` and the view `allocated`: shared cost is divided, and nothing is made or lost by it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiops_cost.answers.allocation import allocate
from aiops_cost.answers.sharing import answer
from aiops_cost.answers.window import Window
from aiops_cost.ledger import schema
from aiops_cost.model import Report
from aiops_cost.rules.sharing import Stage, shares
from aiops_cost.rules.weights import Weights

MAY = Window(date(2026, 5, 1), date(2026, 5, 31))
Row = tuple[int, int, str, str | None, str | None, Decimal | None]
"""Line, day of May, activity, component, workload, cost."""


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as made:
        columns = [f"{column.name} {column.sql_type}" for column in schema.COLUMNS]
        columns += [f"{name} VARCHAR" for name in schema.ATTRIBUTION]
        made.execute(f"CREATE TABLE spend ({', '.join(columns)}, Cost DECIMAL(38, 18))")
        yield made


def fill(con: duckdb.DuckDBPyConnection, rows: Sequence[Row]) -> None:
    con.execute("DELETE FROM spend")
    if rows:
        con.executemany(
            "INSERT INTO spend (x_LineId, ChargePeriodStart, x_Activity, x_Component, x_Workload, Cost)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            [(line, date(2026, 5, day), *rest) for line, day, *rest in rows],
        )


def report(con, rows: Sequence[Row], *stages: Stage, keep_own: bool = False, where: Sequence[str] = ()) -> Report:
    fill(con, rows)
    return answer(con, stages or (Stage("shared"),), keep_own, MAY, where, "EffectiveCost", "USD")


def by_workload(found: Report) -> dict[str | None, tuple[Decimal, ...]]:
    return {row[0]: row[1:-1] for row in found.tables[0].rows}


COMPANY: list[Row] = [
    (1, 1, "serving", "x", "chat", Decimal(30)),
    (2, 1, "training", "x", "ranker", Decimal(10)),
    (3, 1, "shared", "gateway", None, Decimal(8)),
    (4, 2, "serving", "x", "late", Decimal(5)),
    (5, 2, "other", "web", None, Decimal(1000)),
    (6, 2, "other", "support", None, Decimal(10)),
]


def test_shared_cost_follows_direct_cost_of_its_own_day(con) -> None:
    found = by_workload(report(con, COMPANY))
    assert found["chat"] == (Decimal(30), Decimal(6), Decimal(36))
    assert found["ranker"] == (Decimal(10), Decimal(2), Decimal(12))
    assert found["late"] == (Decimal(5), Decimal(0), Decimal(5))
    assert set(found) == {"chat", "ranker", "late"}


def test_stages_take_pools_of_any_cost_and_have_a_column_each(con) -> None:
    stages = (Stage("support", {"component": "support"}), Stage("gateway", {"component": "gateway"}))
    found = report(con, COMPANY, *stages)
    assert [column.name for column in found.tables[0].columns] == [
        "workload", "direct", "support", "gateway", "shared", "total", "share",
    ]  # fmt: skip
    assert by_workload(found)["late"] == (Decimal(5), Decimal(10), Decimal(0), Decimal(10), Decimal(15))


def test_idle_and_undivided_cost_have_rows_of_their_own(con) -> None:
    used = Weights({"2026-05-01": {"chat": Decimal(1)}}, {"2026-05-01": Decimal(4)})
    rows = [*COMPANY, (7, 2, "shared", "gateway", None, Decimal(3))]
    found = by_workload(report(con, rows, Stage("cluster", weights=used)))
    assert found["chat"][1] == 2
    assert found["cluster, idle"][1] == 6
    assert found["shared, not divided"][1] == 3


def test_a_metric_and_the_costs_that_do_not_know_each_other_are_said(con) -> None:
    used = Weights({"": {"chat": Decimal(1), "ghost": Decimal(1)}}, {})
    notes = report(con, COMPANY, Stage("gateway", weights=used)).notes
    assert notes == (
        "gateway: ghost bears cost, and has none of its own in these bills.",
        "gateway: late, ranker have cost, and are not in the metric, so they bear nothing.",
    )


def test_a_stage_whose_scope_fits_no_line_is_said(con) -> None:
    notes = report(con, COMPANY, Stage("gatevay", {"component": "gatevay"}), Stage("rest")).notes
    assert notes == ("gatevay: no line of these bills fits its scope, so it divides nothing.",)


def test_shared_cost_with_zero_weights_is_not_deleted(con) -> None:
    found = by_workload(report(con, [(1, 3, "shared", None, None, Decimal(27))]))
    assert found == {"shared, not divided": (Decimal(0), Decimal(27), Decimal(27))}


def test_fixed_shares_are_kept_to_the_last_digit(con) -> None:
    stage = Stage("shared", shares=shares({"chat": "60%", "search": "40%"}))
    found = by_workload(report(con, [(1, 3, "shared", None, None, Decimal("0.01"))], stage))
    assert found["chat"][1] == Decimal("0.006")
    assert found["search"][1] == Decimal("0.004")


def test_shared_cost_that_names_its_workload_stays_with_it_where_asked(con) -> None:
    rows: list[Row] = [
        (1, 1, "shared", "gateway", "chat", Decimal(5)),
        (2, 1, "serving", "x", "search", Decimal(1)),
    ]
    assert by_workload(report(con, rows, keep_own=True))["chat (shared, not divided)"][1] == 5
    assert by_workload(report(con, rows))["search"][1] == 5


def test_a_filter_looks_at_the_result(con) -> None:
    found = report(con, COMPANY, where=["workload=chat"])
    assert by_workload(found) == {"chat": (Decimal(30), Decimal(6), Decimal(36))}


costs = st.one_of(st.none(), st.decimals(min_value=-(10**6), max_value=10**9, places=18))
spend_rows = st.lists(
    st.tuples(
        st.integers(1, 6),
        st.integers(1, 3),
        st.sampled_from(["serving", "training", "storage", "shared", "other", "unattributed"]),
        st.sampled_from(["gateway", "support", None]),
        st.sampled_from(["chat", "search", None]),
        costs,
    ),
    max_size=14,
    unique_by=lambda row: row[:2],
)
stages = st.sampled_from(
    [
        (Stage("shared"),),
        (Stage("support", {"component": "support"}), Stage("shared")),
        (Stage("gateway", {"component": "gateway"}, shares({"chat": "33%", "rest": "67%"})), Stage("rest")),
    ]
)


@given(spend_rows, stages, st.booleans())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_day_costs_after_sharing_what_it_cost_before(con, rows, chosen, keep_own) -> None:
    fill(con, rows)
    allocate(con, chosen, keep_own)
    days = "SELECT ChargePeriodStart, sum(Cost) FROM {} GROUP BY 1 HAVING coalesce(sum(Cost), 0) <> 0 ORDER BY 1"
    assert con.execute(days.format("allocated")).fetchall() == con.execute(days.format("spend")).fetchall()
