"""TRN: more runs than planned are worth it only if the model got better."""

from __future__ import annotations

from datetime import date

import pytest

from aiops_cost.checks import cells
from aiops_cost.checks.view import scoped
from aiops_cost.model import Severity

AS_OF = date(2026, 6, 3)
LINE = "  - {scope: {activity: training, workload: ranker}, assumes: {runs_per_month: 4, usd_per_run: 100}}"


@pytest.fixture
def doubled(company):
    """Four runs in April, twelve in May, at 100 each; May's planned number is four."""
    company.budget(LINE)
    for month, days in ((4, range(2, 30, 7)), (5, range(1, 25, 2))):
        for day in days:
            company.spend(
                "100", first=date(2026, month, day), activity="training", workload="ranker", x_Run=f"{month}-{day}"
            )
    return company.spend("0x61", activity="training", workload="ranker")


def test_more_runs_without_a_gain(doubled):
    doubled.measure("0.80x61", "quality", workload="ranker")
    [finding] = doubled.find(AS_OF, "TRN001", "TRN002")
    assert (finding.code, finding.severity) == ("TRN001", Severity.WARNING)
    assert (finding.amount, finding.onset) == (800, date(2026, 5, 1))
    assert "16 runs on 61 settled days, 8.0 planned; quality went from 0.8 to 0.8" in finding.message


def test_a_better_model_is_worth_its_runs(doubled):
    doubled.measure("0.80x30 0.85x31", "quality", workload="ranker")
    assert doubled.find(AS_OF, "TRN001", "TRN002") == []


def test_a_gain_below_the_asked_one_is_none(doubled):
    doubled.measure("0.80x30 0.804x31", "quality", workload="ranker")
    assert [one.code for one in doubled.find(AS_OF, "TRN001", "TRN002")] == ["TRN001"]


def test_where_no_quality_is_measured_it_is_said(doubled):
    [finding] = doubled.find(AS_OF, "TRN001", "TRN002")
    assert (finding.code, finding.severity) == ("TRN002", Severity.INFO)


def test_the_planned_runs_are_no_finding(company):
    company.budget(LINE)
    for day in range(2, 30, 7):
        company.spend("100", first=date(2026, 4, day), activity="training", workload="ranker", x_Run=f"r-{day}")
    company.spend("0x30", activity="training", workload="ranker")
    assert company.find(date(2026, 5, 3), "TRN001", "TRN002") == []


def test_runs_from_metrics_where_the_bill_names_none(company):
    company.budget(LINE).spend("50x30", activity="training", workload="ranker")
    company.measure("1x15", "runs", workload="ranker")
    [finding] = company.find(date(2026, 5, 3), "TRN001", "TRN002")
    assert "15 runs on 30 settled days, 4.0 planned" in finding.message


def test_without_any_run_nothing_is_said(company):
    company.budget(LINE).spend("500x30", activity="training", workload="ranker")
    assert company.find(date(2026, 5, 3), "TRN001", "TRN002") == []


def test_a_retry_makes_its_run_dearer_and_is_no_run_of_its_own(company):
    """Four planned runs, each repeated once: as many runs as planned, at twice their price."""
    company.budget(LINE)
    for day in range(2, 30, 7):
        company.spend("100", first=date(2026, 4, day), activity="training", workload="ranker", x_Run=f"r-{day}")
        again = {"x_Run": f"s-{day}", "Tags": '{"attempt": "2"}'} if day < 10 else {"x_Run": f"r-{day}-retry"}
        company.spend("100", first=date(2026, 4, day + 1), activity="training", workload="ranker", **again)
    company.spend("0x30", activity="training", workload="ranker")
    assert company.find(date(2026, 5, 3), "TRN001", "TRN002") == []
    [dearer] = company.find(date(2026, 5, 3), "UNT001")
    assert dearer.message.startswith("200.00 USD per run, 100.00 planned: 400.00 USD for a worse price")
    view = company.view(date(2026, 5, 3))
    assert [day.day for day in cells.runs(view, scoped({"activity": "training"}))] == [2, 9, 16, 23]
