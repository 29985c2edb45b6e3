"""The one door for money: exact decimals in, dressed text out.

Sums over lines are made in SQL over DECIMAL; here is what is left: reading what a person wrote,
showing an amount, and dividing one so that nothing is lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from fractions import Fraction

CENT = Decimal("0.01")
LEDGER_SCALE = Decimal(1).scaleb(-18)
"""Amounts in the ledger have 18 decimals (DECIMAL(38,18))."""

WHOLE_DIGITS = 29
"""What the widest column of the ledger has room for, DECIMAL(38,9); amounts have 20."""

EXACT = Context(prec=76, rounding=ROUND_HALF_EVEN)
"""Room for 38 digits times 38 digits: Python's default of 28 would round large amounts in silence."""
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d{1,3})?\Z", re.ASCII)
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%\Z", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}\Z", re.ASCII)


def parse(text: str) -> Decimal:
    """Read a plain decimal number, exactly.

    Raises ValueError for anything else: thousands separators and currency signs mean different
    things in different countries, so they are refused rather than guessed. So is what no ledger
    column can hold.

    >>> parse("1.5E-7")
    Decimal('1.5E-7')
    """
    if not _NUMBER.match(text):
        raise ValueError(f"{text!r} is not a plain number (digits and one point, like 12000.50)")
    number = Decimal(text)
    if number and number.adjusted() >= WHOLE_DIGITS:
        raise ValueError(f"{text!r} is too large (at most {WHOLE_DIGITS} digits before the point)")
    return number


def parse_share(text: str) -> Decimal:
    """Read a percentage such as `5%` as a share, 0.05. Raises ValueError without the sign."""
    match = _PERCENT.match(text.strip())
    if not match:
        raise ValueError(f"{text!r} is not a percentage (write 5% for five per cent)")
    return Decimal(match[1]) / 100


def is_currency(text: str) -> bool:
    """True for the form of an ISO 4217 code, as FOCUS asks of BillingCurrency."""
    return bool(_CURRENCY.match(text))


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum; zero for none."""
    with localcontext(EXACT):
        return sum(amounts, Decimal(0))


def multiply(amount: Decimal, numerator: Decimal | int, denominator: Decimal | int = 1) -> Decimal:
    """`amount * numerator / denominator`, rounded half-even once, to the ledger's 18 decimals."""
    above, below = 10**18, 1
    for factor in (amount, numerator):
        over, under = factor.as_integer_ratio()
        above, below = above * over, below * under
    over, under = denominator.as_integer_ratio()
    units, rest = divmod(above * under, below * over)
    twice, whole = 2 * abs(rest), abs(below * over)
    units += twice > whole or (twice == whole and units % 2)
    with localcontext(EXACT):
        return Decimal(units).scaleb(-18)


def show(amount: Decimal, currency: str | None = None, *, places: int = 2) -> str:
    """An amount for a person: grouped thousands, half-even to `places`, no negative zero.

    >>> show(Decimal("-1234.505"), "USD")
    '-1,234.50 USD'
    """
    _finite(amount)
    with localcontext(EXACT):
        rounded = amount.quantize(Decimal(1).scaleb(-places))
    if rounded == 0:
        rounded = abs(rounded)
    text = f"{rounded:,f}"
    return f"{text} {currency}" if currency else text


def price(amount: Decimal) -> str:
    """A unit price for a person: two decimals, below 1 four digits that count.

    >>> price(Decimal("0.069"))
    '0.06900'
    """
    places = 2 if amount == 0 or abs(amount) >= 1 else 3 - amount.adjusted()
    return show(amount, places=min(places, 18))


def chance(probability: Decimal) -> str:
    """A probability for a person: no forecast is certain, and its tails are not known better, so none is 0% or 100%.

    >>> chance(Decimal("0.384")), chance(Decimal("0.9999")), chance(Decimal(0))
    ('38%', 'over 99%', 'under 1%')
    """
    if Decimal("0.01") <= probability <= Decimal("0.99"):
        return f"{show(probability.scaleb(2), places=0)}%"
    return "over 99%" if probability > Decimal("0.5") else "under 1%"


def exact(amount: Decimal) -> str:
    """An amount for a program: every digit, no exponent, no trailing zeros, at least two places.

    >>> exact(Decimal("18.006638618400000000"))
    '18.0066386184'
    """
    _finite(amount)
    whole, _, fraction = f"{amount or abs(amount):f}".partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(2, '0')}"


def _finite(amount: Decimal) -> None:
    if not amount.is_finite():
        raise ValueError(f"{amount} is not an amount")


def split(amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Divide an amount in proportion to weights so that the parts sum to it, to the last digit.

    Each part is rounded down to 18 decimals; the units left over go to the largest remainders, ties
    to the earlier part (Hamilton's method). Raises ValueError when no weight is positive or one is
    negative.

    >>> split(Decimal("1"), [Decimal(1)] * 3)[0]
    Decimal('0.333333333333333334')
    """
    total = sum(map(Fraction, weights), Fraction(0))
    if total <= 0 or min(weights) < 0:
        raise ValueError("weights must be non-negative, and at least one positive")
    units = abs(Fraction(amount)) * 10**18
    if units.denominator != 1:
        raise ValueError(f"{amount} has more than 18 decimals")
    shares = [units * Fraction(weight) / total for weight in weights]
    parts = [int(share) for share in shares]
    by_remainder = sorted(range(len(parts)), key=lambda i: (parts[i] - shares[i], i))
    for index in by_remainder[: int(units) - sum(parts)]:
        parts[index] += 1
    with localcontext(EXACT):
        return [Decimal(part if amount >= 0 else -part).scaleb(-18) for part in parts]
