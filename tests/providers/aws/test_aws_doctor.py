"""doctor says who asks, what that one may do, which exports there are, what they lack, and what to type."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.providers.aws.cloud import BUCKET, Desk, Front, Payer, rows

from aiops_cost.providers.aws import papers
from aiops_cost.providers.contract import contracts

MAY = "2026-05"


def export(name: str, table: str = "COST_AND_USAGE_REPORT", **changes: Any) -> dict[str, Any]:
    """A Data Exports definition as GetExport answers it."""
    definition = json.loads(papers.export(BUCKET, "exports", name, "us-east-1"))
    if table != "COST_AND_USAGE_REPORT":
        definition["DataQuery"] = {"QueryStatement": f"SELECT BilledCost, Tags FROM {table}",
                                   "TableConfigurations": {table: {"TIME_GRANULARITY": "DAILY"}}}  # fmt: skip
    definition["DataQuery"]["TableConfigurations"].setdefault(table, {}).update(changes.pop("configured", {}))
    definition["DestinationConfigurations"]["S3Destination"].update(changes.pop("at", {}))
    definition["DestinationConfigurations"]["S3Destination"]["S3OutputConfigurations"].update(changes.pop("output", {}))
    return {**definition, **changes}


def billing(front: Front, *exports: dict[str, Any], status: str = "HEALTHY", page: int = 2, reports: Any = ()) -> None:
    """The billing APIs, with these exports, `page` of them on each page."""
    arns = {f"arn:aws:bcm-data-exports:us-east-1:123456789012:export/{one['Name']}": one for one in exports}
    health = {"StatusCode": status, **({"StatusReason": "INSUFFICIENT_PERMISSION"} if status != "HEALTHY" else {}),
              "LastRefreshedAt": 1780000000}  # fmt: skip

    def listed(asked: dict[str, Any]) -> dict[str, Any]:
        start = int(asked.get("NextToken") or 0)
        items = [{"ExportArn": arn, "ExportName": one["Name"], "ExportStatus": health} for arn, one in arns.items()]
        more = {"NextToken": str(start + page)} if start + page < len(items) else {}
        return {"Exports": items[start : start + page], **more}

    front.answers["ListExports"] = listed
    front.answers["GetExport"] = lambda asked: {"Export": arns[asked["ExportArn"]], "ExportStatus": health}
    front.answers["DescribeReportDefinitions"] = lambda _: {"ReportDefinitions": list(reports)}


def examined(desk: Desk, *words: str) -> tuple[Any, dict[str, tuple[str, str]]]:
    """The outcome, and for each thing its state and what is said."""
    found = desk("doctor", "--format", "json", *words, at=datetime.now(UTC))
    return found, {row["what"]: (row["state"], row["says"]) for row in found.rows("diagnoses")}


def test_a_source_that_is_well(desk: Desk, payer: Payer, front: Front) -> None:
    payer.export(MAY, [rows(MAY, "3")])
    billing(front, export("prod"))
    found, said = examined(desk)
    assert found.code == 0, found.out
    assert said["identity"] == ("ok", "arn:aws:sts::123456789012:user/moto")
    assert said["s3:ListBucket"] == ("ok", "prod: data export, 2026-05..2026-05")
    assert said["freshness"][0] == "ok"
    assert said["s3:GetObject"][0] == "ok"
    assert said["export prod"] == ("ok", "CUR 2.0, delivers here; lacks hours (days are enough)")
    assert said["ce:GetCostAndUsage"][0] == "unknown"
    assert not any("GetCostAndUsage" in operation for *_, operation in front.asked), "it costs money"
    assert '"s3:prefix": [\n            "exports/prod/*"' in found.json["paste"]


def test_what_each_export_lacks_is_said_over_all_pages(desk: Desk, payer: Payer, front: Front) -> None:
    payer.export(MAY, [rows(MAY, "3")])
    bare = {"INCLUDE_RESOURCES": "FALSE", "INCLUDE_SPLIT_COST_ALLOCATION_DATA": "FALSE", "TIME_GRANULARITY": "HOURLY"}
    report = {
        "ReportName": "old", "TimeUnit": "DAILY", "Format": "textORcsv", "Compression": "ZIP", "S3Bucket": "b",
        "S3Prefix": "p", "S3Region": "us-east-1", "AdditionalSchemaElements": [], "RefreshClosedReports": False,
    }  # fmt: skip
    billing(
        front,
        export("prod"),
        export("bare", configured=bare, at={"S3Bucket": "elsewhere", "S3Prefix": "x"}),
        export("focus", "FOCUS_1_2_AWS", at={"S3Prefix": "focus"}),
        export("monthly", configured={"TIME_GRANULARITY": "MONTHLY"}, at={"S3Prefix": "other"}),
        export("savings", "COST_OPTIMIZATION_RECOMMENDATIONS"),
        reports=[report],
    )
    _, said = examined(desk)
    assert said["export bare"] == (
        "note",
        "CUR 2.0, location: s3://elsewhere/x/bare; lacks resource ids, split cost allocation data",
    )
    assert said["export focus"][1].startswith(f"FOCUS 1.2, location: s3://{BUCKET}/focus/focus")
    assert "no day can be told from another" in said["export monthly"][1]
    assert "export savings" not in said
    assert "delivered as ZIP" in said["export old"][1]


def test_an_export_that_cannot_deliver_here_is_wrong(desk: Desk, payer: Payer, front: Front) -> None:
    payer.export(MAY, [rows(MAY, "3")])
    billing(front, export("prod"), status="UNHEALTHY")
    found, said = examined(desk)
    assert found.code == 2
    assert said["export prod"][0] == "wrong"
    assert "INSUFFICIENT_PERMISSION" in said["export prod"][1]


def test_an_account_without_an_export_is_told_how_to_make_one(desk: Desk, payer: Payer, front: Front) -> None:
    billing(front)
    found = desk("doctor", at=datetime.now(UTC))
    assert found.code == 2
    for words in ("this account has no export", "aws bcm-data-exports create-export", "--print template",
                  "no manifest of a billing export"):  # fmt: skip
        assert words in found.out
    printed = desk("doctor", "--print", "export")
    assert json.loads(printed.out)["Name"] == "prod"


def test_the_definition_is_what_the_api_takes(front: Front) -> None:
    import boto3
    from botocore.stub import Stubber

    client = boto3.client("bcm-data-exports", region_name="us-east-1")
    definition = json.loads(papers.export("bucket-1", "exports", "prod", "eu-west-1"))
    with Stubber(client) as stub:
        stub.add_response("create_export", {"ExportArn": "arn:aws:bcm-data-exports:us-east-1:1:export/prod-1"})
        client.create_export(Export=definition)
    assert len(definition["DataQuery"]["QueryStatement"]) < 36_000
    columns = papers.query().removeprefix("SELECT ").partition(" FROM ")[0].split(", ")
    assert len(columns) == len(set(columns)) > 100


def test_the_recommended_export_has_every_column_that_a_bill_must_have() -> None:
    cur = next(contract for contract in contracts() if contract.name == "cur")
    there = set(papers.query().replace(",", "").split())
    needed = {name: column for name, column in cur.file.columns.items() if column.required or column.mandatory}
    assert len(needed) > 5
    assert [name for name, column in needed.items() if not there & set(column.spelled(name))] == []


def test_the_template_says_the_same_as_the_definition() -> None:
    class Loader(yaml.SafeLoader):
        """Reads CloudFormation's short functions as their text."""

    Loader.add_multi_constructor("!", lambda loader, suffix, node: f"!{suffix} {node.value}")
    found = yaml.load(papers.template("bucket-1", "exports", "prod"), Loader)
    made = found["Resources"]["Export"]["Properties"]["Export"]
    definition = json.loads(papers.export("bucket-1", "exports", "prod", "us-east-1"))
    assert made["DataQuery"] == definition["DataQuery"]
    there = definition["DestinationConfigurations"]["S3Destination"]
    assert made["DestinationConfigurations"]["S3Destination"] == {
        **there, "S3Bucket": "!Ref Bucket", "S3Region": "!Ref AWS::Region"
    }  # fmt: skip


def test_what_the_identity_may_not_do_is_said_by_action(desk: Desk, payer: Payer, front: Front) -> None:
    payer.export(MAY, [rows(MAY, "3")])
    denied = {"__status": 400, "__type": "AccessDeniedException", "Message": "User is not authorized"}
    for operation in ("ListExports", "DescribeReportDefinitions"):
        front.answers[operation] = lambda _: dict(denied)
    front.fails(r"GET .*csv\.gz", "AccessDenied", 403)
    found, said = examined(desk)
    assert found.code == 4
    assert said["s3:ListBucket"][0] == "ok"
    assert said["s3:GetObject"][0] == "wrong"
    assert "may not do s3:GetObject" in said["s3:GetObject"][1]
    assert said["bcm-data-exports:ListExports"][0] == "unknown"
    assert said["cur:DescribeReportDefinitions"][0] == "unknown"
    assert "exports" not in said, "nobody knows whether there is one"


def test_a_delivery_that_stopped_is_stale(desk: Desk, payer: Payer, front: Front) -> None:
    payer.export(MAY, [rows(MAY, "3")])
    billing(front, export("prod"))
    found = desk("doctor", "--format", "json", at=datetime(2027, 6, 1, tzinfo=UTC))
    assert found.code == 3
    assert "more than 3 days ago" in json.dumps(found.json)


def test_without_credentials_the_first_thing_is_said_and_nothing_else_tried(
    desk: Desk, payer: Payer, front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    found, said = examined(desk)
    assert found.code == 4
    assert said["identity"][0] == "wrong"
    assert "s3:ListBucket" not in said


def test_a_folder_needs_no_credentials(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    root = desk.folder / "bucket" / "prod"
    data = root / "data" / "BILLING_PERIOD=2026-05" / "prod-00001.csv.gz"
    manifest = root / "metadata" / "BILLING_PERIOD=2026-05" / "prod-Manifest.json"
    for path in (data, manifest):
        path.parent.mkdir(parents=True)
    data.write_bytes(rows(MAY, "1"))
    manifest.write_text(json.dumps({"dataFiles": ["s3://b/x/prod/data/BILLING_PERIOD=2026-05/prod-00001.csv.gz"]}))
    desk.source("./bucket")
    found, said = examined(desk)
    assert found.code == 0, found.out
    assert said["manifests"] == ("ok", "prod: data export, 2026-05..2026-05")
    assert "identity" not in said
    assert desk("doctor", "--print", "policy").code == 2
    data.unlink()
    found, said = examined(desk)
    assert found.code == 3
    assert said["deliveries"][0] == "wrong"


def test_the_example_papers_are_what_doctor_prints(desk: Desk) -> None:
    examples = Path(__file__).parents[3] / "examples" / "aws"
    desk.source("s3://acme-billing/exports/prod")
    for paper, name in (("policy", "policy.json"), ("export", "export.json"), ("template", "export.yaml")):
        assert desk("doctor", "--print", paper).out == (examples / name).read_text(encoding="utf-8"), name
