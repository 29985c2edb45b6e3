"""A mapping of a Cost and Usage Report that works a cost out wrongly cannot publish it: the contract says it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from tests.providers.aws.cur_rows import ARN_PLAN, ARN_RI, line

from aiops_cost.errors import CouldNotJudge
from aiops_cost.ledger import load

POD = {"split_line_item_parent_resource_id": "i-0abc", "split_line_item_split_cost": "0.40",
       "split_line_item_unused_cost": "0.10", "line_item_resource_id": "pod/chat"}  # fmt: skip
COVERED = {"savings_plan_savings_plan_a_r_n": ARN_PLAN, "savings_plan_savings_plan_effective_cost": "0.70",
           "savings_plan_total_commitment_to_date": "1", "savings_plan_used_commitment": "0.7"}  # fmt: skip
RESERVED = {"reservation_reservation_a_r_n": ARN_RI, "reservation_effective_cost": "0.50",
            "reservation_unused_amortized_upfront_fee_for_billing_period": "3",
            "reservation_unused_recurring_fee": "0.25"}  # fmt: skip
BILL = (
    line(pricing_public_on_demand_cost="1.25"),
    line(unblended="0", **POD),
    line("SavingsPlanCoveredUsage", "1.00", **COVERED, pricing_public_on_demand_cost="1.00"),
    line("SavingsPlanNegation", "-1.00", **COVERED),
    line("SavingsPlanRecurringFee", "1.00", **COVERED),
    line("DiscountedUsage", "0", **RESERVED, pricing_public_on_demand_cost="2.00"),
    line("RIFee", "7.00", **RESERVED),
    line("Fee", "9.00", **RESERVED),
    line("Tax", "0.19"),
)


def spoil(monkeypatch: pytest.MonkeyPatch, old: str, new: str) -> None:
    """Load with a SELECT in which `old` stands as `new`."""
    opened = load.open_file

    def spoiled(*arguments: Any) -> Any:
        part = opened(*arguments)
        assert old in part.contract.sql
        return replace(part, contract=replace(part.contract, sql=part.contract.sql.replace(old, new, 1)))

    monkeypatch.setattr(load, "open_file", spoiled)


@pytest.mark.parametrize(
    ("cost", "old", "new"),
    [
        ("EffectiveCost", "WHEN role = 'machine' THEN -share", "WHEN role = 'machine' THEN 0"),
        ("EffectiveCost", "WHEN role = 'unused' THEN unused", "WHEN role = 'unused' THEN unused + unused"),
        ("EffectiveCost", "NetSavingsPlanEffectiveCost, NULL), SavingsPlan", "NULL, NULL), 2 * SavingsPlan"),
        ("EffectiveCost", "WHEN LineItemType IN ('Fee', 'Refund') AND", "WHEN LineItemType = 'Refund' AND"),
        ("ListCost", "THEN coalesce(PublicOnDemandCost, BilledCost)", "THEN BilledCost"),
        ("ContractedCost", "WHEN LineItemType = 'DiscountedUsage' THEN PublicOnDemandCost", ""),
    ],
    ids=["containers twice", "unused twice", "plan not spread", "fee twice", "list price", "contracted"],
)  # fmt: skip
def test_a_cost_worked_out_wrongly_is_refused(
    bills: Any, monkeypatch: pytest.MonkeyPatch, cost: str, old: str, new: str
) -> None:
    bills.write(BILL)
    spoil(monkeypatch, old, new)
    with pytest.raises(CouldNotJudge, match=f"what was sent is not what would be kept .{cost}: "):
        bills.load()


@pytest.mark.parametrize("rows", [BILL, BILL[:5], BILL[5:]])
def test_costs_worked_out_rightly_are_proved_in_the_record(bills: Any, rows: Sequence[Any]) -> None:
    bills.write(rows)
    record = bills.load().record
    money = record["periods"]["2026-05"]["money"]["USD"]
    assert money["ContractedCost"]["in"] == money["ContractedCost"]["kept"]
    assert money["ListCost"]["in"] == money["ListCost"]["kept"]
