"""What nobody attributed and what nobody owns."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

MAY = date(2026, 5, 1)
SERVING = "  - scope: {activity: serving}\n    owner: ml\n    amount: 3000\n"


def test_full_coverage_is_silent(company):
    company.budget(SERVING).spend("100x30", activity="serving").spend("900x30", activity="other")
    assert company.find(MAY, "ATR001", "ATR002") == []


def test_no_spend_at_all_is_not_zero_coverage(company):
    company.budget(SERVING).spend("100x30", activity="other")
    assert company.find(MAY, "ATR001") == []


def test_coverage_below_the_limit_names_the_money(company):
    company.budget(SERVING).spend("90x30", activity="serving")
    company.spend("10x30", service="Amazon EC2").spend("900x30", activity="other")
    (found,) = company.find(MAY, "ATR001")
    assert found.amount == Decimal(300)
    assert found.message.startswith("90.0% of AI spend is attributed, less than 95%")
    assert found.evidence == ("Amazon EC2: 300.00 USD",)


def test_the_limit_of_coverage_is_read(company):
    company.settings = "checks: {coverage: {at_least: 90%}}\n"
    company.budget(SERVING).spend("90x30", activity="serving").spend("10x30")
    assert company.find(MAY, "ATR001") == []


def test_accelerators_without_a_tag_are_named_by_account_and_resource(company):
    company.budget(SERVING).spend("1000x30", activity="serving")
    gpu = {"accelerator": "a100", "SubAccountId": "0042", "account": "lab"}
    company.spend("5x30", resource="i-1", **gpu).spend("2x30", resource="i-2", **gpu)
    company.spend("1x30", resource="i-3", accelerator="t4", SubAccountId="0043")
    (found,) = company.find(MAY, "ATR002")
    assert found.scope == {"activity": "unattributed", "SubAccountId": "0042"}
    assert found.amount == Decimal(210)
    assert found.evidence == ("i-1 (a100): 150.00 USD", "i-2 (a100): 60.00 USD")
    assert "in lab" in found.message
    company.settings = "checks: {accelerators: {at_least: 30}}\n"
    assert len(company.find(MAY, "ATR002")) == 2


def test_accelerators_that_a_rule_attributed_are_silent(company):
    company.budget(SERVING).spend("100x30", activity="serving", accelerator="a100")
    assert company.find(MAY, "ATR002") == []


def test_a_line_without_an_owner_is_named_once(company):
    company.budget("  - scope: {activity: serving}\n    amount: 3000\n")
    company.spend("100x30", activity="serving", workload="chat")
    (found,) = company.find(MAY, "OWN001")
    assert found.scope == {"activity": "serving"}
    assert found.place == "budget-0.yaml:5:5"


def test_a_workload_outside_the_budget_needs_an_owner_too(company):
    company.budget(SERVING).spend("100x30", activity="serving", workload="chat")
    company.spend("10x30", activity="training", workload="ranker")
    company.spend("10x30", activity="training", workload="owned", owner="ml")
    company.spend("10x30", activity="training")
    (found,) = company.find(MAY, "OWN001")
    assert found.scope == {"workload": "ranker"}
    assert found.amount == Decimal(300)


def test_an_owner_of_everything_owns_nothing_by_name(company):
    company.budget("  - scope: {}\n    owner: cfo\n    amount: 3000\n")
    company.spend("100x30", activity="serving", workload="chat")
    assert [one.scope for one in company.find(MAY, "OWN001")] == [{"workload": "chat"}]


def test_the_threshold_of_ownership_is_read(company):
    company.budget(SERVING).spend("3x30", activity="training", workload="ranker")
    assert company.find(MAY, "OWN001") == []
    company.settings = "checks: {ownership: {at_least: 10}}\n"
    assert len(company.find(MAY, "OWN001")) == 1
