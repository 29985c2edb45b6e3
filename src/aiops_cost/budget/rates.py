"""The exchange rates that the user states, a CSV of `date,from,to,rate`: valid from a date on."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from aiops_cost import money
from aiops_cost.errors import UserError
from aiops_cost.model import Problem

HEADER = ["date", "from", "to", "rate"]
DECIMALS = 18
LARGEST = Decimal(10) ** DECIMALS


@dataclass(frozen=True)
class Rate:
    """From `day` on, one unit of `source` is worth `rate` units of `target`."""

    day: date
    source: str
    target: str
    rate: Decimal


def read_rates(path: Path | None, shown: str | None = None) -> tuple[Rate, ...]:
    """The rates in the file's order; none without a file. Raises UserError with every problem."""
    if path is None:
        return ()
    name = shown or str(path)
    rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    if not rows or [cell.strip() for cell in rows[0]] != HEADER:
        raise UserError(_problem(name, 1, f"the first line must be {','.join(HEADER)}"))
    found: dict[tuple[date, str, str], Rate] = {}
    problems: list[Problem] = []
    for number, row in enumerate(rows[1:], start=2):
        if not row:
            continue
        try:
            rate = _rate([cell.strip() for cell in row])
        except ValueError as error:
            problems.append(_problem(name, number, str(error)))
            continue
        key = (rate.day, rate.source, rate.target)
        if key in found:
            said = f"{rate.source} to {rate.target} is given twice for {rate.day}"
            problems.append(_problem(name, number, said))
        found[key] = rate
    if problems:
        raise UserError(problems)
    return tuple(found.values())


def rate_on(rates: Iterable[Rate], source: str, target: str, day: date) -> Decimal | None:
    """The rate in force on `day`: the latest stated on or before it; None where none is."""
    if source == target:
        return Decimal(1)
    known = [rate for rate in rates if (rate.source, rate.target) == (source, target) and rate.day <= day]
    return max(known, key=lambda rate: rate.day).rate if known else None


def _rate(row: list[str]) -> Rate:
    if len(row) != len(HEADER):
        raise ValueError(f"{len(row)} cells where {len(HEADER)} are needed")
    day, source, target, text = row
    for currency in (source, target):
        if not money.is_currency(currency):
            raise ValueError(f"{currency!r} is not a currency code (three capital letters)")
    try:
        on = date.fromisoformat(day)
    except ValueError:
        raise ValueError(f"{day!r} is not a day (write 2026-03-31)") from None
    rate = money.parse(text)
    if rate <= 0:
        raise ValueError(f"{text} is not a rate; it must be more than zero")
    if rate >= LARGEST or round(rate, DECIMALS) != rate:
        raise ValueError(f"{text} has more than {DECIMALS} digits before or after the point")
    return Rate(on, source, target, rate)


def _problem(name: str, line: int, sentence: str) -> Problem:
    return Problem("fx-bad", f"{name}:{line}:1", sentence, "A line is like:  2026-04-01,EUR,USD,1.0830")
