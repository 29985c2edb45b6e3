"""The week of the summary shows the numbers that drift shows: net of nothing, and with the volume that came."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from aiops_cost.checks.drift import drift_table
from aiops_cost.model import Finding
from aiops_cost.summary import changes, report, stretches, week

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


PLAN = "  - {scope: {activity: serving, workload: chat}, amount: {2026-04: 3000, 2026-05: 3100, 2026-06: 3000}}"


def _drift(company, as_of: date) -> tuple[Finding, stretches.Stretches]:
    view = company.view(as_of)
    (found,) = company.find(as_of, "DRF001")
    return found, stretches.of(view)


def test_a_drift_that_is_told_of_another_stretch_is_compared_over_the_one_that_both_know(company):
    """May is over by a half, and told of as a month; the first days of June are as planned, so the whole budget is
    told, of which 31 x 50 were known a week ago."""
    company.budget(PLAN).spend("100x30 150x31 104x6", **CHAT)
    then, told = _drift(company, date(2026, 6, 1))
    now, known = _drift(company, date(2026, 6, 7))
    assert (then.period, now.period) == ("2026-05-01..2026-05-31", "2026-04-01..2026-06-06")
    (change,) = changes.compare([changes.Known.of(then, told)], [now], known)
    assert (change.then, change.amount, change.by, change.word) == (1550, 1574, 24, "worse")
    table = changes.table([change])
    assert table.rows[0][5:8] == (1550, 1574, 24)
    assert "budget to date" in table.note


def test_a_milder_severity_over_other_days_is_no_improvement(company):
    """A breach of the month became a warning of the whole budget, and the money grew: it is worse."""
    company.budget(PLAN).spend("65x30 150x31 104x6", **CHAT)
    then, told = _drift(company, date(2026, 6, 1))
    now, known = _drift(company, date(2026, 6, 7))
    assert (str(then.severity), str(now.severity)) == ("breach", "warning")
    (change,) = changes.compare([changes.Known.of(then, told)], [now], known)
    assert (change.then, change.amount, change.word) == (500, 524, "worse")


def test_a_milder_severity_over_the_same_days_is_better(company):
    """The first week was twice what was planned, the second as planned: a smaller share, and no more money."""
    company.budget("  - {scope: {activity: serving, workload: chat}, amount: 3000, tolerance: {warn: 5%, breach: 80%}}")
    company.spend("200x7 100x14", **CHAT)
    then, told = _drift(company, date(2026, 4, 8))
    now, known = _drift(company, date(2026, 4, 22))
    (change,) = changes.compare([changes.Known.of(then, told)], [now], known)
    assert (change.by, change.word) == (0, "better")


def test_what_a_summary_told_can_be_compared_with_after_it_was_written_down(company):
    company.budget(PLAN).spend("100x30 150x31 104x6", **CHAT)
    first, second = date(2026, 6, 1), date(2026, 6, 7)
    early = report.of(week.of(company.view(first), first, company.find(first, "DRF001")), None, [])
    late = report.of(week.of(company.view(second), second, company.find(second, "DRF001")), "2026-W21", early.told)
    rows = {row[0]: row for table in late.report.tables if table.name == "changes" for row in table.rows}
    assert rows["worse"][7] == Decimal(24)


def test_who_took_a_workload_over_in_the_week_is_its_owner(company):
    """Whatever the order of the rows, and though the one before spent more of it."""
    company.budget("  - {scope: {activity: serving}, amount: 3000}")
    company.spend("100x9", activity="serving", workload="chat", owner="early")
    company.spend("10x3", first=date(2026, 4, 10), activity="serving", workload="chat", owner="late")
    (mover,) = week.of(company.view(AS_OF), AS_OF, []).movers
    assert (mover.owner, mover.by) == ("late", -70)


def test_each_owner_has_a_paragraph_of_its_own(company):
    company.budget("  - {scope: {activity: serving}, owner: planners, amount: 3000}")
    company.spend("100x12", activity="serving", owner="chat-team")
    view = company.view(AS_OF)
    parts = [report.of(week.of(view, AS_OF, [], owners=(name,)), None, []) for name in ("chat-team", "planners")]
    first, second = report.merged(parts).headline.split("\n\n")
    assert "of chat-team" in first
    assert "of planners" in second
