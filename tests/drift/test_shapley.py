"""The division of a change among factors: exact, and the same for everyone."""

from __future__ import annotations

from decimal import Decimal, localcontext
from itertools import permutations
from math import factorial, prod

from hypothesis import given
from hypothesis import strategies as st

from aiops_cost import money
from aiops_cost.drift.shapley import divided

numbers = st.decimals(min_value=-1000, max_value=1000, places=3, allow_nan=False)
pairs = st.lists(st.tuples(numbers, numbers), min_size=1, max_size=5)


@given(pairs)
def test_the_parts_sum_to_the_change_of_the_product(found):
    before, after = [p[0] for p in found], [p[1] for p in found]
    with localcontext(money.EXACT):
        change = prod(after, start=Decimal(1)) - prod(before, start=Decimal(1))
        assert abs(sum(divided(before, after)) - change) < Decimal("1E-40")


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=4))
def test_it_is_the_mean_over_all_orders(found):
    before, after = [p[0] for p in found], [p[1] for p in found]
    with localcontext(money.EXACT):
        mean = [Decimal(0)] * len(found)
        for order in permutations(range(len(found))):
            now = list(before)
            for k in order:
                product = prod(now, start=Decimal(1))
                now[k] = after[k]
                mean[k] += (prod(now, start=Decimal(1)) - product) / factorial(len(found))
        told = divided(before, after)
        assert all(abs(a - b) < Decimal("1E-40") for a, b in zip(told, mean, strict=True))


def test_what_did_not_change_has_no_part():
    assert divided([Decimal(2), Decimal(3)], [Decimal(2), Decimal(5)])[0] == 0


def test_from_nothing_and_to_nothing():
    assert divided([Decimal(0), Decimal(3)], [Decimal(4), Decimal(3)]) == [12, 0]
    assert divided([Decimal(4), Decimal(3)], [Decimal(0), Decimal(3)]) == [-12, 0]
