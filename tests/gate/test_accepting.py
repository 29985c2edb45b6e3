"""Findings that somebody has accepted, and a baseline: what does not count, and for how long."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

AS_OF = ("--as-of", "2026-06-05")
SERVING = '{"workload": "chat", "ai-activity": "serving", "owner": "chat-team"}'
PLAN = "  - {scope: {workload: chat}, owner: chat-team, amount: 200, tolerance: {at_least: 1}}"


@pytest.fixture
def over(small: Any) -> Any:
    """A company that is 110 USD over its plan of 200."""
    small.bill("aws", "2026-05-01", 31, "10", Tags=SERVING)
    return small.budget(PLAN, "2026-05..2026-06").config().pulled()


def breach(company: Any) -> str:
    found = company("check", *AS_OF, "--format", "json").json["findings"]
    return str(next(one["fingerprint"] for one in found if one["code"] == "DRF001"))


def accept(company: Any, *more: str, until: str = "2026-06-30") -> Any:
    return company("accept", breach(company), "--reason", "launch moved: July", "--until", until, *AS_OF, *more)


def test_an_accepted_finding_does_not_count_until_its_day_is_over(over):
    assert over("check", *AS_OF).code == 1
    assert accept(over, "--by", "steering", "--as-of", "2026-06-03", until="2026-06-04").code == 0
    found = over("check", "--as-of", "2026-06-04", "--format", "json")
    assert found.code == 0
    assert found.json["verdict"] == "within the line; 1 warning (FCT001); 1 accepted"
    [finding] = [one for one in found.json["findings"] if one["code"] == "DRF001"]
    assert (finding["fails"], finding["accepted"]) == (False, "accepted until 2026-06-04: launch moved: July")
    for form in ("table", "markdown", "csv", "html", "mail", "chat"):
        assert (
            "accepted until 2026-06-04: launch moved: July"
            in over("check", "--as-of", "2026-06-04", "--format", form).out
        ), form
    after = over("check", *AS_OF, "--format", "json")
    assert after.code == 1
    assert (
        "accepted.yaml:3:5: the acceptance of DRF001 ended on 2026-06-04 (launch moved: July)" in after.json["notes"][0]
    )


def test_an_acceptance_may_have_an_amount(over):
    assert accept(over, "--up-to", "120").code == 0
    assert over("check", *AS_OF).code == 0
    assert accept(over, "--up-to", "100").code == 0
    found = over("check", *AS_OF, "--format", "json")
    assert found.code == 1
    assert "was accepted up to 100.00, and is 110.00 USD; it counts again" in found.json["notes"][0]


def test_a_new_acceptance_replaces_the_old_one_and_leaves_the_rest(over):
    file = over.folder / "accepted.yaml"
    first = breach(over)
    file.write_text(
        f"# ours\naccepted:\n  # for the launch\n  - {{finding: {first}, reason: old, until: 2026-05-01}}\n"
        "  - {finding: 0123456789abcdef, reason: gone, until: 2030-01-01}   # keep\n",
        encoding="utf-8",
    )
    assert over("check", *AS_OF).code == 1
    assert accept(over).code == 0
    text = file.read_text(encoding="utf-8")
    assert text.startswith("# ours\naccepted:\n  # for the launch\n  - {finding: 0123456789abcdef")
    assert "reason: old" not in text
    found = over("check", *AS_OF, "--format", "json")
    assert found.code == 0
    assert "nothing is found any more for 0123456789abcdef; the acceptance can go" in found.json["notes"][0]


def test_a_file_that_cannot_be_added_to_stays_and_says_what_to_write(over):
    file = over.folder / "accepted.yaml"
    file.write_text("accepted: [{finding: 0123456789abcdef, reason: x, until: 2030-01-01}]\n", encoding="utf-8")
    before = file.read_bytes()
    found = accept(over)
    assert found.code == 2
    assert "Put these lines there yourself" in found.err
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("0123456789abcdef", "--reason", "x", "--until", "2026-07-01"), "there is no finding 0123456789abcdef now"),
        (("FP", "--until", "2026-07-01"), "needs a reason and a last day"),
        (("FP", "--reason", "x"), "needs a reason and a last day"),
        (("FP", "--reason", " ", "--until", "2026-07-01"), "say why"),
        (("FP", "--reason", "x", "--until", "2026-06-01"), "--until 2026-06-01 is over"),
        (("FP", "--reason", "x", "--until", "soon"), "--until soon: not a day"),
        (("FP", "--reason", "x", "--until", "2026-07-01", "--up-to", "1,000"), "--up-to:"),
    ],
)
def test_an_acceptance_that_is_none(over, words, said):
    found = over("accept", *(breach(over) if word == "FP" else word for word in words), *AS_OF)
    assert found.code == 2
    assert said in found.err
    assert not (over.folder / "accepted.yaml").exists()


def test_what_could_not_be_judged_cannot_be_accepted(over):
    found = over("check", "--as-of", "2026-06-20", "--format", "json")
    stale = next(one["fingerprint"] for one in found.json["findings"] if one["severity"] == "unjudged")
    refused = over("accept", stale, "--reason", "x", "--until", "2026-07-01", "--as-of", "2026-06-20")
    assert refused.code == 2
    (over.folder / "accepted.yaml").write_text(
        f"accepted:\n  - {{finding: {stale}, reason: by hand, until: 2030-01-01}}\n", encoding="utf-8"
    )
    again = over("check", "--as-of", "2026-06-20", "--format", "json")
    assert again.code == 3
    assert "that cannot be accepted" in again.json["notes"][0]


def test_the_file_is_read_strictly(over):
    file = over.folder / "accepted.yaml"
    for text, said in (
        ("accepted:\n  - {finding: x, reason: r, until: 2026-01-01}\n", "is not a fingerprint"),
        ("accepted:\n  - {finding: 0123456789abcdef, until: 2026-01-01}\n", "`reason` is missing"),
        ("accepted:\n  - {finding: 0123456789abcdef, reason: r}\n", "`until` is missing"),
        ("accepted:\n  - {finding: 0123456789abcdef, reason: r, until: never}\n", "is not a day"),
        ("accept:\n", "unknown key `accept`"),
    ):
        file.write_text(text, encoding="utf-8")
        found = over("check", *AS_OF)
        assert found.code == 2
        assert said in found.err
        assert "accepted.yaml:" in found.err


# --- a baseline ------------------------------------------------------------------------------------------------------


def test_only_what_a_baseline_does_not_know_fails(over):
    written = over("check", *AS_OF, "--baseline", "baseline.json", "--write-baseline")
    assert written.code == 0
    assert over("check", *AS_OF, "--baseline", "baseline.json").code == 0
    assert over("check", *AS_OF).code == 1, "it is used only where it is named"
    more = PLAN + "\n" + PLAN.replace("chat}", "search}").replace("200", "1")
    over.bill("aws", "2026-05-01", 31, "5", Tags=SERVING.replace('"chat"', '"search"')).budget(more, "2026-05..2026-06")
    assert over("pull", "--quiet").code == 0
    found = over("check", *AS_OF, "--baseline", "baseline.json", "--format", "json")
    assert found.code == 1
    failing = [one["scope"] for one in found.json["findings"] if one["fails"]]
    assert failing == [{"workload": "search"}]


def test_a_warning_that_became_a_breach_is_new(over):
    over.budget(PLAN.replace("200", "290"), "2026-05..2026-06")
    assert over("check", *AS_OF, "--baseline", "b.json", "--write-baseline", "--fail-on", "warn").code == 0
    assert over("check", *AS_OF, "--baseline", "b.json", "--fail-on", "warn").code == 0
    over.budget(PLAN, "2026-05..2026-06")
    found = over("check", *AS_OF, "--baseline", "b.json", "--format", "json")
    assert found.code == 1
    assert "1 findings are worse than the baseline" in found.json["notes"][0]


def test_no_baseline_is_made_of_what_could_not_be_judged(over):
    found = over("check", "--as-of", "2026-06-20", "--baseline", "b.json", "--write-baseline")
    assert found.code == 3
    assert not (over.folder / "b.json").exists()


def test_a_baseline_does_not_hide_missing_bills(over):
    over("check", *AS_OF, "--baseline", "b.json", "--write-baseline")
    assert over("check", "--as-of", "2026-06-20", "--baseline", "b.json").code == 3


@pytest.mark.parametrize("text", [None, "", "[]", "{}", '{"schema": "aiops-cost/baseline/2", "findings": []}', "\xff"])
def test_a_baseline_that_is_none(over, text):
    if text is not None:
        (over.folder / "b.json").write_text(text, encoding="latin-1")
    found = over("check", *AS_OF, "--baseline", "b.json")
    assert found.code == 2
    assert "--write-baseline" in found.err


# --- a part of the whole ----------------------------------------------------------------------------------------------


def test_a_gate_for_one_owner_or_scope(over):
    for words, code in (
        (("--owner", "chat-team"), 1),
        (("--scope", "workload=chat"), 1),
        (("--scope", "activity=serving"), 0),
    ):
        assert over("check", *AS_OF, *words).code == code, words
    assert over("check", "--as-of", "2026-06-20", "--owner", "chat-team").code == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--owner", "chat-taem"), "did you mean `chat-team`?"),
        (("--scope", "workload=chatt"), "nothing is in the scope chatt"),
        (("--scope", "workloda=chat"), "did you mean `workload`?"),
        (("--scope", "workload"), "not one key=value"),
        (("--fail-on", "unbudgetted"), "did you mean `unbudgeted`?"),
        (("--fail-on", "XYZ"), "no finding code `XYZ`"),
        (("--max-age", "36"), "write 36h or 2d"),
        (("--min-coverage", "0.95"), "write 5% for five per cent"),
        (("--also", "junit"), "not FORMAT:FILE"),
        (("--also", "junti:x"), "there is no format `junti`"),
        (("--write-baseline",), "--baseline baseline.json"),
        (("--comment", "gitea"), "Choose github or gitlab"),
        (("--changed", "nowhere"), "no file, no folder and no git revision"),
    ],
)
def test_a_gate_that_was_misspelt_is_not_open(over, words, said):
    found = over("check", *AS_OF, *words)
    assert found.code == 2, found
    assert said in found.err


def test_codes_can_fail_too(over):
    over.budget(PLAN.replace("200", "290"), "2026-05..2026-06")
    assert over("check", *AS_OF).code == 0
    assert over("check", *AS_OF, "--fail-on", "DRF001").code == 1
    assert over("check", *AS_OF, "--fail-on", "unbudgeted,DRF").code == 1


def test_the_configuration_can_ask_too(over):
    over.budget(PLAN.replace("200", "290"), "2026-05..2026-06").config(more="gate: {fail_on: [warning]}\n")
    assert over("check", *AS_OF).code == 1
    over.config(more="gate: {max_age: 36h}\n")
    assert over("check", *AS_OF).code == 3
    assert over("check", *AS_OF, "--max-age", "20d").code == 0, "the option replaces it"
    over.config(more="gate: {min_coverage: 95%}\n")
    assert over("check", *AS_OF).code == 0


def test_several_formats_of_one_run(over):
    found = over("check", *AS_OF, "--also", "junit:r.xml", "--also", "sarif:r.sarif", "--also", "json:r.json")
    assert found.code == 1
    assert found.out.startswith("Bills against the plan")
    assert (over.folder / "r.xml").read_text(encoding="utf-8").startswith("<?xml")
    assert json.loads((over.folder / "r.sarif").read_text(encoding="utf-8"))["version"] == "2.1.0"
    assert json.loads((over.folder / "r.json").read_text(encoding="utf-8"))["exit_code"] == 1


def test_github_gets_annotations_and_a_page(over, monkeypatch, tmp_path: Path):
    page = tmp_path / "step.md"
    page.write_text("before\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    found = over("check", *AS_OF, "--format", "github")
    assert found.code == 1
    assert "::error file=plan.yaml,line=5,col=5," in found.out
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n### Bills against the plan")
    assert "DRF001" in text


def test_rows_that_somebody_else_changed_are_not_judged(over):
    """DAT008: the ledger no longer is what the record of its load says."""
    from deltalake import DeltaTable

    from aiops_cost.ledger import store

    table = DeltaTable(store.table_path(over.folder / "ledger"))
    table.update({"BilledCost": "20"}, predicate="ChargePeriodStart = '2026-05-01'")
    found = over("check", *AS_OF, "--format", "json")
    assert found.code == 3
    [odd] = [one for one in found.json["findings"] if one["code"] == "DAT008"]
    assert "differ by 10.00 USD" in odd["message"]
