"""Forecast: what the next days will cost together, how sure that is, and how well it would have done before.

The method, `level`: the days since the last structural change, without the week and without spikes, follow a level
that wanders a little (the local level model: Harvey 1989; its forecasts are those of simple exponential smoothing)

    x(t) = l(t) + e(t),   l(t) = l(t-1) + u(t),   var u = q var e

with q chosen by likelihood from a few values, after a growth rate is taken out where one is plain. The sum over the
days asked for has a variance in closed form: of the level, of its wandering, of the days' own noise, of the growth.
A series that is mostly zeros (training runs) is continued by drawing days between runs and costs of runs from those
seen (`runs`; the draws are fixed).

Two bars must be beaten on the series' own past (rolling origin: forecast from a day, compare with what came, move on;
Tashman 2000): `run rate`, the mean of the month so far, and `seasonal naive`, the last seven days again. Where a bar
was better on average, the bar is used. The 80% interval is scaled by how the past errors compared with their own
intervals; errors come from days that the forecast had not seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from math import erf, log, sqrt

import numpy as np

from aiops_cost.drift import onset, weekly
from aiops_cost.drift.weekly import Floats

LOOK_BACK = 180
"""Days of history that a forecast looks at."""
ORIGINS = 12
"""At most so many days in the past are forecast from."""
ENOUGH_ORIGINS = 4
_Z80 = 1.2816
_WANDERING = (0.0, 0.003, 0.01, 0.03, 0.1, 0.3)
_DRAWS = 400
_NEAR, _FAR = 31, 0.004
"""Beyond a month nothing in the past says how far a level wanders; it is then let wander at least so much a day."""
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Path:
    """The days ahead by one method: the mean of each, and the standard deviation of the sum up to each."""

    method: str
    mean: Floats
    deviation: Floats


@dataclass(frozen=True)
class Score:
    """How a method did on the series' past: the mean absolute error of its sums, as a share of what came."""

    method: str
    error: float


@dataclass(frozen=True)
class Forecast:
    """`path` is the method used; `scores` compares it with the bars over `origins` days in the past, best first;
    empty where the history is too short to look back. `covered` is the share of past sums within their interval."""

    path: Path
    scores: tuple[Score, ...]
    origins: int
    covered: float | None

    def total(self, days: int | None = None) -> tuple[float, float, float]:
        """The sum of the first `days` days ahead, and the two ends of its 80% interval."""
        count = len(self.path.mean) if days is None else days
        if count == 0:
            return 0.0, 0.0, 0.0
        middle, wide = float(self.path.mean[:count].sum()), _Z80 * float(self.path.deviation[count - 1])
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
    own: Method = runs if weekly.is_lumpy(values) else level
    return Forecast(own(values, begin, days), (), 0, None)


def forecast(values: Floats, first: date, days: int) -> Forecast:
    """The next `days` days of a series of amounts per day that began on `first`."""
    values = np.asarray(values, dtype=float)
    begin = first + max(0, len(values) - LOOK_BACK) * _DAY
    values = values[-LOOK_BACK:]
    lumpy = weekly.is_lumpy(values)
    own: Method = runs if lumpy else level
    methods: tuple[tuple[str, Method], ...] = ((own.__name__, own), ("run rate", run_rate), ("seasonal naive", naive))
    horizon = max(1, min(days, 30))
    past = _look_back(values, begin, horizon, methods)
    best = past.best if past else own.__name__
    path = dict(methods)[best](values, begin, days)
    if past:
        path = Path(path.method, path.mean, path.deviation * past.scale(best))
        return Forecast(path, past.scores(), past.origins, past.covered(best))
    return Forecast(path, (), 0, None)


def level(values: Floats, first: date, days: int) -> Path:
    """The local level model on the days since the last change."""
    start = _since_change(values, first)
    week = weekly.profile(values[-84:], first + max(0, len(values) - 84) * _DAY)
    recent, begin = values[start:], first + start * _DAY
    here = week[weekly.weekdays(begin, len(recent))]
    ahead = week[weekly.weekdays(begin, len(recent) + days)][len(recent) :]
    usable = here > 0.05
    line = recent[usable] / here[usable]
    line = weekly.calm(line) if len(line) >= 8 else line
    if len(line) == 0 or not np.any(line):
        return Path("level", np.zeros(days), np.zeros(days))
    rate, doubt = _growth(line)
    time = np.arange(1, days + 1)
    steady = line * np.exp(-rate * np.arange(1 - len(line), 1))
    state, known, noise, wander = _filtered(steady)
    growth = np.exp(np.minimum(rate * time, 3.0))
    mean = ahead * state * growth
    weight = ahead * growth
    wandering = np.where(time > _NEAR, max(wander, (_FAR * state) ** 2), wander)
    so_far = np.cumsum(weight)
    left = np.maximum(so_far[:, None] - np.concatenate([[0.0], so_far[:-1]])[None, :], 0.0)
    lean = np.cumsum(weight * time) * state * doubt
    variance = so_far**2 * known + (left**2) @ wandering + noise * np.cumsum(weight**2) + lean**2
    return Path("level", mean, np.sqrt(variance) * _small_sample(len(line)))


def _small_sample(count: int) -> float:
    """By how much the normal 80% interval is too narrow when its variance comes from few days (Student's t)."""
    freedom = max(2, count - 1)
    return 1 + (_Z80**2 + 1) / (4 * freedom)


def _since_change(values: Floats, first: date) -> int:
    """The index of the last structural step; slopes are followed by the growth rate."""
    found = [change for change in onset.changes(values, first) if change.kind == "step"]
    return (found[-1].day - first).days if found else 0


def _growth(line: Floats) -> tuple[float, float]:
    """The daily growth rate (of the logarithm) and its standard error; zero where none is plain."""
    if len(line) < 28 or (line <= 0).any():
        return 0.0, 0.0
    recent = np.log(line[-84:])
    time = np.arange(len(recent)) - (len(recent) - 1) / 2
    slope = float(time @ recent / (time @ time))
    rest = recent - recent.mean() - slope * time
    clipped = np.clip(rest, -3 * weekly.spread(rest), 3 * weekly.spread(rest))
    whole = float(clipped @ clipped)
    alike = min(0.8, max(0.0, float(clipped[1:] @ clipped[:-1]) / whole)) if whole > 0 else 0.0
    error = sqrt(whole / (len(recent) - 2) * (1 + alike) / (1 - alike) / float(time @ time))
    return (slope, error) if abs(slope) > 3 * error and abs(slope) > 2e-4 else (0.0, 0.0)


def _filtered(line: Floats) -> tuple[float, float, float, float]:
    """The Kalman filter of the local level model: the level, its variance, the noise and the wandering of a day."""
    size = weekly.median(np.abs(line)) or 1.0
    scaled = line / size
    best: tuple[float, float, float, float, float] = (np.inf, size, 1.0, 0.04, 0.01)
    observed = scaled.tolist()
    for ratio in _WANDERING if len(scaled) >= 10 else (0.01,):
        gains, spreads, variance, likelihood = _gains(ratio, len(observed) - 1)
        state, errors = observed[0], 0.0
        for value, gain, spread in zip(observed[1:], gains, spreads, strict=True):
            miss = value - state
            state += gain * miss
            errors += miss * miss / spread
        count = max(1, len(scaled) - 1)
        noise = max(errors / count, 1e-8)
        cost = count * np.log(noise) + likelihood
        if cost < best[0]:
            best = (cost, state, variance, noise, ratio)
    _, state, variance, noise, ratio = best
    if len(scaled) == 1:
        noise = 0.04
    scale = size * size * noise
    return state * size, variance * scale, scale, ratio * scale


@lru_cache(maxsize=2048)
def _gains(ratio: float, days: int) -> tuple[tuple[float, ...], tuple[float, ...], float, float]:
    """What of the filter does not depend on the values: its gains, the variances of its errors, the variance of the
    level at the end, and the sum of the errors' log variances."""
    gains, spreads = [], []
    variance, likelihood = 1.0, 0.0
    for _ in range(days):
        before = variance + ratio
        spread = before + 1.0
        gain = before / spread
        variance = before * (1 - gain)
        likelihood += log(spread)
        gains.append(gain)
        spreads.append(spread)
    return tuple(gains), tuple(spreads), variance, likelihood


def runs(values: Floats, first: date, days: int) -> Path:
    """Runs drawn from those seen since the last change: the days between them, and what they cost."""
    at = weekly.bursts(values)
    for change in onset.changes(values, first):
        if change.kind == "frequency":
            at = at[at >= (change.day - first).days - 1] if (at >= (change.day - first).days).sum() >= 3 else at
    costs = values[at][-12:]
    for change in onset.changes(values, first):
        if change.kind == "cost per run":
            later = values[at[at >= (change.day - first).days]]
            costs = later[-12:] if len(later) else costs
    gaps = np.diff(at)[-12:]
    if not len(gaps):
        return Path("runs", np.full(days, values.mean()), np.sqrt(np.arange(1, days + 1)) * float(values.std()))
    since = len(values) - 1 - int(at[-1])
    chance = np.random.default_rng(len(values))
    long = gaps[gaps > since]
    opening = chance.choice(long if len(long) else gaps + since, _DRAWS) - since
    most = int(days / max(1, gaps.min())) + 2
    steps = np.column_stack([opening, chance.choice(gaps, (_DRAWS, most))]).cumsum(axis=1) - 1
    paid = chance.choice(costs, steps.shape)
    drawn = np.zeros((_DRAWS, days))
    there = (steps >= 0) & (steps < days)
    rows = np.broadcast_to(np.arange(_DRAWS)[:, None], steps.shape)
    np.add.at(drawn, (rows[there], steps[there]), paid[there])
    sums = drawn.cumsum(axis=1)
    floor = 0.05 * np.abs(sums).mean(axis=0)
    return Path("runs", drawn.mean(axis=0), np.maximum(sums.std(axis=0), floor))


def run_rate(values: Floats, first: date, days: int) -> Path:
    """The mean of the days of the current month so far (of the last ones, on its first days), again and again."""
    today = first + (len(values) - 1) * _DAY
    so_far = values[-today.day :] if len(values) >= today.day else values
    return _flat("run rate", np.full(days, so_far.mean()), values)


def naive(values: Floats, first: date, days: int) -> Path:
    """The last seven days again and again; fewer where there are no seven."""
    week = values[-7:]
    return _flat("seasonal naive", np.resize(week, days), values)


def _flat(method: str, mean: Floats, values: Floats) -> Path:
    deviation = float(values[-28:].std()) if len(values) > 1 else abs(float(mean[0])) if len(mean) else 0.0
    return Path(method, mean, deviation * np.sqrt(np.arange(1, len(mean) + 1)))


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
        """What the deviations must be multiplied with so that past errors have the size they promised; held back
        towards 1 while there are few, and never below it."""
        rows = self.sums[method]
        told = np.array([abs(f - c) / d for f, d, c in rows if d > 0])
        if len(told) < ENOUGH_ORIGINS:
            return 1.0
        seen = float(np.sqrt((np.minimum(told, 4) ** 2).mean()))
        trust = len(told) / (len(told) + 6)
        return float(np.clip(seen**trust, 1.0, 2.5))

    def covered(self, method: str) -> float:
        rows = self.sums[method]
        factor = _Z80 * self.scale(method)
        return sum(abs(f - c) <= factor * d for f, d, c in rows) / len(rows)


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
