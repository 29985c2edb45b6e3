"""Days out of the ordinary: a spike, a stop. Few and true, for an alarm that cries too often is switched off.

A spike is one day or two that cost more than half as much again as the days around them lead to expect, and more than
`SCORE` times their spread; what stays is no spike but an onset (`onset`). The level expected is the median of the 28
days before, times the weekday's factor, so a spike never raises its own threshold. A stop is three days of nothing
after a month of something; where runs come now and then, a silence three times as long as the longest one before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from aiops_cost.drift import weekly
from aiops_cost.drift.weekly import Floats

SCORE = 8.0
LEAST_RATIO = 1.5
HISTORY = 28
QUIET_DAYS = 3
LONG_SILENCE = 3
_LEAST_SPREAD = 0.02


@dataclass(frozen=True)
class Anomaly:
    """`kind` is `spike` or `stop`; amounts are statistics: what came, and what was expected, in all days together."""

    kind: str
    first: date
    last: date
    came: float
    expected: float


def spikes(values: Floats, first: date, since: date) -> list[Anomaly]:
    """The spikes that began on `since` or later."""
    values = np.asarray(values, dtype=float)
    start = max(HISTORY, (since - first).days)
    lumpy = weekly.is_lumpy(values)
    found: list[Anomaly] = []
    day = start
    while day < len(values):
        end = day
        while end < len(values) and _is_wild(values, first, end, day, lumpy):
            end += 1
        if 0 < end - day <= 2:
            hoped = _expected(values, first, day, lumpy)[0] * (1 if lumpy else end - day)
            begin = first + timedelta(days=day)
            length = timedelta(days=end - day - 1)
            found.append(Anomaly("spike", begin, begin + length, float(values[day:end].sum()), float(hoped)))
        day = max(end, day + 1)
    return found


def _is_wild(values: Floats, first: date, day: int, known: int, lumpy: bool) -> bool:
    """True when a day is out of line with the days before `known`."""
    level, spread = _expected(values[:known], first, day, lumpy)
    if level <= 0:
        return False
    over = values[day] - level
    return bool(values[day] > LEAST_RATIO * level and over > SCORE * max(spread, _LEAST_SPREAD * level))


def _expected(values: Floats, first: date, day: int, lumpy: bool) -> tuple[float, float]:
    """The amount expected of a day, and its spread, from the days before."""
    if lumpy:
        at = weekly.bursts(values)
        costs = values[at][-10:]
        if len(costs) < 5:
            return 0.0, 0.0
        return weekly.median(costs), max(weekly.spread(costs), 0.1 * weekly.median(costs))
    week = weekly.profile(values[-84:], first + timedelta(days=max(0, len(values) - 84)))
    recent = values[-HISTORY:]
    begin = first + timedelta(days=len(values) - len(recent))
    here = week[weekly.weekdays(begin, len(recent))]
    usable = here > 0.05
    if usable.sum() < HISTORY // 2:
        return 0.0, 0.0
    line = recent[usable] / here[usable]
    factor = float(week[(first + timedelta(days=day)).weekday()])
    level = weekly.median(line)
    return level * factor, max(weekly.spread(line), 0.5 * float(line.std()) if len(line) < 14 else 0.0) * factor


def stop(values: Floats, first: date, since: date) -> Anomaly | None:
    """A series that stopped on `since` or later, and is still silent."""
    values = np.asarray(values, dtype=float)
    busy = weekly.bursts(values) if len(values) else np.zeros(0, dtype=np.int64)
    if len(busy) < 4:
        return None
    last = int(busy[-1])
    silent = len(values) - 1 - last
    gaps = np.diff(busy[-60:])
    steady = len(busy) >= HISTORY and float((gaps == 1).mean()) > 0.6
    longest = int(gaps.max())
    enough = max(QUIET_DAYS, longest + QUIET_DAYS - 1) if steady else LONG_SILENCE * longest
    begin = first + timedelta(days=last + 1)
    if silent < enough or begin < since:
        return None
    usual = weekly.median(values[busy[-14:]]) / float(np.mean(gaps[-14:]))
    return Anomaly(
        "stop", begin, first + timedelta(days=len(values) - 1), float(values[last + 1 :].sum()), usual * silent
    )
