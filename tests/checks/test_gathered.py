"""Lines that are alike are summed before checks look at them; no resource, tag or owner is mistaken for another."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from aiops_cost.checks.view import View
from aiops_cost.config import load_config
from aiops_cost.run import snapshot

MAY = [(date(2026, 5, 1), date(2026, 5, 31))]
TAGS = '{{"workload": "chat", "ai-activity": "serving", "team": "{}", "host": "{}"}}'
HOST = "json_extract_string(Tags, '/host')"


@pytest.fixture
def two(small):
    """Two machines of one kind, of two teams, and a third that is something else."""
    small.bill("aws", "2026-05-01", 31, "10", Tags=TAGS.format("a", "i-1"))
    small.bill("aws", "2026-05-01", 31, "20", Tags=TAGS.format("a", "i-2"))
    small.bill("aws", "2026-05-01", 31, "5", SkuId="other", Tags=TAGS.format("b", "i-3"))
    return small


def view_of(small) -> View:
    config = load_config(small.folder / "aiops-cost.yaml", small.folder, {})
    return snapshot.attribute(config, date(2026, 6, 10)).view


def amounts(view: View, *scopes: dict[str, str]) -> list[Decimal]:
    return [spent.amount for spent in view.spent([(scope, MAY) for scope in scopes])]


@pytest.mark.parametrize("remembered", [True, False])
def test_alike_is_one_row_and_what_tells_apart_is_asked_of_all(two, monkeypatch, remembered):
    two.config().pulled()
    if not remembered:
        monkeypatch.setattr("aiops_cost.memory.offer_days", lambda *_: None)
    view = view_of(two)
    assert view.spend == "gathered"
    assert view.fetch("SELECT count(*), sum(n), sum(Cost) FROM gathered", ()) == [(62, 93, Decimal(35 * 31))]
    assert amounts(view, {}, {"workload": "chat"}, {"SkuId": "other"}) == [35 * 31, 35 * 31, 5 * 31]
    assert amounts(view, {"tags.host": "i-2"}, {"tags.host": "i-9"}, {"tags.team": "b"}) == [20 * 31, 0, 5 * 31]
    assert view.spend_by([HOST], view.unplanned()) == [("i-2", 620), ("i-1", 310), ("i-3", 155)]


def test_owners_of_days_stay_apart(two):
    (two.folder / "owners.yaml").write_text(
        "owners:\n  - {scope: {workload: chat}, owner: old, until: 2026-05-10}\n"
        "  - {scope: {workload: chat}, owner: new, from: 2026-05-11}\n",
        encoding="utf-8",
    )
    two.config(more="owners: owners.yaml\ntags: {owner: [tags.nobody]}\n").pulled()
    assert amounts(view_of(two), {"owner": "old"}, {"owner": "new"}) == [350, 35 * 21]


def test_converted_amounts_are_those_of_the_rows(small):
    small.bill("aws", "2026-05-01", 31, "0.333333333333333333", BillingCurrency="EUR", Tags='{"host": "i-1"}')
    small.bill("aws", "2026-05-01", 31, "0.333333333333333334", BillingCurrency="EUR", Tags='{"host": "i-2"}')
    (small.folder / "fx.csv").write_text("date,from,to,rate\n2026-05-01,EUR,USD,1.1234567\n", encoding="utf-8")
    small.config(more="fx: fx.csv\n").pulled()
    view = view_of(small)
    ((whole,),) = view.fetch("SELECT sum(Cost) FROM spend", ())
    assert amounts(view, {}) == [whole]
    assert view.fetch("SELECT count(*) FROM gathered", ()) == [(31,)]
