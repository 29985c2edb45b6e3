"""Data that did not come must never look like money saved."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from aiops_cost import gate
from aiops_cost.checks import data_trust
from aiops_cost.model import Amounts, Deviation, Severity, Source, SourceState

MAY = date(2026, 5, 1)
SERVING = "  - scope: {activity: serving}\n    owner: ml\n    amount: 3000\n"


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


@pytest.fixture
def whole(company):
    """April came whole, and on plan."""
    return company.budget(SERVING).spend("100x30", activity="serving")


def test_whole_and_fresh_data_is_silent(whole):
    assert whole.find(MAY) == []


def test_a_source_that_delivered_nothing_is_not_a_bill_of_zero(whole):
    whole.sources["azure"] = SourceState(Source("azure", "azure", "bills"))
    found = whole.find(MAY)
    assert [(one.code, one.scope) for one in found] == [("DAT001", {"source": "azure"})]
    assert gate.judge(found).exit_code == 3


def test_no_source_at_all_is_not_judged(company):
    company.budget(SERVING)
    assert "DAT001" in [one.code for one in company.find(MAY)]


def test_a_month_that_did_not_come_is_not_within_budget(company):
    company.budget(SERVING).spend("100x61", activity="serving")
    company.connection.execute("DELETE FROM spend WHERE x_BillingPeriod = '2026-04'")
    company.days["aws"] = {day for day in company.days["aws"] if day.month == 5}
    found = company.find(date(2026, 6, 1), "DAT001")
    assert [one.scope for one in found] == [{"source": "aws", "period": "2026-04"}]
    assert "pull aws --period 2026-04" in found[0].advice
    assert gate.judge(found, warn_only=True).exit_code == 3


def test_a_month_too_young_to_be_needed_is_not_missed(whole):
    assert whole.find(date(2026, 5, 5), "DAT001") == []
    assert [f.period for f in whole.find(date(2026, 5, 6), "DAT001")] == ["2026-05"]


def test_a_sparse_source_may_skip_days_and_months(company, make_state):
    company.budget(SERVING).spend("100x30", activity="serving")
    company.sources["saas"] = make_state(
        "saas",
        date(2026, 4, 3),
        date(2026, 4, 20),
        settled_until=date(2026, 4, 19),
        source=Source("saas", "focus", "x", sparse=True),
    )
    assert company.find(MAY) == []


@pytest.mark.parametrize(("as_of", "codes"), [(5, []), (6, ["DAT002"])])
def test_bills_are_stale_after_settling_and_max_age(company, make_state, as_of, codes):
    company.budget(SERVING).spend("100x30", activity="serving")
    company.spend("1x5", first=date(2026, 5, 1), activity="serving")
    company.sources["aws"] = make_state(
        "aws", *_days(date(2026, 4, 1), date(2026, 5, 5)), settled_until=date(2026, 4, 30)
    )
    assert [one.code for one in company.find(date(2026, 5, as_of), "DAT002")] == codes


@pytest.mark.parametrize("change", [{"settles_after": 3}, {"max_age": 4}])
def test_the_days_that_a_source_is_allowed_are_read(company, make_state, change):
    company.budget(SERVING).spend("100x30", activity="serving")
    company.sources["aws"] = make_state(
        "aws",
        *_days(date(2026, 4, 1), date(2026, 4, 30)),
        source=Source("aws", "focus", "bills", **change),
    )
    assert company.find(date(2026, 5, 6), "DAT002") == []
    assert len(company.find(date(2026, 5, 7), "DAT002")) == 1


def test_after_the_budget_nothing_newer_is_needed(company, make_state):
    company.budget("budget: q\ncurrency: USD\nmonths: 2026-04..2026-04\nlines:\n" + SERVING).spend(
        "100x30", activity="serving"
    )
    assert company.find(date(2026, 9, 1), "DAT001", "DAT002") == []


def test_the_months_of_the_next_budget_are_not_forgotten(company):
    for name, month in (("q1", "2026-04"), ("q2", "2026-05")):
        company.budget(f"budget: {name}\ncurrency: USD\nmonths: {month}..{month}\nlines:\n" + SERVING)
    company.spend("100x30", activity="serving")
    found = company.find(date(2026, 5, 25))
    assert [(one.code, one.period) for one in found] == [("DAT001", "2026-05"), ("DAT002", None)]


def test_holes_in_what_is_history_are_not_told_for_ever(company):
    for name, month in (("q1", "2026-04"), ("q2", "2026-05")):
        company.budget(f"budget: {name}\ncurrency: USD\nmonths: {month}..{month}\nlines:\n" + SERVING)
    company.spend("100x10 _ 100x50", activity="serving")
    assert len(company.find(date(2026, 5, 1), "DAT003")) == 1
    assert company.find(date(2026, 5, 9), "DAT003") == []


def test_a_missing_day_is_not_a_cheap_day(company):
    company.budget(SERVING).spend("100x9 _x2 100x19", activity="serving")
    (found,) = company.find(MAY, "DAT003")
    assert "2 days" in found.message
    assert "2026-04-10, 2026-04-11" in found.message
    assert found.severity is Severity.UNJUDGED


def test_a_day_missing_outside_the_budget_is_not_asked_for(whole):
    whole.spend("5x3 _ 5x27", first=date(2026, 3, 1), activity="serving")
    assert whole.find(MAY, "DAT003") == []


def test_rejected_rows_keep_the_month_from_being_judged(whole, make_state, make_period):
    days = _days(date(2026, 4, 1), date(2026, 4, 30))
    whole.sources["aws"] = make_state("aws", *days, periods=(make_period("aws", "2026-04", rejected=2),))
    (found,) = whole.find(MAY, "DAT004")
    assert "2 rows were rejected" in found.message
    assert found.severity is Severity.UNJUDGED


def test_rejects_of_a_month_that_no_budget_plans_are_silent(whole, make_state, make_period):
    days = _days(date(2026, 4, 1), date(2026, 4, 30))
    periods = (make_period("aws", "2026-03", rejected=2), make_period("aws", "2026-04"))
    whole.sources["aws"] = make_state("aws", *days, periods=periods)
    assert whole.find(MAY, "DAT004") == []


@pytest.mark.parametrize(
    ("month", "cost", "told"),
    [("2026-04", "EffectiveCost", 1), ("2026-04", "BilledCost", 0), ("2026-03", "EffectiveCost", 0)],
)
def test_a_cost_that_is_not_known_is_not_judged_where_it_counts(
    whole, make_state, make_period, month: str, cost: str, told: int
):
    said = Deviation("lost", "use carries no effective cost", 7, (month,), unknown="EffectiveCost")
    days = _days(date(2026, 4, 1), date(2026, 4, 30))
    periods = tuple(make_period("aws", name, deviations=(said,)) for name in ("2026-03", "2026-04"))
    whole.sources["aws"] = make_state("aws", *days, periods=periods)
    view = replace(whole.view(MAY), cost=cost)
    found = [one for one in data_trust.check(view, whole.config(), MAY) if one.code == "DAT009"]
    assert len(found) == told
    for one in found:
        assert one.severity is Severity.UNJUDGED
        assert one.message == "aws 2026-04: use carries no effective cost (7 rows as loaded)"


@pytest.mark.parametrize(
    ("used", "told"),
    [
        (None, "ResourceId, Tags"),  # not known what the rules read
        (frozenset({"ResourceId"}), "ResourceId, Tags"),
        (frozenset({"ServiceName"}), "Tags"),  # owners come from tags, whatever the rules read
    ],
)
def test_a_column_that_went_away_is_told_when_it_is_used(whole, make_state, used, told):
    days = _days(date(2026, 4, 1), date(2026, 4, 30))
    whole.sources["aws"] = make_state("aws", *days, lost_columns=("ResourceId", "Tags"))
    (found,) = whole.find(MAY, "DAT005", used_columns=used)
    assert f"no longer fills {told}, which" in found.message


def test_a_column_that_nothing_uses_may_go(whole, make_state):
    days = _days(date(2026, 4, 1), date(2026, 4, 30))
    whole.sources["aws"] = make_state("aws", *days, lost_columns=("RegionName",))
    assert whole.find(MAY, "DAT005", used_columns=frozenset({"ServiceName"})) == []


def test_a_column_that_a_budget_line_names_is_used(company, make_state):
    company.budget("  - scope: {region: eu-west-1}\n    amount: 3000\n")
    company.spend("100x30", activity="serving", region="eu-west-1")
    days = _days(date(2026, 4, 1), date(2026, 4, 30))
    company.sources["aws"] = make_state("aws", *days, lost_columns=("RegionId", "ResourceId"))
    (found,) = company.find(MAY, "DAT005", used_columns=frozenset())
    assert "no longer fills RegionId," in found.message


@pytest.mark.parametrize(("after", "severity"), [("3000", None), ("3050", Severity.INFO), ("2500", Severity.WARNING)])
def test_a_closed_month_that_changed_is_told_with_both_amounts(whole, make_state, make_period, after, severity):
    whole.spend("100x4", first=date(2026, 5, 1), activity="serving")
    april = make_period(
        "aws",
        "2026-04",
        amounts={"USD": Amounts(EffectiveCost=Decimal(after))},
        before={"USD": Amounts(EffectiveCost=Decimal(3000), BilledCost=Decimal(1))},
    )
    days = _days(date(2026, 4, 1), date(2026, 5, 4))
    whole.sources["aws"] = make_state("aws", *days, periods=(april, make_period("aws", "2026-05")))
    found = whole.find(date(2026, 5, 5), "DAT006")
    assert [one.severity for one in found] == ([severity] if severity else [])
    assert all(one.amount == Decimal(after) - 3000 for one in found)


def test_the_open_month_may_change(whole, make_state, make_period):
    april = make_period("aws", "2026-04", before={"USD": Amounts(EffectiveCost=Decimal(9))})
    whole.sources["aws"] = make_state("aws", *_days(date(2026, 4, 1), date(2026, 4, 28)), periods=(april,))
    assert whole.find(date(2026, 4, 29), "DAT006") == []


def test_the_threshold_of_restatements_is_read(whole, make_state, make_period):
    whole.settings = "checks: {restatement: {at_least: 10}}\n"
    april = make_period(
        "aws",
        "2026-04",
        amounts={"USD": Amounts(EffectiveCost=Decimal(3050))},
        before={"USD": Amounts(EffectiveCost=Decimal(3000))},
    )
    days = _days(date(2026, 4, 1), date(2026, 4, 30))
    whole.sources["aws"] = make_state("aws", *days, periods=(april,))
    assert whole.find(MAY, "DAT006")[0].severity is Severity.WARNING


def test_a_run_of_missing_months_is_one_finding(company):
    company.budget(SERVING).spend("100x122", activity="serving")  # April to July
    company.connection.execute("DELETE FROM spend WHERE x_BillingPeriod <> '2026-05'")
    company.days["aws"] = {day for day in company.days["aws"] if day.month == 5}
    found = company.find(date(2026, 8, 20), "DAT001")
    assert [one.period for one in found] == ["2026-04", "2026-06..2026-08"]
