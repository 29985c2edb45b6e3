"""All checks together: order, selection, pages, names that stay."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from aiops_cost import checks
from aiops_cost.errors import UserError
from aiops_cost.model import Finding, Severity

MAY = date(2026, 5, 1)
HEADINGS = ("What it means:", "Why it matters:", "What to do:", "Stays silent:")


@pytest.fixture
def messy(company):
    """A breach of 1,500, unbudgeted 600 and 300, and a source that never came."""
    company.budget("  - scope: {activity: serving}\n    owner: ml\n    amount: 3000\n")
    company.spend("150x30", activity="serving")
    company.spend("10x30", activity="training", workload="b", owner="x")
    company.spend("20x30", activity="training", workload="a", owner="x")
    return company


def _codes(company, **choice):
    found = checks.run(company.view(MAY), company.config(), MAY, **choice)
    return [finding.code for finding in found]


def test_the_worst_and_the_largest_come_first(messy):
    assert _codes(messy) == ["DRF001", "FCT001", "UNB001", "UNB001"]
    found = messy.find(MAY, "UNB001")
    assert [one.scope["workload"] for one in found] == ["a", "b"]


def test_codes_are_selected_and_ignored_by_their_beginning(messy):
    assert _codes(messy, select=["UNB"]) == ["UNB001", "UNB001"]
    assert _codes(messy, ignore=["u", "OWN001", "fct"]) == ["DRF001"]


def test_codes_may_be_joined_by_commas(messy):
    assert _codes(messy, select=["UNB,DRF"]) == _codes(messy, select=["UNB", "DRF"])


def test_a_family_lists_its_codes():
    assert "DRF003: drift that could not be judged" in checks.explain("drf")


def test_selecting_does_not_hide_that_data_is_missing(messy, make_state):
    messy.sources["azure"] = make_state("azure", MAY, settled_until=None)
    assert "DAT002" in _codes(messy, select=["OWN"])


@pytest.mark.parametrize("code", ["DAT", "DAT001", "d"])
def test_missing_data_cannot_be_ignored_away(messy, code):
    with pytest.raises(UserError, match="cannot be ignored"):
        _codes(messy, ignore=[code])


def test_a_note_about_data_can_be_ignored(messy):
    assert _codes(messy, ignore=["DAT006"])[0] == "DRF001"


@pytest.mark.parametrize("word", ["DRFT", "", "XYZ001"])
def test_an_unknown_code_is_refused(messy, word):
    with pytest.raises(UserError, match="there is no finding code"):
        _codes(messy, select=[word])


def test_a_near_miss_is_named():
    with pytest.raises(UserError, match="did you mean `UNB001`"):
        checks.explain("UNB01")


@pytest.mark.parametrize("code", checks.codes())
def test_every_code_has_a_page_with_the_four_questions(code):
    page = checks.explain(code.lower())
    assert page.startswith(f"{code}: ")
    assert [page.find(heading) for heading in HEADINGS] == sorted(page.find(heading) for heading in HEADINGS)
    assert all(heading in page for heading in HEADINGS)
    assert code in page.split("\n", 1)[1] or sum(c[:3] == code[:3] for c in checks.codes()) == 1


def test_no_two_codes_are_the_same_and_none_is_misspelt():
    assert len(checks.codes()) == sum(len(module.CODES) for module in checks._modules())
    assert all(re.fullmatch("[A-Z]{3}[0-9]{3}", code) for code in checks.codes())


def test_the_fingerprint_of_a_finding_survives_amounts_days_and_words(messy):
    (first,) = messy.find(MAY, "DRF001")
    messy.spend("500x3", first=MAY, activity="serving")
    messy.spend("1x3", first=MAY, activity="training", workload="a")
    (second,) = messy.find(date(2026, 5, 4), "DRF001")
    assert first.amount != second.amount
    assert first.fingerprint == second.fingerprint


def test_fingerprints_tell_scopes_and_codes_apart():
    one = Finding("DRF001", Severity.BREACH, "", "", {"activity": "serving"}, amount=Decimal(1))
    others = [
        replace(one, code="DRF002"),
        replace(one, scope={"workload": "serving"}),
        replace(one, scope={"activity": "serving", "workload": "x"}),
        replace(one, scope={}),
    ]
    names = {finding.fingerprint for finding in [one, *others]}
    assert len(names) == 5
