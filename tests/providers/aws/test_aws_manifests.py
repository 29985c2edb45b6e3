"""A manifest's place and text say which files are a month; nothing else does."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aiops_cost.providers.aws import manifests
from aiops_cost.providers.aws.manifests import Climbs, Place, Stored, Unreadable, place_of, read

SAMPLES = Path(__file__).parents[3].parent / "shared" / "samples"
EXPORT = "x/prod/metadata/BILLING_PERIOD=2026-05/prod-Manifest.json"
REPORT = "x/hourly/20260501-20260601/hourly-Manifest.json"


def place(key: str) -> Place:
    found = place_of(stored(key))
    assert found, key
    return found


def stored(key: str) -> Stored:
    return Stored(key, 1, "e", datetime(2026, 6, 1, tzinfo=UTC))


def keys(at: str, *named: object) -> tuple[str, ...]:
    found = place(at)
    listed = "reportKeys" if found.kind == manifests.LEGACY else "dataFiles"
    return read(found, json.dumps({listed: named}).encode()).keys


@pytest.mark.parametrize(
    ("key", "root", "name", "period"),
    [
        (EXPORT, "x/prod", "prod", "2026-05"),
        ("metadata/BILLING_PERIOD=2026-05/prod-Manifest.json", "", "prod", "2026-05"),
        (REPORT, "x/hourly", "hourly", "2026-05"),
        ("20261201-20270101/a b-Manifest.json", "", "a b", "2026-12"),
    ],
)
def test_the_folder_says_which_export_and_which_month(key: str, root: str, name: str, period: str) -> None:
    found = place(key)
    assert (found.root, found.name, found.period) == (root, name, period)


@pytest.mark.parametrize(
    "key",
    [
        "x/prod/metadata/BILLING_PERIOD=2026-05/20260601T000000Z-1/prod-Manifest.json",
        "x/hourly/20260501-20260601/4f2a/hourly-Manifest.json",
        "x/hourly/20260501-20260601/hourly-RedshiftManifest.json",
        "x/prod/data/BILLING_PERIOD=2026-05/prod-00001.csv.gz",
        "x/recommendations/metadata/date=2026-05-01/r-Manifest.json",
    ],
)
def test_what_is_no_current_manifest_of_a_bill_is_none(key: str) -> None:
    assert place_of(stored(key)) is None


def test_files_are_found_whatever_the_prefix_was_when_they_were_delivered() -> None:
    expected = ("x/prod/data/BILLING_PERIOD=2026-05/prod-00001.csv.gz",)
    assert keys(EXPORT, "s3://there/x/prod/data/BILLING_PERIOD=2026-05/prod-00001.csv.gz") == expected
    assert keys(EXPORT, "s3://there/other/name/data/BILLING_PERIOD=2026-05/prod-00001.csv.gz") == expected
    assert keys(EXPORT, {"s3Uri": "s3://b/x/prod/data/BILLING_PERIOD=2026-05/prod-00001.csv.gz", "size": 7}) == expected
    folder = "x/hourly/20260501-20260601/4f"
    assert keys(REPORT, f"/{folder}/hourly-1.csv.gz", f"{folder}/h-2.csv.gz") == (
        f"{folder}/hourly-1.csv.gz",
        f"{folder}/h-2.csv.gz",
    )
    assert keys(REPORT, "x/hourly/hourly/year=2026/month=5/hourly-1.snappy.parquet") == (
        "x/hourly/hourly/year=2026/month=5/hourly-1.snappy.parquet",
    )


def test_a_file_named_twice_is_one_file() -> None:
    name = "s3://b/x/prod/data/BILLING_PERIOD=2026-05/prod-00001.csv.gz"
    assert len(keys(EXPORT, name, name)) == 1


@pytest.mark.parametrize(
    "name",
    [
        "../../../etc/passwd",
        "s3://b/x/prod/data/BILLING_PERIOD=2026-05/../../../../secret.csv.gz",
        "s3://b/x/prod/data/BILLING_PERIOD=2026-05/..\\..\\secret.csv.gz",
        "s3://b/x/prod/data/BILLING_PERIOD=2026-05/./a.csv.gz",
        "s3://b/x/prod/data/BILLING_PERIOD=2026-05//a.csv.gz",
        "s3://b/x/prod/data/BILLING_PERIOD=2026-05/a\x00.csv.gz",
        "s3://b/x/prod/data/BILLING_PERIOD=2026-06/prod-00001.csv.gz",
        "s3://b/somewhere/else.csv.gz",
        "/etc/passwd",
        "",
    ],
)
def test_a_path_that_leads_out_of_the_export_or_the_month_is_refused(name: str) -> None:
    with pytest.raises(Climbs):
        keys(EXPORT, name)
    with pytest.raises(Unreadable):
        keys(EXPORT, {"s3Uri": name})


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"dataFiles": "a"}', b'{"dataFiles": [1]}', b"\xff\xfe"])
def test_a_broken_manifest_is_not_an_empty_delivery(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read(place(EXPORT), body)


def test_a_manifest_in_the_folder_of_another_month_is_broken() -> None:
    body = {"reportKeys": [], "billingPeriod": {"start": "20260601T000000.000Z"}}
    with pytest.raises(Unreadable, match="2026-06"):
        read(place(REPORT), json.dumps(body).encode())


@pytest.mark.parametrize("name", ["manifestTest.json", "manifest-2018-01.json", "manifest-2019-12.json"])
def test_real_manifests_of_legacy_reports_are_understood(name: str) -> None:
    path = SAMPLES / "aws-cur-legacy-manifests" / name
    if not path.exists():
        pytest.skip("the public samples are not here")
    written = json.loads(path.read_text(encoding="utf-8"))
    month = written["billingPeriod"]["start"][:6]
    found = read(place(f"hourly/hourly-cost-and-usage/{month}01-20990101/r-Manifest.json"), path.read_bytes())
    assert found.identity == written["assemblyId"]
    assert list(found.keys) == written["reportKeys"]
