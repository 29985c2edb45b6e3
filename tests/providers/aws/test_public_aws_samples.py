"""Public AWS files keep their totals per type of line item, by a sum that none of our code takes part in."""

from __future__ import annotations

import csv
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

CUR = "aws-cur-legacy/sample-anonymous-aws-export-dataset.csv"
PLAN = "focus-spec-aws-savings-plan/aws_savings_plan_all_upfront_50pct.csv"
Sums = dict[tuple[str, ...], Decimal]


def independent(path: Path, keys: tuple[str, ...], amount: str) -> Sums:
    sums: Sums = defaultdict(Decimal)
    with path.open(newline="", encoding="utf-8-sig") as handle:
        for row in csv.DictReader(handle):
            sums[tuple(row[key] for key in keys)] += Decimal(row[amount] or 0)
    return dict(sums)


def kept(bills: Any, keys: str, cost: str) -> Sums:
    rows = bills.ask(f"SELECT {keys}, sum({cost}) FROM ledger GROUP BY {keys}")
    return {tuple(cell or "" for cell in row[:-1]): row[-1] for row in rows}


def lay(bills: Any, path: Path) -> None:
    (bills.folder / "sample.csv").write_bytes(path.read_bytes())


def test_a_real_legacy_report_keeps_its_totals(bills: Any, samples: Path) -> None:
    lay(bills, samples / CUR)
    result = bills.load()
    sent = independent(samples / CUR, ("lineItem/LineItemType",), "lineItem/UnblendedCost")
    assert sent == {("Usage",): Decimal("1.60230869740"), ("Tax",): Decimal("0.08")}
    assert kept(bills, "x_ChargeType", "BilledCost") == sent
    assert kept(bills, "x_ChargeType", "EffectiveCost") == sent
    listed = independent(samples / CUR, ("lineItem/LineItemType",), "pricing/publicOnDemandCost")
    assert kept(bills, "x_ChargeType", "ListCost")[("Usage",)] == listed[("Usage",)] == Decimal("3.35617269490")
    assert result.record["periods"]["2023-11"]["kept"] == 1281
    assert bills.codes(result) == set()


def test_a_real_legacy_report_by_service_and_region(bills: Any, samples: Path) -> None:
    lay(bills, samples / CUR)
    bills.load()
    keys = ("product/ProductName", "lineItem/ProductCode", "lineItem/UsageType", "lineItem/Operation")
    sent = independent(samples / CUR, keys, "lineItem/UnblendedCost")
    named = {(name or code, code, usage, did): amount for (name, code, usage, did), amount in sent.items()}
    found = kept(bills, "ServiceName, x_ServiceCode, x_UsageType, x_Operation", "BilledCost")
    assert {key: amount for key, amount in found.items() if key[2]} == {k: a for k, a in named.items() if k[2]}
    # regionCode is empty on 472 rows; region fills 460 of them, and the 12 left are taxes, which have none
    assert bills.ask("SELECT DISTINCT ChargeCategory FROM ledger WHERE RegionId IS NULL") == [("Tax",)]


def test_the_specifications_savings_plan_is_half_wasted(bills: Any, samples: Path) -> None:
    lay(bills, samples / PLAN)
    bills.load()
    keys = ("ChargeCategory", "PricingCategory", "CommitmentDiscountStatus")
    for cost in ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"):
        assert kept(bills, ", ".join(keys), cost) == independent(samples / PLAN, keys, cost)
    unused = kept(bills, "CommitmentDiscountStatus", "EffectiveCost")[("Unused",)]
    assert unused == 24 * (Decimal("693003.60") / 8760) / 2 == Decimal("949.32")


def test_aws_focus_exports_keep_their_four_costs_by_category(bills: Any, samples: Path) -> None:
    path = samples / "focus-generated-aws" / "aws_1_2_cost_and_usage_rows100_seed42.csv"
    lay(bills, path)
    bills.load()
    keys = ("ChargeCategory", "ServiceName", "CommitmentDiscountStatus")
    for cost in ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"):
        assert kept(bills, ", ".join(keys), cost) == independent(path, keys, cost)
