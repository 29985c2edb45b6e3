"""A bill that somebody else's program made, several accounts and two months, is in the ledger to the last digit."""

from __future__ import annotations

import json
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.providers.aws import nise_bill

pytestmark = pytest.mark.slow
Sums = dict[tuple[str, ...], Decimal]
NULLS = {"", "None"}
MONTHS = {"20260501-20260601": "2026-05", "20260601-20260701": "2026-06"}


def sent(report: Path, *keys: str, amount: str = "lineItem/UnblendedCost") -> Sums:
    """Sums by month and native columns, by csv and Decimal alone."""
    sums: Sums = defaultdict(Decimal)
    for folder, month in MONTHS.items():
        for row in nise_bill.rows_of(report, folder):
            sums[month, *(row[key] for key in keys)] += Decimal(0 if row[amount] in NULLS else row[amount])
    return dict(sums)


def kept(bills: Any, columns: str, cost: str = "BilledCost") -> Sums:
    rows = bills.ask(f"SELECT x_BillingPeriod, {columns}, sum({cost}) FROM ledger GROUP BY ALL")
    return {tuple(cell or "" for cell in row[:-1]): row[-1] for row in rows}


def lay(bills: Any, report: Path) -> None:
    """The current files of the delivery, as the source finds them."""
    for old in bills.folder.iterdir():
        old.unlink()
    for folder in MONTHS:
        for path in nise_bill.current(report, folder):
            (bills.folder / f"{folder}-{path.name}").write_bytes(path.read_bytes())


@pytest.fixture(scope="module")
def delivery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nise")
    return nise_bill.generate(folder)


def test_a_generated_bill_is_equal_to_the_last_digit(bills: Any, delivery: Path) -> None:
    lay(bills, delivery)
    result = bills.load()
    by_type = sent(delivery, "lineItem/LineItemType")
    assert {kind for _, kind in by_type} == {
        "Usage", "DiscountedUsage", "SavingsPlanCoveredUsage", "SavingsPlanNegation", "SavingsPlanRecurringFee",
        "SavingsPlanUpfrontFee",
    }  # fmt: skip
    assert kept(bills, "x_ChargeType") == by_type
    by_account = sent(delivery, "lineItem/UsageAccountId", "lineItem/ProductCode", "product/ProductName")
    assert kept(bills, "SubAccountId, x_ServiceCode, ServiceName") == by_account
    assert len({account for _, account, *_ in by_account}) == 3
    tagged = "coalesce(json_extract_string(Tags, '$.\"user:team\"'), '')"
    assert kept(bills, tagged) == sent(delivery, "resourceTags/user:team")
    centre = "coalesce(json_extract_string(x_CostCategories, '$.CostCenter'), '')"
    assert kept(bills, centre) == sent(delivery, "costCategory/CostCenter")
    assert result.record["periods"]["2026-05"]["kept"] == sum(
        1 for _ in nise_bill.rows_of(delivery, "20260501-20260601"))  # fmt: skip


def test_its_commitments_are_spread_over_use(bills: Any, delivery: Path) -> None:
    lay(bills, delivery)
    result = bills.load()
    effective = sent(delivery, "lineItem/LineItemType", amount="savingsPlan/SavingsPlanEffectiveCost")
    billed = sent(delivery, "lineItem/LineItemType")
    covered = ("2026-05", "SavingsPlanCoveredUsage")
    found = kept(bills, "x_ChargeType", "EffectiveCost")
    assert found[covered] == effective[covered] == 504 * Decimal("0.702")
    assert billed[covered] == 504 * Decimal("1.006")
    assert billed[covered] + billed["2026-05", "SavingsPlanNegation"] == 0
    assert found["2026-05", "SavingsPlanNegation"] == 0
    assert found["2026-05", "SavingsPlanUpfrontFee"] == 0
    assert found["2026-05", "Usage"] == billed["2026-05", "Usage"]
    # the generator says neither what a reserved hour costs nor how much of the plan was used: unknown, and told
    assert found["2026-05", "DiscountedUsage"] is None
    assert {"effective-cost-unknown", "unused-commitment-unknown", "unread-PublicOnDemandCost"} <= bills.codes(result)


def test_a_month_delivered_again_tells_what_moved_by_service(bills: Any, delivery: Path, tmp_path: Path) -> None:
    lay(bills, delivery)
    bills.load()
    old = sent(delivery, "product/ProductName")
    again = nise_bill.generate(tmp_path / "again", p5=56.04)
    lay(bills, delivery)
    for path in nise_bill.current(again, "20260501-20260601"):
        (bills.folder / f"20260501-20260601-{path.name}").write_bytes(path.read_bytes())
    result = bills.load()
    new = sent(again, "product/ProductName")
    services = {key for key in {*old, *new} if key[0] == "2026-05"}
    expected = {key: new.get(key, Decimal(0)) - old.get(key, Decimal(0)) for key in services}
    moved = {(one.period, one.service): one.billed - one.billed_before for one in result.moved}
    assert moved == {key: amount for key, amount in expected.items() if amount}
    # 504 hours, a dollar dearer each; the generator draws the amounts of traffic and volumes anew
    assert abs(moved["2026-05", "Amazon Elastic Compute Cloud"] - 504) < 5
    assert {one.period for one in result.moved} == {"2026-05"}


def test_pull_prints_what_moved(cli: Any, tmp_path: Path, delivery: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "bills"
    folder.mkdir()
    Path("aiops-cost.yaml").write_text("currency: USD\nsources:\n  - {name: aws, provider: focus, location: ./bills}\n")
    for month in MONTHS:
        for path in nise_bill.current(delivery, month):
            (folder / f"{month}.csv.gz").write_bytes(path.read_bytes())
    assert cli("pull").code == 0
    again = nise_bill.generate(tmp_path / "again", p5=56.04)
    for path in nise_bill.current(again, "20260501-20260601"):
        (folder / "20260501-20260601.csv.gz").write_bytes(path.read_bytes())
    shown = cli("pull", "--format", "json")
    rows = json.loads(shown.out)["tables"]["moved"]["rows"]
    ec2 = next(row for row in rows if row["service"] == "Amazon Elastic Compute Cloud")
    key = ("2026-05", "Amazon Elastic Compute Cloud")
    name = "product/ProductName"
    assert Decimal(ec2["moved"]) == sent(again, name)[key] - sent(delivery, name)[key]
    assert ec2["period"] == "2026-05"
