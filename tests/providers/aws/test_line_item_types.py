"""Every type of line item, with the arithmetic: what is billed, what it costs when commitments are spread over use."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from tests.providers.aws.cur_rows import ARN_PLAN, ARN_RI, Row, line

D = Decimal


@pytest.fixture(params=["legacy-csv", "cur2-parquet"])
def loaded(request: pytest.FixtureRequest, bills: Any) -> Callable[..., Any]:
    """Loads the rows given, in the two spellings that differ most; test_cur_columns.py compares all four."""

    def load(*rows: Row) -> Any:
        bills.write(rows, request.param)
        bills.load()
        return bills

    return load


def one(bills: Any, columns: str, where: str = "true") -> tuple[Any, ...]:
    rows = bills.ask(f"SELECT {columns} FROM ledger WHERE {where}")
    assert len(rows) == 1, rows
    return tuple(rows[0])


KIND = "ChargeCategory, ChargeClass, ChargeFrequency, PricingCategory, CommitmentDiscountStatus"


def test_usage_costs_what_it_says(loaded: Callable[..., Any]) -> None:
    # 2 hours at 1.50 after a private price of 1.50, where the list says 1.75 an hour
    bills = loaded(line("Usage", "3.00", line_item_usage_amount="2", pricing_public_on_demand_cost="3.50"))
    assert bills.costs() == (D("3.00"), D("3.00"), D("3.50"), D("3.00"))
    assert one(bills, KIND) == ("Usage", None, "Usage-Based", "Standard", None)
    assert one(bills, "PricingQuantity, PricingUnit, ConsumedQuantity, ConsumedUnit") == (2, "Hrs", 2, "Hrs")
    assert one(bills, "ServiceName, ServiceCategory, RegionId, x_ServiceCode, x_UsageType, SkuMeter, x_Operation") == (
        "Amazon Elastic Compute Cloud", "Compute", "us-east-1", "AmazonEC2", "BoxUsage:p5.48xlarge",
        "BoxUsage:p5.48xlarge", "RunInstances",
    )  # fmt: skip


def test_spot_is_a_price_that_moves(loaded: Callable[..., Any]) -> None:
    bills = loaded(line("Usage", "0.40", line_item_usage_type="USE1-SpotUsage:p5.48xlarge"))
    assert one(bills, KIND) == ("Usage", None, "Usage-Based", "Dynamic", None)
    assert bills.costs()[:2] == (D("0.40"), D("0.40"))


def test_reserved_usage_costs_its_share_of_the_reservation(loaded: Callable[..., Any]) -> None:
    # The hour is billed at 0; its share of the reservation is 0.30 of the upfront and 0.20 of the monthly fee.
    bills = loaded(
        line("DiscountedUsage", "0", reservation_reservation_a_r_n=ARN_RI, reservation_effective_cost="0.50",
             pricing_public_on_demand_cost="0.90")
    )  # fmt: skip
    assert bills.costs() == (0, D("0.30") + D("0.20"), D("0.90"), D("0.90"))
    assert one(bills, KIND) == ("Usage", None, "Usage-Based", "Committed", "Used")
    assert one(bills, "CommitmentDiscountId, CommitmentDiscountCategory, CommitmentDiscountType") == (
        ARN_RI, "Usage", "Reserved Instance")  # fmt: skip


def test_a_reservations_fee_is_a_purchase_and_shows_what_nobody_used(loaded: Callable[..., Any]) -> None:
    # 744 hours at 0.10 are billed on the first; of 744 hours 44 went by unused: 44 x 0.10 of the monthly fee and
    # 44 x 0.05 of what was paid upfront.
    unused = 44 * D("0.10") + 44 * D("0.05")
    bills = loaded(
        line("RIFee", "74.40", line_item_usage_amount="744", line_item_resource_id="",
             line_item_usage_start_date="2026-05-01T00:00:00Z", line_item_usage_end_date="2026-05-31T23:59:59Z",
             reservation_reservation_a_r_n=ARN_RI, reservation_unused_quantity="44",
             reservation_unused_amortized_upfront_fee_for_billing_period="2.20",
             reservation_unused_recurring_fee="4.40", reservation_effective_cost="")
    )  # fmt: skip
    assert bills.costs("ChargeCategory = 'Purchase'") == (D("74.40"), 0, D("74.40"), D("74.40"))
    assert bills.costs("ChargeCategory = 'Usage'") == (0, unused, None, None)
    assert one(bills, KIND, "ChargeCategory = 'Purchase'") == ("Purchase", None, "Recurring", "Standard", None)
    assert one(bills, KIND, "ChargeCategory = 'Usage'") == ("Usage", None, "Usage-Based", "Committed", "Unused")
    assert one(bills, "sum(x_RowCount), sum(CommitmentDiscountQuantity)") == (1, 44)


def test_a_reservation_used_whole_has_no_unused_row(loaded: Callable[..., Any]) -> None:
    bills = loaded(
        line("RIFee", "74.40", reservation_reservation_a_r_n=ARN_RI, reservation_unused_recurring_fee="0",
             reservation_unused_amortized_upfront_fee_for_billing_period="0.0")
    )  # fmt: skip
    assert bills.costs() == (D("74.40"), 0, D("74.40"), D("74.40"))


PLAN = {"savings_plan_savings_plan_a_r_n": ARN_PLAN, "savings_plan_offering_type": "ComputeSavingsPlans"}
COVERED = {"savings_plan_savings_plan_effective_cost": "0.60", "pricing_public_on_demand_cost": "1.00"}


def test_a_savings_plan_is_counted_once(loaded: Callable[..., Any]) -> None:
    # The plan commits 1.00 an hour, no upfront. A machine that would cost 1.00 on demand draws 0.60 of it; 0.40 goes
    # unused. The report says: machine +1.00, taken back -1.00, fee +1.00.
    bills = loaded(
        line("SavingsPlanCoveredUsage", "1.00", **PLAN, **COVERED),
        line("SavingsPlanNegation", "-1.00", line_item_resource_id="", **PLAN),
        line("SavingsPlanRecurringFee", "1.00", line_item_product_code="ComputeSavingsPlans", line_item_resource_id="",
             line_item_usage_type="ComputeSP:1yrNoUpfront", product={}, **PLAN,
             savings_plan_total_commitment_to_date="1.00", savings_plan_used_commitment="0.60"),
    )  # fmt: skip
    kind = "x_ChargeType = '{}'".format
    assert bills.costs(kind("SavingsPlanCoveredUsage")) == (D("1.00"), D("0.60"), D("1.00"), D("1.00"))
    assert bills.costs(kind("SavingsPlanNegation")) == (D("-1.00"), 0, 0, 0)
    assert bills.costs("ChargeCategory = 'Purchase'") == (D("1.00"), 0, D("1.00"), D("1.00"))
    assert bills.costs("CommitmentDiscountStatus = 'Unused'")[:2] == (0, D("1.00") - D("0.60"))
    assert bills.costs()[:2] == (D("1.00") - D("1.00") + D("1.00"), D("0.60") + D("0.40"))
    assert one(bills, KIND, kind("SavingsPlanCoveredUsage")) == ("Usage", None, "Usage-Based", "Committed", "Used")
    # the negation carries the hours once more: they are use only once
    assert one(bills, "sum(PricingQuantity), sum(ConsumedQuantity)", "ChargeCategory = 'Usage'") == (1, 1)
    assert one(bills, "sum(ListCost)", "ChargeCategory = 'Usage'") == (1,)
    assert one(bills, "sum(x_RowCount)") == (3,)
    assert one(bills, "DISTINCT ServiceName", "ChargeCategory = 'Purchase'") == ("Savings Plans for AWS Compute usage",)


def test_an_all_upfront_plan_is_billed_nothing_and_still_goes_unused(loaded: Callable[..., Any]) -> None:
    # 876.00 were paid for 8,760 hours: 0.10 an hour, of which 0.04 were used
    bills = loaded(
        line("Usage", "0.00"),
        line("SavingsPlanUpfrontFee", "876.00", line_item_usage_end_date="2027-05-03T10:00:00Z", **PLAN),
        line("SavingsPlanRecurringFee", "0", **PLAN, savings_plan_total_commitment_to_date="0.10",
             savings_plan_used_commitment="0.04"),
    )  # fmt: skip
    assert D("876.00") / 8760 == D("0.10")
    assert bills.costs("x_ChargeType = 'SavingsPlanUpfrontFee'")[:2] == (D("876.00"), 0)
    assert one(bills, KIND, "x_ChargeType = 'SavingsPlanUpfrontFee'")[:3] == ("Purchase", None, "One-Time")
    assert bills.costs("x_ChargeType = 'SavingsPlanRecurringFee'")[:2] == (0, D("0.10") - D("0.04"))


def test_the_rest_of_the_month_is_not_unused_yet(loaded: Callable[..., Any]) -> None:
    # The fee of hours to come is written in advance, with nothing used: on the third, 28 days would look wasted.
    fee = {**PLAN, "savings_plan_total_commitment_to_date": "1.00", "line_item_usage_type": "ComputeSP:1yrNoUpfront"}
    bills = loaded(
        line("Usage", "5.00"),
        line("SavingsPlanRecurringFee", "1.00", **fee, savings_plan_used_commitment="0.90"),
        line("SavingsPlanRecurringFee", "1.00", **fee, savings_plan_used_commitment="0",
             line_item_usage_start_date="2026-05-20T10:00:00Z", line_item_usage_end_date="2026-05-20T11:00:00Z"),
    )  # fmt: skip
    assert bills.costs("CommitmentDiscountStatus = 'Unused'")[:2] == (0, D("1.00") - D("0.90"))
    assert bills.costs()[:2] == (D("5.00") + D("1.00") + D("1.00"), D("5.00") + D("0.10"))


def test_a_returned_plan_is_nothing_in_both_costs(loaded: Callable[..., Any]) -> None:
    bills = loaded(line("SavingsPlanUpfrontFee", "876.00", **PLAN), line("Refund", "-876.00", **PLAN))
    assert bills.costs()[:2] == (D("876.00") - D("876.00"), 0)
    assert one(bills, KIND, "x_ChargeType = 'Refund'")[:2] == ("Purchase", "Correction")


def test_an_upfront_reservation_is_no_cost_of_its_day(loaded: Callable[..., Any]) -> None:
    bills = loaded(line("Fee", "1200.00", reservation_reservation_a_r_n=ARN_RI))
    assert bills.costs()[:2] == (D("1200.00"), 0)
    assert one(bills, KIND) == ("Purchase", None, "One-Time", "Standard", None)


def test_a_fee_without_a_reservation_costs_what_it_says(loaded: Callable[..., Any]) -> None:
    # In a CSV an empty cell is no ARN, or each support fee would become a reservation and vanish from EffectiveCost.
    bills = loaded(line("Fee", "29.00", reservation_reservation_a_r_n="", line_item_product_code="AWSSupportDeveloper",
                        product={"product_name": "AWS Support (Developer)"}))  # fmt: skip
    assert bills.costs() == (D("29.00"),) * 4
    assert one(bills, KIND) == ("Purchase", None, "Recurring", "Standard", None)
    assert one(bills, "ServiceName") == ("AWS Support (Developer)",)


def test_the_marketplace_is_kept_and_named(loaded: Callable[..., Any]) -> None:
    bills = loaded(
        line("Usage", "12.34", bill_billing_entity="AWS Marketplace", line_item_legal_entity="Anthropic, PBC",
             line_item_product_code="9zkq1x2y", line_item_usage_type="USE1-MP:USE1_InputTokenCount-Units",
             product={"product_name": "Claude Sonnet 4.5 (Amazon Bedrock Edition)"}, bill_invoicing_entity="AWS, Inc.")
    )  # fmt: skip
    assert bills.costs()[:2] == (D("12.34"), D("12.34"))
    assert one(bills, "ServiceName, ServiceCategory, PublisherName, InvoiceIssuerName, ProviderName") == (
        "Claude Sonnet 4.5 (Amazon Bedrock Edition)", "AI and Machine Learning", "Anthropic, PBC", "AWS, Inc.", "AWS",
    )  # fmt: skip


def test_tax_is_tax(loaded: Callable[..., Any]) -> None:
    bills = loaded(
        line("Usage", "100.00"),
        line("Tax", "19.00", line_item_usage_amount="1", line_item_usage_type="", product={},
             line_item_usage_start_date="2026-05-01T00:00:00Z", line_item_usage_end_date="2026-06-01T00:00:00Z"),
    )  # fmt: skip
    assert bills.costs("ChargeCategory = 'Tax'") == (D("19.00"),) * 4
    assert one(bills, KIND, "ChargeCategory = 'Tax'") == ("Tax", None, "One-Time", None, None)
    assert one(bills, "PricingQuantity, ServiceName", "ChargeCategory = 'Tax'") == (
        None,
        "Amazon Elastic Compute Cloud",
    )
    assert bills.costs()[:2] == (D("119.00"), D("119.00"))


def test_a_credit_is_a_row_of_its_own(loaded: Callable[..., Any]) -> None:
    bills = loaded(line("Usage", "100.00"), line("Credit", "-40.00"))
    assert bills.costs("ChargeCategory = 'Usage'")[:2] == (D("100.00"), D("100.00"))
    assert bills.costs("ChargeCategory = 'Credit'")[:2] == (D("-40.00"), D("-40.00"))
    assert bills.costs()[:2] == (D("60.00"), D("60.00"))


def test_a_refund_corrects_and_counts_in_both_costs(loaded: Callable[..., Any]) -> None:
    # A refund of the plan's service that names no plan is a discount paid back later: it stays in EffectiveCost.
    bills = loaded(line("Refund", "-8.54", line_item_product_code="ComputeSavingsPlans"))
    assert bills.costs()[:2] == (D("-8.54"), D("-8.54"))
    assert one(bills, KIND)[:2] == ("Adjustment", "Correction")


@pytest.mark.parametrize("kind", [
    "BundledDiscount", "Discount", "EdpDiscount", "PrivateRateDiscount", "SppDiscount", "RiVolumeDiscount",
])  # fmt: skip
def test_a_discount_with_a_line_of_its_own_is_taken_off_once(kind: str, bills: Any) -> None:
    # 100.00 of use and 9% off
    bills.write([line("Usage", "100.00"), line(kind, "-9.00")])
    bills.load()
    assert bills.costs()[:2] == (D("100.00") - D("9.00"),) * 2
    assert one(bills, "ChargeCategory, x_ChargeType", "BilledCost < 0") == ("Adjustment", kind)


def test_a_type_that_nobody_knows_is_kept_and_told(bills: Any) -> None:
    bills.write([line("Usage", "1.00"), line("MysteryFee", "2.50")])
    result = bills.load()
    assert bills.costs()[:2] == (D("3.50"), D("3.50"))
    assert one(bills, "ChargeCategory", "x_ChargeType = 'MysteryFee'") == ("Adjustment",)
    told = [d["sentence"] for d in result.record["deviations"] if d["code"] == "unknown-LineItemType"]
    assert told == ["line_item_line_item_type holds `MysteryFee`, which the specification does not know; kept as sent"]
