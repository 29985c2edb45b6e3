"""A provider that changes its mind: Azure's bill of a closed month, delivered again with other numbers."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from aiops_cost.model import Amounts

PERIOD = "2026-04"
COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
_SCALED = (*COSTS, "PricingQuantity", "ConsumedQuantity", "x_EffectiveCostInUsd")
_MORE = Decimal("1.03")

Row = dict[str, str]


def write_restatement(folder: Path) -> Mapping[str, Amounts]:
    """Rewrite Azure's bill of April 2026: database hours rise by 3% from the 20th, one day of logs is gone.

    `folder` is the company's. Returns the exact difference (new minus old) per ServiceName; services that did
    not change are left out. Done twice, it changes the numbers twice.
    """
    path = folder / "bills" / "azure" / f"focus-{PERIOD}.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as text:
        reader = csv.DictReader(text)
        header = list(reader.fieldnames or [])
        before = list(reader)
    after = [changed for row in before if (changed := _restated(row)) is not None]
    _write(path, header, after)
    return _difference(before, after)


def _restated(row: Row) -> Row | None:
    """The row as it is delivered the second time; None when it is not."""
    day = row["ChargePeriodStart"][:10]
    if row["ServiceName"] == "Azure Monitor" and day == f"{PERIOD}-30":
        return None
    if row["ServiceName"] != "SQL Database" or day < f"{PERIOD}-20" or row["ChargeClass"]:
        return row
    return row | {name: f"{Decimal(row[name]) * _MORE:f}" for name in _SCALED if row[name]}


def _difference(before: list[Row], after: list[Row]) -> dict[str, Amounts]:
    services = sorted({row["ServiceName"] for row in before})
    found = {
        service: Amounts(**{cost: _sum(after, service, cost) - _sum(before, service, cost) for cost in COSTS})
        for service in services
    }
    return {service: amounts for service, amounts in found.items() if amounts != Amounts()}


def _sum(rows: list[Row], service: str, cost: str) -> Decimal:
    return sum((Decimal(row[cost]) for row in rows if row["ServiceName"] == service), Decimal(0))


def _write(path: Path, header: list[str], rows: list[Row]) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, header, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(gzip.compress(text.getvalue().encode("utf-8"), mtime=0))
