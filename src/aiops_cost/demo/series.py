"""How much of everything on every day: drivers, weekends, growth, noise and events, as numpy arrays.

Every random number comes from a generator seeded by (seed, name), so a new workload changes no other one. Only
uniform numbers are drawn: they are exact in every version and on every machine.
"""

from __future__ import annotations

import calendar
import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from aiops_cost.demo.blueprint import DAYS, Line, Part, Sku

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.int64]]

QUANTITY_SCALE = 6
"""Quantities are whole numbers of millionths."""

_NOISE = {"requests": 0.02, "hours": 0.01, "runs": 0.01, "gb": 0.0}
_ANCHOR = DAYS.index(date(2026, 1, 16))
"""In the middle of January 2026 a growing driver stands at its `base`: a month is worth what its middle is."""


@dataclass(frozen=True)
class Run:
    """One training run: the index of its day, and the driver's level (1, with noise)."""

    day: int
    level: float


def generator(seed: int, name: str) -> np.random.Generator:
    """The source of chance for one name."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def since(day: date) -> int:
    """The index of a day in the bills; before the first day 0."""
    return max(0, (day - DAYS[0]).days)


def levels(line: Line, seed: int) -> Floats:
    """The driver per day, length `len(DAYS)`: requests, machine hours, or GB-months of that day."""
    made = np.full(len(DAYS), float(line.driver.base))
    made *= _noise(seed, line.scope + line.account + line.parts[0].name, line.driver.kind, len(DAYS))
    if line.driver.kind == "hours":
        made *= 24
    if line.driver.kind == "gb":
        made /= np.array([_month_days(day) for day in DAYS])
    made *= _weekends(line.driver.weekend) * _growth(line)
    for event in line.events:
        made[since(event.day) :] *= event.driver
    made[: since(line.start)] = 0
    return made


def runs(line: Line, seed: int) -> Iterator[Run]:
    """The training runs of a line, by day."""
    noise = _noise(seed, line.scope + line.account, "runs", len(DAYS))
    for index, day in enumerate(DAYS):
        days = line.driver.days
        for event in line.events:
            if event.days is not None and day >= event.day:
                days = event.days
        if day.day in days and day >= line.start:
            yield Run(index, float(noise[index]))


def factor(line: Line, part: Part) -> Floats:
    """Per day: the share of the driver that goes through a part, times what events did to its use."""
    share = (line.share or {}).get(part.role, 1.0)
    made = np.full(len(DAYS), float(share))
    for event in line.events:
        if event.share is not None and part.role in event.share:
            made[since(event.day) :] = event.share[part.role]
    for event in line.events:
        if event.per is not None and part.role in event.per:
            made[since(event.day) :] *= event.per[part.role]
    return made


def quantities(use: Floats, sku: Sku) -> Ints:
    """Single things as billed quantities, in millionths of the unit, with the decimals that the bill shows."""
    lots: Ints = np.rint(use / sku.size * 10**sku.digits).astype(np.int64)
    return lots * lot(sku)


def lot(sku: Sku) -> int:
    """The smallest quantity that the bill of a SKU shows, in millionths of its unit."""
    return int(10 ** (QUANTITY_SCALE - sku.digits))


def weights(part: Part, kind: str) -> Floats:
    """How a part divides over its resources: machines evenly, traffic and data not."""
    made = np.ones(part.split) if kind == "hours" else 1 + 0.5 * np.arange(part.split)
    return np.asarray(made / made.sum())


def by_hour(quantity: Ints, sku: Sku) -> Ints:
    """A day's quantities (days) as 24 hours each (days x 24), which sum to the day exactly."""
    cumulated = (quantity[:, None] // lot(sku)) * np.arange(1, 25)[None, :] // 24
    hours: Ints = np.diff(cumulated, axis=1, prepend=0)
    return hours * lot(sku)


def _month_days(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _noise(seed: int, name: str, kind: str, size: int) -> Floats:
    """Factors around 1, uniform; machines only lose time, as nothing runs for more than 24 hours a day."""
    chance = generator(seed, name).random(size)
    if kind == "hours":
        return 1 - _NOISE[kind] * chance
    return 1 + _NOISE[kind] * math.sqrt(3) * (2 * chance - 1)


def _weekends(weekend: float) -> Floats:
    """Working days and weekends, with a mean of 1 over a week."""
    mean = (5 + 2 * weekend) / 7
    return np.array([(weekend if day.weekday() >= 5 else 1.0) / mean for day in DAYS])


def _growth(line: Line) -> Floats:
    """Compound growth, steady within a month, 1 in the middle of January 2026."""
    daily = np.empty(len(DAYS))
    for index, day in enumerate(DAYS):
        rate = line.driver.growth
        for event in line.events:
            if event.growth is not None and day >= event.day:
                rate = event.growth
        daily[index] = math.log1p(rate) / _month_days(day)
    cumulated = np.cumsum(daily)
    return np.array([math.exp(value) for value in cumulated - cumulated[_ANCHOR]])
