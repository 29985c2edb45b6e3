"""Metrics from CSV files: one value a row (`day,name,value` and dimensions), or one column per metric.

A time with an offset goes to its UTC day; one without is in the entry's `timezone`. Several rows of one series on a
day are added (counts) or averaged (levels). Cumulative readings (`counters`) become differences; a reading lower than
the one before it means that the counter began anew, so it counts from zero.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from aiops_cost import documents, money
from aiops_cost.errors import UserError
from aiops_cost.metrics import points
from aiops_cost.metrics.file import MetricsSource
from aiops_cost.metrics.points import DIMENSIONS, LEVELS, Measured, Point
from aiops_cost.model import Problem

TIMES = ("day", "time")
LONG = ("name", "value")
KNOWN = (*TIMES, *LONG, *DIMENSIONS, "unit")
WAY_OUT = "A file is like:  day,name,workload,value  and below it  2026-05-01,requests,support-chat,48000"
MAX_PROBLEMS = 20
Key = tuple[str | None, ...]


class Reading(NamedTuple):
    """One cell: the moment it is about (with its zone), or a whole day."""

    key: Key
    unit: str | None
    at: datetime | None
    day: date
    value: Decimal
    place: str


def read(source: MetricsSource, shown: str, path: Path) -> Measured:
    """One file's points, in the order of days, and what is to be said about them. Raises UserError with every
    problem: a header that says nothing, a cell that is not a number, one value given twice and differently."""
    rows = _rows(path, shown)
    head = [cell.strip().lower() for cell in rows[0]] if rows else []
    _check_head(head, shown)
    problems: list[Problem] = []
    readings: list[Reading] = []
    for number, row in enumerate(rows[1:], start=2):
        if any(cell.strip() for cell in row):
            readings += _readings(head, row, source, f"{shown}:{number}", problems)
    if problems:
        raise UserError(problems[:MAX_PROBLEMS])
    notes: list[str] = []
    counters = set(source.entry.counters)
    plain = [one for one in readings if one.key[0] not in counters]
    single = [*_once(plain, shown, notes), *_differences([r for r in readings if r.key[0] in counters], shown, notes)]
    notes += _about_zone(source, single, shown)
    return Measured(tuple(_daily(single, shown, notes)), tuple(notes))


def _rows(path: Path, shown: str) -> list[list[str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(_problem(f"{shown}:1:1", f"byte {error.start} is not UTF-8 text")) from None
    except OSError as error:
        raise UserError(_problem(shown, f"cannot be read: {error.strerror}")) from None
    first = text.partition("\n")[0]
    cells = max(",;\t", key=first.count)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=cells, strict=True))
    except csv.Error as error:
        raise UserError(_problem(f"{shown}:1:1", f"not a CSV file: {error}")) from None


def _check_head(head: Sequence[str], shown: str) -> None:
    place = f"{shown}:1:1"
    if len(set(head)) < len(head):
        twice = next(cell for cell in head if head.count(cell) > 1)
        raise UserError(_problem(place, f"the column `{twice}` is there twice"))
    if not any(cell in TIMES for cell in head):
        raise UserError(_problem(place, "there is no column `day` (or `time`)"))
    if any(cell in LONG for cell in head) and not all(cell in head for cell in LONG):
        raise UserError(_problem(place, "`name` and `value` belong together: the metric and its number"))
    for column, cell in enumerate(head, start=1):
        if cell in KNOWN:
            continue
        if "name" in head:
            hint = documents.near(cell, KNOWN) or f"columns are {', '.join(KNOWN)}"
            raise UserError(_problem(f"{shown}:1:{column}", f"unknown column `{cell}`; {hint}"))
        try:
            points.name(cell)
        except ValueError as error:
            raise UserError(_problem(f"{shown}:1:{column}", str(error))) from None
    if "name" not in head and not [cell for cell in head if cell not in KNOWN]:
        raise UserError(_problem(place, "there is no column with values"))


def _readings(
    head: Sequence[str], row: Sequence[str], source: MetricsSource, place: str, problems: list[Problem]
) -> Iterator[Reading]:
    if len(row) != len(head):
        problems.append(_problem(f"{place}:1", f"{len(row)} cells where the first line has {len(head)}"))
        return
    cells = dict(zip(head, map(str.strip, row), strict=True))
    try:
        at, day = _time(cells.get("time") or cells.get("day") or "", source.entry.timezone)
    except ValueError as error:
        problems.append(_problem(f"{place}:{_column(head, 'time', 'day')}", str(error)))
        return
    of = tuple([cells.get(name) or None for name in DIMENSIONS])
    unit = cells.get("unit") or None
    asked = [("value", cells["name"])] if "name" in cells else [(cell, cell) for cell in head if cell not in KNOWN]
    for column, metric in asked:
        if not cells[column]:
            continue
        try:
            value = points.rounded(money.parse(cells[column]))
            yield Reading((points.name(metric), *of), unit, at, day, value, place)
        except ValueError as error:
            hint = documents.near(column, [*DIMENSIONS, *TIMES]) if column not in KNOWN else ""
            said = f"{error}" + (f"; `{column}` was taken as a metric, {hint}" if hint else "")
            problems.append(_problem(f"{place}:{_column(head, column)}", said))


def _column(head: Sequence[str], *names: str) -> int:
    return next(head.index(name) + 1 for name in names if name in head)


@lru_cache(maxsize=4096)
def _time(text: str, zone: str) -> tuple[datetime | None, date]:
    """The moment, if one is said, and the UTC day."""
    try:
        if len(text) == 10:
            return None, date.fromisoformat(text)
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is neither a day (2026-05-01) nor a time (2026-05-01T13:00:00Z)") from None
    known = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))
    utc = known.astimezone(UTC)
    return utc, utc.date()


def _once(readings: Sequence[Reading], shown: str, notes: list[str]) -> list[Reading]:
    """Rows that say the same twice count once; rows that contradict each other are refused."""
    seen: dict[tuple[Key, datetime | date], Reading] = {}
    kept: list[Reading] = []
    problems: list[Problem] = []
    for one in readings:
        key = (one.key, one.at or one.day)
        first = seen.get(key)
        if first is None:
            seen[key] = one
            kept.append(one)
        elif first.value != one.value:
            said = f"{points.called(one.key)} is {one.value.normalize():f} here"
            said += f" and {first.value.normalize():f} at {first.place}"
            problems.append(_problem(f"{one.place}:1", said))
    if problems:
        raise UserError(problems[:MAX_PROBLEMS])
    if len(kept) < len(readings):
        notes.append(f"{shown}: {len(readings) - len(kept)} rows say what another row says; they count once")
    return kept


def _differences(readings: Sequence[Reading], shown: str, notes: list[str]) -> list[Reading]:
    """Cumulative readings as what was added since the one before; the first of a series says nothing yet."""
    found: list[Reading] = []
    before: dict[Key, Reading] = {}
    resets: list[Reading] = []
    zero = datetime.min.replace(tzinfo=UTC)
    for one in sorted(_once(readings, shown, notes), key=lambda r: (r.day, r.at or zero)):
        last = before.get(one.key)
        before[one.key] = one
        if last is None:
            continue
        reset = one.value < last.value
        if reset:
            resets.append(one)
        value = one.value if reset else one.value - last.value
        found.append(Reading(one.key, one.unit, one.at, one.day, value, one.place))
    for one in resets[:3]:
        notes.append(f"{one.place}: the counter {points.called(one.key)} began anew; it counts from zero there")
    if len(resets) > 3:
        notes.append(f"{shown}: {len(resets) - 3} more counters began anew")
    return found


def _about_zone(source: MetricsSource, readings: Sequence[Reading], shown: str) -> list[str]:
    """Days of another zone cannot be cut at midnight UTC afterwards; that is said, not hidden."""
    days = [one.day for one in readings if one.at is None]
    if source.entry.timezone == "UTC" or not days:
        return []
    noon = datetime(days[0].year, days[0].month, days[0].day, 12, tzinfo=source.zone)
    hours = abs(noon.utcoffset() or timedelta()) / timedelta(hours=1)
    return [
        f"{shown}: days of {source.entry.timezone} are taken as UTC days, so about {hours:g} hours of each fall on"
        " the day beside it; give times instead of days to have them cut exactly"
    ] if hours else []  # fmt: skip


def _daily(readings: Sequence[Reading], shown: str, notes: list[str]) -> Iterator[Point]:
    days: dict[tuple[Key, date], list[Reading]] = {}
    for one in readings:
        days.setdefault((one.key, one.day), []).append(one)
    averaged: set[str] = set()
    order = {key: str(key) for key, _ in days}
    for (key, day), found in sorted(days.items(), key=lambda item: (item[0][1], order[item[0][0]])):
        metric, activity, workload, model, environment = key
        name = str(metric)
        if len(found) > 1 and name in LEVELS and name.startswith("latency"):
            averaged.add(name)
        value = found[0].value if len(found) == 1 else points.merged(name, [one.value for one in found])
        unit = found[0].unit or points.WELL_KNOWN.get(name)
        yield Point(day, name, value, shown, activity, workload, model, environment, unit)
    if averaged:
        notes.append(
            f"{shown}: {', '.join(sorted(averaged))} of a day is the mean of its rows, which is near the percentile"
            " of the day and not the same"
        )


def _problem(place: str, sentence: str) -> Problem:
    return Problem("metrics-bad", place, sentence, WAY_OUT)
