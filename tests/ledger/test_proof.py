"""A mapping that loses or makes money cannot publish it: what was sent is counted before anything is mapped."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from aiops_cost.errors import CouldNotJudge
from aiops_cost.ledger import load
from aiops_cost.providers import contract


def spoil(monkeypatch: pytest.MonkeyPatch, old: str, new: str) -> None:
    """Load with a SELECT in which `old` stands as `new`."""
    opened = load.open_file

    def spoiled(*arguments: Any) -> Any:
        part = opened(*arguments)
        assert old in part.contract.sql
        return replace(part, contract=replace(part.contract, sql=part.contract.sql.replace(old, new)))

    monkeypatch.setattr(load, "open_file", spoiled)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("FROM raw", "FROM raw WHERE ChargeCategory <> 'Credit'"),
        ("FROM raw", "FROM raw, range(2)"),
        ("    BilledCost,", "    CASE WHEN ChargeCategory <> 'Credit' THEN BilledCost END AS BilledCost,"),
        ("    EffectiveCost,", "    BilledCost AS EffectiveCost,"),
        ("    BilledCost,", "    CAST(round(BilledCost, 2) AS DECIMAL(38, 18)) AS BilledCost,"),
        ("    BillingCurrency,", "    'EUR' AS BillingCurrency,"),
        ("    BillingPeriodStart,", "    BillingPeriodStart + INTERVAL 1 MONTH AS BillingPeriodStart,"),
    ],
    ids=[
        "credits dropped",
        "rows fanned out",
        "credit lost",
        "costs swapped",
        "rounded to cents",
        "relabelled",
        "moved",
    ],
)
def test_a_mapping_that_changes_money_is_refused(
    books: Any, make_bill: Any, monkeypatch: pytest.MonkeyPatch, old: str, new: str
) -> None:  # fmt: skip
    credit = make_bill(billed="-4.001", ChargeCategory="Credit")
    books.csv("may.csv", [make_bill(billed="10.00", EffectiveCost="9.00"), credit])
    spoil(monkeypatch, old, new)
    with pytest.raises(CouldNotJudge, match="what was sent is not what would be kept"):
        books.load()
    assert books.version() is None


def test_the_record_says_what_was_sent_kept_and_rejected(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", [make_bill(billed="10.0000000000000000004"), make_bill(billed="2.00", ListCost="x")])
    record = books.load(allow_rejects=1).record
    month = record["periods"]["2026-05"]
    assert (month["rows"], month["kept"], month["rejected"], month["ledger_rows"]) == (2, 1, 1, 1)
    assert month["money"]["USD"]["BilledCost"] == {
        "in": "12.0000000000000000004", "kept": "10.00", "rejected": "2.00", "rounding": "0.0000000000000000004",
    }  # fmt: skip
    assert month["days"] == ["2026-05-03..2026-05-03"]
    assert record["files"][0]["version"] == "1.0"


def test_a_header_decides_the_version() -> None:
    (focus,) = (found for found in contract.contracts() if found.name == "focus")
    assert focus.version_of(["BilledCost"]) == "1.0"
    assert focus.version_of(["BilledCost", "SkuMeter"]) == "1.1"
    assert focus.version_of(["BilledCost", "SkuMeter", "invoiceid"]) == "1.2"
    assert focus.version_of(["BilledCost", "ServiceProviderName", "ProviderName"]) == "1.3"
    assert focus.version_of(["BilledCost", "ServiceProviderName"]) == "1.4"
