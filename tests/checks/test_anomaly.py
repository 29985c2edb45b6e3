"""A spike, something new, a stop: one alarm per event, and none for what is ordinary."""

from __future__ import annotations

from datetime import date, timedelta

FIRST = date(2026, 4, 1)
CHAT = {"activity": "serving", "workload": "chat"}


def found(company, as_of: date, code: str):
    return [one for one in company.find(as_of, code) if one.code == code]


def test_one_spike_over_many_services_models_and_resources_is_one_alarm(company):
    for service in ("a", "b", "c"):
        for model in ("x", "y"):
            company.spend("100x50 900 100x5", ServiceName=service, model=model, ResourceId=service + model, **CHAT)
    (one,) = found(company, date(2026, 5, 27), "ANM001")
    assert (one.onset, one.actual, one.cause) == (date(2026, 5, 21), 5400, "spike")
    assert one.scope == CHAT
    assert len(one.evidence) == 3


def test_a_spike_is_no_drift_with_an_onset(company):
    company.budget("  - scope: {activity: serving, workload: chat}\n    amount: 3000\n")
    company.spend("100x50 900 100x5", **CHAT)
    assert found(company, date(2026, 5, 27), "DRF004") == []


def test_an_old_spike_is_no_news(company):
    company.spend("100x40 900 100x30", **CHAT)
    assert found(company, date(2026, 6, 11), "ANM001") == []


def test_a_small_spike_is_not_worth_it(company):
    company.spend("10x50 50 10x2", **CHAT)
    assert found(company, date(2026, 5, 24), "ANM001") == []


def test_a_new_model_is_told_once_with_its_cost(company):
    company.spend("100x50", model="old", ServiceName="Bedrock", **CHAT)
    for sku in ("in", "out"):
        company.spend("60x5", first=FIRST + timedelta(days=45), model="new", ServiceName="Bedrock", SkuId=sku, **CHAT)
    (one,) = found(company, date(2026, 5, 21), "ANM002")
    assert (one.onset, one.amount) == (date(2026, 5, 16), 600)
    assert "new (Bedrock)" in one.message


def test_a_new_workload_is_not_new_in_all_its_parts(company):
    company.spend("100x50", **CHAT)
    company.spend("100x5", first=FIRST + timedelta(days=45), activity="serving", workload="bot", model="m")
    assert found(company, date(2026, 5, 21), "ANM002") == []


def test_a_stop_is_told(company):
    company.spend("100x50", **CHAT).spend("10x56", activity="serving", workload="other")
    (one,) = found(company, date(2026, 5, 27), "ANM003")
    assert (one.onset, one.amount) == (date(2026, 5, 21), -600)


def test_what_is_not_ai_is_not_watched(company):
    company.spend("100x50 9000 100x3", activity="other", workload="shop")
    assert found(company, date(2026, 5, 25), "ANM001") == []
