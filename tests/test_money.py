"""Money: nothing is lost, nothing is guessed, nothing is a float."""

from __future__ import annotations

import doctest
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from aiops_cost import money

AMOUNTS = st.decimals(min_value=-(10**20), max_value=10**20, places=18, allow_nan=False, allow_infinity=False)
WEIGHTS = st.decimals(min_value=0, max_value=10**9, places=9, allow_nan=False, allow_infinity=False)


def total(parts: list[Decimal]) -> Decimal:
    with localcontext(prec=100):
        return sum(parts, Decimal(0))


def test_the_examples_in_the_docstrings() -> None:
    assert doctest.testmod(money).failed == 0


@given(AMOUNTS, st.lists(WEIGHTS, min_size=1, max_size=30).filter(any))
def test_splitting_neither_makes_nor_loses_money(amount: Decimal, weights: list[Decimal]) -> None:
    parts = money.split(amount, weights)
    assert len(parts) == len(weights)
    assert total(parts) == amount


@given(AMOUNTS, st.lists(WEIGHTS, min_size=1, max_size=10).filter(any))
def test_every_part_is_its_share_to_the_last_digit(amount: Decimal, weights: list[Decimal]) -> None:
    whole = sum(map(Fraction, weights))
    for part, weight in zip(money.split(amount, weights), weights, strict=True):
        fair = Fraction(amount) * Fraction(weight) / whole
        assert abs(Fraction(part) - fair) < Fraction(1, 10**18)
        assert weight or not part


@given(AMOUNTS, st.lists(WEIGHTS, min_size=1, max_size=10).filter(any))
def test_a_credit_is_split_like_a_charge(amount: Decimal, weights: list[Decimal]) -> None:
    credited = money.split(amount.copy_negate(), weights)
    assert credited == [part.copy_negate() for part in money.split(amount, weights)]


def test_the_odd_cent_goes_to_the_earlier_of_equals() -> None:
    parts = money.split(Decimal("0.000000000000000002"), [Decimal(1)] * 3)
    assert parts == [Decimal("1E-18"), Decimal("1E-18"), Decimal(0)]


@pytest.mark.parametrize("weights", [[], [Decimal(0)], [Decimal(2), Decimal(-1)]])
def test_without_a_positive_weight_nobody_gets_the_money_silently(weights: list[Decimal]) -> None:
    with pytest.raises(ValueError, match="weights"):
        money.split(Decimal(1), weights)


def test_an_amount_finer_than_the_ledger_is_refused_not_rounded() -> None:
    with pytest.raises(ValueError, match="18 decimals"):
        money.split(Decimal("1E-19"), [Decimal(1)])


@given(AMOUNTS)
def test_exact_text_reads_back_as_the_same_amount(amount: Decimal) -> None:
    text = money.exact(amount)
    assert money.parse(text) == amount
    whole, point, decimals = text.removeprefix("-").partition(".")
    assert whole.isdigit()
    assert point == "."
    assert len(decimals) == 2 or not decimals.endswith("0")
    assert text != "-0.00"


@given(AMOUNTS, st.integers(0, 18))
def test_shown_text_is_the_nearest_amount_and_never_minus_zero(amount: Decimal, places: int) -> None:
    text = money.show(amount, places=places)
    read = Decimal(text.replace(",", ""))
    assert abs(Fraction(read) - Fraction(amount)) <= Fraction(1, 2 * 10**places)
    assert not (text.startswith("-") and read == 0)
    assert "E" not in text


@pytest.mark.parametrize(
    ("amount", "shown", "exact"),
    [
        ("0.005", "0.00", "0.005"),
        ("0.015", "0.02", "0.015"),
        ("-0.001", "0.00", "-0.001"),
        ("-0.00", "0.00", "0.00"),
        ("1E+3", "1,000.00", "1000.00"),
        ("1E-7", "0.00", "0.0000001"),
        ("100", "100.00", "100.00"),
        ("-1234567.891", "-1,234,567.89", "-1234567.891"),
    ],
)
def test_shown_and_exact(amount: str, shown: str, exact: str) -> None:
    assert money.show(Decimal(amount)) == shown
    assert money.exact(Decimal(amount)) == exact


def test_an_amount_below_a_cent_is_not_shown_with_an_exponent() -> None:
    assert money.show(Decimal("0.0000008"), "USD", places=7) == "0.0000008 USD"


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "sNaN"])
def test_what_is_not_a_number_is_not_an_amount(text: str) -> None:
    for dressed in (money.show, money.exact):
        with pytest.raises(ValueError, match="not an amount"):
            dressed(Decimal(text))


@pytest.mark.parametrize(
    ("text", "number"),
    [("12", "12"), ("12.", "12"), (".5", "0.5"), ("-1.5E-7", "-0.00000015"), ("+3", "3")],
)
def test_plain_numbers_are_read(text: str, number: str) -> None:
    assert money.parse(text) == Decimal(number)


@pytest.mark.parametrize(
    "text",
    ["1,234.50", "1.234,50", "1'234", "12 000", "12_000", "$5", "5 USD", "", " 5", "5\n", "NaN",
     "Infinity", "0x10", "٣", "1e9999", "--1", "."],
)  # fmt: skip
def test_a_number_that_could_mean_two_things_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a plain number"):
        money.parse(text)


def test_an_amount_no_ledger_can_hold_is_refused_before_it_is_shown() -> None:
    with pytest.raises(ValueError, match="too large"):
        money.parse("1e300")
    assert money.show(money.parse("9" * 29)).startswith("99,999,")
    assert money.parse("0e300") == 0


@given(st.text(max_size=20))
def test_parse_reads_a_finite_number_or_refuses(text: str) -> None:
    try:
        number = money.parse(text)
    except ValueError:
        return
    assert number.is_finite()
    assert money.parse(money.exact(number)) == number


def test_a_percentage_needs_its_sign() -> None:
    assert money.parse_share("5%") == Decimal("0.05")
    assert money.parse_share(" 12.5 % ") == Decimal("0.125")
    for text in ("5", "0.05", "-5%", "5%%", "%", "five%"):
        with pytest.raises(ValueError, match="not a percentage"):
            money.parse_share(text)


@given(AMOUNTS, AMOUNTS, AMOUNTS.filter(bool))
def test_a_product_is_rounded_once(amount: Decimal, above: Decimal, below: Decimal) -> None:
    true = Fraction(amount) * Fraction(above) / Fraction(below)
    assume(abs(true) < 10**50)
    result = Fraction(money.multiply(amount, above, below))
    assert abs(result - true) <= Fraction(1, 2 * 10**18)


@pytest.mark.parametrize("text", ["usd", "US", "USDT", "USD\n", "ÜSD", ""])
def test_what_only_looks_like_a_currency(text: str) -> None:
    assert money.is_currency("USD")
    assert not money.is_currency(text)
