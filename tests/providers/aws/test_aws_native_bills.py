"""Native bills from a bucket to the ledger, equal to the last digit to what was put there."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from tests.providers.aws import nise_bill
from tests.providers.aws.cloud import BUCKET, Desk, Front, Payer
from tests.providers.aws.cur_rows import Bills, line

MAY = "2026-05"
NOVEMBER = "2023-11"
Sums = dict[tuple[str, ...], Decimal]


def held(desk: Desk, columns: str) -> Sums:
    """What the ledger holds, by month and columns."""
    found = desk("query", f"SELECT x_BillingPeriod AS m, {columns}, sum(BilledCost) AS c FROM ledger GROUP BY ALL",
                 "--format", "json")  # fmt: skip
    return {tuple(v or "" for k, v in row.items() if k != "c"): Decimal(row["c"]) for row in found.rows("rows")}


def test_the_public_legacy_sample_comes_through_the_bucket_to_the_last_digit(
    desk: Desk, payer: Payer, samples: Path
) -> None:
    path = samples / "aws-cur-legacy" / "sample-anonymous-aws-export-dataset.csv"
    expected: Sums = defaultdict(Decimal)
    with path.open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            expected[NOVEMBER, row["lineItem/LineItemType"]] += Decimal(row["lineItem/UnblendedCost"] or 0)
    lines = path.read_bytes().splitlines(keepends=True)
    half = len(lines) // 2
    parts = [gzip.compress(b"".join([lines[0], *rows])) for rows in (lines[1:half], lines[half:])]
    payer.report(NOVEMBER, parts, assembly="20231115T053621Z")
    found = desk.source(f"s3://{BUCKET}/cur")("pull")
    assert found.code == 0, found.err
    assert held(desk, "x_ChargeType") == dict(expected)
    assert sum(expected.values()) == Decimal("1.68230869740")


@pytest.mark.parametrize(("spelling", "suffix"), [("cur2-parquet", "snappy.parquet"), ("cur2-csv", "csv")])
def test_cur_2_comes_through_the_bucket(
    desk: Desk, payer: Payer, bills: Bills, front: Front, spelling: str, suffix: str
) -> None:
    path = bills.write([line(unblended="0.10"), line("Tax", "0.02", line_item_resource_id="")], spelling)
    body = path.read_bytes() if suffix.endswith("parquet") else gzip.compress(path.read_bytes())
    ending = suffix if suffix.endswith("parquet") else f"{suffix}.gz"
    key = payer.put(f"exports/prod/data/BILLING_PERIOD={MAY}/prod-00001.{ending}", body)
    payer.export(MAY, [], named=[key])
    found = desk("pull")
    assert found.code == 0, found.err
    assert held(desk, "x_ChargeType") == {(MAY, "Usage"): Decimal("0.10"), (MAY, "Tax"): Decimal("0.02")}
    assert len(front.downloads()) == 1


def upload(payer: Payer, report: Path, *months: str) -> None:
    """Put months of a generated delivery into the bucket, data before manifests."""
    root = report.parents[1]
    for month in months:
        files = sorted(
            (path for path in (report / month).rglob("*") if path.is_file()), key=lambda p: p.suffix == ".json"
        )
        for path in files:
            payer.put(str(path.relative_to(root)), path.read_bytes())


def sent(*deliveries: tuple[Path, str], columns: tuple[str, ...]) -> Sums:
    """Sums of what was uploaded, by csv and Decimal alone."""
    sums: Sums = defaultdict(Decimal)
    for report, month in deliveries:
        for row in nise_bill.rows_of(report, month):
            amount = row["lineItem/UnblendedCost"]
            key = (f"{month[:4]}-{month[4:6]}", *(row[column] for column in columns))
            sums[key] += Decimal(0 if amount in {"", "None"} else amount)
    return dict(sums)


@pytest.mark.slow
def test_a_generated_bill_of_several_accounts_is_equal_to_the_last_digit_and_tells_what_moved(
    desk: Desk, payer: Payer, tmp_path: Path
) -> None:
    may, june = nise_bill.MONTHS
    first = nise_bill.generate(tmp_path / "first")
    upload(payer, first, may, june)
    found = desk.source(f"s3://{BUCKET}/reports")("pull")
    assert found.code == 0, found.err
    kinds, products = ("lineItem/LineItemType",), ("lineItem/UsageAccountId", "product/ProductName")
    both = ((first, may), (first, june))
    assert held(desk, "x_ChargeType") == sent(*both, columns=kinds)
    assert held(desk, "SubAccountId, ServiceName") == sent(*both, columns=products)

    second = nise_bill.generate(tmp_path / "second", p5=56.04)
    upload(payer, second, may)
    again = desk("pull", "--format", "json", at=datetime(2026, 12, 1, tzinfo=UTC))
    assert again.code == 0, again.err
    now = ((second, may), (first, june))
    assert held(desk, "x_ChargeType") == sent(*now, columns=kinds)
    before, after = (sent(*d, columns=("product/ProductName",)) for d in (both, now))
    expected = {key[1]: after.get(key, Decimal(0)) - before.get(key, Decimal(0)) for key in {*before, *after}
                if key[0] == MAY}  # fmt: skip
    moved = {row["service"]: Decimal(row["moved"]) for row in again.rows("moved")}
    assert moved == {service: amount for service, amount in expected.items() if amount}
    assert moved
