"""A bridge is exact whatever the numbers, and puts the money on the cause."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_cost import money
from aiops_cost.drift import bridge
from aiops_cost.drift.bridge import Cell, Names, Part, Spent

D = Decimal
NAMES = {
    "tokens": Names(("volume", "tokens"), ("volume", "requests"), ("volume", "tokens per request")),
    "hours": Names(("volume", "hours"), ("frequency", "runs"), ("rate", "compute per run")),
}
amounts = st.decimals(min_value=-(10**9), max_value=10**9, places=18, allow_nan=False)
quantities = st.none() | st.decimals(min_value=-1000, max_value=10**9, places=9, allow_nan=False)
cell = st.builds(
    Cell, st.sampled_from(sorted(NAMES)), st.sampled_from("ab"), st.sampled_from("xy"), st.sampled_from("12")
)
sides = st.dictionaries(cell, st.builds(Spent, quantities, amounts), max_size=6)
numbers = st.decimals(min_value=0, max_value=10**6, places=3, allow_nan=False)
drivers = st.none() | st.tuples(numbers, numbers)


@given(sides, sides, drivers)
def test_parts_sum_to_the_drift_to_the_last_digit(before, after, driven):
    amount = money.EXACT.subtract(bridge.cost_of(after), bridge.cost_of(before))
    made = bridge.closed(amount, bridge.split(before, after, NAMES, driven))
    assert money.total(part.amount for part in made.parts) == amount
    assert money.total(made.by_kind.values()) == amount
    assert all(part.amount.as_tuple().exponent >= -18 for part in made.parts)


@given(sides, sides, drivers)
def test_turned_round_every_part_changes_its_sign(before, after, driven):
    back = None if driven is None else (driven[1], driven[0])
    there = {(p.kind, p.name): p.amount for p in bridge.split(before, after, NAMES, driven)}
    again = {(p.kind, p.name): p.amount for p in bridge.split(after, before, NAMES, back)}
    assert there.keys() == again.keys()
    assert all(abs(there[name] + again[name]) < D("1E-30") for name in there)


positive = st.decimals(min_value=1, max_value=10**6, places=3, allow_nan=False)
base = st.dictionaries(
    st.builds(Cell, st.just("tokens"), st.sampled_from("ab"), st.sampled_from("xy"), st.sampled_from("12")),
    st.builds(lambda q, p: Spent(q, q * p / 1000), positive, positive),
    min_size=1,
    max_size=8,
)
factor = st.decimals(min_value=D("1.05"), max_value=5, places=2, allow_nan=False)


def split(before, after, driven=None):
    amount = money.EXACT.subtract(bridge.cost_of(after), bridge.cost_of(before))
    made = bridge.closed(amount, bridge.split(before, after, NAMES, driven))
    return amount, made


@given(base, factor)
def test_more_of_everything_is_volume_and_nothing_else(before, more):
    after = {cell: Spent(one.quantity * more, one.cost * more) for cell, one in before.items()}
    amount, made = split(before, after)
    assert made.cause == "volume"
    assert abs(made.by_kind["volume"] - amount) <= D("1E-15")


@given(base, factor)
def test_dearer_at_the_same_quantity_is_rate_and_nothing_else(before, more):
    amount, made = split(before, {cell: Spent(one.quantity, one.cost * more) for cell, one in before.items()})
    assert made.cause == "rate"
    assert abs(made.by_kind["rate"] - amount) <= D("1E-15")


@given(base, factor)
def test_more_runs_of_the_same_size_are_frequency_and_nothing_else(before, more):
    hours = {Cell("hours", c.kind, c.tier, c.sku): one for c, one in before.items()}
    after = {cell: Spent(one.quantity * more, one.cost * more) for cell, one in hours.items()}
    amount, made = split(hours, after, (D(8), 8 * more))
    assert made.cause == "frequency"
    assert abs(made.by_kind["frequency"] - amount) <= D("1E-15")


@given(base, factor)
def test_longer_runs_are_rate_and_nothing_else(before, more):
    hours = {Cell("hours", c.kind, c.tier, c.sku): one for c, one in before.items()}
    after = {cell: Spent(one.quantity * more, one.cost * more) for cell, one in hours.items()}
    amount, made = split(hours, after, (D(8), D(8)))
    assert abs(made.by_kind["rate"] - amount) <= D("1E-15")
    assert [part.name for part in made.parts] == ["compute per run"]


@given(base, st.decimals(min_value=D("0.1"), max_value=D("0.9"), places=1))
def test_another_model_for_the_same_tokens_is_mix_and_nothing_else(before, share):
    """A model that was never there takes over a share of every kind of token, at three times the price."""
    after = {cell: Spent(one.quantity * (1 - share), one.cost * (1 - share)) for cell, one in before.items()}
    after |= {
        Cell(c.group, f"new {c.kind}", c.tier, c.sku): Spent(one.quantity * share, one.cost * share * 3)
        for c, one in before.items()
    }
    amount, made = split(before, after)
    assert made.cause == "mix"
    assert made.by_kind["mix"] >= D("0.95") * amount


def test_a_tier_that_was_never_there_is_rate():
    before = {Cell("tokens", "m", "on-demand", "in"): Spent(D(100), D(10))}
    after = {
        Cell("tokens", "m", "on-demand", "in"): Spent(D(20), D(2)),
        Cell("tokens", "m", "priority", "in-p"): Spent(D(80), D(16)),
    }
    _, made = split(before, after)
    assert [(part.kind, part.name, part.amount) for part in made.parts] == [("rate", "tier", D(8))]


@given(base, factor)
def test_more_requests_and_longer_ones_are_told_apart(before, more):
    after = {cell: Spent(one.quantity * more, one.cost * more) for cell, one in before.items()}
    _, made = split(before, after, (D(1000), D(1000) * more))
    assert [part.name for part in made.parts] == ["requests"]
    _, made = split(before, after, (D(1000), D(1000)))
    assert [part.name for part in made.parts] == ["tokens per request"]


def test_without_a_quantity_nothing_is_invented():
    before = {Cell("tokens", "m"): Spent(D(100), D(10))}
    after = {Cell("tokens", "m"): Spent(None, D(25))}
    _, made = split(before, after)
    assert made.by_kind == {"not split": D(15)}
    assert made.cause == "not split"


def test_a_refund_with_a_negative_quantity_is_not_split():
    before = {Cell("tokens", "m"): Spent(D(100), D(10))}
    _, made = split(before, {Cell("tokens", "m"): Spent(D(-5), D(-1))})
    assert made.by_kind == {"not split": D(-11)}


def test_nothing_changed_is_no_part():
    before = {Cell("tokens", "m"): Spent(D(100), D(10))}
    amount, made = split(before, before)
    assert (amount, made.parts, made.cause) == (0, (), None)


def test_a_forgotten_part_is_noticed():
    with pytest.raises(ValueError, match="parts miss 10"):
        bridge.closed(D(10), [Part("volume", "tokens", D(9))])


def test_the_cause_points_the_way_of_the_drift():
    made = bridge.closed(D(-10), [Part("volume", "tokens", D(5)), Part("rate", "unit price", D(-15))])
    assert made.cause == "rate"


@given(base, positive, positive)
def test_a_scaled_reference_costs_exactly_what_was_planned(before, quantity, cost):
    made = bridge.scaled(before, quantity, cost)
    assert abs(bridge.cost_of(made) - cost) < D("1E-50") * max(1, cost) * 10**6
