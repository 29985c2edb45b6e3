"""The week of the summary shows the numbers that drift shows: net of nothing, and with the volume that came."""

from __future__ import annotations

from datetime import date

from aiops_cost.checks.drift import drift_table
from aiops_cost.summary import week

AS_OF = date(2026, 4, 13)
"""The week before is 6 to 12 April."""
CHAT = {"activity": "serving", "workload": "chat"}
FLEX = """\
  - scope: {activity: serving, workload: chat}
    assumes: {requests_per_day: 1000, tokens_per_request: 1000, usd_per_1m_tokens: 100}
    flex: requests
"""


def test_a_line_that_flexes_allows_what_its_volume_is_worth(company):
    company.budget(FLEX).spend("200x12", **CHAT).measure("2000x12", "requests", workload="chat")
    found = week.of(company.view(AS_OF), AS_OF, [])
    assert (found.actual, found.planned) == (1400, 1400)
    assert found.trend[-1] == (date(2026, 4, 12), 200, 200)


def test_credits_do_not_hide_what_a_plan_without_them_is_held_against(company):
    company.budget("  - {scope: {activity: serving}, amount: 3000}").spend("100x12", activity="serving")
    company.spend("-40x12", activity="serving", ChargeCategory="Credit")
    found = week.of(company.view(AS_OF), AS_OF, [])
    assert (found.actual, found.before, found.planned) == (700, 500, 700)


def test_a_plan_that_is_net_is_held_against_what_is_left_after_credits(company):
    company.budget(
        "budget: net\ncurrency: USD\nplans: net\nmonths: 2026-04..2026-06\n"
        "lines:\n  - {scope: {activity: serving}, amount: 3000}\n"
    ).spend("100x12", activity="serving")
    company.spend("-40x12", activity="serving", ChargeCategory="Credit")
    assert week.of(company.view(AS_OF), AS_OF, []).actual == 420


def test_the_total_of_drift_is_the_sum_of_its_rows_with_credits(company):
    company.budget("  - {scope: {activity: serving}, amount: 3000}").spend("100x12", activity="serving")
    company.spend("-40x12", activity="serving", ChargeCategory="Credit").spend("5x12", activity="training")
    table = drift_table(company.view(AS_OF), company.config(), AS_OF)
    assert table.total[3] == sum(row[3] for row in table.rows) == 1260


def test_who_owns_other_spend_only_has_no_part_of_the_summary(company):
    company.budget("  - {scope: {activity: serving}, owner: planners, amount: 3000}")
    company.spend("100x12", activity="serving", owner="chat-team").spend("100x12", activity="other", owner="erp")
    assert week.owners(company.view(AS_OF)) == ["chat-team", "planners"]
