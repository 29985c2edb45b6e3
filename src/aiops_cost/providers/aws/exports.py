"""The exports that an account has, which of them deliver to a source, and what they lack for telling spend apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiops_cost.providers.aws.account import Account

TABLES = {
    "COST_AND_USAGE_REPORT": "CUR 2.0",
    "FOCUS_1_2_AWS": "FOCUS 1.2",
    "FOCUS_1_0_AWS": "FOCUS 1.0",
    "FOCUS_1_0_AWS_PREVIEW": "FOCUS 1.0 (preview)",
}
"""Tables of Data Exports that are bills, and what they are called."""


@dataclass(frozen=True)
class Found:
    """One export of a bill. `lacks` is what attribution will miss; `unfit` says why it cannot be read, or is empty;
    `ill` is why AWS says that it does not deliver, or empty."""

    name: str
    kind: str
    bucket: str
    prefix: str
    lacks: tuple[str, ...] = ()
    unfit: str = ""
    ill: str = ""
    refreshed: datetime | None = None

    @property
    def location(self) -> str:
        """What to write at a source that takes this export."""
        prefix = self.prefix.strip("/")
        return f"s3://{self.bucket}/{prefix}/{self.name}" if prefix else f"s3://{self.bucket}/{self.name}"


def data_exports(account: Account) -> list[Found]:
    """The exports of Data Exports that are bills. Raises ProviderError."""
    client = account.client("bcm-data-exports", account.home)
    found = []
    with account.asking("bcm-data-exports:ListExports", "*"):
        listed = [item for page in client.get_paginator("list_exports").paginate() for item in page["Exports"]]
    for item in listed:
        with account.asking("bcm-data-exports:GetExport", item["ExportArn"]):
            answer = client.get_export(ExportArn=item["ExportArn"])
        if one := _data_export(answer["Export"], answer.get("ExportStatus") or item["ExportStatus"]):
            found.append(one)
    return found


def reports(account: Account) -> list[Found]:
    """The legacy Cost and Usage Reports. Raises ProviderError."""
    client = account.client("cur", account.home)
    with account.asking("cur:DescribeReportDefinitions", "*"):
        pages = client.get_paginator("describe_report_definitions").paginate()
        return [_report(item) for page in pages for item in page["ReportDefinitions"]]


def _data_export(export: Mapping[str, Any], status: Mapping[str, Any]) -> Found | None:
    query = export["DataQuery"]["QueryStatement"]
    table = re.search(r"\bFROM\s+(\w+)", query, re.IGNORECASE)
    kind = TABLES.get(table[1].upper()) if table else None
    if table is None or kind is None:
        return None
    configured = export["DataQuery"].get("TableConfigurations", {}).get(table[1].upper(), {})
    at = export["DestinationConfigurations"]["S3Destination"]
    output = at["S3OutputConfigurations"]
    columns = {name.strip().lower() for name in re.findall(r"[\w.]+", query)}
    lacks = _lacks_of_cur2(configured, columns) if kind == "CUR 2.0" else _lacks_of_focus(configured)
    return Found(
        export["Name"],
        kind,
        at["S3Bucket"],
        at["S3Prefix"],
        tuple(lacks),
        _unfit(output["Compression"], configured.get("TIME_GRANULARITY", "HOURLY")),
        "" if status["StatusCode"] == "HEALTHY" else status.get("StatusReason", status["StatusCode"]),
        status.get("LastRefreshedAt"),
    )


def _lacks_of_cur2(configured: Mapping[str, str], columns: set[str]) -> Iterator[str]:
    wanted = (
        ("INCLUDE_RESOURCES", "line_item_resource_id", "resource ids"),
        ("INCLUDE_SPLIT_COST_ALLOCATION_DATA", "split_line_item_split_cost", "split cost allocation data"),
        ("INCLUDE_IAM_PRINCIPAL_DATA", "line_item_iam_principal", "who called a model (IAM principal)"),
    )
    for key, column, words in wanted:
        if configured.get(key, "FALSE").upper() != "TRUE" or column not in columns:
            yield words
    if "resource_tags" not in columns and "tags" not in columns:
        yield "tags"
    yield from _lacks_of_focus(configured)


def _lacks_of_focus(configured: Mapping[str, str]) -> Iterator[str]:
    granularity = configured.get("TIME_GRANULARITY", "HOURLY")
    if granularity == "DAILY":
        yield "hours (days are enough)"


def _unfit(compression: str, granularity: str) -> str:
    if granularity == "MONTHLY":
        return "it is monthly: no day can be told from another"
    return "it is delivered as ZIP, which is not read; choose GZIP or Parquet" if compression == "ZIP" else ""


def _report(item: Mapping[str, Any]) -> Found:
    extra = set(item.get("AdditionalSchemaElements", ()))
    lacks = [] if "RESOURCES" in extra else ["resource ids"]
    lacks += [] if "SPLIT_COST_ALLOCATION_DATA" in extra else ["split cost allocation data"]
    lacks += [] if item.get("RefreshClosedReports") else ["late corrections of closed months (RefreshClosedReports)"]
    lacks += [] if item["TimeUnit"] == "HOURLY" else ["hours (days are enough)"]
    status = item.get("ReportStatus", {}).get("lastStatus", "SUCCESS")
    return Found(
        item["ReportName"],
        "legacy CUR",
        item["S3Bucket"],
        item.get("S3Prefix", ""),
        tuple(lacks),
        _unfit(item["Compression"], item["TimeUnit"]),
        "" if status == "SUCCESS" else status,
    )
