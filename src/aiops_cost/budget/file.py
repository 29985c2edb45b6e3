"""The budget file, key by key, as it is written; `read.py` gives it its meaning."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from aiops_cost.budget.values import Amount, Currency, LineTolerance, Slug
from aiops_cost.documents import Strict

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])\Z")
_METRIC = re.compile(r"[a-z][a-z0-9_]*\Z")
_RANGE = re.compile(r"([^.\s]+)\s*\.\.\s*([^.\s]+)\Z")


def month(text: str) -> str:
    """A month as `YYYY-MM`. Raises ValueError."""
    if not _MONTH.match(text) or text < "1970":
        raise ValueError(f"{text!r} is not a month (write 2026-04)")
    return text


def _day(value: object) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"{value!r} is not a day (write 2026-03-31)") from None


def _metric(text: str) -> str:
    if not _METRIC.match(text):
        raise ValueError(f"{text!r} is not the name of a metric (like requests, runs, gb, orders)")
    return text


def _version(value: object) -> object:
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value


def _months(text: str) -> str:
    match = _RANGE.match(text)
    if not match:
        raise ValueError(f"{text!r} is not a range of months (write 2026-04..2027-03)")
    first, last = month(match[1]), month(match[2])
    if last < first:
        raise ValueError(f"{last} is before {first}; write the earlier month first")
    return f"{first}..{last}"


def _scope(value: object) -> object:
    """A mapping of columns to a text or a list of texts; `true`, `null` and deeper nesting are
    refused."""
    if not isinstance(value, Mapping):
        raise ValueError("a scope is a mapping like {activity: serving, workload: support-chat}")
    for column, wanted in value.items():
        values = wanted if isinstance(wanted, list) else [wanted]
        if not values or not all(isinstance(each, str) for each in values):
            raise ValueError(f"`{column}` needs a text or a list of texts (quote true, false, null)")
    return {key: tuple(v) if isinstance(v, list) else v for key, v in value.items()}


Months = Annotated[str, AfterValidator(_months)]
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
ScopeText = Annotated[
    Mapping[str, str | tuple[str, ...]],
    BeforeValidator(_scope),
    WithJsonSchema(
        {
            "type": "object",
            "additionalProperties": {
                "anyOf": [
                    {"type": "string"},
                    {"type": "array", "items": {"type": "string"}, "minItems": 1},
                ]
            },
        }
    ),
]
_NUMBER = {"type": "number", "minimum": 0}
_GROWTH = {"type": "string", "pattern": r"^[-+]?\d+(\.\d+)?\s*%\s*/\s*month$"}
AmountText = Annotated[
    Any,
    WithJsonSchema(
        {
            "anyOf": [
                _NUMBER,
                {
                    "type": "object",
                    "properties": {"start": _NUMBER, "growth": _GROWTH},
                    "required": ["start", "growth"],
                    "additionalProperties": False,
                },
                {
                    "type": "object",
                    "patternProperties": {r"^\d{4}-(0[1-9]|1[0-2])$": _NUMBER},
                    "description": "months, or names of phases",
                    "minProperties": 1,
                    "additionalProperties": _NUMBER,
                },
            ]
        }
    ),
]
AssumesText = Annotated[
    Any,
    WithJsonSchema(
        {
            "type": "object",
            "properties": {"growth": _GROWTH},
            "additionalProperties": _NUMBER,
        }
    ),
]


class Approval(Strict):
    """Who said yes, when, and why to this version."""

    by: str = Field(min_length=1)
    on: Day
    why: str | None = None


class Flex(Strict):
    """The line's plan moves with the volume of `unit`, a metric. `per_month` is the volume that was planned, where
    the assumptions do not say it."""

    unit: Annotated[str, AfterValidator(_metric)]
    per_month: Amount | None = None


def _flex(value: object) -> object:
    return {"unit": value} if isinstance(value, str) else value


class Phase(Strict):
    """A stretch of months with a name, which amounts may use in place of months."""

    name: Slug
    months: Months


class CreditEntry(Strict):
    """Money that a provider gives: so much a month, until a day. Where there is one, `scope` says on what."""

    name: str = Field(min_length=1)
    scope: ScopeText = Field(default_factory=dict)
    amount: Amount
    starts: Day | None = None
    ends: Day


class LineEntry(Strict):
    """One planned amount: what for, whose, how much a month, and why that much.

    `kind` tells the product from what the migration needs for a while; `ends` is the last day of such a line.
    """

    scope: ScopeText
    owner: str | None = None
    kind: Literal["product", "scaffolding", "old-platform"] = "product"
    amount: AmountText = None
    assumes: AssumesText = None
    flex: Annotated[Flex | None, BeforeValidator(_flex)] = None
    ends: Day | None = None
    tolerance: LineTolerance = LineTolerance()


def _some_lines(lines: tuple[LineEntry, ...]) -> tuple[LineEntry, ...]:
    if not lines:
        raise ValueError("a budget needs at least one line, or there is nothing to compare with")
    return lines


class BudgetFile(Strict):
    """A budget: its name, its months, its lines; whether they plan cost before credits (`gross`) or after; and the
    months before it that lines without assumptions are held against."""

    budget: Slug
    currency: Currency
    version: Annotated[int, BeforeValidator(_version), Field(ge=1)] = 1
    approved: Approval | None = None
    plans: Literal["gross", "net"] = "gross"
    months: Months
    baseline: Months | None = None
    phases: tuple[Phase, ...] = ()
    credits: tuple[CreditEntry, ...] = ()
    lines: Annotated[tuple[LineEntry, ...], AfterValidator(_some_lines)] = Field(json_schema_extra={"minItems": 1})
