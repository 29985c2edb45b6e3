"""Metrics from a Prometheus server: `query_range`, cut into ranges that the server accepts.

A value at time t is that of the step that ends at t, so a query like `increase(x_total[1d])` with a step of a day gives
whole UTC days, and its `increase` knows counters that began anew. A server answers at most 11,000 points a series
(https://prometheus.io/docs/prometheus/latest/querying/api/#range-queries); longer ranges are asked in parts.
"""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from aiops_cost import money
from aiops_cost.errors import ProviderError
from aiops_cost.metrics import points
from aiops_cost.metrics.file import MetricsSource, Query
from aiops_cost.metrics.points import DIMENSIONS, LEVELS, Measured, Point
from aiops_cost.model import Problem

MAX_POINTS = 11_000
TIMEOUT = 60
MAX_BYTES = 256 * 1024 * 1024
RETRY_AFTER = (0.5, 2.0)
"""Seconds to wait before asking again, when a server is busy or away."""
SECONDS = {"1d": 86_400, "6h": 21_600, "1h": 3_600, "15m": 900, "5m": 300, "1m": 60}
_BUSY = {429, 502, 503, 504}
Key = tuple[str | None, ...]


def fetch(source: MetricsSource, first: date, last: date, token: str | None) -> Measured:
    """Every query of the source for the days from `first` to `last`. Raises ProviderError."""
    found: list[Point] = []
    notes: list[str] = []
    for query in source.entry.queries:
        values: dict[tuple[Key, date], dict[int, list[Decimal]]] = {}
        for answer in _answers(source, query, first, last, token):
            notes += [f"{source.name}: {query.metric}: {text}" for text in answer.get("warnings", ())]
            for series in _series(source, answer):
                _collect(query, series, values, notes)
        found += _daily(source, query, values, notes)
    return Measured(tuple(found), tuple(dict.fromkeys(notes)))


def ranges(first: date, last: date, step: int) -> Iterator[tuple[int, int]]:
    """Start and end, in seconds, of requests that together give every step of the days once.

    The first value of a day is that of its first step, at the step's end.
    """
    at = _seconds(first) + step
    end = _seconds(last + timedelta(days=1))
    while at <= end:
        stop = min(end, at + (MAX_POINTS - 1) * step)
        yield at, stop
        at = stop + step


def _answers(
    source: MetricsSource, query: Query, first: date, last: date, token: str | None
) -> Iterator[dict[str, Any]]:
    step = SECONDS[query.step]
    for start, end in ranges(first, last, step):
        yield _ask(source, {"query": str(query.query), "start": str(start), "end": str(end), "step": str(step)}, token)


def _ask(source: MetricsSource, form: Mapping[str, str], token: str | None) -> dict[str, Any]:
    """One answer; asks again where the server is busy or away. Raises ProviderError."""
    for wait in (*RETRY_AFTER, None):
        try:
            return _once(source, form, token)
        except urllib.error.HTTPError as error:
            if error.code not in _BUSY or wait is None:
                raise ProviderError(_refused(source, form, error)) from None
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            if wait is None:
                raise ProviderError(_away(source, error)) from None
        time.sleep(wait or 0)
    raise AssertionError("the last attempt returns or raises")


def _once(source: MetricsSource, form: Mapping[str, str], token: str | None) -> dict[str, Any]:
    url = f"{source.entry.prometheus}/api/v1/query_range"
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(url, urllib.parse.urlencode(form).encode(), headers)  # noqa: S310
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310 - the scheme is checked
        body = answer.read(MAX_BYTES + 1)
    try:
        found = json.loads(body, parse_float=Decimal) if len(body) <= MAX_BYTES else {}
    except ValueError:
        found = {}
    if not isinstance(found, dict) or found.get("status") != "success" or not isinstance(found.get("data"), dict):
        said = "its answer is not one of Prometheus" if len(body) <= MAX_BYTES else "its answer is too big"
        raise ProviderError(_problem(source, "metrics-answer", said, "Check the address of the server."))
    return found


def _series(source: MetricsSource, answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = answer["data"].get("result")
    if answer["data"].get("resultType") != "matrix" or not isinstance(found, list):
        said = "its answer holds no series of values"
        raise ProviderError(_problem(source, "metrics-answer", said, "Check the query in Prometheus itself."))
    return found


def _collect(
    query: Query, series: Mapping[str, Any], values: dict[tuple[Key, date], dict[int, list[Decimal]]], notes: list[str]
) -> None:
    labels = series.get("metric", {})
    key = tuple(
        labels.get(query.labels[name]) or getattr(query, name) if name in query.labels else getattr(query, name)  # type: ignore[index]
        for name in DIMENSIONS
    )
    step = SECONDS[query.step]
    for at, text in series.get("values", ()):
        second = int(at)
        try:
            value = money.EXACT.multiply(Decimal(text), query.scale)
        except InvalidOperation:
            value = Decimal("NaN")
        if not value.is_finite():
            notes.append(f"{query.metric}: values that are no number ({text}) are left out")
            continue
        day = datetime.fromtimestamp(second - step, UTC).date()
        values.setdefault((key, day), {}).setdefault(second, []).append(value)


def _daily(
    source: MetricsSource,
    query: Query,
    values: Mapping[tuple[Key, date], Mapping[int, list[Decimal]]],
    notes: list[str],
) -> Iterator[Point]:
    """A day's steps as one value. A count of which steps are missing would be too low, so such a day is left out,
    unless the query says how a day is made (`over_day`)."""
    expected = SECONDS["1d"] // SECONDS[query.step]
    incomplete = 0
    for (key, day), steps in sorted(values.items(), key=lambda item: (item[0][1], str(item[0][0]))):
        if len(steps) < expected and query.over_day is None and query.metric not in LEVELS:
            incomplete += 1
            continue
        each = [points.merged(query.metric, found) for _, found in sorted(steps.items())]
        unit = query.unit or points.WELL_KNOWN.get(query.metric)
        of = dict(zip(DIMENSIONS, key, strict=True))
        yield Point(day, query.metric, _over_day(query, each), source.name, unit=unit, **of)
    if incomplete:
        notes.append(
            f"{source.name}: {incomplete} days of {query.metric} lack steps of {query.step} and are left out;"
            " `over_day: sum` keeps them as they are"
        )


def _over_day(query: Query, values: list[Decimal]) -> Decimal:
    match query.over_day or ("mean" if query.metric in LEVELS else "sum"):
        case "sum":
            return points.rounded(money.total(values))
        case "mean":
            return points.rounded(money.total(values) / len(values))
        case "max":
            return max(values)
        case _:
            return values[-1]


def _seconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def _refused(source: MetricsSource, form: Mapping[str, str], error: urllib.error.HTTPError) -> Problem:
    try:
        said = str(json.loads(error.read(65_536)).get("error", ""))
    except (ValueError, AttributeError, OSError):
        said = ""
    sentence = f"the server refused `{form['query']}` with {error.code}" + (f": {said[:300]}" if said else "")
    way_out = "Try the query in Prometheus itself; a token is read from the variable that `token_from` names."
    return _problem(source, "metrics-refused", sentence, way_out)


def _away(source: MetricsSource, error: Exception) -> Problem:
    reason = str(getattr(error, "reason", "") or error or type(error).__name__)
    return _problem(source, "metrics-unreached", f"the server was not reached: {reason}",
                    f"Check that it answers:  curl {source.entry.prometheus}/-/ready")  # fmt: skip


def _problem(source: MetricsSource, code: str, sentence: str, way_out: str) -> Problem:
    return Problem(code, f"{source.place} ({source.name})", sentence, way_out)
