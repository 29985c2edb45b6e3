"""Onset: the day on which a series left its course for good, by a step or by a new slope.

The series is divided by what was expected of each day (the plan, spread smoothly, times the weekday profile), so a
planned growth or a planned step is no change. In logarithms, with spikes put down, three courses are compared:

    straight   x(t) = a + b t                        b only where six weeks are known
    step       x(t) = a + b t + d [t >= day]
    slope      x(t) = a + b t + g max(0, t - day + 1)

For every possible day the last term is fitted by least squares, the others projected out (Frisch, Waugh and Lovell),
and the day that takes away most of the squared error is the candidate. It is a change when its size is worth telling
and its size divided by its standard error is beyond a threshold that the benchmark `truth` sets by false alarms. The
standard error is robust (median absolute deviation) and widened for days that resemble the day before, by
(1 + r) / (1 - r), r their correlation (Bartlett 1946). The parts before and after are then searched in the same way
(binary segmentation: Scott and Knott 1974). That a slope is one is decided with b; its day is then sought without, for
with two unknown slopes the day between them is known badly, unless b is plain, too.

A series that is mostly zeros (training runs) is searched twice instead: the cost of a run, and the days between runs.

`certainty` is the share of the likelihood that lies within three days of the day: exp(-squared error / 2 sigma^2),
summed there and divided by its sum over all days.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from math import sqrt
from typing import Any

import numpy as np

from aiops_cost.drift import weekly
from aiops_cost.drift.weekly import Floats

Days = np.ndarray[Any, np.dtype[np.int64]]

LEAST_DAYS = 14
"""A course must have been seen so long before one can leave it."""
LEAST_AFTER = 4
"""A new level is at least so many days old: three days may be an incident."""
WITH_TREND = 42
"""From so many days on, a series may have a slope of its own."""
LEAST_SIZE = 0.06
"""Smaller changes, as a share of the level, are no news."""
THRESHOLD = 5.0
"""Standard errors; set by the benchmark."""
PLAIN = 3.5
"""Standard errors from which on a slope before the change is believed; set by the benchmark."""
RECENT = 21
"""A step is news for three weeks; after that the plan itself shows it."""
RECENT_SLOPE = 75
"""A slope takes its time to become a drift."""
_FLOOR = 0.008
"""No bill is steadier than this share of itself: below it, rounding and hours of the day look like changes."""


@dataclass(frozen=True)
class Change:
    """A structural change. `size` is the share by which the level changed since (0.5: half as much again);
    `kind` is `step`, `slope`, `cost per run` or `frequency`; `certainty` is between 0 and 1."""

    day: date
    kind: str
    size: float
    score: float
    certainty: float


def changes(values: Floats, first: date, expected: Floats | None = None) -> tuple[Change, ...]:
    """All structural changes of a series, in order of their days; a series that was asked about lately is not searched
    again.

    `values` are amounts per day; `expected`, where given, what was expected of each of those days (any unit: only its
    shape counts). Days on which nothing was expected are left out.
    """
    given = np.asarray(values, dtype=float).tobytes()
    return _remembered(given, first, None if expected is None else np.asarray(expected, dtype=float).tobytes())


@lru_cache(maxsize=256)
def _remembered(values: bytes, first: date, expected: bytes | None) -> tuple[Change, ...]:
    return _changes(np.frombuffer(values), first, None if expected is None else np.frombuffer(expected))


def _changes(values: Floats, first: date, expected: Floats | None) -> tuple[Change, ...]:
    if len(values) < LEAST_DAYS or not np.isfinite(values).all() or (values > 0).sum() < 4:
        return ()
    if weekly.is_lumpy(values):
        return tuple(_of_bursts(values, first))
    line, days = _straightened(values, first, expected)
    if len(line) < LEAST_DAYS:
        return ()
    found = sorted(_segmented(line, 0, THRESHOLD))
    edges = [0, *(one[0] for one in found), len(line)]
    return tuple(
        Change(first + timedelta(days=int(days[at])), kind, _size(line, edges[n : n + 3], kind, size), score, certainty)
        for n, (at, kind, size, score, certainty) in enumerate(found)
    )


def _size(line: Floats, edges: Sequence[int], kind: str, fitted: float) -> float:
    """By which share the level changed: of a step, from the median of the four weeks before to that of the four after
    (the fit shares it with the trend); of a slope, what it has come to."""
    if kind == "slope":
        return float(np.expm1(fitted))
    begin, at, end = edges
    before, after = line[max(begin, at - 28) : at], line[at : min(end, at + 28)]
    return float(np.expm1(weekly.median(after) - weekly.median(before)))


def main(found: Sequence[Change], first: date, last: date, way: int) -> Change | None:
    """The change that did most to a drift of the days from `first` to `last`; `way` is 1 for more, -1 for less."""
    moved = [change for change in found if change.size * way > 0 and change.day <= last]
    return max(moved, key=lambda c: abs(c.size) * (last - max(c.day, first)).days, default=None)


def left(found: Sequence[Change], values: Floats, first: date, expected: Floats, tolerance: float) -> Change | None:
    """The change by which a series left its plan upwards lately, and stayed away: since then it
    cost more than expected by more than the tolerance. None where it did not."""
    last = first + timedelta(days=len(values) - 1)
    for change in reversed(found):
        if change.size < tolerance or (last - change.day).days > (RECENT_SLOPE if change.kind == "slope" else RECENT):
            continue
        at = (change.day - first).days
        hoped = float(expected[at:].sum())
        if hoped > 0 and float(values[at:].sum()) / hoped - 1 > tolerance:
            return change
    return None


def _straightened(values: Floats, first: date, expected: Floats | None) -> tuple[Floats, Days]:
    """Logarithms of actual over expected without the week and without spikes, and the index of each day kept."""
    factors = weekly.profile(values, first)[weekly.weekdays(first, len(values))]
    hoped = np.ones(len(values)) if expected is None else np.asarray(expected, dtype=float)
    base = factors * hoped
    kept = base > 0.05 * base.max() if base.max() > 0 else np.zeros(len(values), dtype=bool)
    ratio = values[kept] / base[kept]
    low = 0.02 * weekly.median(ratio[ratio > 0]) if (ratio > 0).any() else 1.0
    line = np.log(np.maximum(ratio, low))
    return weekly.calm(line), np.flatnonzero(kept)


Found = tuple[int, str, float, float, float]


def _segmented(line: Floats, offset: int, threshold: float, depth: int = 5) -> list[Found]:
    best = _best(line, threshold)
    if best is None or depth == 0:
        return []
    at, kind, size, score, certainty = best
    after = line[at:]
    if kind == "slope":
        after = after - size / max(1, len(line) - 1 - at) * np.arange(len(after))
    left = _segmented(line[:at], offset, threshold, depth - 1) if at >= LEAST_DAYS else []
    right = _segmented(after, offset + at, threshold, depth - 1) if len(after) >= LEAST_DAYS else []
    return [*left, (offset + at, kind, size, score, certainty), *right]


def _best(line: Floats, threshold: float) -> Found | None:
    """The best step or slope of one stretch, when it is beyond the threshold."""
    if len(line) < LEAST_DAYS:
        return None
    found = [one for one in (_fit(line, "step"), _fit(line, "slope")) if one is not None]
    if not found:
        return None
    _, one = max(found, key=lambda item: item[0])
    if one[3] < threshold or abs(np.expm1(one[2])) < LEAST_SIZE:
        return None
    return _from_a_level(line, one) if one[1] == "slope" and len(line) >= WITH_TREND else one


def _from_a_level(line: Floats, found: Found) -> Found:
    """A slope, dated without the slope that the line may have had before, unless that one is plain: the day is told
    far better where only one slope is sought, and a line on its plan has none before."""
    at, kind, _, score, _ = found
    time = np.arange(len(line))
    terms = np.column_stack([np.ones(len(line)), time - time.mean(), np.maximum(0, time - at + 1)])
    sizes, *_ = np.linalg.lstsq(terms, line, rcond=None)
    rest = line - terms @ sizes
    sigma = max(weekly.spread(rest), _FLOOR)
    error = sigma * np.sqrt(weekly.inflation(rest) * np.linalg.inv(terms.T @ terms)[1, 1])
    again = _fit(line, kind, trend=False)
    if again is None or abs(sizes[1]) > PLAIN * error:
        return found
    _, (at, _, size, _, certainty) = again
    return at, kind, size, score, certainty


def _fit(line: Floats, kind: str, trend: bool = True) -> tuple[float, Found] | None:
    """(squared error taken away, change) of the best day for one kind of change."""
    days, regressors, norms = _regressors(len(line), kind, trend)
    if not len(days):
        return None
    products = regressors @ line
    gains = products**2 / norms
    best = int(np.argmax(gains))
    at = int(days[best])
    effect = products[best] / norms[best]
    rest = _projected(line, trend) - effect * regressors[best]
    sigma = max(weekly.spread(rest), _FLOOR)
    inflation = weekly.inflation(rest)
    error = sigma * np.sqrt(inflation / norms[best])
    reach = 1.0 if kind == "step" else float(len(line) - 1 - at)
    near = np.abs(days - at) <= 3
    weight = np.exp(np.minimum(0.0, (gains - gains[best]) / (2 * sigma**2 * inflation)))
    certainty = float(weight[near].sum() / weight.sum())
    score = float(abs(effect) / error)
    return float(gains[best]), (at, kind, float(effect * reach), score, certainty)


def _projected(line: Floats, trend: bool) -> Floats:
    basis = _basis(len(line), trend)
    return line - basis @ (basis.T @ line)


@lru_cache(maxsize=64)
def _basis(length: int, trend: bool) -> Floats:
    """An orthonormal basis of the straight courses, with a slope where that is asked and six weeks are known."""
    ones = np.ones(length)
    columns = [ones, np.arange(length) - (length - 1) / 2] if trend and length >= WITH_TREND else [ones]
    basis, _ = np.linalg.qr(np.column_stack(columns))
    return basis


@lru_cache(maxsize=64)
def _regressors(length: int, kind: str, trend: bool) -> tuple[Days, Floats, Floats]:
    """For each day that can be one: its term without what a straight course explains, and its squared length."""
    days = np.arange(LEAST_DAYS // 2, length - LEAST_AFTER + 1)
    if kind == "slope":
        days = days[days <= length - 10]
    time = np.arange(length)[None, :]
    since = time - days[:, None]
    terms = (since >= 0).astype(float) if kind == "step" else np.maximum(0, since + 1).astype(float)
    basis = _basis(length, trend)
    terms = terms - (terms @ basis) @ basis.T
    norms = np.maximum((terms**2).sum(axis=1), 1e-9)
    return days, terms, norms


def _of_bursts(values: Floats, first: date) -> Iterator[Change]:
    """Changes of a lumpy series: what a run costs, how often it runs."""
    at = weekly.bursts(values)
    if len(at) < 6:
        return
    cost = _jump(_without_odd_ones(np.log(np.abs(values[at]))), 0.03)
    if cost is not None:
        index, size, score = cost
        yield Change(first + timedelta(days=int(at[index])), "cost per run", float(np.expm1(size)), float(score), 1.0)
    gaps = np.diff(at).astype(float)
    rhythm = _jump(np.log(gaps), 0.10)
    if rhythm is not None:
        index, size, score = rhythm
        yield Change(first + timedelta(days=int(at[index]) + 1), "frequency", float(np.expm1(-size)), float(score), 1.0)


def _without_odd_ones(line: Floats) -> Floats:
    """A sequence of runs in which a single run far from both its neighbours is put between them; two are a level."""
    middle = np.sort(np.stack([line[:-2], line[1:-1], line[2:]]), axis=0)[1]
    return np.concatenate([line[:1], middle, line[-1:]]) if len(line) > 2 else line


def _jump(line: Floats, floor: float) -> tuple[int, float, float] | None:
    """The best step of a short sequence: index, size and score; None when it is not beyond doubt."""
    best: tuple[int, float, float] | None = None
    for at in range(4, len(line) - 1):
        before, after = line[:at], line[at:]
        low, high = before.sum() / at, after.sum() / (len(line) - at)
        size = float(high - low)
        rest = np.concatenate([before - low, after - high])
        rest -= rest.sum() / len(line)
        sigma = max(sqrt((rest * rest).sum() / len(line)) * sqrt(len(line) / (len(line) - 2)), floor)
        score = abs(size) / (sigma * sqrt(1 / at + 1 / (len(line) - at)))
        if best is None or score > best[2]:
            best = (at, size, score)
    if best is None or best[2] < THRESHOLD + 1.5 or abs(np.expm1(best[1])) < LEAST_SIZE:
        return None
    return best
