"""What a person wrote into a cell: amounts with signs and separators, months as text, growth. Taken where it can mean
one thing only; else a ValueError, and whoever reads names the cell."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal

from aiops_cost import money
from aiops_cost.budget.imports.sheet import Cell

SIGNS = {
    "$": {"USD", "AUD", "CAD", "NZD", "SGD", "HKD", "MXN"},
    "€": {"EUR"},
    "£": {"GBP"},
    "¥": {"JPY", "CNY"},
    "₹": {"INR"},
}
"""Which currencies a sign may stand for."""
_MONTH = re.compile(r"(\d{4})[-/.](0?[1-9]|1[0-2])(?:[-/.]0?1)?\Z")
_MONTH_YEAR = re.compile(r"(0?[1-9]|1[0-2])[-/.](\d{4})\Z")
_TWO_DAYS = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}\Z")
_NAMED = (
    "%b %Y",
    "%B %Y",
    "%b-%Y",
    "%B-%Y",
    "%b %y",
    "%b-%y",
    "%B-%y",
    "%B %y",
    "%b. %Y",
    "%Y %b",
    "%Y %B",
    "%b'%y",
    "%b '%y",
)
_BLANKS = re.compile(r"[\s\u00a0\u202f']")
_CODE = re.compile(r"\A([A-Z]{3})(?=[\d\s.,-])|(?<=[\d\s])([A-Z]{3})\Z")
_GROUPED = {
    "point": re.compile(r"\d{1,3}(,\d{3})*(\.\d+)?\Z|\d+(\.\d+)?\Z"),
    "comma": re.compile(r"\d{1,3}(\.\d{3})*(,\d+)?\Z|\d+(,\d+)?\Z"),
}


def amount(cell: Cell, currency: str, decimals: str | None) -> Decimal | None:
    """A number that is zero or more; None for an empty cell. `decimals` is `point` or `comma`, where the mapping says
    which. Raises ValueError."""
    if cell.wrong:
        raise ValueError(cell.wrong)
    if cell.value is None or cell.text in {"-", "\u2013", "\u2014"}:
        return None
    if isinstance(cell.value, date):
        raise ValueError(f"{cell.text} is a date, and a number is needed")
    found = cell.value if isinstance(cell.value, Decimal) else number(cell.text, currency, decimals)
    if not found.is_finite():
        raise ValueError(f"{cell.text} is not a number")
    if found < 0:
        raise ValueError(f"{cell.text} is negative; an amount of a plan is zero or more")
    return found


def number(text: str, currency: str, decimals: str | None) -> Decimal:
    """A number as written, with its currency sign or code and its thousands separators.

    >>> number("$12,000.50", "USD", None)
    Decimal('12000.50')
    """
    bare = _BLANKS.sub("", _without_currency(text, currency))
    negative = bare.startswith("-") or (bare.startswith("(") and bare.endswith(")"))
    bare = bare.strip("-()")
    both = [style for style, pattern in _GROUPED.items() if pattern.match(bare)]
    if not both:
        raise ValueError(f"{text!r} is not a number")
    meant = {style: _plain(bare, style) for style in both}
    if len(set(meant.values())) == 1:
        found = next(iter(meant.values()))
    elif decimals in meant:
        found = meant[decimals]
    else:
        raise ValueError(
            f"{text!r} may be {' or '.join(f'{value:f}' for value in meant.values())}; write `decimals: point` or"
            " `decimals: comma` into the mapping"
        )
    return -found if negative else found


def _plain(text: str, style: str) -> Decimal:
    thousands, point = (",", ".") if style == "point" else (".", ",")
    return money.parse(text.replace(thousands, "").replace(point, "."))


def _without_currency(text: str, currency: str) -> str:
    for sign, codes in SIGNS.items():
        if sign in text:
            if currency not in codes:
                raise ValueError(f"{text!r} is in {' or '.join(sorted(codes))}, and the budget is in {currency}")
            text = text.replace(sign, " ")
    match = _CODE.search(text.strip())
    if match:
        code = match[1] or match[2]
        if code != currency:
            raise ValueError(f"{text!r} is in {code}, and the budget is in {currency}")
        return text.replace(code, " ")
    return text


def growth(cell: Cell, decimals: str | None) -> str | None:
    """`3%/month`, from a percentage; None for an empty cell. Raises ValueError."""
    if cell.wrong:
        raise ValueError(cell.wrong)
    if cell.value is None:
        return None
    if isinstance(cell.value, Decimal):
        if not cell.percent and cell.value != 0:
            raise ValueError(f"{cell.text} may be a share or a percentage; write it with a % sign")
        return f"{(cell.value * 100).normalize():f}%/month"
    text = re.sub(r"/\s*month\Z|p\.?m\.?\Z|per month\Z", "", cell.text, flags=re.IGNORECASE).strip()
    if not text.endswith("%"):
        raise ValueError(f"{cell.text!r} is not a percentage (write 3%)")
    return f"{number(text[:-1], '', decimals).normalize():f}%/month"


def month(cell: Cell) -> str | None:
    """`2026-04`, from a date or a text that names one month; None where it is no month. Raises ValueError for a text
    like 04/05/2026, of which nobody knows the month."""
    if isinstance(cell.value, date):
        return f"{cell.value:%Y-%m}"
    text = cell.text
    if _TWO_DAYS.match(text):
        raise ValueError(f"{text!r}: which of the two is the month? Write it as 2026-04")
    if match := _MONTH.match(text):
        return f"{match[1]}-{int(match[2]):02d}"
    if match := _MONTH_YEAR.match(text):
        return f"{match[2]}-{int(match[1]):02d}"
    for form in _NAMED:
        try:
            return f"{datetime.strptime(text, form):%Y-%m}"  # noqa: DTZ007 - a month has no zone
        except ValueError:
            continue
    return None


def day(cell: Cell) -> date | None:
    """A day, from a date or its ISO text; None for an empty cell. Raises ValueError."""
    if cell.wrong:
        raise ValueError(cell.wrong)
    if cell.value is None or isinstance(cell.value, date):
        return cell.value
    try:
        return date.fromisoformat(cell.text)
    except ValueError:
        raise ValueError(f"{cell.text!r} is not a day (write 2026-06-30)") from None
