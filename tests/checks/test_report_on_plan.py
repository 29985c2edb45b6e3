"""`report --compare-to plan` shows the numbers of `drift`: with credits, and with volume that came."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

from aiops_cost.answers.report import Question
from aiops_cost.answers.window import Window
from aiops_cost.checks.drift import drift_table
from aiops_cost.run.questions import report_on_plan

AS_OF = date(2026, 4, 13)
APRIL = Window(date(2026, 4, 1), date(2026, 4, 30))
FLEX = """\
  - scope: {activity: serving, workload: chat}
    assumes: {requests_per_day: 1000, tokens_per_request: 1000, usd_per_1m_tokens: 100}
    flex: requests
  - {scope: {activity: training}, amount: 600}
"""


def _beside(company, *by: str, granularity: str | None = None):
    """The report's total and rows of (actual, planned), and the total of drift."""
    view = company.view(AS_OF)
    whole = SimpleNamespace(by_day=lambda _: None, keep_days=lambda: None)
    session = SimpleNamespace(
        view=view,
        attribution=whole,
        con=view.connection,
        config=company.config(),
        states=view.states,
        ledger=SimpleNamespace(version=1),
    )
    (table,) = report_on_plan(session, Question(by, APRIL, granularity=granularity)).tables
    names = [column.name for column in table.columns]
    picked = [names.index("EffectiveCost"), names.index("planned")]
    rows = {row[: len(by) or 1]: tuple(row[i] for i in picked) for row in table.rows}
    total = drift_table(view, company.config(), AS_OF).total
    assert total is not None
    whole = table.total or table.rows[0]
    return rows, tuple(whole[i] for i in picked), (total[3], total[2])


def test_volume_that_came_allows_more_in_both(company):
    company.budget(FLEX).spend("150x12", activity="serving", workload="chat").spend("30x12", activity="training")
    company.measure("2000x12", "requests", workload="chat")
    rows, report, drift = _beside(company, "activity")
    assert report == drift == (2160, 2640)
    assert rows == {("serving",): (1800, 2400), ("training",): (360, 240)}


def test_each_day_allows_what_its_own_volume_is_worth(company):
    company.budget(FLEX).spend("150x12", activity="serving", workload="chat")
    company.measure("2000x6 500x6", "requests", workload="chat")
    rows, report, drift = _beside(company, granularity="day")
    assert [planned for _, planned in rows.values()] == [220] * 6 + [70] * 6
    assert report == drift


def test_credits_stay_out_of_both_where_the_plan_is_gross(company):
    company.budget("  - {scope: {activity: serving}, amount: 3000}").spend("100x12", activity="serving")
    company.spend("-40x12", activity="serving", ChargeCategory="Credit").spend("5x12", activity="training")
    _, report, drift = _beside(company, "activity")
    assert report == drift == (1260, 1200)


def test_credits_count_in_both_where_the_plan_is_net(company):
    company.budget(
        "budget: net\ncurrency: USD\nplans: net\nmonths: 2026-04..2026-06\n"
        "lines:\n  - {scope: {activity: serving}, amount: 3000}\n"
    ).spend("100x12", activity="serving")
    company.spend("-40x12", activity="serving", ChargeCategory="Credit")
    _, report, drift = _beside(company, "activity")
    assert report == drift == (720, 1200)
