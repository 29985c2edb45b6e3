"""One value of one metric on one UTC day, and what the names of metrics mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from aiops_cost import money

DIMENSIONS = ("activity", "workload", "model", "environment")
"""What a value may be about; null where it is not said."""

COLUMNS = {
    "day": "DATE",
    "name": "VARCHAR",
    "activity": "VARCHAR",
    "workload": "VARCHAR",
    "model": "VARCHAR",
    "environment": "VARCHAR",
    "value": "DECIMAL(38, 9)",
    "unit": "VARCHAR",
    "source": "VARCHAR",
}
"""The table `metrics`."""

LEVELS = {
    "gb": "GB",
    "gb_unread": "GB",
    "gb_checkpoints_expired": "GB",
    "latency_p50_ms": "ms",
    "latency_p95_ms": "ms",
    "latency_p99_ms": "ms",
    "quality": "score",
    "pipeline_delay_hours": "hours",
    "utilization_percent": "%",
}
"""Metrics that are a level: days, and what comes more than once a day, are averaged, never added."""

COUNTS = {
    "requests": "requests",
    "tokens": "tokens",
    "input_tokens": "tokens",
    "output_tokens": "tokens",
    "runs": "runs",
    "failed_runs": "runs",
}
"""Metrics that are counted: days add up. Any name that is in neither table is a business unit, and counted."""

WELL_KNOWN = {**COUNTS, **LEVELS}
SCALE = Decimal(1).scaleb(-9)
_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_GAP_SHARE = 0.5
"""A series that has fewer days than this share is sparse by nature (runs, batches); its empty days are no gaps."""


class Point(NamedTuple):
    """A value on a UTC day. `value` has at most 9 decimals; `source` is the file or the feed that said it."""

    day: date
    name: str
    value: Decimal
    source: str
    activity: str | None = None
    workload: str | None = None
    model: str | None = None
    environment: str | None = None
    unit: str | None = None

    @property
    def series(self) -> tuple[str | None, ...]:
        """What tells one series from another: the name and the dimensions."""
        return (self.name, self.activity, self.workload, self.model, self.environment)

    @property
    def row(self) -> tuple[object, ...]:
        """In the order of COLUMNS."""
        return (
            self.day, self.name, self.activity, self.workload, self.model, self.environment, self.value, self.unit,
            self.source,
        )  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """All points, and sentences about what was mended or is missing."""

    points: tuple[Point, ...] = ()
    notes: tuple[str, ...] = ()


def name(text: str) -> str:
    """The name of a metric. Raises ValueError."""
    if not _NAME.match(text):
        raise ValueError(f"{text!r} is not the name of a metric (small letters, digits and _, like `orders`)")
    return text


def rounded(value: Decimal) -> Decimal:
    """To the 9 decimals that the table holds, half-even. Raises ValueError for what it cannot hold."""
    if not value.is_finite() or (value and value.adjusted() >= money.WHOLE_DIGITS):
        raise ValueError(f"{value} is not a value that can be kept")
    return value.quantize(SCALE, context=money.EXACT)


def merged(metric: str, values: Sequence[Decimal]) -> Decimal:
    """One value for what came several times: the sum of a count, the mean of a level."""
    together = money.total(values)
    return rounded(together / len(values) if metric in LEVELS else together)


def called(series: Sequence[str | None]) -> str:
    """A series for a message: `requests of serving support-chat`."""
    of = " ".join(part for part in series[1:] if part)
    return f"{series[0]} of {of}" if of else str(series[0])


def gaps(points: Iterable[Point]) -> list[str]:
    """One sentence per metric whose series lack days between their first and their last. Nothing is filled in."""
    days: dict[tuple[str | None, ...], set[date]] = {}
    for point in points:
        days.setdefault(point.series, set()).add(point.day)
    holes: dict[str, list[str]] = {}
    for series, present in sorted(days.items(), key=lambda item: str(item[0])):
        first, last = min(present), max(present)
        length = (last - first).days + 1
        if len(present) < length and len(present) >= _GAP_SHARE * length:
            lacking = next(first + timedelta(days=n) for n in range(length) if first + timedelta(days=n) not in present)
            holes.setdefault(str(series[0]), []).append(
                f"{called(series)}: {length - len(present)} of {length} days, the first {lacking}"
            )
    return [
        f"{found[0]} without a value" + (f" (and {len(found) - 1} more series)" if len(found) > 1 else "")
        + "; unit costs leave such days out on both sides"
        for found in holes.values()
    ]  # fmt: skip
