"""UNT: more business is told from a worse price, and a line that flexes does not call success overspend."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_cost import checks
from aiops_cost.budget.plan import BudgetLine
from aiops_cost.budget.values import Tolerance
from aiops_cost.checks import flex
from aiops_cost.checks.unit_cost import price, unit_costs
from aiops_cost.model import Severity

AS_OF = date(2026, 5, 3)
TOKENS = "assumes: {requests_per_day: 1000, tokens_per_request: 1000, usd_per_1m_tokens: 100}"
"""A day is 1,000 requests, a million tokens, 100 USD."""
CHAT = {"activity": "serving", "workload": "chat"}


def plan(company, more="", amount=TOKENS):
    return company.budget(f"  - scope: {{activity: serving, workload: chat}}\n    {amount}\n{more}")


def test_twice_the_business_at_the_planned_price_is_no_worse_price(company):
    plan(company).spend("200x30", **CHAT).measure("2000x30", "requests", workload="chat")
    [finding] = company.find(AS_OF, "UNT001", "UNT002")
    assert (finding.code, finding.severity) == ("UNT002", Severity.INFO)
    assert finding.bridge == {"more business": 3000, "worse price": 0}
    assert "100.00 USD per 1,000 requests, 100.00 planned" in finding.message


def test_the_planned_business_at_twice_the_price_is_a_worse_price(company):
    plan(company).spend("200x30", **CHAT).measure("1000x30", "requests", workload="chat")
    [finding] = company.find(AS_OF, "UNT001", "UNT002")
    assert (finding.code, finding.severity, finding.amount) == ("UNT001", Severity.WARNING, 3000)
    assert finding.bridge == {"more business": 0, "worse price": 3000}


def test_less_business_does_not_hide_a_worse_price(company):
    plan(company).spend("100x30", **CHAT).measure("500x30", "requests", workload="chat")
    [finding] = company.find(AS_OF, "UNT001", "DRF001")
    assert finding.bridge == {"more business": -1500, "worse price": 1500}


def test_a_line_that_flexes_allows_the_planned_unit_cost_times_the_volume(company):
    plan(company, "    flex: requests\n").spend("200x30", **CHAT).measure("2000x30", "requests", workload="chat")
    view = company.view(AS_OF)
    assert view.allowed(view.lines[0], [(date(2026, 4, 1), date(2026, 4, 30))]) == 6000
    assert company.find(AS_OF, "DRF", "DRF001", "UNT001", "UNT002") == []


def test_a_line_that_flexes_is_over_when_less_business_costs_as_much(company):
    plan(company, "    flex: requests\n").spend("100x30", **CHAT).measure("500x30", "requests", workload="chat")
    [drift] = company.find(AS_OF, "DRF001")
    assert (drift.planned, drift.amount) == (1500, 1500)


def test_a_business_unit_with_its_planned_volume(company):
    plan(company, "    flex: {unit: orders, per_month: 300}\n", "amount: 3000")
    company.spend("150x30", **CHAT).measure("15x30", "orders", workload="chat")
    assert company.find(AS_OF, "DRF001", "UNT001") == []


def test_days_without_a_volume_are_judged_by_the_fixed_plan_and_it_is_said(company):
    plan(company, "    flex: requests\n").spend("100x30", **CHAT).measure("2000x10", "requests", workload="chat")
    view = company.view(AS_OF)
    assert view.allowed(view.lines[0], [(date(2026, 4, 1), date(2026, 4, 30))]) == 2000 + 2000
    [note] = company.find(AS_OF, "UNT003")
    assert (note.severity, note.message[:32]) == (Severity.INFO, "20 of 30 settled days have no `r")


def test_a_volume_that_was_required_and_never_came_cannot_be_judged(company):
    (company.folder / "m.csv").write_text("day,orders\n", encoding="utf-8")
    company.settings = "metrics: [{csv: m.csv, required: true}]\n"
    plan(company, "    flex: requests\n").spend("100x30", **CHAT)
    assert [one.severity for one in company.find(AS_OF, "UNT003")] == [Severity.UNJUDGED]


def test_days_without_a_value_count_on_neither_side(company):
    plan(company).spend("100x15 900x15", **CHAT).measure("1000x15", "requests", workload="chat")
    [one] = unit_costs(company.view(AS_OF))
    assert (one.actual, one.planned, one.worse_price) == (1500, 1500, 0)


def test_without_metrics_there_is_no_unit_cost(company):
    plan(company).spend("200x30", **CHAT)
    assert company.find(AS_OF, "UNT001", "UNT002", "UNT003") == []


def test_runs_are_counted_on_the_bill_and_days_without_one_have_none(company):
    company.budget(
        "  - {scope: {activity: training}, assumes: {runs_per_month: 3, usd_per_run: 100}, tolerance: {at_least: 1}}"
    )
    for day in (2, 12, 22):
        company.spend("150", first=date(2026, 4, day), activity="training", x_Run=f"run-{day}")
    company.spend("0x30", activity="training")
    [one] = unit_costs(company.view(AS_OF))
    assert (one.metric, one.volume, one.actual_unit, one.worse_price) == ("runs", 3, 150, 150)


def test_storage_is_per_gb_month(company):
    company.budget("  - {scope: {activity: storage}, assumes: {gb_at_start: 1000, usd_per_gb_month: 0.3}}")
    company.spend("20x30", activity="storage").measure("2000x30", "gb", activity="storage")
    [one] = unit_costs(company.view(AS_OF))
    assert (round(one.volume, 9), one.planned_unit, round(one.more_business, 9)) == (2000, Decimal("0.3"), 300)


amounts = st.decimals(min_value=0, max_value=10**9, places=6)


@given(st.lists(st.tuples(amounts, amounts), min_size=1, max_size=30), amounts)
def test_more_business_and_worse_price_sum_to_the_drift(days, planned):
    line = BudgetLine(
        "b", {}, None, {"2026-04": planned}, {}, {}, Tolerance(), "b:1", flex="orders", flex_per_month=Decimal(7)
    )
    volumes = {date(2026, 4, n): volume for n, (volume, _) in enumerate(days, start=1)}
    ranges = [(date(2026, 4, 1), date(2026, 4, len(days)))]
    actual = sum((cost for _, cost in days), Decimal(0))
    allowed = flex.flexed(line, "orders", ranges, volumes)
    fixed = flex.flexed(line, "orders", ranges, {})
    assert (allowed - fixed) + (actual - allowed) == actual - fixed


@pytest.mark.parametrize(
    ("amount", "shown"), [("3.4", "3.40"), ("0.000123456", "0.0001235"), ("1234.5", "1,234.50"), ("0", "0.00")]
)
def test_a_small_price_keeps_its_digits(amount, shown):
    assert price(Decimal(amount)) == shown


def test_the_codes_are_known():
    assert {"UNT001", "UNT002", "UNT003", "TRN001", "TRN002", "STO001", "STO002", "STO003"} <= checks.codes().keys()
