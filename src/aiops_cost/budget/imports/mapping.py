"""Which column of a plan means what: guessed from its header, asked once, and kept beside the budget."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from aiops_cost import documents
from aiops_cost.budget import scope
from aiops_cost.budget.amounts import FORMS
from aiops_cost.budget.file import Months, ScopeText
from aiops_cost.budget.imports import cells
from aiops_cost.budget.imports.sheet import Cell, Sheet, filled
from aiops_cost.budget.values import Currency, Slug
from aiops_cost.documents import Strict, quoted
from aiops_cost.errors import UserError
from aiops_cost.model import Problem

ASSUMPTIONS = tuple(dict.fromkeys(name for form in FORMS for name in (*form.needs, *form.may)))
PLAIN = ("owner", "kind", "ends", "amount", "month", "total")
SKIP = "-"
"""The answer for a column that is not imported."""
SUFFIX = ".mapping"

_WORDS: Mapping[str, tuple[str, ...]] = {
    "activity": ("activity", "category", "phase of ml", "type of work"),
    "workload": ("workload", "product", "use case", "usecase", "application", "app", "project"),
    "model": ("model", "llm"),
    "environment": ("environment", "env", "stage"),
    "owner": ("owner", "team", "cost owner", "responsible"),
    "account": ("account", "subscription", "account name"),
    "provider": ("provider", "cloud"),
    "service": ("service",),
    "kind": ("kind",),
    "ends": ("ends", "end", "end date", "until", "last day"),
    "amount": (
        "amount",
        "cost",
        "monthly cost",
        "budget",
        "monthly budget",
        "cost per month",
        "usd per month",
        "per month",
    ),
    "month": ("month", "period"),
    "total": ("total", "sum", "total cost", "annual total", "year", "full year"),
    "requests_per_day": ("requests per day", "requests/day", "daily requests", "calls per day"),
    "tokens_per_request": ("tokens per request", "tokens/request", "avg tokens"),
    "per_1m_tokens": ("price per 1m tokens", "usd per 1m tokens", "per 1m tokens", "price per million tokens"),
    "runs_per_month": ("runs per month", "runs/month", "training runs", "monthly runs"),
    "per_run": ("cost per run", "usd per run", "per run"),
    "data_prep_per_run": ("data prep per run", "preparation per run", "prep per run", "usd data prep per run"),
    "gb_at_start": ("gb at start", "starting gb", "gb start", "initial gb"),
    "growth": ("growth", "growth per month", "monthly growth"),
    "per_gb_month": ("price per gb", "price per gb month", "usd per gb month", "per gb month"),
    "instance_hours_per_day": ("instance hours per day", "hours per day"),
    "per_hour": ("price per hour", "usd per hour", "per hour"),
    "tokens_per_month": ("tokens per month", "monthly tokens"),
}


def _column(name: str) -> str:
    if name in PLAIN or name in ASSUMPTIONS:
        return name
    try:
        scope.column_of(name)
    except ValueError as error:
        raise ValueError(f"{error}; besides them there are {', '.join((*PLAIN, *ASSUMPTIONS))}") from None
    return name


class PlanMapping(Strict):
    """How a plan is read. `columns` says which header holds what; month columns are known by their headers.

    `header` is the row of the headers, `scope` what all lines have in common, `months` the months where no column
    names them, `decimals` what the separators of texts mean.
    """

    budget: Slug
    currency: Currency
    sheet: str | None = None
    header: Annotated[int, Field(ge=1)] = 1
    months: Months | None = None
    decimals: Literal["point", "comma"] | None = None
    scope: ScopeText = Field(default_factory=dict)
    columns: Mapping[Annotated[str, AfterValidator(_column)], str] = Field(default_factory=dict)


def read(path: Path, shown: str) -> PlanMapping:
    """A kept mapping. Raises UserError with every problem at its line."""
    return documents.read(path, PlanMapping, what="mapping", shown=shown)[0]


def header_row(sheet: Sheet) -> int:
    """The number of the row that looks most like headers: the most cells that mean something, the first of them."""
    scores = [
        (sum(bool(guess(cell) or _is_month(cell)) for cell in row), -number)
        for number, row in enumerate(sheet.rows[:30], start=1)
    ]
    best = max(scores, default=(0, -1))
    if best[0] < 2:
        raise UserError(
            Problem("import-header", sheet.place, "no row looks like the headers of a plan",
                    "Write a mapping with `header:` (the row's number) and `columns:`, and name it with --mapping.")
        )  # fmt: skip
    return -best[1]


def headers(sheet: Sheet, number: int) -> list[Cell]:
    """The filled cells of the header row. Raises UserError where the sheet has no such row."""
    if number > len(sheet.rows):
        said = f"the mapping says that row {number} has the headers; there are {len(sheet.rows)} rows"
        raise UserError(Problem("import-header", sheet.place, said, "Correct `header:` in the mapping."))
    return list(filled(sheet.rows[number - 1]))


def guess(cell: Cell) -> str | None:
    """What a header means, by the words that plans use; None for an unknown one."""
    words = re.sub(r"[^a-z0-9/%]+", " ", cell.text.lower()).strip()
    bare = re.sub(r"^(usd|eur|gbp) | (usd|eur|gbp)$", "", words)
    for name, known in _WORDS.items():
        if words in known or bare in known or words.replace(" ", "_") == name:
            return name
    return None


def _is_month(cell: Cell) -> bool:
    try:
        return cells.month(cell) is not None
    except ValueError:
        return True


def proposed(sheet: Sheet, number: int) -> dict[str, str]:
    """Header -> meaning for every header that is no month; `-` where nothing is known of it."""
    found: dict[str, str] = {}
    for cell in headers(sheet, number):
        if not _is_month(cell):
            meaning = guess(cell) or SKIP
            found[cell.text] = meaning if meaning not in found.values() else SKIP
    return found


def asked(columns: Mapping[str, str], ask: Callable[[str, str], str]) -> dict[str, str]:
    """Meaning -> header, after asking about each header; what is answered with `-` is left out."""
    found: dict[str, str] = {}
    for header, meaning in columns.items():
        while True:
            answer = ask(f"Column `{header}` is (- to leave it out)", meaning).strip() or SKIP
            try:
                if answer != SKIP:
                    found[_column(answer)] = header
                break
            except ValueError as error:
                ask(f"{error}\n(press Enter)", "")
    return found


def render(mapping: PlanMapping) -> str:
    """The mapping as it is kept."""
    lines = ["# How the plan is read; asked once. Change it and import again:  aiops-cost budget import --help"]
    for key in ("budget", "currency", "sheet", "header", "months", "decimals"):
        value = getattr(mapping, key)
        if value is not None:
            lines.append(f"{key}: {quoted(str(value))}")
    for key, inner in (("scope", mapping.scope), ("columns", mapping.columns)):
        if inner:
            lines.append(f"{key}:")
            lines += [f"  {quoted(name)}: {_listed(value)}" for name, value in inner.items()]
    return "\n".join(lines) + "\n"


def _listed(value: str | Sequence[str]) -> str:
    return quoted(value) if isinstance(value, str) else "[" + ", ".join(quoted(one) for one in value) + "]"
