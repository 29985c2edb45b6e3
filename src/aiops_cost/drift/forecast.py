"""Forecast: what the next days will cost together, how sure that is, and how well it would have done before.

A series is continued by its own method, `level` or `runs` (`paths`). Two bars must be beaten on its own past (rolling
origin: forecast from a day, compare with what came, move on; Tashman 2000): `run rate`, the mean of the month so far,
and `seasonal naive`, the last seven days again. Where a bar was better on average, the bar is used. The 80% interval is
scaled by how past errors compared with their own intervals; errors come from days that the forecast had not seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import ceil, erf, sqrt

import numpy as np

from aiops_cost.drift import weekly
from aiops_cost.drift.paths import Z80, Path, level, naive, run_rate, runs
from aiops_cost.drift.weekly import Floats

LOOK_BACK = 180
"""Days of history that a forecast looks at."""
ORIGINS = 12
"""At most so many days in the past are forecast from."""
ENOUGH_ORIGINS = 4
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Score:
    """How a method did on the series' past: the mean absolute error of its sums, as a share of what came."""

    method: str
    error: float


@dataclass(frozen=True)
class Forecast:
    """`path` is the method used; `scores` compares it with the bars over `origins` days in the past, best first;
    empty where the history is too short to look back. `inside` is how many of the past sums were within such an
    interval as is told now."""

    path: Path
    scores: tuple[Score, ...]
    origins: int
    inside: int | None

    def total(self, days: int | None = None) -> tuple[float, float, float]:
        """The sum of the first `days` days ahead, and the two ends of its 80% interval."""
        count = len(self.path.mean) if days is None else days
        if count == 0:
            return 0.0, 0.0, 0.0
        middle, wide = float(self.path.mean[:count].sum()), Z80 * float(self.path.deviation[count - 1])
        return middle, middle - wide, middle + wide

    def chance_over(self, amount: float) -> float:
        """The probability that all days ahead together cost more than `amount`."""
        if not len(self.path.mean):
            return 1.0 if amount < 0 else 0.0
        middle, deviation = float(self.path.mean.sum()), max(float(self.path.deviation[-1]), 1e-9)
        return 0.5 * (1 - erf((amount - middle) / deviation / sqrt(2)))

    def day_over(self, amount: float) -> int | None:
        """The index of the day on which the expected sum passes `amount`; None when it does not."""
        beyond = np.flatnonzero(np.cumsum(self.path.mean) > amount)
        return int(beyond[0]) if len(beyond) else None


Method = Callable[[Floats, date, int], Path]


def quick(values: Floats, first: date, days: int) -> Forecast:
    """The next days by the series' own method, without a look back."""
    values = np.asarray(values, dtype=float)
    begin = first + max(0, len(values) - LOOK_BACK) * _DAY
    values = values[-LOOK_BACK:]
    return Forecast(_own(values)(values, begin, days), (), 0, None)


def forecast(values: Floats, first: date, days: int) -> Forecast:
    """The next `days` days of a series of amounts per day that began on `first`."""
    values = np.asarray(values, dtype=float)
    begin = first + max(0, len(values) - LOOK_BACK) * _DAY
    values = values[-LOOK_BACK:]
    own = _own(values)
    methods: tuple[tuple[str, Method], ...] = ((own.__name__, own), ("run rate", run_rate), ("seasonal naive", naive))
    horizon = max(1, min(days, 30))
    past = _look_back(values, begin, horizon, methods)
    best = past.best if past else own.__name__
    path = dict(methods)[best](values, begin, days)
    if past:
        factor = past.scale(best)
        path = replace(path, deviation=_scaled(path.deviation, factor, horizon), daily=path.daily * factor)
        return Forecast(path, past.scores(), past.origins, past.inside(best))
    return Forecast(path, (), 0, None)


def _scaled(deviation: Floats, factor: float, horizon: int) -> Floats:
    """Deviations times a factor, within the days over which it was measured. Beyond them what it adds is taken for an
    error of the level, which grows with the days; what the method itself allows for far days is not multiplied. Less is
    never taken away than the factor says: the sum of runs that keep a rhythm is surer on some days than before."""
    near, far = deviation[:horizon], deviation[horizon:]
    more = (factor**2 - 1) * near[-1:] ** 2
    grown = 1 + np.arange(1, len(far) + 1) / horizon if factor > 1 else 1.0
    least = (min(1.0, factor) * far) ** 2
    return np.concatenate([near * factor, np.sqrt(np.maximum(far**2 + more * grown**2, least))])


def _own(values: Floats) -> Method:
    """Runs, where most days are empty, be it that only one has been seen; else the level."""
    lone = np.count_nonzero(values) == 1 and len(values) > 1
    return runs if lone or weekly.is_lumpy(values) else level


@dataclass(frozen=True)
class _Past:
    """Errors of each method from the same days: forecast, deviation, what came."""

    sums: dict[str, list[tuple[float, float, float]]]
    own: str

    @property
    def origins(self) -> int:
        return len(self.sums[self.own])

    def error(self, method: str) -> float:
        rows = self.sums[method]
        came = sum(abs(row[2]) for row in rows)
        return sum(abs(row[0] - row[2]) for row in rows) / came if came else 0.0

    @property
    def best(self) -> str:
        """The own method, unless a bar did better."""
        other = min(self.sums, key=self.error)
        return other if self.error(other) < 0.9 * self.error(self.own) and self.origins >= ENOUGH_ORIGINS else self.own

    def scores(self) -> tuple[Score, ...]:
        return tuple(sorted((Score(name, self.error(name)) for name in self.sums), key=lambda one: one.error))

    def scale(self, method: str) -> float:
        """What the deviations must be multiplied with so that 80% of the past sums were within 1.28 of them: the
        conformal quantile, the ceil(0.8 (n + 1))th of n (Vovk, Gammerman and Shafer 2005), held back towards 1 while
        there are few, for neighbouring origins share most of their days."""
        told: list[float] = sorted(abs(f - c) / d for f, d, c in self.sums[method] if d > 0)
        if len(told) < ENOUGH_ORIGINS:
            return 1.0
        seen = told[min(len(told), ceil(0.8 * (len(told) + 1))) - 1] / Z80
        trust = len(told) / (len(told) + 3)
        return float(np.clip(max(seen, 1e-3) ** trust, 0.6, 4.0))

    def inside(self, method: str) -> int:
        factor = Z80 * self.scale(method)
        return sum(abs(f - c) <= factor * d for f, d, c in self.sums[method])


def _look_back(values: Floats, first: date, horizon: int, methods: Sequence[tuple[str, Method]]) -> _Past | None:
    """Forecasts from days in the past, spread evenly, each over `horizon` days that it has not seen."""
    least = 14
    last = len(values) - horizon
    if last < least:
        return None
    origins = sorted({int(at) for at in np.linspace(max(least, last - 84), last, ORIGINS)})
    sums: dict[str, list[tuple[float, float, float]]] = {name: [] for name, _ in methods}
    for at in origins:
        came = float(values[at : at + horizon].sum())
        for name, method in methods:
            path = method(values[:at], first, horizon)
            sums[name].append((float(path.mean.sum()), float(path.deviation[-1]), came))
    return _Past(sums, methods[0][0])
