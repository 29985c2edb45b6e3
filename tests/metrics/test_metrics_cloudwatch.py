"""Metrics from CloudWatch, as moto plays it, and from answers that moto does not give."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from aiops_cost.errors import ProviderError
from aiops_cost.metrics import cloudwatch
from aiops_cost.metrics.fetch import fetch
from aiops_cost.metrics.read import known

FIRST, LAST = date(2026, 5, 1), date(2026, 5, 3)
ENTRY = """  - cloudwatch: us-east-1
    name: bedrock
    queries:
      - {metric: requests, namespace: AWS/Bedrock, measure: Invocations, dimensions: {ModelId: small}, workload: chat}
      - metric: latency_p95_ms
        namespace: AWS/Bedrock
        measure: InvocationLatency
        statistic: Maximum
        dimensions: {ModelId: small}
        workload: chat
"""


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def measured() -> Any:
    with mock_aws():
        client = boto3.client("cloudwatch", region_name="us-east-1")
        for hour, count in ((1, 100), (13, 50), (23, 7), (25, 30)):
            at = datetime(2026, 5, 1, tzinfo=UTC) + timedelta(hours=hour)
            data = [("Invocations", count, "Count"), ("InvocationLatency", 200 + hour, "Milliseconds")]
            client.put_metric_data(
                Namespace="AWS/Bedrock",
                MetricData=[
                    {
                        "MetricName": name,
                        "Timestamp": at,
                        "Value": value,
                        "Unit": unit,
                        "Dimensions": [{"Name": "ModelId", "Value": "small"}],
                    }
                    for name, value, unit in data
                ],
            )
        yield client


def test_a_day_is_a_utc_day_and_an_empty_day_has_no_value(measured, sources):
    [source] = sources(ENTRY)
    found = {(str(p.day), p.name): p.value for p in cloudwatch.fetch(source, FIRST, LAST).points}
    assert found == {
        ("2026-05-01", "requests"): 157,
        ("2026-05-02", "requests"): 30,
        ("2026-05-01", "latency_p95_ms"): 223,
        ("2026-05-02", "latency_p95_ms"): 225,
    }


def test_what_was_fetched_is_kept(measured, sources, tmp_path):
    asked = sources(ENTRY + "    history: 30\n")
    done = fetch(asked, str(tmp_path / "ledger"), date(2026, 5, 4), {})
    assert "4 values of 2026-05-01..2026-05-02 kept" in done.notes[-1]
    assert {p.workload for p in known(asked, str(tmp_path / "ledger")).points} == {"chat"}


def _stubbed(monkeypatch, source, answers):
    client = boto3.client("cloudwatch", region_name="us-east-1")
    stub = Stubber(client)
    for answer in answers:
        stub.add_response("get_metric_data", answer) if isinstance(answer, dict) else stub.add_client_error(
            "get_metric_data", *answer
        )
    stub.activate()
    monkeypatch.setattr(boto3.Session, "client", lambda *_, **__: client)
    return cloudwatch.fetch(source, FIRST, LAST)


def _page(values, **more):
    at = datetime(2026, 5, 1, tzinfo=UTC)
    return {
        "MetricDataResults": [
            {
                "Id": "q0",
                "Label": "x",
                "Timestamps": [at + timedelta(days=n) for n in values],
                "Values": list(values.values()),
                "StatusCode": "Complete",
            }
        ],
        **more,
    }


def test_every_page_is_read(monkeypatch, sources):
    [source] = sources(ENTRY)
    found = _stubbed(monkeypatch, source, [_page({0: 1.0}, NextToken="p2"), _page({1: 0.1, 2: 3.0})])
    assert [p.value for p in found.points] == [1, Decimal("0.1"), 3]


def test_a_result_that_could_not_be_read_is_said(monkeypatch, sources):
    [source] = sources(ENTRY)
    page = _page({})
    page["MetricDataResults"][0]["StatusCode"] = "Forbidden"
    found = _stubbed(monkeypatch, source, [page])
    assert "requests (Invocations) could not be read: Forbidden" in found.notes[0]


def test_a_refusal_is_an_error_with_its_code(monkeypatch, sources):
    [source] = sources(ENTRY)
    with pytest.raises(ProviderError, match="CloudWatch refused: AccessDenied: no"):
        _stubbed(monkeypatch, source, [("AccessDenied", "no", 403)])


def test_without_credentials_it_is_not_reached(monkeypatch, sources):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    [source] = sources(ENTRY)
    with pytest.raises(ProviderError, match="CloudWatch was not reached: Unable to locate credentials"):
        cloudwatch.fetch(source, FIRST, LAST)


def test_long_histories_and_many_queries_are_asked_in_parts(sources):
    [source] = sources(ENTRY)
    calls = list(cloudwatch._calls(source.entry.queries * 300, date(2025, 5, 1), date(2026, 5, 1)))
    assert {len(call["MetricDataQueries"]) for call in calls} == {500, 100}
    assert [(call["EndTime"] - call["StartTime"]).days for call in calls] == [200, 166, 200, 166]
