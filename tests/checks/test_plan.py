"""The budget itself: lines that match nothing, days without a plan, plans that contradict themselves."""

from __future__ import annotations

from datetime import date

import pytest

from aiops_cost import gate
from aiops_cost.checks.drift import drift_table
from aiops_cost.model import Severity

TWO = (
    "  - scope: {activity: serving}\n    owner: ml\n    amount: 3000\n"
    "  - scope: {activity: training, workload: ranker}\n    owner: ml\n    amount: 500\n"
)


def test_a_budget_line_that_matches_nothing_is_never_ok(company):
    company.budget(TWO).spend("100x30", activity="serving")
    (found,) = company.find(date(2026, 5, 1), "BUD001")
    assert found.severity is Severity.WARNING
    assert found.place == "budget-0.yaml:8:5"
    table = drift_table(company.view(date(2026, 5, 1)), company.config(), date(2026, 5, 1))
    assert [row[7] for row in table.rows] == ["no spend", "ok"]


def test_a_line_has_a_whole_month_to_show_its_first_row(company):
    company.budget(TWO).spend("100x29", activity="serving")
    assert company.find(date(2026, 4, 30), "BUD001") == []


def test_a_line_that_plans_nothing_yet_is_silent(company):
    company.budget(TWO.replace("amount: 500", "amount: {2026-04: 0, 2026-05: 500}"))
    company.spend("100x30", activity="serving")
    assert company.find(date(2026, 5, 1), "BUD001") == []


def test_rows_that_add_up_to_zero_are_rows(company):
    company.budget(TWO).spend("100x30", activity="serving")
    company.spend("40 -40", activity="training", workload="ranker")
    assert company.find(date(2026, 5, 1), "BUD001") == []


def test_a_day_that_no_budget_plans_is_not_judged(company):
    company.budget("budget: q\ncurrency: USD\nmonths: 2026-04..2026-04\nlines:\n" + TWO)
    company.spend("100x35", activity="serving")
    company.spend("17x35", activity="training", workload="ranker")
    assert company.find(date(2026, 4, 30), "BUD002") == []
    for day in (date(2026, 5, 1), date(2026, 3, 31)):
        found = company.find(day, "BUD002")
        assert gate.judge(found).exit_code == 3


def test_the_next_budget_takes_over(company):
    for name, month in (("q1", "2026-04"), ("q2", "2026-05")):
        company.budget(f"budget: {name}\ncurrency: USD\nmonths: {month}..{month}\nlines:\n" + TWO)
    company.spend("100x31", activity="serving").spend("17x31", activity="training", workload="ranker")
    assert company.find(date(2026, 5, 2), "BUD001", "BUD002") == []


def test_a_budget_that_another_followed_is_history(company):
    for name, month in (("q1", "2026-04"), ("q2", "2026-05")):
        company.budget(f"budget: {name}\ncurrency: USD\nmonths: {month}..{month}\nlines:\n" + TWO)
    company.spend("300x30 96x31", activity="serving")
    company.spend("16x61", activity="training", workload="ranker")
    assert [one.period for one in company.find(date(2026, 5, 1), "DRF001")] == ["2026-04-01..2026-04-30"]
    assert company.find(date(2026, 5, 3), "DRF001", "DAT001") == []
    assert company.view(date(2026, 5, 3)).judged_days() == ((date(2026, 5, 1), date(2026, 5, 2)),)


def test_amount_and_assumptions_that_disagree_are_told(company):
    line = (
        "  - scope: {activity: training}\n    amount: %s\n"
        "    assumes: {runs_per_month: 4, usd_per_run: 900, usd_data_prep_per_run: 120}\n"
    )
    company.budget(line % 4080).spend("136x30", activity="training")
    assert company.find(date(2026, 5, 1), "BUD003") == []
    for amount, told in ((4100, 0), (4200, 1), (0, 1)):
        company.budget_files.clear()
        company.budget(line % amount)
        found = company.find(date(2026, 5, 1), "BUD003")
        assert len(found) == told, amount
    assert "assumptions come to 4,080.00 USD (and 11 more months)" in found[0].message


def _old(company, kind, days, ends="2026-04-15"):
    company.budget(f"  - {{scope: {{workload: old}}, kind: {kind}, owner: infra, amount: 300, ends: {ends}}}")
    return company.spend(days, activity="serving", workload="old")


@pytest.mark.parametrize(
    ("kind", "code"), [("scaffolding", "BUD004"), ("old-platform", "BUD005"), ("product", "BUD004")]
)
def test_spend_after_the_planned_end_is_a_finding_of_its_own(company, kind, code):
    [finding] = _old(company, kind, "10x15 20x15").find(date(2026, 5, 3), "BUD004", "BUD005", "UNB001")
    assert (finding.code, finding.amount, finding.onset) == (code, 300, date(2026, 4, 16))


def test_what_was_taken_down_in_time_is_no_finding(company):
    _old(company, "old-platform", "10x15").spend("1x30", activity="other")
    assert company.find(date(2026, 5, 3), "BUD004", "BUD005") == []


def test_the_days_up_to_the_end_are_planned_and_no_later_one(company):
    [drift] = _old(company, "scaffolding", "30x15 20x15").find(date(2026, 5, 3), "DRF001")
    assert (drift.planned, drift.actual) == (150, 450)


@pytest.mark.parametrize(("plans", "drift"), [("gross", 3000), ("net", None)])
def test_a_credit_counts_only_against_a_plan_that_is_net_of_it(company, plans, drift):
    company.budget(
        f"budget: b\ncurrency: USD\nplans: {plans}\nmonths: 2026-04..2026-12\n"
        "lines: [{scope: {activity: serving}, amount: 3000}]"
    )
    company.spend("200x30", activity="serving").spend("-100x30", activity="serving", ChargeCategory="Credit")
    assert next((one.amount for one in company.find(date(2026, 5, 3), "DRF001")), None) == drift
