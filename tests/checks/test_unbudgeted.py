"""Spend without a plan is drift of its full amount; it must not vanish into a null."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from aiops_cost import gate
from aiops_cost.model import Severity

MAY = date(2026, 5, 1)
CHAT = "  - scope: {activity: serving, workload: chat}\n    owner: chat\n    amount: 3000\n"


def _company(company):
    return company.budget(CHAT).spend("100x30", activity="serving", workload="chat")


def test_spend_that_a_line_plans_is_silent(company):
    assert _company(company).find(MAY, "UNB001") == []


def test_spend_that_is_known_not_to_be_ai_is_silent(company):
    _company(company).spend("900x30", activity="other", workload="erp")
    assert company.find(MAY, "UNB001") == []


def test_unbudgeted_spend_is_drift_of_its_full_amount(company):
    _company(company).spend("10x30", activity="training", workload="ranker", service="SageMaker")
    (found,) = company.find(MAY, "UNB001")
    assert (found.planned, found.actual, found.amount) == (0, Decimal(300), Decimal(300))
    assert found.scope == {"activity": "training", "workload": "ranker"}
    assert found.severity is Severity.WARNING
    assert found.evidence == ("SageMaker: 300.00 USD",)
    assert gate.judge([found]).exit_code == 0
    assert gate.judge([found], fail_on=["unbudgeted"]).exit_code == 1


def test_spend_without_any_attribute_does_not_vanish_into_a_null(company):
    _company(company).spend("10x30", activity="unattributed")
    (found,) = company.find(MAY, "UNB001")
    assert found.scope == {"activity": "unattributed"}
    assert found.amount == Decimal(300)


def test_without_a_workload_the_account_is_named(company):
    _company(company)
    company.spend("10x30", activity="serving", account="sandbox", SubAccountId="007")
    company.spend("20x30", activity="serving", SubAccountId="012345678901")
    found = company.find(MAY, "UNB001")
    assert [one.scope for one in found] == [
        {"activity": "serving", "SubAccountId": "012345678901"},
        {"activity": "serving", "account": "sandbox"},
    ]


def test_a_line_for_everything_hides_nothing(company):
    _company(company).budget("  - scope: {}\n    amount: 99999\n")
    company.spend("10x30", activity="training", workload="ranker")
    assert len(company.find(MAY, "UNB001")) == 1


def test_a_line_covers_the_months_that_it_plans_and_no_others(company):
    company.budget("  - scope: {activity: serving}\n    amount: {2026-04: 3000}\n")
    company.spend("100x40", activity="serving", workload="chat")
    (found,) = company.find(date(2026, 5, 11), "UNB001")
    assert found.amount == Decimal(1000)


def test_days_before_the_budget_and_unsettled_days_do_not_count(company):
    _company(company)
    company.spend("100x31", first=date(2026, 3, 1), activity="training", workload="old")
    company.spend("100x5", first=date(2026, 5, 1), source="azure", activity="training")
    assert company.find(date(2026, 4, 30), "UNB001") == []


def test_a_trifle_is_silent_until_the_threshold_says_otherwise(company):
    _company(company).spend("3x30", activity="training", workload="ranker")
    assert company.find(MAY, "UNB001") == []
    company.settings = "checks: {unbudgeted: {at_least: 90}}\n"
    assert len(company.find(MAY, "UNB001")) == 1


def test_the_lines_to_paste_can_be_pasted(company):
    hostile = 'a: b, {c} #"x'
    _company(company).spend("10x30", activity="training", workload=hostile)
    (found,) = company.find(MAY, "UNB001")
    pasted = "\n".join(found.advice.splitlines()[1:])
    company.budget_files.clear()
    company.budget(CHAT + pasted + "\n")
    assert company.budgets()[0].lines[1].scope == found.scope
    assert company.budgets()[0].lines[1].amounts["2026-04"] == Decimal(300)
    assert company.find(MAY, "UNB001") == []
