"""The shape of a week, the noise of a day, and days that stand out: what every statistic here starts from.

A series is an array of amounts, one per day without a gap, and the day it begins on. The weekday profile is seven
factors with a mean of one, Monday first: the median, over the weeks, of a day's amount divided by the mean of the
seven days around it (the ratio-to-moving-average method: Hyndman and Athanasopoulos, Forecasting: Principles and
Practice, 3rd edition, section 3.4), so that neither a spike nor a step changes it.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]
Days = np.ndarray[Any, np.dtype[np.int64]]

FLAT: Floats = np.ones(7)
ENOUGH_WEEKS = 3
"""A weekday must have been seen so often before the week has a shape."""

_ALIKE = 0.75
_SPREAD = 1.4826
"""The median absolute deviation of a normal distribution, times this, is its standard deviation."""


def median(values: Floats) -> float:
    """The median of some finite values, the same as numpy's to the last bit: short series are asked for it very often,
    and most of the time went into the generality of that."""
    half = len(values) // 2
    sorted_there = values.copy()
    if len(values) % 2:
        sorted_there.partition(half)
        return float(sorted_there[half])
    sorted_there.partition((half - 1, half))
    return float((sorted_there[half - 1] + sorted_there[half]) / 2)


def spread(values: Floats) -> float:
    """A standard deviation that a minority of wild values does not move."""
    if len(values) == 0:
        return 0.0
    return _SPREAD * median(np.abs(values - median(values)))


def inflation(rest: Floats) -> float:
    """By how much the variance of a mean grows because days resemble their neighbours: (1 + r) / (1 - r), r their
    correlation (Bartlett 1946), 0.75 at most."""
    limit = 3 * max(spread(rest), 1e-12)
    clipped = np.clip(rest, -limit, limit)
    whole = float(clipped @ clipped)
    if whole <= 0:
        return 1.0
    r = min(_ALIKE, max(0.0, float(clipped[1:] @ clipped[:-1]) / whole))
    return (1 + r) / (1 - r)


def profile(values: Floats, first: date) -> Floats:
    """The seven weekday factors, Monday first; all ones where the week has no shape, or too few weeks are known."""
    if len(values) < 7 * ENOUGH_WEEKS:
        return _weekend(values, first)
    mean = np.convolve(values, FLAT / 7, mode="valid")
    middle = values[3:-3]
    known = mean > 0
    ratios = np.divide(middle, mean, out=np.full(len(middle), np.inf), where=known)
    weeks = _in_weeks(ratios, (first.weekday() + 3) % 7)
    counts = (weeks < np.inf).sum(axis=0)
    if counts.min() < ENOUGH_WEEKS - 1:
        return FLAT
    middles = _medians(weeks, counts)
    noise = _SPREAD * _medians(np.abs(weeks - middles), counts) / np.sqrt(counts)
    found = np.maximum(0.0, middles)
    found /= max(float(found.sum()) / 7, 1e-9)
    beyond = np.abs(found - 1).max()
    return found if beyond > max(0.015, 3 * float(noise.sum()) / 7) else FLAT


def _in_weeks(days: Floats, weekday: int) -> Floats:
    """A row for each week, Monday first, infinite where there is no day."""
    weeks = np.full((-(-(weekday + len(days)) // 7), 7), np.inf)
    weeks.ravel()[weekday : weekday + len(days)] = days
    return weeks


def _medians(weeks: Floats, counts: Days) -> Floats:
    """The median of each column's finite values."""
    in_order, column = np.sort(weeks, axis=0), np.arange(7)
    return np.asarray((in_order[(counts - 1) // 2, column] + in_order[counts // 2, column]) / 2)


def _weekend(values: Floats, first: date) -> Floats:
    """From one to three weeks: working days and the weekend apart, where they plainly differ."""
    if len(values) < 8:
        return FLAT
    free = weekdays(first, len(values)) >= 5
    work, weekend = values[~free], values[free]
    middle = median(work)
    if len(weekend) < 2 or middle <= 0:
        return FLAT
    factor = max(0.0, float(weekend.mean()) / middle)
    noise = max(float(np.std(weekend)), spread(work), 0.01 * middle) / middle
    if abs(factor - 1) < max(0.05, 3 * noise):
        return FLAT
    found = np.array([1.0] * 5 + [factor] * 2)
    return np.asarray(found / found.mean())


def weekdays(first: date, days: int) -> Days:
    """0 for Monday to 6 for Sunday, for each day."""
    return (first.weekday() + np.arange(days)) % 7


def spikes(values: Floats) -> Bools:
    """Days that stand out by themselves: one or two in a row, with ordinary days after them, or at the very end.

    Three in a row are no spike; they may be a new level.
    """
    level = running_median(values)
    around = values - level
    noise = max(spread(around), 0.01 * median(np.abs(level)), 1e-12)
    wild = np.abs(around) > 4.5 * noise
    found = np.zeros(len(values), dtype=bool)
    begin = 0
    while begin < len(values):
        if not wild[begin]:
            begin += 1
            continue
        end = begin
        while end < len(values) and wild[end]:
            end += 1
        if end - begin <= 2:
            found[begin:end] = True
        begin = end
    return found


def running_median(values: Floats, width: int = 15) -> Floats:
    """The median of the days around each day; at the ends of as many as there are."""
    half = width // 2
    padded = np.concatenate([np.full(half, np.nan), values, np.full(half, np.nan)])
    windows = np.sort(np.lib.stride_tricks.sliding_window_view(padded, width), axis=1)
    known = width - np.isnan(windows).sum(axis=1)
    days = np.arange(len(values))
    return np.asarray((windows[days, (known - 1) // 2] + windows[days, known // 2]) / 2)


def calm(values: Floats) -> Floats:
    """The series with its spikes put down to the level around them."""
    odd = spikes(values)
    return np.where(odd, running_median(values), values) if odd.any() else values


def is_lumpy(values: Floats) -> bool:
    """True where most days cost nothing: training that runs now and then."""
    size = np.abs(values)
    busy = size > 0.1 * size[size > 0].mean() if (size > 0).any() else np.zeros(len(values), dtype=bool)
    return bool(busy.sum() >= 2 and (~busy).mean() >= 0.4)


def bursts(values: Floats) -> Days:
    """The days on which a lumpy series cost something worth the name."""
    size = np.abs(values)
    return np.flatnonzero(size > 0.1 * size[size > 0].mean()) if (size > 0).any() else np.zeros(0, dtype=np.int64)
