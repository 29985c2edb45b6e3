"""The gate, as a matrix: what was found, what fails, and the exit code."""

from __future__ import annotations

import pytest

from aiops_cost.errors import UserError
from aiops_cost.gate import judge
from aiops_cost.model import Finding, Severity

INFO = Finding("DRF002", Severity.INFO, "", "")
WARNING = Finding("DRF001", Severity.WARNING, "", "")
BREACH = Finding("DRF001", Severity.BREACH, "", "")
UNBUDGETED = Finding("UNB001", Severity.WARNING, "", "")
UNJUDGED = Finding("DAT001", Severity.UNJUDGED, "", "")


@pytest.mark.parametrize(
    ("findings", "breach", "warning", "unbudgeted"),
    [
        ([], 0, 0, 0),
        ([INFO], 0, 0, 0),
        ([WARNING], 0, 1, 0),
        ([UNBUDGETED], 0, 1, 1),
        ([BREACH], 1, 1, 1),
        ([BREACH, WARNING, INFO], 1, 1, 1),
        ([UNJUDGED], 3, 3, 3),
        ([UNJUDGED, BREACH], 3, 3, 3),
        ([UNJUDGED, INFO], 3, 3, 3),
    ],
)
def test_the_matrix(findings, breach, warning, unbudgeted):
    for word, expected in (("breach", breach), ("warning", warning), ("unbudgeted", unbudgeted)):
        assert judge(findings, [word]).exit_code == expected
        assert judge(findings, [word], warn_only=True).exit_code == (3 if expected == 3 else 0)


def test_green_without_data_is_impossible():
    assert judge([UNJUDGED], fail_on=[], warn_only=True).exit_code == 3


def test_no_word_lets_a_breach_pass():
    for words in ([], ["unbudgeted"], ["warn"], ["warning", "unbudgeted"]):
        assert judge([BREACH], words).exit_code == 1


def test_what_could_not_be_judged_does_not_hide_what_could():
    sentence = judge([UNJUDGED, BREACH, WARNING]).sentence
    assert sentence == (
        "could not judge: 1 finding without an answer (DAT001); "
        "what could be judged is over the line: 1 breach (DRF001)"
    )


def test_the_sentences_name_the_codes():
    assert judge([]).sentence == "within the line"
    assert judge([WARNING, UNBUDGETED]).sentence == "within the line; 2 warnings (DRF001, UNB001)"
    assert judge([BREACH, BREACH], ["warn"]).sentence == "over the line: 2 breaches (DRF001)"
    assert judge([BREACH], warn_only=True).sentence.endswith("passed, for this is warn-only")


def test_an_unknown_word_is_refused():
    with pytest.raises(UserError, match="`braech` is nothing that a check can fail on"):
        judge([], ["braech"])


FORECAST = Finding("FCT001", Severity.BREACH, "", "")
ACCEPTED = Finding("DRF001", Severity.BREACH, "", "", accepted="accepted until 2026-07-31: known")


def test_a_forecast_is_no_judged_breach():
    assert judge([FORECAST]).exit_code == 0
    assert judge([FORECAST], ["forecast-breach"]).exit_code == 1
    assert judge([FORECAST], ["FCT001"]).exit_code == 1
    assert judge([FORECAST, UNJUDGED], ["forecast-breach"], warn_only=True).exit_code == 3


def test_what_is_accepted_does_not_count_and_is_told():
    assert judge([ACCEPTED]).sentence == "within the line; 1 accepted"
    assert judge([ACCEPTED, BREACH]).sentence == "over the line: 1 breach (DRF001); 1 accepted"
    assert judge([ACCEPTED, UNJUDGED]).exit_code == 3


def test_codes_and_families_can_fail_and_words_may_share_a_text():
    assert judge([INFO], ["DRF002"]).exit_code == 1
    assert judge([INFO], ["DRF"]).exit_code == 1
    assert judge([UNBUDGETED], ["restated,unbudgeted"]).exit_code == 1
    assert judge([UNBUDGETED], ["restated", "unowned", "unattributed"]).exit_code == 0
