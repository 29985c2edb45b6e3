"""Drift: what the plan says against what came, and the lies in between."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from decimal import Decimal

import pytest

from aiops_cost import gate
from aiops_cost.checks.drift import drift_table
from aiops_cost.model import Severity

CHAT = "  - scope: {activity: serving, workload: chat}\n    owner: chat\n    amount: %s\n"


def _chat(amount: object, extra: str = "") -> str:
    return CHAT % amount + extra


def test_spend_on_plan_is_silent(company):
    company.budget(_chat(3000)).spend("100x30", activity="serving", workload="chat", owner="chat")
    assert company.find(date(2026, 5, 1)) == []


@pytest.mark.parametrize("year", [2026, 2027, 2028])
def test_months_are_not_equal_yet_100_a_day_never_drifts(company, year):
    months = {m: 100 * calendar.monthrange(year, m)[1] for m in range(1, 13)}
    amounts = ", ".join(f"{year}-{m:02}: {amount}" for m, amount in months.items())
    company.budget(
        f"budget: flat\ncurrency: USD\nmonths: {year}-01..{year}-12\nlines:\n"
        + _chat(f"{{{amounts}}}", "    tolerance: {warn: 0%, breach: 0%, at_least: 0}\n")
    )
    days = sum(calendar.monthrange(year, m)[1] for m in range(1, 13))
    company.spend(f"100x{days}", first=date(year, 1, 1), activity="serving", workload="chat")
    for month in range(1, 13):
        for as_of in (date(year, month, 11), date(year, month, 1) + timedelta(days=27)):
            row = drift_table(company.view(as_of), company.config(), as_of).rows[0]
            assert (row[4], row[6]) == (0, 0), as_of
            assert company.find(as_of, "DRF001", "DRF002") == []


def test_february_is_not_a_cheap_month(company):
    company.first = date(2027, 2, 1)
    company.budget(_chat("{2027-02: 2800, 2027-03: 3100}"))
    company.spend("100x59", activity="serving", workload="chat", owner="chat")
    view = company.view(date(2027, 4, 1))
    row = drift_table(view, company.config(), view.as_of).rows[0]
    assert row[2:5] == (Decimal(5900), Decimal(5900), Decimal(0))


def test_todays_half_day_is_not_a_day(company, make_state):
    company.budget(_chat(3000)).spend("100x9 3", activity="serving", workload="chat")
    company.sources["aws"] = make_state(
        "aws", *[date(2026, 4, n) for n in range(1, 11)], settled_until=date(2026, 4, 10)
    )
    row = drift_table(company.view(date(2026, 4, 10)), company.config(), date(2026, 4, 10)).rows[0]
    assert row[2:5] == (Decimal(900), Decimal(900), Decimal(0))


def test_elapsed_days_without_a_bill_are_not_compared(company):
    company.budget(_chat(3000)).spend("100x8", activity="serving", workload="chat")
    row = drift_table(company.view(date(2026, 4, 12)), company.config(), date(2026, 4, 12)).rows[0]
    assert row[2:5] == (Decimal(800), Decimal(800), Decimal(0))


def test_the_slowest_source_decides_which_days_are_compared(company):
    company.budget(_chat(3000)).spend("100x20", activity="serving", workload="chat")
    company.spend("50x10", source="azure", activity="serving", workload="chat")
    row = drift_table(company.view(date(2026, 4, 21)), company.config(), date(2026, 4, 21)).rows[0]
    assert row[2] == Decimal(1000)  # ten days of thirty, not twenty
    assert row[3] == Decimal(1500)


@pytest.mark.parametrize(
    ("day", "severity"),
    [
        ("104", None),  # 4% over
        ("105", None),  # exactly the tolerance is within it
        ("106", Severity.WARNING),
        ("110", Severity.WARNING),
        ("111", Severity.BREACH),
    ],
)
def test_thresholds_that_are_declared_are_read(company, day, severity):
    company.budget(_chat(3000)).spend(f"{day}x30", activity="serving", workload="chat")
    found = company.find(date(2026, 5, 1), "DRF001")
    assert [one.severity for one in found] == ([severity] if severity else [])


def test_the_tolerance_of_a_line_beats_the_configuration(company):
    company.settings = "checks: {drift: {tolerance: {warn: 20%, breach: 30%}}}\n"
    company.budget(_chat(3000)).spend("115x30", activity="serving", workload="chat")
    assert company.find(date(2026, 5, 1), "DRF001") == []
    company.budget_files.clear()
    company.budget(_chat(3000, "    tolerance: {warn: 1%, breach: 10%}\n"))
    (found,) = company.find(date(2026, 5, 1), "DRF001")
    assert found.severity is Severity.BREACH
    assert found.amount == Decimal(450)


def test_a_trifle_stays_silent_whatever_its_percentage(company):
    company.budget(_chat(30)).spend("4x30", activity="serving", workload="chat")
    assert company.find(date(2026, 5, 1), "DRF001") == []
    company.settings = "checks: {drift: {tolerance: {at_least: 50}}}\n"
    assert company.find(date(2026, 5, 1), "DRF001")[0].amount == Decimal(90)


def test_a_breach_of_the_month_is_not_hidden_by_cheap_months_before(company):
    company.budget(_chat("{2026-04: 3000, 2026-05: 3100}"))
    company.spend("90x30 130x10", activity="serving", workload="chat")
    (found,) = company.find(date(2026, 5, 11), "DRF001")
    assert found.severity is Severity.BREACH
    assert found.period == "2026-05-01..2026-05-10"
    assert found.amount == Decimal(300)
    assert "10 settled days, 2026-05-01 to 2026-05-10" in found.message
    assert found.evidence[:2] == (
        "2026-05: 1,300.00 USD of 1,000.00 USD on 10 settled days",
        "budget to date: 4,000.00 USD of 4,000.00 USD on 40 settled days",
    )


def test_a_breach_of_the_budget_is_not_hidden_by_a_cheap_month(company):
    company.budget(_chat("{2026-04: 3000, 2026-05: 3100}"))
    company.spend("150x30 100x10", activity="serving", workload="chat")
    (found,) = company.find(date(2026, 5, 11), "DRF001")
    assert found.period == "2026-04-01..2026-05-10"
    assert found.amount == Decimal(1500)


def test_on_the_first_of_a_month_the_month_before_is_judged(company):
    company.budget(_chat(3000)).spend("150x30", activity="serving", workload="chat")
    (found,) = company.find(date(2026, 5, 1), "DRF001")
    assert found.period == "2026-04-01..2026-04-30"


def test_a_percentage_of_zero_is_not_infinite_and_not_silent(company):
    company.budget(_chat("{2026-04: 0, 2026-05: 100}"))
    company.spend("50x30", activity="serving", workload="chat")
    (found,) = company.find(date(2026, 5, 1), "DRF001")
    assert found.severity is Severity.BREACH
    assert "nothing was planned" in found.message
    row = drift_table(company.view(date(2026, 5, 1)), company.config(), date(2026, 5, 1)).rows[0]
    assert row[5] == "new"


def test_planned_spend_that_does_not_come_is_said(company):
    company.budget(_chat(3000)).spend("50x30", activity="serving", workload="chat")
    (found,) = company.find(date(2026, 5, 1), "DRF002")
    assert found.severity is Severity.INFO
    assert found.amount == Decimal(-1500)


def test_nothing_came_is_not_within_budget(company):
    company.budget(_chat(3000)).spend("100x30", activity="other")
    found = company.find(date(2026, 5, 1))
    assert "DRF003" in [one.code for one in found]
    assert gate.judge(found).exit_code == 3


def test_empty_data_never_passes(company):
    company.budget(_chat(3000))
    found = company.find(date(2026, 5, 1))
    assert {one.code for one in found} == {"DAT001", "DRF003"}
    assert gate.judge(found, warn_only=True).exit_code == 3


def test_without_a_budget_nothing_is_within_it(company):
    company.spend("100x30", activity="serving", workload="chat", owner="chat")
    found = company.find(date(2026, 5, 1))
    assert [one.code for one in found] == ["DRF003"]
    assert gate.judge(found).exit_code == 3


def test_no_settled_day_is_not_a_day_without_drift(company, make_state):
    company.budget(_chat(3000)).spend("900", activity="serving", workload="chat")
    company.sources["aws"] = make_state("aws", date(2026, 4, 1), settled_until=None)
    (found,) = company.find(date(2026, 4, 2), "DRF003")
    assert found.severity is Severity.UNJUDGED


def test_a_source_without_a_settled_day_leaves_none_to_compare(company, make_state):
    company.budget(_chat(3000)).spend("100x9", activity="serving", workload="chat")
    company.sources["azure"] = make_state("azure", date(2026, 4, 9), settled_until=None)
    assert company.view(date(2026, 4, 10)).settled_until is None
    assert len(company.find(date(2026, 4, 10), "DRF003")) == 1


def test_parts_are_not_added_to_their_whole(company):
    company.budget(
        "  - scope: {}\n    amount: 6000\n"
        "  - scope: {activity: serving}\n    amount: 3000\n"
        "  - scope: {activity: serving, workload: chat}\n    amount: 1500\n"
    )
    company.spend("50x30", activity="serving", workload="chat")
    company.spend("50x30", activity="serving", workload="search")
    company.spend("100x30", activity="other")
    table = drift_table(company.view(date(2026, 5, 1)), company.config(), date(2026, 5, 1))
    assert [row[3] for row in table.rows] == [Decimal(6000), Decimal(3000), Decimal(1500)]
    assert table.total[2:5] == (Decimal(6000), Decimal(6000), Decimal(0))


def test_the_total_holds_lines_that_stand_alone_beside_a_whole(company):
    company.budget(
        "  - scope: {activity: serving}\n    amount: 3000\n"
        "  - scope: {activity: serving, workload: chat}\n    amount: 1500\n"
        "  - scope: {activity: training}\n    amount: {2026-05: 310}\n"
    )
    company.spend("100x40", activity="serving", workload="chat")
    company.spend("10x40", activity="training")
    table = drift_table(company.view(date(2026, 5, 11)), company.config(), date(2026, 5, 11))
    assert table.total[2] == Decimal(3000) + Decimal("967.741935483870967742") + Decimal(100)
    assert table.rows[-1][:5] == ("in no budget line", None, 0, Decimal(300), Decimal(300))
    assert table.total[3] == Decimal(4000) + Decimal(400)


def test_unbudgeted_spend_is_in_the_total_once_even_under_a_line_for_everything(company):
    company.budget("  - scope: {}\n    amount: 6000\n  - scope: {activity: serving}\n    amount: 3000\n")
    company.spend("100x30", activity="serving").spend("50x30", activity="training").spend("50x30", activity="other")
    table = drift_table(company.view(date(2026, 5, 1)), company.config(), date(2026, 5, 1))
    assert [row[3] for row in table.rows] == [Decimal(6000), Decimal(3000), Decimal(1500)]
    assert table.rows[2][5:8] == ("new", Decimal(1500), "unbudgeted")
    assert table.total[2:5] == (Decimal(6000), Decimal(6000), Decimal(0))


def test_sums_are_exact_to_the_last_digit(company):
    company.budget(_chat(3))
    for _ in range(10):
        company.spend("0.1x30", activity="serving", workload="chat")
    view = company.view(date(2026, 5, 1))
    row = drift_table(view, company.config(), view.as_of).rows[0]
    assert row[3] == Decimal(30)
    assert row[4] == Decimal(27)


def test_amounts_beyond_28_digits_keep_their_cents(company):
    company.budget(_chat(99999999999))
    company.spend("99999999999.01 _x28 0", activity="serving", workload="chat")
    row = drift_table(company.view(date(2026, 5, 1)), company.config(), date(2026, 5, 1)).rows[0]
    assert row[4] == Decimal("0.01")


def test_a_list_in_a_scope_is_one_line(company):
    company.budget("  - scope: {activity: [serving, training]}\n    amount: 3000\n")
    company.spend("60x30", activity="serving").spend("60x30", activity="training")
    (found,) = company.find(date(2026, 5, 1), "DRF001")
    assert found.actual == Decimal(3600)


def test_a_tag_and_a_column_of_one_name_never_meet(company):
    company.budget('  - scope: {tags.service: "x"}\n    amount: 3000\n')
    company.spend("10x30", activity="serving", service="x")
    company.spend("150x30", activity="serving", Tags='{"service": "x", "a\\"b/c~d": "1"}')
    (found,) = company.find(date(2026, 5, 1), "DRF001")
    assert found.actual == Decimal(4500)
