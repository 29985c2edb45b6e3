"""Where a line ends is told while there is something to decide, from settled days only."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from aiops_cost import money
from aiops_cost.checks import answers, outlook
from aiops_cost.reports import _cells

CHAT = "  - scope: {{activity: serving, workload: chat}}\n    owner: chat-team\n    amount: {}\n"


def month(company, as_of: date) -> outlook.Ending:
    (one,) = outlook.outlooks(company.view(as_of)).values()
    return one.endings[0]


def test_ten_full_days_of_100_end_at_3000_whatever_today_holds(company):
    company.budget(CHAT.format(2500)).spend("100x10 37", activity="serving", workload="chat")
    ending = month(company, date(2026, 4, 11))
    assert (ending.spent, ending.expected, ending.last) == (1000, Decimal("3000.00"), date(2026, 4, 30))
    (found,) = company.find(date(2026, 4, 11), "FCT001")
    assert (found.owner, found.severity) == ("chat-team", "warning")
    assert "used up on 2026-04-26" in found.message or found.period.endswith("2027-03-31")


def test_nine_days_are_too_few(company):
    company.budget(CHAT.format(100)).spend("100x9", activity="serving", workload="chat")
    assert outlook.outlooks(company.view(date(2026, 4, 10))) == {}
    assert company.find(date(2026, 4, 10), "FCT001") == []


def test_a_line_on_its_plan_is_not_told(company):
    company.budget(CHAT.format(3000)).spend("100x20", activity="serving", workload="chat")
    assert company.find(date(2026, 4, 21), "FCT001") == []


def test_a_monthly_fee_is_outside_of_the_run_rate_and_inside_of_the_total(company):
    company.budget(CHAT.format(5000)).spend("10x100", first=date(2026, 2, 1), activity="serving", workload="chat")
    fee = {"ChargeCategory": "Purchase", "ChargeFrequency": "Recurring"}
    for day in (date(2026, 2, 1), date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1)):
        company.spend("900", first=day, activity="serving", workload="chat", **fee)
    ending = month(company, date(2026, 5, 12))
    assert ending.expected == Decimal(310) + Decimal(900)
    assert company.find(date(2026, 5, 12), "ANM001") == []
    (one,) = outlook.outlooks(company.view(date(2026, 5, 12))).values()
    in_june = one.path.mean[20:50]
    assert in_june.sum() == pytest.approx(300 + 900, rel=0.01)


def test_the_end_of_a_credit_is_a_step_in_a_net_forecast(company):
    company.budget(
        "budget: net\ncurrency: USD\nmonths: 2026-04..2026-06\nplans: net\n"
        "credits:\n  - {name: migration, amount: 3000, ends: 2026-05-31}\n"
        "lines:\n  - scope: {activity: serving, workload: chat}\n    amount: 1000\n"
    )
    company.spend("130x40", activity="serving", workload="chat")
    company.spend("-100x40", activity="serving", workload="chat", ChargeCategory="Credit", ChargeFrequency="One-Time")
    (one,) = outlook.outlooks(company.view(date(2026, 5, 11))).values()
    june = one.path.mean[(date(2026, 6, 1) - one.first).days :].sum()
    may = one.path.mean[: (date(2026, 6, 1) - one.first).days].sum()
    assert june / 30 > may / 21 + 50


def test_29_february_and_the_last_of_december(company):
    for as_of in (date(2028, 2, 29), date(2028, 12, 31), date(2028, 3, 1)):
        company.connection.execute("DELETE FROM spend")
        company.days.clear()
        company.budget_files.clear()
        company.budget(f"budget: b\ncurrency: USD\nmonths: 2028-01..2029-03\nlines:\n{CHAT.format(3100)}")
        company.spend("100x40", first=as_of - timedelta(days=40), activity="serving", workload="chat")
        one = month(company, as_of)
        assert one.last >= as_of - timedelta(days=1)
        assert company.find(as_of, "FCT001", "DRF004", "ANM001") == []


def test_the_answer_shows_the_bars_beside_it(company):
    company.budget(CHAT.format(3000)).spend("100x60", activity="serving", workload="chat")
    report = answers.forecast(company.view(date(2026, 5, 31)), "chat", {})
    assert [table.name for table in report.tables] == ["forecast", "backtest"]
    (row,) = report.tables[1].rows
    assert row[1] == "level"
    assert None not in row[3:6]


def test_nothing_ahead_is_said(company):
    company.budget(CHAT.format(3000)).spend("100x3", activity="serving", workload="chat")
    report = answers.forecast(company.view(date(2026, 4, 4)), None, {})
    assert report.tables == ()
    assert "at least ten settled days" in report.notes[0]


@pytest.mark.parametrize("days", [10, 13, 17, 20])
def test_from_the_tenth_day_on_the_month_is_known_and_how_well(company, days):
    """95 and 105 by turns: a month of 3,000, of which the interval is sure to some per cent and not to cents."""
    spent = " ".join(["95 105"] * (days // 2) + ["95"] * (days % 2))
    company.budget(CHAT.format(2600)).spend(spent, activity="serving", workload="chat")
    ending = month(company, date(2026, 4, days + 1))
    assert ending.expected == pytest.approx(Decimal(3000), rel=Decimal("0.03"))
    assert ending.low < 3000 < ending.high
    assert Decimal(30) < ending.high - ending.low < Decimal(600)
    (found,) = company.find(date(2026, 4, days + 1), "FCT001")
    assert "the history is too short to look back" in found.evidence[-1]


def test_a_ledger_with_one_day_is_not_forecast_and_stops_nothing(company):
    company.budget(CHAT.format(3000)).spend("100", activity="serving", workload="chat")
    assert outlook.outlooks(company.view(date(2026, 4, 3))) == {}
    assert company.find(date(2026, 4, 3), "FCT001", "DRF004", "ANM001", "ANM003") == []


@pytest.mark.parametrize(("day", "end"), [("0", 0), ("-50", -1500)])
def test_days_of_nothing_and_of_credits_go_on(company, day, end):
    company.budget(CHAT.format(3000)).spend(f"{day}x20", activity="serving", workload="chat")
    ending = month(company, date(2026, 4, 21))
    assert ending.expected == end
    assert ending.chance == pytest.approx(0, abs=1e-6)
    assert company.find(date(2026, 4, 21), "FCT001", "ANM001", "ANM003") == []


def test_a_plan_of_nothing_is_broken_by_anything(company):
    company.budget(CHAT.format("{2026-04: 0, 2026-05: 0}")).spend("100x12", activity="serving", workload="chat")
    (found,) = company.find(date(2026, 4, 13), "FCT001")
    assert (found.planned, found.cause) == (0, "forecast")
    assert "probability of more than planned over 99%; the planned amount is used up on 2026-04-12" in found.message


@pytest.mark.parametrize(
    ("chance", "said"),
    [
        (1.0, "over 99%"),
        (0.9901, "over 99%"),
        (0.99, "99%"),
        (0.5, "50%"),
        (0.01, "1%"),
        (0.004, "under 1%"),
        (0, "under 1%"),
    ],
)
def test_nothing_ahead_is_certain(chance, said):
    assert money.chance(Decimal(str(chance))) == said
    assert _cells.shown(Decimal(str(chance)), "chance") == said


def test_how_often_an_interval_held_is_a_number_of_times(company):
    company.budget(CHAT.format(2000)).spend("100 104 98 101 97 " * 12, activity="serving", workload="chat")
    report = answers.forecast(company.view(date(2026, 5, 31)), "chat", {})
    names = [column.name for column in report.tables[1].columns]
    row = dict(zip(names, report.tables[1].rows[0], strict=True))
    assert row["forecasts"] == 12
    assert row["inside"] in range(9, 13)
    (found,) = company.find(date(2026, 5, 31), "FCT001")
    assert f"; {row['inside']} of 12 inside such an 80% interval" in found.evidence[-1]
