"""Values as people write them in YAML: amounts, percentages, days, tolerances; text in."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Annotated

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)

from aiops_cost import money
from aiops_cost.documents import Strict

_SLUG = re.compile(r"[a-z0-9]+([-_.][a-z0-9]+)*\Z")
_SPAN = re.compile(r"([1-9]\d{0,4})([hd])\Z", re.ASCII)
_GROWTH = re.compile(r"([-+]?)(\d+(?:\.\d+)?\s*%)\s*/\s*month\Z", re.ASCII)


def slug(text: str) -> str:
    """A name that is safe in a path, a URL and a message. Raises ValueError."""
    if not _SLUG.match(text):
        raise ValueError(f"{text!r} is not a name (lower-case letters and digits, with - _ or . between them)")
    return text


def currency(text: str) -> str:
    """An ISO 4217 code by its form. Raises ValueError."""
    if not money.is_currency(text):
        raise ValueError(f"{text!r} is not a currency code (three capital letters, like USD)")
    return text


def share(value: object) -> Decimal:
    """`5%` as 0.05; never negative. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError("this is not a percentage (write 5% for five per cent)")
    return money.parse_share(value)


def amount(value: object) -> Decimal:
    """A plain number that is zero or more. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError("this is not a plain number (digits and one point, like 12000.50)")
    number = money.parse(value)
    if number < 0:
        raise ValueError(f"{value} is negative; it must be zero or more")
    return number


def percent(part: Decimal) -> str:
    """A share as a person writes it, every digit.

    >>> percent(Decimal("0.10"))
    '10%'
    """
    return f"{(part * 100).normalize():f}%"


def growth(value: object) -> Decimal:
    """`3%/month` as 0.03; `-2%/month` as -0.02. Raises ValueError."""
    match = _GROWTH.match(value.strip()) if isinstance(value, str) else None
    if not match:
        raise ValueError(f"{value!r} is not a growth (write 3%/month)")
    rate = money.parse_share(match[2])
    if match[1] == "-" and rate > 1:
        raise ValueError(f"{value!r} takes away more than there is")
    return -rate if match[1] == "-" else rate


def days(value: object) -> int:
    """A whole number of days, zero or more. Raises ValueError."""
    if not isinstance(value, str) or not value.isascii() or not value.isdigit():
        raise ValueError(f"{value!r} is not a whole number of days")
    return int(value)


def span(value: object) -> timedelta:
    """`36h` or `2d`. Raises ValueError."""
    match = _SPAN.match(value) if isinstance(value, str) else None
    if not match:
        raise ValueError(f"{value!r} is not a span of time (write 36h or 2d)")
    return timedelta(hours=int(match[1])) if match[2] == "h" else timedelta(days=int(match[1]))


Slug = Annotated[str, AfterValidator(slug)]
Currency = Annotated[str, AfterValidator(currency), WithJsonSchema({"type": "string", "pattern": "^[A-Z]{3}$"})]
Share = Annotated[
    Decimal,
    BeforeValidator(share),
    PlainSerializer(percent, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?\s*%$"}),
]
Amount = Annotated[
    Decimal,
    BeforeValidator(amount),
    PlainSerializer(float, return_type=float, when_used="json"),
    WithJsonSchema({"type": "number", "minimum": 0}),
]
Days = Annotated[int, BeforeValidator(days), WithJsonSchema({"type": "integer", "minimum": 0})]

Span = Annotated[
    timedelta,
    BeforeValidator(span),
    PlainSerializer(str, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^[1-9]\d{0,4}[hd]$"}),
]


class Tolerance(Strict):
    """How far over the plan is worth a word. `at_least` is an amount in the report currency.

    A drift is a warning when it is more than `warn` of the plan, a breach when more than `breach`,
    and silent below `at_least` whatever its share.
    """

    warn: Share = Field(default=Decimal("0.05"), json_schema_extra={"default": "5%"})
    breach: Share = Field(default=Decimal("0.10"), json_schema_extra={"default": "10%"})
    at_least: Amount = Field(default=Decimal(100), json_schema_extra={"default": 100})

    @model_validator(mode="after")
    def _in_order(self) -> Tolerance:
        if self.breach < self.warn:
            raise ValueError(f"breach {percent(self.breach)} is lower than warn {percent(self.warn)}")
        return self


class LineTolerance(Strict):
    """What a budget line says about its tolerance; the configuration says the rest."""

    warn: Share | None = None
    breach: Share | None = None
    at_least: Amount | None = None

    def over(self, default: Tolerance) -> Tolerance:
        """The tolerance that applies. Raises ValueError when the two together are out of order."""
        written = self.model_dump(exclude_none=True)
        merged = {**default.model_dump(), **written}
        if merged["breach"] < merged["warn"]:
            raise ValueError(f"breach {percent(merged['breach'])} is lower than warn {percent(merged['warn'])}")
        return default.model_copy(update=written)
