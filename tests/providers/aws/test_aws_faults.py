"""Every way in which a delivery or its provider fails: one clear answer, the right exit code, the ledger as it was."""

from __future__ import annotations

import json
import os
import re
import runpy
import shutil
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.providers.aws.cloud import BUCKET, KEY_ID, SECRET, Desk, Front, Payer, rows

ERRORS = Path(__file__).parents[2] / "errors"
CASES = sorted(path.parent for path in ERRORS.glob("*/stand_in.py"))
MAY, JUNE = "2026-05", "2026-06"
NOW = datetime(2026, 7, 20, 5, tzinfo=UTC)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_refusal_is_answered_with_place_sentence_and_way_out(
    case: Path, payer: Payer, front: Front, cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    folder = tmp_path / "case"
    shutil.copytree(case, folder)
    monkeypatch.chdir(folder)
    runpy.run_path(str(case / "stand_in.py"))["lay"](payer, front, monkeypatch)
    typed = [line for line in (case / "command.txt").read_text().splitlines() if not line.startswith("#")]
    for line in typed[:-1]:
        assert cli(*line.split()[1:], cwd=folder, clock=NOW).code == 0
    for action in payer.later:
        action()
    found = cli(*typed[-1].split()[1:], cwd=folder, clock=NOW)
    said = found.err.replace(str(folder), ".").replace(front.url, "https://aws.example")
    answer = f"{said}exit code {found.code}\n"
    golden = case / "message.txt"
    if request.config.getoption("--update"):
        golden.write_text(answer, encoding="utf-8", newline="\n")
    assert answer == golden.read_text(encoding="utf-8")
    assert found.code in {2, 3, 4}
    assert not found.out
    assert SECRET not in answer
    assert KEY_ID not in answer
    assert not re.search(r"Traceback|File \"|botocore", answer)
    lines = folder / "ledger" / "lines"
    assert lines.exists() == (len(typed) > 1), "the ledger is as it was"
    assert not list(folder.glob("ledger/downloads/aws-prod/files/*.part")) or case.name == "download-cut"


def test_nothing_of_a_failed_pull_is_in_the_ledger(desk: Desk, payer: Payer, front: Front) -> None:
    payer.export(MAY, [rows(MAY, "1"), rows(MAY, "2", part="2")])
    assert desk("pull").code == 0
    payer.export(MAY, [rows(MAY, "5"), rows(MAY, "6", part="2")])
    front.fails(r"GET .*prod-00002", "AccessDenied", 403)
    assert desk("pull").code == 4
    assert desk.months() == {MAY: "3"}
    front.faults.clear()
    assert desk("pull").code == 0
    assert desk.months() == {MAY: "11"}


def test_access_is_denied_by_a_real_policy_and_the_message_says_to_whom(
    desk: Desk, payer: Payer, front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    import boto3

    payer.export(MAY, [rows(MAY, "1")])
    iam = boto3.client("iam", endpoint_url=front.moto, region_name="us-east-1", aws_access_key_id="x",
                       aws_secret_access_key="y")  # fmt: skip
    iam.create_user(UserName="reader")
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["s3:ListBucket", "sts:*"], "Resource": "*"}],
    }
    iam.put_user_policy(UserName="reader", PolicyName="p", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    _auth(front, "0")
    try:
        found = desk("pull")
    finally:
        _auth(front, "inf")
    assert found.code == 4
    assert (
        "arn:aws:iam::123456789012:user/reader may not do s3:GetObject on arn:aws:s3:::billing-exports/exports/prod"
        in found.err
    )
    assert key["SecretAccessKey"] not in found.err


def _auth(front: Front, after: str) -> None:
    request = urllib.request.Request(
        f"{front.moto}/moto-api/reset-auth", after.encode(), {"content-type": "text/plain"}, method="POST"
    )
    urllib.request.urlopen(request, timeout=60)


def test_a_connection_that_is_cut_inside_a_file_goes_on_where_it_ended(
    desk: Desk, payer: Payer, front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    payer.hurry(monkeypatch)
    whole = rows(MAY, *map(str, range(1, 29)))
    payer.export(MAY, [whole])
    front.cuts(r"GET .*csv.gz", 150)
    found = desk("pull")
    assert found.code == 0, found.err
    assert desk.months() == {MAY: "406"}
    ranges = [operation for method, path, operation in front.asked if method == "GET" and path.endswith(".csv.gz")]
    assert ranges == ["", "bytes=150-"]


def test_a_pull_that_was_cut_off_goes_on_at_the_next_one(
    desk: Desk, payer: Payer, front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    payer.hurry(monkeypatch)
    payer.export(MAY, [rows(MAY, *map(str, range(1, 29))), rows(MAY, "94", part="2")])
    front.cuts(r"GET .*prod-00001", 20, times=6)
    first = desk("pull")
    assert first.code == 4
    assert "what came is kept" in first.err
    assert desk.months() == {}
    front.asked.clear()
    assert desk("pull").code == 0
    assert desk.months() == {MAY: "500"}
    assert [op for _, path, op in front.asked if path.endswith("prod-00001.csv.gz")] == ["bytes=120-"]


def test_throttling_is_waited_for(desk: Desk, payer: Payer, front: Front) -> None:
    payer.export(MAY, [rows(MAY, "1")])
    front.fails("list-type=2", "SlowDown", 503, times=2)
    front.fails(r"GET .*csv.gz", "InternalError", 500, times=1)
    assert desk("pull").code == 0
    assert desk.months() == {MAY: "1"}


def test_another_region_is_found_by_itself(desk: Desk, payer: Payer, front: Front) -> None:
    payer.export(MAY, [rows(MAY, "1")])
    front.fails("list-type=2", "PermanentRedirect", 301, times=1, headers={"x-amz-bucket-region": "eu-west-3"})
    found = desk("pull")
    assert found.code == 0, found.err
    assert desk.months() == {MAY: "1"}


def test_half_of_the_parts_of_a_new_delivery_leave_the_old_one_in_the_ledger(desk: Desk, payer: Payer) -> None:
    payer.export(MAY, [rows(MAY, "1"), rows(MAY, "2", part="2")], "20260601T000000Z-1")
    assert desk("pull").code == 0
    half = f"exports/prod/data/BILLING_PERIOD={MAY}/20260602T000000Z-2/prod-00002.csv.gz"
    payer.export(MAY, [rows(MAY, "7")], "20260602T000000Z-2", named=[half])
    found = desk("pull")
    assert found.code == 3
    assert f"s3://{BUCKET}/{half} is not there" in found.err
    assert desk.months() == {MAY: "3"}
    payer.put(half, rows(MAY, "8", part="2"))
    assert desk("pull").code == 0
    assert desk.months() == {MAY: "15"}


def test_one_broken_month_does_not_stop_the_others_from_being_asked_for(desk: Desk, payer: Payer) -> None:
    payer.export(MAY, [rows(MAY, "1")], named=[f"exports/prod/data/BILLING_PERIOD={MAY}/gone.csv.gz"])
    payer.export(JUNE, [rows(JUNE, "2")])
    assert desk("pull").code == 3
    assert desk("pull", "--period", JUNE).code == 0
    assert desk.months() == {JUNE: "2"}


def test_what_has_not_moved_for_a_day_is_taken_as_it_is_and_said(desk: Desk, payer: Payer, front: Front) -> None:
    payer.export(MAY, [rows(MAY, "1")])
    payer.age(front, "Manifest.json")
    assert desk("pull").code == 3
    found = desk("pull", at=datetime(2027, 7, 1, tzinfo=UTC))
    assert found.code == 0
    assert "not of the manifest's delivery" in found.err
    assert desk.months() == {MAY: "1"}


def test_a_manifest_that_names_a_part_twice_counts_it_once(desk: Desk, payer: Payer) -> None:
    key = f"exports/prod/data/BILLING_PERIOD={MAY}/prod-00001.csv.gz"
    payer.export(MAY, [rows(MAY, "1")], named=[key])
    assert desk("pull").code == 0
    assert desk.months() == {MAY: "1"}


def test_a_part_that_came_twice_with_other_bytes_is_not_added(desk: Desk, payer: Payer) -> None:
    part = rows(MAY, "1", "2")
    payer.export(MAY, [part, _again(part)])
    found = desk("pull")
    assert found.code == 2
    assert "hold the same rows" in found.err
    assert desk.months() == {}


def _again(part: bytes) -> bytes:
    """The same rows, compressed otherwise."""
    import gzip

    return gzip.compress(gzip.decompress(part), compresslevel=1, mtime=7)


def test_a_month_with_a_header_only_is_not_a_month_of_zero(desk: Desk, payer: Payer) -> None:
    payer.export(MAY, [rows(MAY)])
    found = desk("pull")
    assert found.code == 3
    assert "nothing is not zero" in found.err
    payer.export(JUNE, [rows(JUNE, "2")])
    assert desk("pull").code == 0
    assert desk.months() == {JUNE: "2"}
    payer.export(JUNE, [rows(JUNE)])
    found = desk("pull")
    assert desk.months() == {JUNE: "2"}, "a delivery without rows does not empty a month"


def test_a_month_that_grew_empty_is_said(desk: Desk, payer: Payer) -> None:
    for month in (MAY, JUNE):
        payer.export(month, [rows(month, "1")])
    assert desk("pull").code == 0
    payer.export(JUNE, [rows(JUNE)])
    found = desk("pull")
    assert found.code == 0
    assert "delivers 2026-06 no more" in " ".join(found.out.split())
    assert desk.months() == {MAY: "1", JUNE: "1"}


def test_a_disk_that_fills_up_leaves_the_ledger_as_it_was(
    desk: Desk, payer: Payer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aiops_cost.providers.aws import bucket

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    payer.export(MAY, [rows(MAY, "1")])
    monkeypatch.setattr(bucket, "private", full)
    found = desk("pull")
    assert found.code == 2
    assert "the disk is full" in found.err
    assert os.listdir(desk.folder / "ledger" / "downloads" / "aws-prod" / "files") == []  # noqa: PTH208
