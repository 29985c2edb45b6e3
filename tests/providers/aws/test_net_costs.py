"""Accounts with private discounts have net columns: one view of the bill is taken for all rows, never a mixture."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.providers.aws.cur_rows import ARN_PLAN, ARN_RI, line

D = Decimal
PLAN = {"savings_plan_savings_plan_a_r_n": ARN_PLAN}


@pytest.mark.parametrize("spelling", ["legacy-csv", "cur2-parquet"])
def test_net_costs_hold_the_discount_and_its_own_line_is_nothing(bills: Any, spelling: str) -> None:
    # 100.00 and 9% off: the discount is in the net cost of the use, and its line is -9.00 gross and 0 net
    bills.write(
        [line("Usage", "100.00", line_item_net_unblended_cost="91.00"),
         line("EdpDiscount", "-9.00", line_item_net_unblended_cost="0.00")], spelling
    )  # fmt: skip
    result = bills.load()
    assert bills.costs("x_ChargeType = 'Usage'")[:2] == (D("91.00"), D("91.00"))
    assert bills.costs()[:2] == (D("100.00") - D("9.00"),) * 2
    assert bills.codes(result) == set()


def test_an_export_whose_net_column_is_empty_is_read_gross(bills: Any) -> None:
    # CUR 2.0 has the column whether the account has a discount or not
    bills.write([line("Usage", "100.00", line_item_net_unblended_cost="")])
    assert bills.codes(bills.load()) == set()
    assert bills.costs()[:2] == (D("100.00"), D("100.00"))


def test_net_costs_on_some_rows_only_are_not_mixed_with_discount_lines(bills: Any) -> None:
    # 100.00 at 9% off; the tax row and the discount row have no net cost. Row by row the discount would count twice.
    bills.write(
        [line("Usage", "100.00", line_item_net_unblended_cost="91.00"),
         line("EdpDiscount", "-9.00", line_item_net_unblended_cost=""),
         line("Tax", "17.29", line_item_net_unblended_cost="")], "cur2-csv"
    )  # fmt: skip
    result = bills.load()
    assert bills.costs()[0] == D("100.00") - D("9.00") + D("17.29")
    assert "net-cost-incomplete" in bills.codes(result)


def test_the_files_of_one_export_are_read_in_one_view(bills: Any) -> None:
    net = {"line_item_net_unblended_cost": "91.00"}
    bills.write([line("Usage", "100.00", **net)], "cur2-csv", "one")
    bills.write([line("EdpDiscount", "-9.00", line_item_net_unblended_cost="")], "cur2-csv", "two")
    bills.load()
    assert bills.costs()[0] == D("91.00")


def test_commitments_are_net_too(bills: Any) -> None:
    # 10% off everything. Plan: 10.00 committed, 6.00 drawn, 4.00 unused; the unused part has no net column of its own
    # and is scaled as the commitment is, 9.00 / 10.00.
    bills.write([
        line("SavingsPlanCoveredUsage", "12.00", line_item_net_unblended_cost="10.80", **PLAN,
             savings_plan_savings_plan_effective_cost="6.00", savings_plan_net_savings_plan_effective_cost="5.40"),
        line("SavingsPlanNegation", "-12.00", line_item_net_unblended_cost="-10.80", **PLAN),
        line("SavingsPlanRecurringFee", "10.00", line_item_net_unblended_cost="9.00", **PLAN,
             savings_plan_total_commitment_to_date="10.00", savings_plan_used_commitment="6.00",
             savings_plan_recurring_commitment_for_billing_period="10.00",
             savings_plan_amortized_upfront_commitment_for_billing_period="0",
             savings_plan_net_recurring_commitment_for_billing_period="9.00",
             savings_plan_net_amortized_upfront_commitment_for_billing_period="0"),
        line("DiscountedUsage", "0", line_item_net_unblended_cost="0", reservation_reservation_a_r_n=ARN_RI,
             reservation_effective_cost="0.50", reservation_net_effective_cost="0.45"),
        line("RIFee", "7.00", line_item_net_unblended_cost="6.30", reservation_reservation_a_r_n=ARN_RI,
             reservation_unused_recurring_fee="2.00", reservation_net_unused_recurring_fee="1.80",
             reservation_unused_amortized_upfront_fee_for_billing_period="1.00",
             reservation_net_unused_amortized_upfront_fee_for_billing_period="0.90"),
    ])  # fmt: skip
    bills.load()
    effective = dict(bills.ask(
        "SELECT (x_ChargeType, CommitmentDiscountStatus), sum(EffectiveCost) FROM ledger GROUP BY 1"))  # fmt: skip
    assert effective == {
        ("SavingsPlanCoveredUsage", "Used"): D("5.40"),
        ("SavingsPlanNegation", None): 0,
        ("SavingsPlanRecurringFee", None): 0,
        ("SavingsPlanRecurringFee", "Unused"): D("4.00") * D("9.00") / D("10.00"),
        ("DiscountedUsage", "Used"): D("0.45"),
        ("RIFee", None): 0,
        ("RIFee", "Unused"): D("1.80") + D("0.90"),
    }
    assert bills.costs()[0] == D("10.80") - D("10.80") + D("9.00") + D("6.30")


def test_a_discount_line_with_a_net_cost_is_told(bills: Any) -> None:
    bills.write([line("Usage", "100.00", line_item_net_unblended_cost="91.00"),
                 line("EdpDiscount", "-9.00", line_item_net_unblended_cost="-9.00")])  # fmt: skip
    assert "discount-line-with-net-cost" in bills.codes(bills.load())
