"""A report may have any columns, in any order and spelling: what it lacks is unknown, what it has is read exactly."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from typing import Any

import pytest
from tests.providers.aws.cur_rows import ARN_PLAN, SPELLINGS, line

from aiops_cost.errors import CouldNotJudge, UserError

D = Decimal
PLAN = {"savings_plan_savings_plan_a_r_n": ARN_PLAN}


def test_the_four_spellings_of_a_report_are_one_bill(bills: Any) -> None:
    rows = [
        line("Usage", "3.00", cost_category={"Team": "search"}),
        line("SavingsPlanCoveredUsage", "1.00", **PLAN, savings_plan_savings_plan_effective_cost="0.60"),
        line("SavingsPlanNegation", "-1.00", **PLAN),
        line("SavingsPlanRecurringFee", "1.00", **PLAN, savings_plan_total_commitment_to_date="1.00",
             savings_plan_used_commitment="0.60", product={}),
        line("Tax", "0.27", product={}, resource_tags={}),
    ]  # fmt: skip
    columns = (
        "x_ChargeType, ChargeCategory, ServiceName, RegionId, ResourceId, sum(BilledCost), sum(EffectiveCost),"
        " json_extract_string(Tags, '$.*')[1], json_extract_string(x_CostCategories, '$.Team')"
    )
    found = []
    for spelling in SPELLINGS:
        for old in bills.folder.iterdir():
            old.unlink()
        bills.write(rows, spelling)
        result = bills.load()
        assert bills.codes(result) == set(), spelling
        found.append(bills.ask(f"SELECT {columns} FROM ledger GROUP BY ALL ORDER BY ALL"))
    assert found[0] == found[1] == found[2] == found[3]
    assert [entry[:2] for entry in found[0]] == [
        ("SavingsPlanCoveredUsage", "Usage"), ("SavingsPlanNegation", "Usage"), ("SavingsPlanRecurringFee", "Purchase"),
        ("SavingsPlanRecurringFee", "Usage"), ("Tax", "Tax"), ("Usage", "Usage"),
    ]  # fmt: skip
    assert found[0][5][7:] == ("ranker", "search")


def test_columns_may_be_moved_and_added(bills: Any) -> None:
    row = line("Usage", "2.50") | {"line_item_blended_cost": "9.99", "a_new_column": "x"}
    bills.csv("cur.csv", sorted(row, reverse=True), [row])
    result = bills.load()
    assert bills.costs()[:2] == (D("2.50"), D("2.50"))
    told = [d["sentence"] for d in result.record["deviations"] if d["code"] == "column-unknown"]
    assert told == ["cur.csv has columns that the format does not know: a_new_column; left out"]


@pytest.mark.parametrize(("column", "spelling", "word"), [
    ("line_item_currency_code", "cur2-csv", "line_item_currency_code"),
    ("line_item_line_item_type", "legacy-csv", "lineItem/LineItemType"),
    ("bill_billing_period_start_date", "legacy-parquet", "bill_billing_period_start_date"),
])  # fmt: skip
def test_a_missing_column_is_named_as_the_report_would_spell_it(
    bills: Any, column: str, spelling: str, word: str
) -> None:
    row = line()
    del row[column]
    bills.write([row], spelling)
    with pytest.raises(UserError, match=f"the required column `{word}` is missing"):
        bills.load()


@pytest.mark.parametrize(("row", "missing"), [
    (line("SavingsPlanCoveredUsage"), "`savings_plan_savings_plan_effective_cost` is missing and 1 SavingsPlanCovered"),
    (line("SavingsPlanRecurringFee", **PLAN), "`savings_plan_total_commitment_to_date`, `savings_plan_used_commit"),
    (line("DiscountedUsage"), "`reservation_effective_cost` is missing and 1 DiscountedUsage rows need it"),
    (line("RIFee"), "`reservation_unused_recurring_fee` are missing and 1 RIFee rows need it"),
])  # fmt: skip
def test_commitments_need_their_columns(bills: Any, row: dict[str, Any], missing: str) -> None:
    bills.write([row, line()])
    with pytest.raises(UserError) as caught:
        bills.load()
    assert missing in str(caught.value)


def test_an_account_without_commitments_needs_no_such_columns(bills: Any) -> None:
    bills.write([line()])
    assert bills.codes(bills.load()) == set()


def test_covered_use_without_an_effective_cost_is_unknown_not_free(bills: Any) -> None:
    covered = {"savings_plan_savings_plan_effective_cost": ""}
    bills.write([line(), line("SavingsPlanCoveredUsage", "1.00", **PLAN, **covered)])
    result = bills.load()
    assert bills.ask("SELECT EffectiveCost FROM ledger WHERE x_ChargeType = 'SavingsPlanCoveredUsage'") == [(None,)]
    [said] = [one for one in result.record["deviations"] if one["code"] == "effective-cost-unknown"]
    assert (said["rows"], said["periods"], said["unknown"]) == (1, ("2026-05",), "EffectiveCost")


def test_a_month_with_a_header_only_is_an_error_never_zero(bills: Any) -> None:
    bills.csv("cur.csv", list(line()), [])
    with pytest.raises(CouldNotJudge, match="nothing is not zero"):
        bills.load()


@pytest.mark.parametrize("spelling", ["legacy-csv", "cur2-csv"])
def test_small_prices_in_exponent_form_are_exact(bills: Any, spelling: str) -> None:
    bills.write([line(unblended="6.71E-8"), line(unblended="4.0E-7"), line(unblended="1E+2")], spelling)
    bills.load()
    assert bills.costs()[0] == D("6.71E-8") + D("4.0E-7") + D("1E+2")


def test_doubles_in_parquet_mean_their_shortest_text(bills: Any) -> None:
    bills.write([line(unblended=cost) for cost in ("0.1", "0.2", "6.71E-8", "0.0000000001")])
    bills.load()
    assert bills.costs()[0] == D("0.1") + D("0.2") + D("6.71E-8") + D("0.0000000001")


def test_an_amount_that_is_no_number_is_rejected_by_its_own_name(bills: Any) -> None:
    bills.write([line(unblended="12,34"), line()], "legacy-csv")
    with pytest.raises(UserError, match="lineItem/UnblendedCost is '12,34', not a plain number"):
        bills.load()


def test_a_list_price_that_is_no_number_is_unknown_and_counted(bills: Any) -> None:
    bills.write([line(pricing_public_on_demand_cost="convertible")], "legacy-csv")
    result = bills.load()
    assert bills.costs() == (1, 1, None, 1)
    assert "unread-PublicOnDemandCost" in bills.codes(result)


def test_keys_of_the_product_map_may_be_columns(bills: Any) -> None:
    row = line(
        product_product_name="Amazon SageMaker", product_region_code="eu-west-1", product_instance_type="ml.g5.xlarge"
    )
    del row["product"]
    bills.csv("cur.csv", list(row), [row])
    bills.load()
    assert bills.ask("SELECT ServiceName, RegionId, x_InstanceType FROM ledger") == [
        ("Amazon SageMaker", "eu-west-1", "ml.g5.xlarge")]  # fmt: skip


def test_without_product_names_the_service_code_is_looked_up(bills: Any) -> None:
    row = line(line_item_product_code="AmazonBedrock")
    other = line(line_item_product_code="AmazonUnheardOf")
    bills.csv("cur.csv", [name for name in row if name != "product"], [
        {k: v for k, v in each.items() if k != "product"} for each in (row, other)])  # fmt: skip
    bills.load()
    assert bills.ask("SELECT ServiceName, ServiceCategory FROM ledger ORDER BY 1") == [
        ("Amazon Bedrock", "AI and Machine Learning"), ("AmazonUnheardOf", "Other")]  # fmt: skip


def test_json_that_is_broken_names_no_product(bills: Any) -> None:
    row = line() | {"product": "{broken"}
    bills.csv("cur.csv", list(row), [row])
    bills.load()
    assert bills.ask("SELECT ServiceName FROM ledger") == [("Amazon Elastic Compute Cloud",)]


def test_tags_of_many_columns_are_one_object_and_quotes_survive(bills: Any) -> None:
    row = line(resource_tags={"user:Team": 'a "b", c', "user:empty": "", "aws:createdBy": "Root:1"})
    bills.write([row], "legacy-csv")
    bills.load()
    tags = json.loads(bills.ask("SELECT Tags FROM ledger")[0][0])
    assert tags == {"user:Team": 'a "b", c', "aws:createdBy": "Root:1"}


def test_the_leading_zeros_of_an_account_stay(bills: Any) -> None:
    bills.write([line()], "cur2-csv")
    bills.load()
    assert bills.ask("SELECT BillingAccountId FROM ledger") == [("012345678901",)]


def test_ten_thousand_sessions_of_a_role_are_one_line(bills: Any) -> None:
    role = "arn:aws:sts::210987654321:assumed-role/chat-api/session-{:05}"
    rows = [line(unblended="0.01", line_item_iam_principal=role.format(number)) for number in range(10_000)]
    bills.csv("cur.csv", list(rows[0]), rows)
    bills.load()
    assert bills.ask("SELECT count(*), sum(x_RowCount), any_value(x_IamRole), sum(BilledCost) FROM ledger") == [
        (1, 10_000, "chat-api", D(100))]  # fmt: skip
    with (bills.folder / "cur.csv").open(newline="") as handle:
        assert len({row["line_item_iam_principal"] for row in csv.DictReader(handle)}) == 10_000


@pytest.mark.parametrize(("principal", "role"), [
    ("arn:aws:sts::210987654321:assumed-role/AWSReservedSSO_Dev_0a1b/ada@example.com", "AWSReservedSSO_Dev_0a1b"),
    ("arn:aws:iam::210987654321:role/service-role/path/indexer", "indexer"),
    ("arn:aws-cn:iam::210987654321:role/indexer", "indexer"),
    ("arn:aws:iam::210987654321:user/ada", None),
    ("arn:aws:iam::210987654321:root", None),
    ("", None),
])  # fmt: skip
def test_a_principal_is_kept_as_its_role(bills: Any, principal: str, role: str | None) -> None:
    bills.write([line(line_item_iam_principal=principal)])
    bills.load()
    assert bills.ask("SELECT x_IamRole FROM ledger") == [(role,)]
    everything = json.dumps(bills.ask("SELECT * FROM ledger"), default=str)
    assert "ada" not in everything
    assert "session" not in everything


def test_a_domain_renewal_is_billed_in_its_bill(bills: Any) -> None:
    # its use starts in the next month
    bills.write([line(), line("Fee", "12.00", line_item_usage_start_date="2026-06-14T00:00:00Z")])
    bills.load()
    assert bills.ask("SELECT DISTINCT x_BillingPeriod FROM ledger") == [("2026-05",)]
    assert bills.costs()[0] == 13


def test_two_currencies_stay_two(bills: Any) -> None:
    bills.write([line(), line(line_item_currency_code="CNY", unblended="7.00")])
    bills.load()
    assert bills.ask("SELECT BillingCurrency, sum(BilledCost) FROM ledger GROUP BY 1 ORDER BY 1") == [
        ("CNY", D(7)), ("USD", D(1))]  # fmt: skip
