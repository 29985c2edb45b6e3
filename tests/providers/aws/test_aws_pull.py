"""From S3 into the ledger: one current set of files per month, whatever the delivery mode, and only what changed."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.providers.aws.cloud import BUCKET, Desk, Front, Payer, rows

MAY, JUNE = "2026-05", "2026-06"


def test_a_second_pull_downloads_nothing_and_a_changed_month_is_all_that_a_third_does(
    desk: Desk, payer: Payer, front: Front
) -> None:
    payer.export(MAY, [rows(MAY, "1.10", "2.20"), rows(MAY, "4", part="2")])
    payer.export(JUNE, [rows(JUNE, "8")])
    first = desk("pull")
    assert first.code == 0, first.err
    assert desk.months() == {MAY: "7.3", JUNE: "8"}
    assert len(front.downloads()) == 3
    assert "3 of 3 files to download" in first.err

    front.asked.clear()
    second = desk("pull")
    assert "unchanged" in second.out
    assert front.downloads() == []
    assert "download" not in second.err

    payer.export(MAY, [rows(MAY, "1.10", "3.20"), rows(MAY, "5", part="2")])
    third = desk("pull", at=datetime(2027, 3, 1, tzinfo=UTC))
    assert third.code == 0, third.err
    assert [path.rpartition("/")[2] for path in sorted(front.downloads())] == ["prod-00001.csv.gz", "prod-00002.csv.gz"]
    assert desk.months() == {MAY: "9.3", JUNE: "8"}
    assert "restated" in third.out


@pytest.mark.parametrize("kind", ["export", "report"])
def test_create_new_leaves_every_delivery_there_and_one_counts(desk: Desk, payer: Payer, kind: str) -> None:
    deliver = getattr(payer, kind)
    desk.source(f"s3://{BUCKET}/{'exports/prod' if kind == 'export' else 'cur/hourly'}")
    for run, cost in (("20260601T000000Z-1", "1"), ("20260602T000000Z-2", "2"), ("20260603T000000Z-3", "4")):
        deliver(MAY, [rows(MAY, cost), rows(MAY, cost, part="2")], run)
    assert desk("pull").code == 0
    assert desk.months() == {MAY: "8"}
    deliver(MAY, [rows(MAY, "5")], "20260604T000000Z-4")
    assert desk("pull").code == 0
    assert desk.months() == {MAY: "5"}


def test_files_that_an_overwriting_delivery_left_behind_do_not_count(desk: Desk, payer: Payer) -> None:
    payer.report(MAY, [rows(MAY, "1"), rows(MAY, "2", part="2"), rows(MAY, "4", part="3")])
    desk.source(f"s3://{BUCKET}/cur/hourly")
    assert desk("pull").code == 0
    assert desk.months() == {MAY: "7"}
    payer.report(MAY, [rows(MAY, "10"), rows(MAY, "20", part="2")])
    assert desk("pull").code == 0
    assert desk.months() == {MAY: "30"}


def test_a_report_for_athena_lies_in_folders_of_year_and_month(desk: Desk, payer: Payer) -> None:
    key = payer.put("cur/hourly/hourly/year=2026/month=5/hourly-00001.csv.gz", rows(MAY, "3"))
    payer.put("cur/hourly/hourly/year=2026/month=5/left-behind.csv.gz", rows(MAY, "99"))
    manifest = {"assemblyId": "a", "reportKeys": [key], "billingPeriod": {"start": "20260501T000000.000Z"}}
    payer.put("cur/hourly/20260501-20260601/hourly-Manifest.json", json.dumps(manifest).encode())
    desk.source(f"s3://{BUCKET}/cur")
    assert desk("pull").code == 0
    assert desk.months() == {MAY: "3"}


@pytest.mark.slow
def test_listings_of_many_pages_are_read_to_the_end(desk: Desk, payer: Payer) -> None:
    """One delivery before the current one had more files than a page of a listing holds."""
    for number in range(1003):
        payer.put(f"exports/prod/data/BILLING_PERIOD=2026-05/old-{number:05}.csv.gz", b"x")
    payer.export(MAY, [rows(MAY, "3")])
    assert desk("pull").code == 0
    assert desk.months() == {MAY: "3"}


def test_the_location_may_be_the_bucket_a_prefix_or_the_export(desk: Desk, payer: Payer) -> None:
    payer.export(MAY, [rows(MAY, "3")])
    for n, location in enumerate(("", "/", "/exports", "/exports/", "/exports/prod", "/exports/prod/metadata")):
        desk.source(f"s3://{BUCKET}{location}")
        assert desk("pull", "--dry-run").code == 0, (n, location)


def test_a_name_that_begins_alike_is_another_export(desk: Desk, payer: Payer) -> None:
    payer.export(MAY, [rows(MAY, "3")])
    payer.export(MAY, [rows(MAY, "100")], root="exports/prod-eu")
    assert desk("pull").code == 0
    assert desk.months() == {MAY: "3"}


def test_one_month_is_asked_for_and_only_that_is_downloaded(desk: Desk, payer: Payer, front: Front) -> None:
    for month in (MAY, JUNE):
        payer.export(month, [rows(month, "3")])
    found = desk("pull", "--period", JUNE)
    assert found.code == 0, found.err
    assert len(front.downloads()) == 1
    assert "no more" not in found.out
    assert desk("pull").code == 0
    assert len(front.downloads()) == 2
    again = desk("pull", "--period", JUNE)
    assert "unchanged" in again.out
    assert desk.months() == {MAY: "3", JUNE: "3"}
    assert desk("pull", "--period", "2026-01").code == 3


def test_what_is_kept_is_for_the_owner_only_and_nothing_more_than_the_current_files(desk: Desk, payer: Payer) -> None:
    for run in ("20260601T000000Z-1", "20260602T000000Z-2"):
        payer.export(MAY, [rows(MAY, run[7])], run)
        assert desk("pull").code == 0
    home = desk.folder / "ledger" / "downloads" / "aws-prod"
    found = list(home.rglob("*"))
    assert len([path for path in found if path.parent.name == "files"]) == 1
    for path in [desk.folder / "ledger", home.parent, home, *found]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_the_cache_may_go_and_may_lie_elsewhere(desk: Desk, payer: Payer, front: Front) -> None:
    payer.export(MAY, [rows(MAY, "3")])
    text = (desk.folder / "aiops-cost.yaml").read_text() + "cache: ./kept\n"
    (desk.folder / "aiops-cost.yaml").write_text(text)
    assert desk("pull").code == 0
    kept = next((desk.folder / "kept" / "aws-prod" / "files").iterdir())
    assert not (desk.folder / "ledger" / "downloads").exists()
    kept.unlink()
    assert "unchanged" in desk("pull").out
    assert len(front.downloads()) == 2


def test_a_kept_file_that_someone_changed_is_downloaded_again(desk: Desk, payer: Payer, front: Front) -> None:
    payer.export(MAY, [rows(MAY, "3")])
    assert desk("pull").code == 0
    kept = next((desk.folder / "ledger" / "downloads" / "aws-prod" / "files").iterdir())
    kept.write_bytes(bytes(reversed(kept.read_bytes())))
    assert "unchanged" in desk("pull").out
    assert len(front.downloads()) == 2


def test_an_index_that_was_damaged_costs_a_look_and_no_download(desk: Desk, payer: Payer, front: Front) -> None:
    payer.export(MAY, [rows(MAY, "3")])
    assert desk("pull").code == 0
    (desk.folder / "ledger" / "downloads" / "aws-prod" / "index.json").write_text("{")
    assert "unchanged" in desk("pull").out
    assert len(front.downloads()) == 1


def test_a_month_that_was_cleaned_up_after_it_was_taken_is_still_known(desk: Desk, payer: Payer) -> None:
    (key,) = payer.export(MAY, [rows(MAY, "3")])
    payer.export(JUNE, [rows(JUNE, "4")])
    assert desk("pull").code == 0
    payer.s3.delete_object(Bucket=BUCKET, Key=key)
    payer.export(JUNE, [rows(JUNE, "5")])
    found = desk("pull")
    assert found.code == 0, found.err
    assert desk.months() == {MAY: "3", JUNE: "5"}


def test_several_files_are_on_their_way_at_once(desk: Desk, payer: Payer, front: Front) -> None:
    payer.export(MAY, [rows(MAY, "1", part=str(n)) for n in range(12)])
    front.wait = 0.3
    assert desk("pull").code == 0
    assert 3 < front.peak <= 8
    assert desk.months() == {MAY: "12"}


def test_two_payers_are_two_sources(desk: Desk, payer: Payer) -> None:
    payer.export(MAY, [rows(MAY, "3")], root="exports/one")
    payer.export(MAY, [rows(MAY, "4", BillingAccountId="222222222222")], root="exports/two")
    entries = "".join(
        f'  - {{name: {name}, provider: aws, location: "s3://{BUCKET}/exports/{name}"}}\n' for name in ("one", "two")
    )
    (desk.folder / "aiops-cost.yaml").write_text(f"currency: USD\nsources:\n{entries}")
    assert desk("pull").code == 0
    assert desk.months() == {MAY: "7"}


def test_a_role_is_taken_on_with_its_external_id(desk: Desk, payer: Payer, front: Front) -> None:
    payer.export(MAY, [rows(MAY, "3")])
    role = "arn:aws:iam::123456789012:role/billing-reader"
    desk.source(f"s3://{BUCKET}/exports/prod", f'role_arn: "{role}"', "external_id: mine-1", "region: eu-west-1")
    assert desk("pull").code == 0
    assert [operation for *_, operation in front.asked].count("AssumeRole") == 1


# --- a folder on this machine ---------------------------------------------------------------------------------------


def synced(payer: Payer, folder: Path) -> Path:
    """What `aws s3 sync` leaves: the bucket's tree, with the times of its objects."""
    import os

    for item in payer.s3.list_objects_v2(Bucket=BUCKET)["Contents"]:
        path = folder / item["Key"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(payer.s3.get_object(Bucket=BUCKET, Key=item["Key"])["Body"].read())
        at = item["LastModified"].timestamp()
        os.utime(path, (at, at))
    return folder


def test_a_synced_bucket_is_the_same_bill_without_asking_anyone(desk: Desk, payer: Payer, front: Front) -> None:
    for run, cost in (("20260601T000000Z-1", "1"), ("20260602T000000Z-2", "2")):
        payer.export(MAY, [rows(MAY, cost)], run)
    payer.export(JUNE, [rows(JUNE, "8")])
    synced(payer, desk.folder / "bucket")
    front.asked.clear()
    for location in ("bucket", "bucket/exports", "bucket/exports/prod"):
        desk.source(f"./{location}")
        found = desk("pull")
        assert found.code == 0, found.err
        assert desk.months() == {MAY: "2", JUNE: "8"}
    assert front.asked == []


def test_a_folder_without_manifests_is_every_table_in_it(desk: Desk) -> None:
    (desk.folder / "bills").mkdir()
    (desk.folder / "bills" / "may.csv.gz").write_bytes(rows(MAY, "1"))
    (desk.folder / "bills" / "june.csv.gz").write_bytes(rows(JUNE, "2"))
    for location in ("./bills", "./bills/*.csv.gz"):
        assert desk.source(location)("pull").code == 0
        assert desk.months() == {MAY: "1", JUNE: "2"}


def test_a_link_does_not_lead_out_of_a_delivery(desk: Desk, payer: Payer) -> None:
    (key,) = payer.export(MAY, [rows(MAY, "1")])
    folder = synced(payer, desk.folder / "bucket")
    (folder / key).unlink()
    (desk.folder / "elsewhere.csv.gz").write_bytes(rows(MAY, "1000"))
    (folder / key).symlink_to(desk.folder / "elsewhere.csv.gz")
    found = desk.source("./bucket")("pull")
    assert found.code == 3
    assert "not there, or not whole" in found.err
