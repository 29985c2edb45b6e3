"""Series whose truth is known: what bills of AI workloads look like, with one change planted, or none.

Every series is a year and a half of days: amounts, what the plan expected of each day, and the planted change. All
chance comes from one seed per series, so a benchmark is the same on every machine.

    stable     a level and its noise          weekly     working days and weekends
    growing    as planned, with weekends      wandering  days that resemble the day before
    bursty     training runs, else nothing    spiky      weekly, with single dear days
    stored     growing GB, paid by the month: a day of February costs more
    restated   stable; each month was delivered otherwise before it was closed
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from aiops_cost.drift.onset import Days
from aiops_cost.drift.weekly import Floats

FIRST = date(2025, 1, 1)
DAYS = 540
STILL = ("stable", "growing", "weekly", "wandering", "bursty", "spiky", "stored", "restated")
"""Kinds of series; without a planted change they are on their plan."""
DRIFTS = ("step", "slope", "price", "mix", "volume", "frequency", "run cost", "restatement")
"""Kinds of change; runs dearer or more often happen to bursty series only, and a restatement is a month that is
delivered again, dearer, on the 12th of the next, and stays so."""
CLOSED, AGAIN = 6, 12
NEVER = -1


@dataclass(frozen=True)
class Case:
    """One series. `onset` is the index of the first changed day, `reached` that of the day on which it can be seen that
    the change alone is 20% over its plan; both NEVER where nothing was planted. `draft` is what was first delivered of
    each day, until the day `final` delivered it as in `values`."""

    name: str
    values: Floats
    expected: Floats
    onset: int = NEVER
    reached: int = NEVER
    size: float = 0.0
    draft: Floats | None = None
    final: Days | None = None

    def known(self, begin: int, until: int) -> Floats:
        """The days from `begin` on, as they were known on the evening before the day `until`."""
        now = self.values[begin:until]
        if self.draft is None or self.final is None:
            return now
        return np.where(self.final[begin:until] < until, now, self.draft[begin:until])


def still(seed: int, count: int) -> Iterator[Case]:
    """Series that stay on their plan."""
    for index in range(count):
        kind = STILL[index % len(STILL)]
        chance = np.random.default_rng([seed, 1, index])
        values, expected = _course(kind, chance)
        yield _delivered(Case(kind, values, expected), chance) if kind == "restated" else Case(kind, values, expected)


def drifting(seed: int, count: int) -> Iterator[Case]:
    """Series with one change of 20% or more, at a day between 120 and 420."""
    for index in range(count):
        kind = DRIFTS[index % len(DRIFTS)]
        chance = np.random.default_rng([seed, 2, index])
        onset = int(chance.integers(120, 420))
        if kind in ("frequency", "run cost"):
            yield _bursty_drift(kind, onset, chance)
            continue
        family = str(chance.choice([name for name in STILL if name not in ("bursty", "restated")]))
        values, expected = _course(family, chance)
        if kind == "restatement":
            yield _delivered_again(Case(kind, values, expected), onset, chance)
            continue
        factor, reached, size = _factor(kind, onset, chance)
        yield Case(kind, values * factor, expected, onset, reached, size)


def _course(kind: str, chance: np.random.Generator) -> tuple[Floats, Floats]:
    """A series on its plan, and the plan."""
    if kind == "bursty":
        gap = int(chance.integers(2, 8))
        cost = float(chance.uniform(200, 3000))
        values = _runs(gap, cost, chance)
        return values, np.full(DAYS, cost / gap)
    base = float(chance.uniform(30, 3000))
    expected = np.full(DAYS, base)
    if kind == "growing":
        expected *= (1 + float(chance.uniform(0.01, 0.08))) ** (np.arange(DAYS) / 30.4)
    if kind == "stored":
        expected *= (1 + float(chance.uniform(0.0, 0.05))) ** (np.arange(DAYS) / 30.4) * 30.4 / _lengths()
    weekend = float(chance.uniform(0.3, 0.95)) if kind in ("weekly", "spiky", "growing") else 1.0
    week = np.array([1.0] * 5 + [weekend] * 2)
    week /= week.mean()
    shape = week[(FIRST.weekday() + np.arange(DAYS)) % 7]
    noise = float(chance.uniform(0.001, 0.01) if kind == "stored" else chance.uniform(0.01, 0.08))
    alike = float(chance.uniform(0.3, 0.6)) if kind == "wandering" else float(chance.uniform(0.0, 0.2))
    values = expected * shape * np.exp(_noise(noise, alike, chance))
    if kind == "spiky":
        odd = chance.random(DAYS) < 1 / 90
        values = values * np.where(odd, chance.uniform(1.5, 4, DAYS), 1.0)
    return values, expected


def _lengths() -> Floats:
    """How many days the month of each day has."""
    days = [FIRST + timedelta(days=day) for day in range(DAYS)]
    return np.array([calendar.monthrange(day.year, day.month)[1] for day in days], dtype=float)


def _delivered(case: Case, chance: np.random.Generator) -> Case:
    """Months that were up to 4% dearer or cheaper before they were closed, on the sixth of the next."""
    days = [FIRST + timedelta(days=day) for day in range(DAYS)]
    months = {day.replace(day=1): float(chance.uniform(-0.04, 0.04)) for day in days}
    draft = case.values * np.array([1 + months[day.replace(day=1)] for day in days])
    return replace(case, draft=draft, final=np.array([_in_next_month(day, CLOSED) for day in days]))


def _delivered_again(case: Case, near: int, chance: np.random.Generator) -> Case:
    """A month and all after it are dearer, which is told on the 12th of the next month only."""
    first = (FIRST + timedelta(days=near)).replace(day=1)
    onset, told = (first - FIRST).days, _in_next_month(first, AGAIN)
    size = float(chance.uniform(0.2, 1.0))
    values = case.values.copy()
    values[onset:] *= 1 + size
    final = np.arange(DAYS)
    final[onset:told] = told
    return replace(case, values=values, onset=onset, reached=told, size=size, draft=case.values, final=final)


def _in_next_month(day: date, at: int) -> int:
    return ((day.replace(day=28) + timedelta(days=7)).replace(day=at) - FIRST).days


def _noise(size: float, alike: float, chance: np.random.Generator) -> Floats:
    """Gaussian noise in which a day resembles the day before (AR(1)), with standard deviation `size`."""
    fresh = chance.normal(0, size * np.sqrt(1 - alike**2), DAYS)
    made = np.empty(DAYS)
    made[0] = chance.normal(0, size)
    for day in range(1, DAYS):
        made[day] = alike * made[day - 1] + fresh[day]
    return made


def _runs(gap: int, cost: float, chance: np.random.Generator, change: tuple[int, int] | None = None) -> Floats:
    """A run every `gap` days, give or take a day where the gap is long; `change` is (day, new gap)."""
    values = np.zeros(DAYS)
    noise = float(chance.uniform(0.01, 0.08))
    day = int(chance.integers(0, gap))
    while day < DAYS:
        values[day] += cost * np.exp(chance.normal(0, noise))
        now = change[1] if change and day >= change[0] else gap
        step = now + (int(chance.integers(-1, 2)) if now >= 5 else 0)
        if change and day < change[0] <= day + step:
            step = max(1, min(step, change[0] - day + change[1] - 1))
        day += step
    return values


def _bursty_drift(kind: str, onset: int, chance: np.random.Generator) -> Case:
    if kind == "frequency":
        gap = int(chance.integers(3, 8))
        new = int(chance.integers(1, max(2, gap // 2 + 1)))
        cost = float(chance.uniform(200, 3000))
        values = _runs(gap, cost, chance, (onset, new))
        return Case(kind, values, np.full(DAYS, cost / gap), onset, onset, gap / new - 1)
    gap = int(chance.integers(1, 4))
    cost = float(chance.uniform(200, 3000))
    size = float(chance.uniform(0.2, 1.0))
    values = _runs(gap, cost, chance)
    values[onset:] *= 1 + size
    return Case(kind, values, np.full(DAYS, cost / gap), onset, onset, size)


def _factor(kind: str, onset: int, chance: np.random.Generator) -> tuple[Floats, int, float]:
    """What a change multiplies each day by, the day on which it is at 20%, and its size then."""
    factor = np.ones(DAYS)
    size = float(chance.uniform(0.2, 1.0))
    if kind == "slope":
        days = int(chance.integers(20, 60))
        daily = np.log(1.2) / days
        factor[onset:] = np.exp(daily * (np.arange(DAYS - onset) + 1))
        return factor, onset + days, 0.2
    if kind == "mix":
        ramp = int(chance.integers(1, 4))
        share = np.minimum(1, (np.arange(DAYS - onset) + 1) / ramp)
        factor[onset:] = 1 + size * share
        return factor, onset + ramp - 1, size
    factor[onset:] = 1 + size
    return factor, onset, size
