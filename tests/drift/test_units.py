"""Units made one: the same tokens, however the bill counts them."""

from __future__ import annotations

from fractions import Fraction

import pytest

from aiops_cost.drift.units import unit


@pytest.mark.parametrize(
    ("text", "component", "family", "factor"),
    [
        ("1K tokens", "fm-tokens-input", "tokens", 1000),
        ("1M Tokens", "fm-tokens-input", "tokens", 1_000_000),
        ("Tokens", "fm-tokens-output", "tokens", 1),
        ("count", "fm-tokens-output", "tokens", 1),
        ("1K", "fm-tokens-input", "tokens", 1000),
        ("Units", "fm-tokens-input", "tokens", 1_000_000),
        ("Hrs", None, "hours", 1),
        ("1 Hour", None, "hours", 1),
        ("h", None, "hours", 1),
        ("seconds", None, "hours", Fraction(1, 3600)),
        ("GB-Mo", None, "GB-months", 1),
        ("1 GB/Month", None, "GB-months", 1),
        ("TiBy", None, "GB", 1024),
        ("10K", None, "units", 10_000),
        ("1,000 Requests", None, "requests", 1000),
        ("Million characters", None, "characters", 1_000_000),
    ],
)
def test_units_of_bills(text, component, family, factor):
    assert unit(text, component) == (family, Fraction(factor))


def test_one_million_tokens_cost_the_same_by_the_thousand_and_by_the_million():
    """A Bedrock SKU is priced by 1,000 tokens, a marketplace SKU by a million of them called `Units`."""
    thousand, million = unit("1K tokens", "fm-tokens-input"), unit("Units", "fm-tokens-input")
    assert 3 / thousand[1] * 1000 == 3000 / million[1] * 1000


def test_an_unknown_unit_is_a_family_of_its_own():
    assert unit("Widgets") == ("widgets", 1)
    assert unit("1K Widgets") == ("widgets", 1000)


def test_no_unit_is_none():
    assert unit(None) is None
    assert unit(" ") is None
