"""`report --share`: shared cost is divided, and nothing is made or lost by it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_cost.answers.sharing import answer
from aiops_cost.answers.window import Window
from aiops_cost.model import Report
from aiops_cost.rules.sharing import Policy

MAY = Window(date(2026, 5, 1), date(2026, 5, 31))
Row = tuple[date, str, str | None, Decimal]


def _report(rows: list[Row], policy: Policy) -> Report:
    with duckdb.connect() as con:
        con.execute(
            "CREATE TABLE spend (ChargePeriodStart DATE, x_Activity VARCHAR, x_Workload VARCHAR, Cost DECIMAL(38, 18))"
        )
        if rows:
            con.executemany("INSERT INTO spend VALUES (?, ?, ?, ?)", rows)
        return answer(con, policy, MAY, (), "EffectiveCost", "USD")


def _by_workload(report: Report) -> dict[str | None, tuple[Decimal, Decimal, Decimal]]:
    return {row[0]: row[1:4] for row in report.tables[0].rows}


def test_shared_cost_follows_direct_cost_of_its_own_day() -> None:
    rows: list[Row] = [
        (date(2026, 5, 1), "serving", "chat", Decimal(30)),
        (date(2026, 5, 1), "training", "ranker", Decimal(10)),
        (date(2026, 5, 1), "shared", None, Decimal(8)),
        (date(2026, 5, 2), "serving", "late", Decimal(5)),  # bears nothing of the day before
        (date(2026, 5, 2), "other", None, Decimal(1000)),  # is no AI cost
    ]
    found = _by_workload(_report(rows, Policy(keep_own=False)))
    assert found["chat"] == (Decimal(30), Decimal(6), Decimal(36))
    assert found["ranker"] == (Decimal(10), Decimal(2), Decimal(12))
    assert found["late"] == (Decimal(5), Decimal(0), Decimal(5))


def test_shared_cost_with_zero_weights_is_not_deleted() -> None:
    found = _by_workload(_report([(date(2026, 5, 3), "shared", None, Decimal(27))], Policy(keep_own=False)))
    assert found == {"shared, not divided": (Decimal(0), Decimal(27), Decimal(27))}


def test_fixed_shares_are_kept_to_the_last_digit() -> None:
    policy = Policy({"chat": Decimal("0.6"), "search": Decimal("0.4")}, keep_own=False)
    found = _by_workload(_report([(date(2026, 5, 3), "shared", None, Decimal("0.01"))], policy))
    assert found["chat"][1] == Decimal("0.006")
    assert found["search"][1] == Decimal("0.004")


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([date(2026, 5, 1), date(2026, 5, 2)]),
            st.sampled_from(["serving", "training", "storage", "shared"]),
            st.sampled_from(["a", "b", "c", None]),
            st.decimals("-1000", "1000", places=18, allow_nan=False),
        ),
        max_size=12,
    ),
    st.booleans(),
)
def test_sharing_neither_makes_nor_loses_money(rows: list[Row], keep_own: bool) -> None:
    report = _report(rows, Policy(keep_own=keep_own))
    whole = sum((row[3] for row in rows), Decimal(0))
    assert sum((row[3] for row in report.tables[0].rows), Decimal(0)) == whole
    assert report.tables[0].total is not None
    assert report.tables[0].total[3] == whole


@pytest.mark.parametrize("text", ["60", "0.6", "sixty%"])
def test_a_share_that_is_not_a_percentage_is_refused(text: str) -> None:
    from aiops_cost.errors import UserError
    from aiops_cost.rules.sharing import policy

    with pytest.raises(UserError, match="not a percentage"):
        policy({"chat": text}, "aiops-cost.yaml:9:5")
