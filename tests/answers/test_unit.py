"""Spend per unit: each volume counts once, what has no volume is left out on both sides, and said."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import duckdb
import pytest

from aiops_cost import spend
from aiops_cost.answers.unit import answer
from aiops_cost.answers.window import Window
from aiops_cost.errors import UserError
from aiops_cost.ledger import schema
from aiops_cost.metrics.points import Point

DAY = date(2026, 5, 1)
DAYS = Window(DAY, DAY + timedelta(days=1))


@pytest.fixture
def asked():
    """The rows and notes of `report --unit` over spend (workload, model, component, day, cost) and points."""

    def ask(costs, points, metric="requests", by=("workload",), where=()):
        con = duckdb.connect()
        columns = [f'"{column.name}" {column.sql_type}' for column in schema.COLUMNS]
        columns += [f'"{name}" VARCHAR' for name in schema.ATTRIBUTION]
        con.execute(f"CREATE TABLE spend ({', '.join(columns)}, Cost DECIMAL(38,18))")
        for workload, model, component, day, cost in costs:
            con.execute(
                "INSERT INTO spend (x_Activity, x_Workload, x_Model, x_Component, ChargePeriodStart, Cost)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                ["serving", workload, model, component, DAY + timedelta(days=day), Decimal(cost)],
            )
        made = [Point(DAY + timedelta(days=day), metric, Decimal(value), "m", **of) for day, value, of in points]
        spend.measured(con, made)
        found = answer(con, metric, by, DAYS, where, ("EffectiveCost", "USD"))
        return [tuple(row) for row in found.tables[0].rows], found.notes

    return ask


CHAT = {"workload": "chat"}


def test_cost_of_the_measured_days_over_their_volume(asked):
    rows, notes = asked([("chat", None, None, 0, 10), ("chat", None, None, 1, 30)], [(0, 1000, CHAT), (1, 3000, CHAT)])
    assert rows == [("chat", 40, 4000, 10)]
    assert notes == ()


def test_days_and_workloads_without_a_volume_are_left_out_and_said(asked):
    costs = [
        ("chat", None, None, 0, 10),
        ("chat", None, None, 1, 30),
        ("host", None, None, 0, 5),
        (None, None, None, 0, 7),
    ]
    rows, notes = asked(costs, [(0, 1000, CHAT)], by=("activity",))
    assert rows == [("serving", 10, 1000, 10)]
    assert notes == ("42.00 USD of spend on workloads or days without `requests` is left out.",)


def test_rows_that_metrics_do_not_know_share_the_volume_and_sum_to_the_unit_cost(asked):
    costs = [("chat", "big", "tokens", 0, 8), ("chat", "big", "cache", 0, 2)]
    rows, _ = asked(costs, [(0, 1000, CHAT)], by=("component",))
    assert rows == [("tokens", 8, 1000, 8), ("cache", 2, 1000, 2)]


def test_a_volume_by_model_is_used_where_it_is_given(asked):
    costs = [("chat", "big", None, 0, 8), ("chat", "small", None, 0, 2)]
    points = [(0, 100, {**CHAT, "model": "big"}), (0, 400, {**CHAT, "model": "small"})]
    rows, _ = asked(costs, points, by=("model",))
    assert rows == [("big", 8, 100, 80), ("small", 2, 400, 5)]


def test_a_volume_of_the_whole_company_divides_the_whole_cost(asked):
    rows, notes = asked(
        [("chat", None, None, 0, 8), ("host", None, None, 0, 2)], [(0, 5, {})], "orders", by=("activity",)
    )
    assert rows == [("serving", 10, 5, 2)]
    assert notes == ()


def test_two_workloads_add_up_once_each(asked):
    costs = [("a", "m", None, 0, 6), ("a", "n", None, 0, 2), ("b", "m", None, 0, 2)]
    rows, _ = asked(costs, [(0, 1000, {"workload": "a"}), (0, 1000, {"workload": "b"})], by=("activity",))
    assert rows == [("serving", 10, 2000, 5)]


def test_a_metric_that_nobody_measured_is_refused():
    con = duckdb.connect()
    spend.measured(con, [Point(DAY, "requests", Decimal(1), "m", workload="chat")])
    with pytest.raises(UserError, match=r"no metric `request`\n.*There are: requests"):
        answer(con, "request", ("workload",), DAYS, (), ("EffectiveCost", "USD"))


def test_without_any_metric_it_says_where_they_come_from():
    con = duckdb.connect()
    spend.measured(con, [])
    with pytest.raises(UserError, match="nothing was measured"):
        answer(con, "requests", ("workload",), DAYS, (), ("EffectiveCost", "USD"))


def test_a_metric_of_a_workload_without_cost_is_said(asked):
    rows, notes = asked([("chat", None, None, 0, 10)], [(0, 1000, CHAT), (0, 50, {"workload": "ghost"})])
    assert rows == [("chat", 10, 1000, 10)]
    assert notes == ("`requests` is measured for ghost, and these bills have no cost of that name.",)
