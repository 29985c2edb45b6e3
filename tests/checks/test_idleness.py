"""SRV: an endpoint is called idle where something tells that it is, and never because nothing does."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from aiops_cost import idle

AS_OF = date(2026, 5, 1)
CHAT = {"activity": "serving", "workload": "chat", "owner": "chat-team"}
HOST = {**CHAT, "component": "endpoint-hosting", "ResourceName": "chat-blue", "SubAccountName": "ml-prod"}
DATA = {**CHAT, "component": "endpoint-data", "ResourceName": "chat-blue", "ConsumedQuantity": "3"}


def figures(company):
    """Cost, used, idle and not known, of all days."""
    return [int(one) for one in idle.combined(idle.hosted(company.connection, "spend", date.min, date.max))]


def test_an_endpoint_whose_traffic_ends_on_the_bill_is_idle_from_that_day_on(company):
    company.spend("50x30", **HOST).spend("0.1x20", **DATA)
    [finding] = company.find(AS_OF, "SRV001")
    assert (finding.scope, finding.owner) == ({"activity": "serving", "workload": "chat"}, "chat-team")
    assert (finding.onset, finding.amount, finding.period) == (date(2026, 4, 21), 500, "2026-04-21..2026-04-30")
    assert finding.evidence == ("chat-blue in ml-prod: 500.00 USD on 10 days since 2026-04-21",)
    assert figures(company) == [1500, 1000, 500, 0]


def test_a_bill_that_never_names_traffic_tells_nothing(company):
    company.spend("50x30", **HOST)
    assert company.find(AS_OF, "SRV001") == []
    assert figures(company) == [1500, 0, 0, 1500]


def test_traffic_that_is_billed_once_in_a_while_does_not_tell_on_which_days_there_was_none(company):
    company.spend("50x30", **HOST).spend("3 _x14 3", **DATA)
    assert company.find(AS_OF, "SRV001") == []
    assert figures(company) == [1500, 100, 0, 1400]


def test_a_day_with_a_row_of_no_traffic_is_a_day_without(company):
    company.spend("50x30", **HOST).spend("0.1x20", **DATA)
    company.spend("0x10", first=date(2026, 4, 21), **{**DATA, "ConsumedQuantity": "0"})
    assert [one.onset for one in company.find(AS_OF, "SRV001")] == [date(2026, 4, 21)]


def test_no_requests_in_the_metrics_is_idle(company):
    company.spend("50x30", **HOST).measure("900x10 0x20", "requests", workload="chat")
    [finding] = company.find(AS_OF, "SRV001")
    assert (finding.onset, finding.amount) == (date(2026, 4, 11), 1000)


def test_no_metric_is_not_a_metric_of_zero(company):
    company.spend("50x30", **HOST).measure("900x10 _x20", "requests", workload="chat")
    assert company.find(AS_OF, "SRV001") == []
    assert figures(company) == [1500, 500, 0, 1000]


def test_one_request_in_the_last_week_is_use(company):
    company.spend("50x30", **HOST).measure("0x26 1 0x3", "requests", workload="chat")
    assert company.find(AS_OF, "SRV001") == []


def test_a_forgotten_endpoint_of_a_busy_workload_is_found(company):
    company.spend("50x30", **HOST).spend("0.1x10", **DATA).measure("900x30", "requests", workload="chat")
    company.spend("70x30", **{**HOST, "ResourceName": "chat-green"})
    [finding] = company.find(AS_OF, "SRV001")
    assert (finding.amount, finding.onset) == (1000, date(2026, 4, 11))
    assert figures(company) == [3600, 2600, 1000, 0]


def test_what_is_gone_is_not_told(company):
    company.spend("50x28", **HOST).spend("1x30", activity="storage").measure("0x30", "requests", workload="chat")
    assert company.find(AS_OF, "SRV001") == []


@pytest.mark.parametrize("settings", ["{at_least: 501}", "{idle_days: 11}"])
def test_little_money_or_few_days_are_no_finding(company, settings):
    company.settings = f"checks: {{serving: {settings}}}\n"
    company.spend("50x30", **HOST).spend("0.1x20", **DATA)
    assert company.find(AS_OF, "SRV001") == []


def test_utilization_divides_the_cost_exactly(company):
    company.spend("10.01x30", **HOST).measure("12.5x30", "utilization_percent", workload="chat")
    [finding] = company.find(AS_OF, "SRV002")
    cost, used, wasted, unknown = idle.combined(idle.hosted(company.connection, "spend", date.min, date.max))
    assert (cost, unknown) == (Decimal("300.3"), 0)
    assert used + wasted == cost
    assert used == cost / 8
    assert finding.message.startswith("12% of the capacity was used in four weeks: of 280.28 USD, 245.24 USD were idle")


def test_more_than_the_whole_is_the_whole(company):
    company.spend("10x30", **HOST).measure("380x30", "utilization_percent", workload="chat")
    assert figures(company) == [300, 300, 0, 0]
    assert company.find(AS_OF, "SRV002") == []
