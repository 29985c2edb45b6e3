"""A drift is explained from the bill and the plan: the parts sum to it, and the cause is the one that was there."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from aiops_cost.checks import answers, study
from aiops_cost.checks import drift as drifts

FIRST = date(2026, 4, 1)
TOKENS = {"activity": "serving", "workload": "chat", "component": "fm-tokens-input", "ConsumedUnit": "1K tokens"}
PLAN = (
    "  - scope: {activity: serving, workload: chat}\n    owner: chat-team\n"
    "    assumes: {requests_per_day: 1000, tokens_per_request: 1000, usd_per_1m_tokens: 100}\n"
)


def tokens(company, days: int, cost: str, thousands: str, first: date, **more: str):
    """Days of tokens: cost and quantity of each."""
    columns = {**TOKENS, "model": "m", "SkuId": "in", "ConsumedQuantity": thousands, **more}
    return company.spend(f"{cost}x{days}", first=first, **columns)


def found(company, as_of: date, code: str = "DRF001"):
    (one,) = company.find(as_of, code)
    assert one.bridge is None or sum(one.bridge.values()) == one.amount
    return one


def history(company):
    """Sixty days before the plan, as planned: 1,000 thousand tokens for 100 a day."""
    return tokens(company, 60, "100", "1000", FIRST - timedelta(days=60))


def test_twice_the_tokens_are_volume_since_their_day(company):
    history(company).budget(PLAN)
    tokens(company, 20, "100", "1000", FIRST)
    tokens(company, 20, "200", "2000", date(2026, 4, 21))
    one = found(company, date(2026, 5, 11))
    assert (one.cause, one.onset, one.amount) == ("volume", date(2026, 4, 21), 2000)
    assert one.bridge == {"volume": Decimal(2000)}


def test_a_dearer_token_is_rate(company):
    history(company).budget(PLAN)
    tokens(company, 20, "100", "1000", FIRST)
    tokens(company, 20, "150", "1000", date(2026, 4, 21))
    one = found(company, date(2026, 5, 11))
    assert (one.cause, one.bridge) == ("rate", {"rate": Decimal(1000)})
    assert "unit price" in one.message


def test_another_model_is_mix_and_is_named(company):
    history(company).budget(PLAN)
    tokens(company, 20, "100", "1000", FIRST)
    tokens(company, 20, "300", "1000", date(2026, 4, 21), model="large", SkuId="large-in")
    one = found(company, date(2026, 5, 11))
    assert (one.cause, one.bridge) == ("mix", {"mix": Decimal(4000)})
    assert any("new: large" in line for line in one.evidence)


def test_requests_and_tokens_per_request_are_told_apart_where_requests_are_measured(company):
    history(company).budget(PLAN)
    company.measure("1000x20 3000x20", "requests", activity="serving", workload="chat")
    tokens(company, 20, "100", "1000", FIRST)
    tokens(company, 20, "200", "2000", date(2026, 4, 21))
    report = answers.one(company.view(date(2026, 5, 11)), "serving chat", {})
    (table,) = [table for table in report.tables if table.name == "bridge"]
    parts = {row[1]: row[2] for row in table.rows}
    assert parts.keys() == {"requests", "tokens per request"}
    assert parts["requests"] > 0 > parts["tokens per request"]
    assert sum(parts.values()) == table.total[2] == 2000


def test_metrics_and_bill_are_reconciled_aloud(company):
    history(company).budget(PLAN)
    company.measure("1100000x40", "tokens", activity="serving", workload="chat")
    tokens(company, 40, "200", "2000", FIRST)
    one = found(company, date(2026, 5, 11))
    assert any("metrics count 44,000,000 tokens, the bill 80,000,000 (-45.0%)" in line for line in one.evidence)


def test_without_quantities_it_says_not_split(company):
    company.budget("  - scope: {activity: serving, workload: chat}\n    amount: 3000\n")
    company.spend("100x60", first=FIRST - timedelta(days=60), activity="serving", workload="chat")
    company.spend("100x20 200x20", activity="serving", workload="chat")
    one = found(company, date(2026, 5, 11))
    assert one.cause == "not split"
    assert one.onset == date(2026, 4, 21)


def test_without_days_before_and_without_assumptions_nothing_is_invented(company):
    company.budget("  - scope: {activity: serving, workload: chat}\n    amount: 300\n")
    tokens(company, 30, "200", "2000", FIRST)
    one = found(company, date(2026, 5, 1))
    assert one.bridge == {"not split": one.amount}
    assert "no assumptions in the plan and no days before" in " ".join(one.evidence)


def test_runs_their_cost_and_their_preparation(company):
    company.budget(
        "  - scope: {activity: training, workload: ranker}\n"
        "    assumes: {runs_per_month: 10, usd_per_run: 80, usd_data_prep_per_run: 20}\n"
    )
    start = FIRST - timedelta(days=60)
    for index in range(40):
        day = start + timedelta(days=3 * index)
        prep, hours = ("60", "60") if day >= date(2026, 4, 20) else ("20", "20")
        both = {"activity": "training", "workload": "ranker", "run": f"r{index}", "ConsumedUnit": "Hrs"}
        company.spend("80", first=day, component="training-job", SkuId="gpu", ConsumedQuantity="10", **both)
        company.spend(prep, first=day, component="data-processing", SkuId="cpu", ConsumedQuantity=hours, **both)
    one = found(company, date(2026, 5, 30))
    assert one.cause == "rate"
    assert "preparation per run" in one.message
    assert one.bridge["rate"] >= Decimal("0.8") * one.amount


def test_a_whole_is_explained_by_its_parts_and_what_came_outside_of_them(company):
    company.budget("  - scope: {activity: serving}\n    amount: 4000\n" + PLAN)
    history(company)
    tokens(company, 20, "100", "1000", FIRST)
    tokens(company, 10, "200", "2000", date(2026, 4, 21))
    company.spend("100x30", activity="serving", workload="new")
    whole = next(one for one in company.find(date(2026, 5, 1), "DRF001") if one.scope == {"activity": "serving"})
    assert whole.bridge == {"volume": Decimal(1000), "unbudgeted": Decimal(2000)}
    assert whole.cause == "unbudgeted"


def test_fees_and_corrections_are_parts_of_their_own(company):
    history(company).budget(PLAN)
    tokens(company, 30, "100", "1000", FIRST)
    company.spend("400", activity="serving", workload="chat", ChargeCategory="Purchase", ChargeFrequency="Recurring")
    company.spend("700", activity="serving", workload="chat", ChargeClass="Correction", ChargeCategory="Usage")
    one = found(company, date(2026, 5, 1))
    assert one.bridge == {"restatement": Decimal(700), "fees": Decimal(400)}
    assert one.onset is None


def test_exchange_rates_are_a_part_of_their_own(company):
    company.connection.execute("CREATE TABLE rates (code VARCHAR, day DATE, rate DECIMAL(38, 18))")
    company.connection.execute(
        "INSERT INTO rates SELECT 'EUR', DATE '2026-01-01' + CAST(i AS INT), 1.0 FROM range(200) t(i)"
    )
    history(company).budget(PLAN)
    tokens(company, 30, "130", "1000", FIRST, BillingCurrency="EUR")
    company.connection.execute("UPDATE spend SET EffectiveCost = 100 WHERE BillingCurrency = 'EUR'")
    one = found(company, date(2026, 5, 1))
    assert (one.cause, one.bridge) == ("fx", {"fx": Decimal(900)})


def thing(company, days: str, first: date, **more: str):
    columns = {**TOKENS, "SubAccountId": "1", "ServiceName": "S", "SkuId": "in", "ResourceId": "arn:1", **more}
    return company.spend(days, first=first, **{**columns, "ConsumedQuantity": "1000"})


def test_a_tag_switched_on_in_mid_month_is_no_onset(company):
    """New tags make new lines of the same things: the old lines end, new ones begin, and nothing happened."""
    company.budget(PLAN)
    thing(company, "100x80", FIRST - timedelta(days=60), Tags="{}")
    thing(company, "100x20", date(2026, 4, 21), Tags='{"workload": "chat", "team": "a"}')
    assert company.find(date(2026, 5, 11), "DRF001", "DRF004", "ANM001", "ANM002", "ANM003", "FCT001") == []


def test_use_that_is_not_billed_is_told_against_what_it_cost_before(company):
    """Paid for by a commitment: tokens came on all days, and no bill has a price of them."""
    tokens(company, 60, "0", "1000", FIRST - timedelta(days=60)).budget(PLAN)
    tokens(company, 40, "0", "1000", FIRST)
    one = found(company, date(2026, 5, 11), "DRF002")
    assert one.bridge == {"start": one.amount} == {"start": Decimal(-4000)}


def test_spend_that_found_its_workload_late_is_attribution_and_no_onset(company):
    """Nobody's until 20 April, the workload's since: its actual lacks what came before, and nothing began."""
    company.budget(PLAN)
    thing(company, "100x80", FIRST - timedelta(days=60), activity="unattributed", workload=None)
    thing(company, "100x20", date(2026, 4, 21))
    view = company.view(date(2026, 5, 11))
    (studied,) = study.studies(view).values()
    assert studied.changes == ()
    ((_, whole),) = drifts.drifts(view)
    explained, onset = drifts.explained(view, whole)
    assert onset is None
    assert explained.bridge.by_kind == {"attribution": Decimal(-2000)}


def test_a_thing_that_was_another_workloads_is_attribution(company):
    history(company).budget(PLAN)
    tokens(company, 40, "100", "1000", FIRST)
    thing(company, "50x80", FIRST - timedelta(days=60), workload="other-bot")
    thing(company, "50x20", date(2026, 4, 21))
    one = found(company, date(2026, 5, 11))
    assert one.bridge == {"attribution": Decimal(1000)}
    assert one.cause == "attribution"


def test_a_line_that_has_left_its_course_is_told_before_its_amounts_show_it(company):
    history(company).budget(PLAN.replace("owner: chat-team", "tolerance: {warn: 20%, breach: 20%}"))
    tokens(company, 80, "100", "1000", FIRST)
    tokens(company, 7, "140", "1400", date(2026, 6, 20))
    one = found(company, date(2026, 6, 27), "DRF004")
    assert (one.cause, one.onset, one.amount) == ("volume", date(2026, 6, 20), 280)
    assert "a new level, +40%" in one.message


def test_working_days_first_are_no_drift(company):
    """A month to date with more working days than its share costs more than an even spread; that is the week."""
    start = date(2026, 2, 2)
    for offset in range(116):
        day = start + timedelta(days=offset)
        many = "20" if day.weekday() >= 5 else "132"
        tokens(company, 1, many, str(int(many) * 10), day)
    company.budget(PLAN.replace("owner: chat-team", "tolerance: {warn: 3%, breach: 8%, at_least: 10}"))
    view = company.view(date(2026, 5, 9))
    ((month, _),) = drifts.drifts(view)
    assert (month.planned, month.actual) == (800, Decimal(132 * 6 + 20 * 2))
    assert month.amount > Decimal("0.03") * month.planned
    assert month.severity is None
    explained, _ = drifts.explained(view, month)
    assert explained.bridge.by_kind["calendar"] > 30


def test_a_scope_that_is_not_there_has_an_answer(company):
    history(company).budget(PLAN)
    tokens(company, 30, "100", "1000", FIRST)
    with pytest.raises(Exception, match="the budget has no line `serving chta`"):
        answers.one(company.view(date(2026, 5, 1)), "serving chta", {})


@pytest.mark.parametrize("spent", ["100", "0", "-50", "100x40", "-5x40", "0x40"])
@pytest.mark.parametrize("amount", ["0", "3000"])
def test_odd_ledgers_and_plans_are_survived(company, spent, amount):
    """One day, zero, credits, a budget of nothing: an answer, never a traceback; every bridge sums."""
    company.budget(f"  - scope: {{activity: serving, workload: chat}}\n    amount: {amount}\n")
    company.spend(spent, activity="serving", workload="chat", ConsumedQuantity="5", ConsumedUnit="Hrs", SkuId="x")
    for as_of in (date(2026, 4, 2), date(2026, 5, 1), date(2026, 5, 11)):
        for one in company.find(as_of):
            assert one.bridge is None or sum(one.bridge.values()) == one.amount
        answers.drift(company.view(as_of), company.config(), as_of, {})
        answers.forecast(company.view(as_of), None, {})


NAMED = (
    "budget: plan\ncurrency: USD\nmonths: 2026-04..2027-03\nbaseline: {0}\nlines:\n"
    "  - {{scope: {{activity: serving, workload: chat}}, amount: 3000}}\n"
)


def _bridged(company, baseline: str):
    """100 a day in January, 150 in March (half as many tokens more), then 300: which is the day's reference?"""
    tokens(company, 31, "100", "1000", date(2026, 1, 1))
    tokens(company, 59, "150", "1500", date(2026, 2, 1))
    tokens(company, 30, "300", "3000", FIRST)
    company.budget(NAMED.format(baseline))
    return found(company, date(2026, 5, 1))


def test_a_plan_without_assumptions_is_held_against_the_baseline_that_it_names(company):
    one = _bridged(company, "2026-01..2026-01")
    assert one.bridge == {"volume": Decimal(6000)}
    assert any("tokens" in line and "6,000.00" in line for line in one.evidence)


def test_another_baseline_tells_what_was_there_before_the_plan(company):
    one = _bridged(company, "2026-03..2026-03")
    assert one.bridge == {"start": Decimal(1500), "volume": Decimal(4500)}


def test_a_baseline_that_the_ledger_does_not_reach_splits_nothing(company):
    one = _bridged(company, "2025-01..2025-03")
    assert one.bridge == {"not split": Decimal(6000)}
    assert any("2025-01-01 to 2025-03-31, has nothing to compare with" in line for line in one.evidence)


def test_a_baseline_longer_ago_than_statistics_look_is_read_all_the_same(company):
    tokens(company, 28, "100", "1000", date(2025, 2, 1))
    tokens(company, 30, "300", "3000", FIRST)
    company.budget(NAMED.format("2025-02..2025-02"))
    assert found(company, date(2026, 5, 1)).bridge == {"volume": Decimal(6000)}


def test_assumptions_go_before_a_baseline(company):
    history(company).budget(
        "budget: plan\ncurrency: USD\nmonths: 2026-04..2027-03\nbaseline: 2025-01..2025-03\nlines:\n" + PLAN
    )
    tokens(company, 30, "200", "2000", FIRST)
    assert found(company, date(2026, 5, 1)).bridge == {"volume": Decimal(3000)}
