"""Metrics from CloudWatch: `GetMetricData` with periods of a day, 500 queries a call, page by page.

A day begins at midnight UTC. CloudWatch keeps daily values for 455 days
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html). A day on which nothing
happened has no value, and none is made up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from aiops_cost import money
from aiops_cost.errors import ProviderError
from aiops_cost.metrics import points
from aiops_cost.metrics.file import MetricsSource, Query
from aiops_cost.metrics.points import Measured, Point
from aiops_cost.model import Problem

A_DAY = 86_400
PER_CALL = 500
"""Queries that one call may carry; 500 of them over 200 days are within its 100,800 values."""
DAYS_PER_CALL = 200
KEPT_DAYS = 455
Of = tuple[str | None, str | None, str | None, str | None]
POLICY = "cloudwatch:GetMetricData"


def fetch(source: MetricsSource, first: date, last: date) -> Measured:
    """Every query of the source for the days from `first` to `last`. Raises ProviderError."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    queries = source.entry.queries
    found: dict[tuple[int, date], Decimal] = {}
    notes: list[str] = []
    since = max(first, last - timedelta(days=KEPT_DAYS - 1))
    try:
        retries = Config(retries={"mode": "standard", "max_attempts": 3}, connect_timeout=10, read_timeout=60)
        client = boto3.Session().client("cloudwatch", region_name=source.entry.cloudwatch, config=retries)
        for call in _calls(queries, since, last):
            while True:
                answer = client.get_metric_data(**call)
                _collect(answer, queries, found, notes)
                if not answer.get("NextToken"):
                    break
                call["NextToken"] = answer["NextToken"]
    except ClientError as error:
        raise ProviderError(_refused(source, error.response.get("Error", {}))) from None
    except (BotoCoreError, ValueError) as error:
        raise ProviderError(_away(source, error)) from None
    return Measured(tuple(_points(source, found)), tuple(dict.fromkeys(f"{source.name}: {note}" for note in notes)))


def _calls(queries: Sequence[Query], first: date, last: date) -> Iterator[dict[str, Any]]:
    """The calls that together ask for everything; the end of a call is exclusive."""
    for begin in range(0, len(queries), PER_CALL):
        asked = [_asked(index, queries[index]) for index in range(begin, min(begin + PER_CALL, len(queries)))]
        start = first
        while start <= last:
            end = min(last, start + timedelta(days=DAYS_PER_CALL - 1))
            yield {
                "MetricDataQueries": asked,
                "StartTime": _midnight(start),
                "EndTime": _midnight(end + timedelta(days=1)),
                "ScanBy": "TimestampAscending",
            }
            start = end + timedelta(days=1)


def _asked(index: int, query: Query) -> dict[str, Any]:
    dimensions = [{"Name": name, "Value": value} for name, value in sorted(query.dimensions.items())]
    metric = {"Namespace": query.namespace, "MetricName": query.measure, "Dimensions": dimensions}
    stat = {"Metric": metric, "Period": A_DAY, "Stat": query.statistic}
    return {"Id": f"q{index}", "MetricStat": stat, "ReturnData": True}


def _collect(answer: Any, queries: Sequence[Query], found: dict[tuple[int, date], Decimal], notes: list[str]) -> None:
    notes += [f"{one.get('Code')}: {one.get('Value')}" for one in answer.get("Messages", ())]
    for result in answer["MetricDataResults"]:
        index = int(result["Id"].removeprefix("q"))
        query = queries[index]
        if result.get("StatusCode") in ("InternalError", "Forbidden"):
            notes.append(f"{query.metric} ({query.measure}) could not be read: {result['StatusCode']}")
        for at, value in zip(result["Timestamps"], result["Values"], strict=True):
            number = Decimal(repr(float(value)))
            if number.is_finite():
                found[index, at.astimezone(UTC).date()] = money.EXACT.multiply(number, query.scale)


def _points(source: MetricsSource, found: dict[tuple[int, date], Decimal]) -> Iterator[Point]:
    """Queries for one metric and one set of dimensions (models of a workload, regions) become one series."""
    days: dict[tuple[date, str, Of], list[tuple[Query, Decimal]]] = {}
    for (index, day), value in found.items():
        query = source.entry.queries[index]
        of = query.activity, query.workload, query.model, query.environment
        days.setdefault((day, query.metric, of), []).append((query, points.rounded(value)))
    for (day, metric, of), values in sorted(days.items(), key=lambda item: str(item[0])):
        query = values[0][0]
        value = points.merged(metric, [value for _, value in values])
        yield Point(day, metric, value, source.name, *of, unit=query.unit or points.WELL_KNOWN.get(metric))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _refused(source: MetricsSource, error: Any) -> Problem:
    code, said = str(error.get("Code", "unknown")), str(error.get("Message", ""))
    return Problem(
        "metrics-refused",
        f"{source.place} ({source.name})",
        f"CloudWatch refused: {code}" + (f": {said[:300]}" if said else ""),
        f"Allow {POLICY} for the role that runs this, and check the queries.",
    )


def _away(source: MetricsSource, error: Exception) -> Problem:
    return Problem(
        "metrics-unreached",
        f"{source.place} ({source.name})",
        f"CloudWatch was not reached: {str(error).splitlines()[0]}",
        "Check the region and the credentials:  aws sts get-caller-identity",
    )
