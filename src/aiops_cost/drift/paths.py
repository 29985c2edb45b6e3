"""Methods of forecasting: what the next days will cost, each, and how sure their sum is.

`level`: the days since the last structural change, without the week, the length of months (where they are paid by the
month) and spikes, follow a level that wanders a little (the local level model: Harvey 1989; its forecasts are those of
simple exponential smoothing)

    x(t) = l(t) + e(t),   l(t) = l(t-1) + u(t),   var u = q var e

with q chosen by likelihood from a few values, after a growth rate is taken out where one is plain. The sum over the
days asked for has a variance in closed form: of the level, of its wandering, of the days' own noise (more where a day
resembles the day before), of the growth, which may be there before it can be seen. Spikes, once there were two, come
again as often and as high as they did.

`runs`: a series that is mostly zeros (training runs) is continued by drawing days between runs and costs of runs from
those seen; the draws are fixed. `run_rate` and `naive` are the bars that these two must beat.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from math import log, sqrt
from typing import Any

import numpy as np

from aiops_cost.drift import onset, weekly
from aiops_cost.drift.weekly import Floats

Z80 = 1.2816
"""80% of a normal distribution lie within so many standard deviations."""
_WANDERING = (0.0, 0.003, 0.01, 0.03, 0.1, 0.3)
_DRAWS = 400
_NEAR, _FAR = 31, 0.004
"""Beyond a month nothing in the past says how far a level wanders; it is then let wander at least so much a day."""
_GROWTH = 0.0015
"""The growth of a day that cannot be seen yet: the standard deviation of it over lines, 4.5% a month."""
_MONTH, _PACE_DAYS = 365.25 / 12, 28
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Path:
    """The days ahead by one method: the mean of each, the standard deviation of the sum up to each, and that of each by
    itself. Days that err together make a sum that errs by more than they would apart."""

    method: str
    mean: Floats
    deviation: Floats
    daily: Floats


def level(values: Floats, first: date, days: int) -> Path:
    """The local level model on the days since the last change."""
    line, ahead, odd = prepared(values, first, days)
    if len(line) == 0 or not np.any(line):
        return Path("level", np.zeros(days), np.zeros(days), np.zeros(days))
    rate, doubt = _growth(line)
    time = np.arange(1, days + 1)
    steady = line * np.exp(-rate * np.arange(1 - len(line), 1))
    state, known, noise, wander = _filtered(steady)
    growth = np.exp(np.clip(rate * time, -3.0, 3.0))
    mean = ahead * (state * growth + odd.mean)
    weight = ahead * growth
    wandering = np.where(time > _NEAR, max(wander, (_FAR * state) ** 2), wander)
    so_far = np.cumsum(weight)
    left = np.maximum(so_far[:, None] - np.concatenate([[0.0], so_far[:-1]])[None, :], 0.0)
    lean = np.cumsum(weight * time) * state * doubt
    own = noise + odd.variance
    variance = so_far**2 * known + (left**2) @ wandering + own * np.cumsum(weight**2) + lean**2
    daily = weight**2 * (known + np.cumsum(wandering) + own + (time * state * doubt) ** 2)
    few = _small_sample(len(line))
    return Path("level", mean, np.sqrt(variance) * few, np.sqrt(daily) * few)


@dataclass(frozen=True)
class _Odd:
    """What spikes add to a day, on average and in variance: nothing before there were two, for one may stay alone."""

    mean: float
    variance: float


def prepared(values: Floats, first: date, days: int) -> tuple[Floats, Floats, _Odd]:
    """The days since the last change without week, length of months and spikes; what the days ahead are to be
    multiplied with to have week and months again; and what spikes have added to a day."""
    pace = _pace(values, first, days)
    even = values / pace[: len(values)]
    start = _since_change(even, first)
    week = weekly.profile(even[-84:], first + max(0, len(values) - 84) * _DAY)
    shape = week[weekly.weekdays(first, len(values) + days)]
    here, ahead = shape[start : len(values)], shape[len(values) :] * pace[len(values) :]
    usable = here > 0.05
    line = even[start:][usable] / here[usable]
    if len(line) < 8:
        return line, ahead, _Odd(0.0, 0.0)
    calm = weekly.calm(line)
    more = (line - calm)[line != calm]
    if len(more) < 2:
        return calm, ahead, _Odd(0.0, 0.0)
    return calm, ahead, _Odd(float(more.sum()) / len(line), float((more**2).sum()) / len(line))


def _pace(values: Floats, first: date, days: int) -> Floats:
    """What is paid by the month (GB-months) costs more on a day of a short month. The factor of each day, with those
    ahead, where the days move plainly less with it than without; else ones."""
    length = lengths(first, len(values) + days)
    factor = _MONTH / length
    known = values > 0
    if known.sum() < _PACE_DAYS or np.ptp(length[: len(values)]) == 0:
        return np.ones(len(factor))
    steps = np.flatnonzero(np.diff(length[: len(values)][known])) + 1
    by_day, by_month = np.log(values[known]), np.log((values / factor[: len(values)])[known])
    return factor if _jumps(by_month, steps) < 0.5 * _jumps(by_day, steps) else np.ones(len(factor))


def _jumps(line: Floats, steps: np.ndarray[Any, Any]) -> float:
    """How far a line jumps at some of its days together, in medians of a week."""
    return sum(abs(weekly.median(line[max(0, at - 7) : at]) - weekly.median(line[at : at + 7])) for at in steps)


@lru_cache(maxsize=256)
def lengths(first: date, days: int) -> Floats:
    """How many days the month of each day has."""
    dates = (first + offset * _DAY for offset in range(days))
    return np.array([monthrange(day.year, day.month)[1] for day in dates], dtype=float)


def _small_sample(count: int) -> float:
    """By how much the normal 80% interval is too narrow when its variance comes from few days (Student's t)."""
    freedom = max(2, count - 1)
    return 1 + (Z80**2 + 1) / (4 * freedom)


def _since_change(values: Floats, first: date) -> int:
    """The index of the last structural step; slopes are followed by the growth rate."""
    found = [change for change in onset.changes(values, first) if change.kind == "step"]
    return (found[-1].day - first).days if found else 0


def _growth(line: Floats) -> tuple[float, float]:
    """The daily growth rate (of the logarithm), zero where none is plain, and its standard error: before anything is
    known of it that of lines in general, afterwards what both leave together."""
    if len(line) < 28 or (line <= 0).any():
        return 0.0, _GROWTH
    recent = np.log(line[-84:])
    time = np.arange(len(recent)) - (len(recent) - 1) / 2
    slope = float(time @ recent / (time @ time))
    rest = recent - recent.mean() - slope * time
    clipped = np.clip(rest, -3 * weekly.spread(rest), 3 * weekly.spread(rest))
    error = sqrt(float(clipped @ clipped) / (len(recent) - 2) * weekly.inflation(rest) / float(time @ time))
    if abs(slope) > 3 * error and abs(slope) > 2e-4:
        return slope, error
    return 0.0, _GROWTH * error / sqrt(_GROWTH**2 + error**2)


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
    scale = size * size * noise * (1.0 if ratio else weekly.inflation(scaled - weekly.median(scaled)))
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
        daily = np.full(days, float(values.std()))
        return Path("runs", np.full(days, values.mean()), np.sqrt(np.arange(1, days + 1)) * daily, daily)
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
    floor = 0.03 * np.abs(sums).mean(axis=0)
    return Path("runs", drawn.mean(axis=0), np.maximum(sums.std(axis=0), floor), drawn.std(axis=0))


def run_rate(values: Floats, first: date, days: int) -> Path:
    """The mean of the days of the current month so far (of the last ones, on its first days), again and again."""
    today = first + (len(values) - 1) * _DAY
    so_far = values[-today.day :] if len(values) >= today.day else values
    return _flat("run rate", np.full(days, so_far.mean()), values, len(so_far))


def naive(values: Floats, first: date, days: int) -> Path:
    """The last seven days again and again; fewer where there are no seven."""
    week = values[-7:]
    return _flat("seasonal naive", np.resize(week, days), values, len(week))


def _flat(method: str, mean: Floats, values: Floats, known: int) -> Path:
    """The mean of so many known days goes on: their noise is in each day ahead, and in their mean."""
    recent = values[-28:]
    noise = float(recent.var()) if len(values) > 1 else float(mean[0]) ** 2 if len(mean) else 0.0
    noise *= weekly.inflation(recent - recent.mean())
    ahead = np.arange(1, len(mean) + 1)
    daily = np.full(len(mean), sqrt(noise * (1 + 1 / known)))
    return Path(method, mean, np.sqrt(noise * (ahead + ahead**2 / known)), daily)
