"""Sharing neither makes nor loses money, per currency and day, to the last digit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_cost.errors import UserError
from aiops_cost.rules.sharing import CostRow, Policy, SharedRow, policy, share

DAY = date(2026, 5, 1)

amounts = st.decimals(min_value=-(10**9), max_value=10**9, places=18, allow_nan=False, allow_infinity=False)
rows = st.builds(
    CostRow,
    day=st.sampled_from([DAY, date(2026, 5, 2)]),
    currency=st.sampled_from(["USD", "EUR"]),
    activity=st.sampled_from(["serving", "training", "storage", "shared", "other", "unattributed"]),
    workload=st.sampled_from([None, "chat", "ranker", "search"]),
    amount=amounts,
)
policies = st.sampled_from([Policy(), Policy(keep_own=False), policy({"chat": "60%", "search": "40%"})])


def totals(found: Sequence[CostRow] | Sequence[SharedRow]) -> dict[tuple[str, date, str], Decimal]:
    with localcontext() as context:
        context.prec = 76
        sums: dict[tuple[str, date, str], Decimal] = defaultdict(Decimal)
        for row in found:
            sums[row.currency, row.day, row.activity] += row.amount
        return {key: value for key, value in sums.items() if value}


@given(st.lists(rows, max_size=12), policies)
def test_sharing_neither_makes_nor_loses_money(costs: list[CostRow], chosen: Policy) -> None:
    assert totals(share(costs, chosen)) == totals(costs)


@given(st.lists(rows, max_size=8))
def test_sharing_gives_the_same_answer_twice(costs: list[CostRow]) -> None:
    assert share(costs, Policy()) == share(costs, Policy())


def cost(activity: str, workload: str | None, amount: str, currency: str = "USD", day: date = DAY) -> CostRow:
    return CostRow(day, currency, activity, workload, Decimal(amount))


def test_shared_cost_follows_the_direct_cost_of_the_same_day_and_currency() -> None:
    found = share(
        [
            cost("serving", "chat", "30"),
            cost("training", "ranker", "10"),
            cost("serving", "search", "99", "EUR"),
            cost("other", "web", "99"),
            cost("shared", None, "8"),
        ],
        Policy(),
    )
    assert [(row.workload, row.amount) for row in found if row.shared_from] == [
        ("chat", Decimal("6")),
        ("ranker", Decimal("2")),
    ]


def test_shared_cost_that_nobody_can_bear_stays_where_it_is() -> None:
    alone = cost("shared", None, "8")
    assert share([alone, cost("serving", "chat", "0"), cost("storage", "x", "-3")], Policy())[0].shared_from is None


def test_fixed_shares_must_be_whole() -> None:
    with pytest.raises(UserError, match="99%"):
        policy({"a": "60%", "b": "39%"})
    with pytest.raises(UserError, match="not a percentage"):
        policy({"a": "60"})
    with pytest.raises(UserError):
        share([], Policy(shares={"a": Decimal("0.5")}))
    thirds = share([cost("shared", None, "1")], policy({"a": "33%", "b": "67%"}))
    assert [row.amount for row in thirds] == [Decimal("0.33"), Decimal("0.67")]


def test_shared_cost_that_names_its_workload_stays_with_it() -> None:
    own = cost("shared", "chat", "5")
    direct = cost("serving", "search", "1")
    assert [row.workload for row in share([own, direct], Policy())] == ["chat", "search"]
    assert [row.workload for row in share([own, direct], Policy(keep_own=False))] == ["search", "search"]
