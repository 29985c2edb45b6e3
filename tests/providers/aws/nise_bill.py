"""A bill of several accounts and two months, made by koku-nise: a generator of AWS bills that is not ours.

`generate` leaves a delivery as S3 would hold it (manifests, one folder per assembly, gzipped CSV); `rows_of` reads
the rows that its manifests name, with nothing but the standard library.
"""

from __future__ import annotations

import csv
import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

PAYER = "9999999999999"
ACCOUNTS = ("9999999999991", "9999999999992", "9999999999993")
MONTHS = ("20260501-20260601", "20260601-20260701")
REPORT = "cost"
_TAGS = {"search": "ranker", "chat": "support-chat"}


def _machine(kind: str, cost: float, account: str, team: str, **how: Any) -> dict[str, Any]:
    """A machine by the hour, from the middle of May to the sixth of June."""
    shape = {"physical_cores": "96", "vcpu": "192", "memory": "2048 GiB", "storage": "EBS", "family": "GPU instance"}
    return {
        "EC2Generator": {
            "start_date": "2026-05-11",
            "end_date": "2026-06-06",
            "user": account,
            "region": "us-east-1",
            "product_sku": f"SKU{kind.replace('.', '').upper()}",
            "resource_id": f"{crc32(f'{kind} {account}'.encode()):010}",
            "tags": {"resourceTags/user:team": team, "resourceTags/user:app": _TAGS.get(team, team)},
            "cost_category": {"costCategory/CostCenter": f"cc-{team}"},
            "instance_type": {"inst_type": kind, **shape, "cost": cost, "rate": cost, "amount": 1, **how},
        }
    }


def _other(name: str, account: str, **cells: Any) -> dict[str, Any]:
    cells = {"start_date": "2026-05-20", "end_date": "2026-06-04", "user": account, "region": "us-east-1"} | cells
    return {name: cells | {"tags": {"resourceTags/user:team": "data"}}}


def _generators(p5: float) -> list[dict[str, Any]]:
    first, second, third = ACCOUNTS
    return [
        _machine("p5.48xlarge", p5, first, "search"),
        _machine("g5.xlarge", 1.006, second, "chat", saving=0.702),
        _machine("g5.xlarge", 1.006, second, "chat", negation=True),
        _machine("plan", 0.75, third, "platform", recurring_fee=True),
        _machine("upfront", 876.5, third, "platform", upfront_fee=True),
        _machine("m5.large", 0.096, third, "web", reserved_instance=True),
        _other("S3Generator", first, amount=7.25, rate=0.023, product_sku="SKUS3"),
        _other("EBSGenerator", second, resource_id="ebs1", amount=11.5, rate=0.08, product_sku="SKUEBS"),
        _other("RDSGenerator", third, resource_id="rds1", product_sku="SKURDS"),
        _other("DataTransferGenerator", third, amount=3.125, rate=0.09, product_sku="SKUDT"),
        _other("MarketplaceGenerator", first, amount=1, rate=0.0345, resource_id="mp1"),
    ]


def generate(folder: Path, p5: float = 55.04) -> Path:
    """Lay a delivery of May and of June (so far) below `folder`, and return where; `p5` is the price of one machine by
    the hour. A second delivery into the same folder is a new assembly of each month, and the manifests name it."""
    import yaml

    bucket = folder / "bucket"
    bucket.mkdir(parents=True, exist_ok=True)
    static = folder / "static.yaml"
    accounts = {"payer": PAYER, "user": list(ACCOUNTS), "currency_code": "USD"}
    static.write_text(yaml.safe_dump({"generators": _generators(p5), "accounts": accounts}))
    command = [
        str(Path(sys.executable).with_name("nise")), "report", "aws", "--static-report-file", str(static),
        "--start-date", "2026-05-01", "--end-date", "2026-06-08",
        "--aws-s3-bucket-name", str(bucket), "--aws-s3-report-name", REPORT, "--aws-s3-report-prefix", "reports",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return bucket / "reports" / REPORT


def current(report: Path, month: str) -> list[Path]:
    """The files that a month's manifest names."""
    manifest = json.loads((report / month / f"{REPORT}-Manifest.json").read_text())
    return [report.parents[1] / key.lstrip("/") for key in manifest["reportKeys"]]


def rows_of(report: Path, month: str) -> Iterator[dict[str, str]]:
    """The rows of a month as the generator wrote them."""
    for path in current(report, month):
        with gzip.open(path, "rt", newline="", encoding="utf-8") as handle:
            yield from csv.DictReader(handle)
