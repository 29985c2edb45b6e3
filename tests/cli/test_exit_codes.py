"""Each exit code is reached by a command line, and none means two things.

May 2026 has 31 days; a day costs 10 USD; the budget plans what a test says. On 2026-06-05 May is settled, and a source
must be settled until 2026-05-31.
"""

from __future__ import annotations

import duckdb
import pytest

AS_OF = ("--as-of", "2026-06-05")
SERVING = '{"workload": "chat", "ai-activity": "serving"}'


def plan(amount: int) -> str:
    return f"  - {{scope: {{}}, amount: {amount}, tolerance: {{warn: 5%, breach: 10%, at_least: 1}}}}"


def serving(small, source: str = "aws", first: str = "2026-05-01", days: int = 31, cost: str = "10"):
    return small.bill(source, first, days, cost, Tags=SERVING)


def test_0_within_the_plan(small):
    found = serving(small).budget(plan(310)).config().pulled()("check", *AS_OF, "--format", "json")
    assert found.code == 0, found.out
    assert found.json["verdict"].startswith("within the line")


def test_1_over_the_plan(small):
    found = serving(small).budget(plan(200)).config().pulled()("check", *AS_OF, "--format", "json")
    assert found.code == 1
    assert [one["code"] for one in found.json["findings"] if one["severity"] == "breach"] == ["DRF001"]


def test_the_whole_picture_says_what_the_gate_said_and_is_none(small):
    found = serving(small).budget(plan(200)).config().pulled()("report", "--full", *AS_OF, "--format", "json")
    assert found.code == 0
    assert found.json["exit_code"] == 1
    assert found.json["verdict"].startswith("over the line")


def test_warn_only_passes_a_breach(small):
    assert serving(small).budget(plan(200)).config().pulled()("check", *AS_OF, "--warn-only").code == 0


def test_a_warning_fails_only_where_it_was_asked_for(small):
    serving(small).budget(plan(290)).config().pulled()
    assert small("check", *AS_OF).code == 0
    assert small("check", *AS_OF, "--fail-on", "warning").code == 1


def test_unbudgeted_spend_fails_only_where_it_was_asked_for(small):
    line = "  - {scope: {workload: search}, amount: 1}\n  - {scope: {workload: chat}, amount: 310}"
    serving(small).bill("aws", "2026-05-01", 31, "5", Tags='{"workload": "new", "ai-activity": "serving"}')
    small.budget(line).config().pulled()
    assert small("check", *AS_OF).code == 0
    found = small("check", *AS_OF, "--fail-on", "unbudgeted", "--format", "json")
    assert found.code == 1
    assert {one["scope"].get("workload") for one in found.json["findings"] if one["code"] == "UNB001"} == {"new"}


@pytest.mark.parametrize(
    "words",
    [
        ("check", "--bogus"),
        ("check", "--as-of", "2026-02-30"),
        ("check", "--as-of", "0001-01-01"),
        ("check", "--as-of", "9999-12-31"),
        ("report", "--month", "0000-05"),
        ("report", "--month", "9999-12"),
        ("report", "--from", "0001-01-01", "--compare-to", "before"),
        ("check", "--select", "NOPE"),
        ("check", "--ignore", "DAT001"),
        ("check", "--fail-on", "monday"),
        ("check", "--min-coverage", "195%"),
        ("check", "--format", "yaml"),
        ("check", "-o", "answer.docx"),
        ("report", "--by", "workloda"),
        ("report", "--where", "no filter"),
        ("report", "--where", "workloda=x"),
        ("report", "--month", "2026-13"),
        ("report", "--last", "5 days"),
        ("report", "--month", "2026-05", "--last", "5d"),
        ("report", "--from", "2026-05-09", "--to", "2026-05-02"),
        ("report", "--compare-to", "yesterday"),
        ("report", "--top", "0"),
        ("report", "--metric", "BiledCost"),
        ("query", "DELETE FROM ledger"),
        ("explain", "DRF999"),
        ("explain", "1"),
        ("schema", "budgets"),
        ("pull", "awss"),
        ("pull", "--period", "May"),
        ("no-such-command",),
    ],
    ids=" ".join,
)
def test_2_asked_wrongly(cli, ledger_folder, words: tuple[str, ...]):
    found = cli(*words, cwd=ledger_folder)
    assert found.code == 2, found
    assert found.out == ""
    assert len(found.err.splitlines()) >= 2, "a sentence and a way out"
    assert "Traceback" not in found.err


@pytest.mark.parametrize(
    ("line", "months"),
    [
        (plan(310), "2026-05..2026-04"),
        (plan(310), "2026-13..2026-13"),
        (plan(310), ""),
        ("  - {scope: {}, amount: {}}", "2026-05..2026-05"),
        ("  - {scope: {}}", "2026-05..2026-05"),
        ("  []", "2026-05..2026-05"),
        ("  - {scope: {workload: chat}, amount: -5}", "2026-05..2026-05"),
    ],
)
def test_2_a_plan_that_is_none(small, line, months):
    serving(small, days=1).budget(line, months).config()
    for words in (("budget", "check"), ("check", *AS_OF)):
        found = small(*words)
        assert found.code == 2, found
        assert "plan.yaml:" in found.err


def test_2_no_budget_to_show(cli, ledger_folder):
    for words in (("budget", "show"), ("budget", "check")):
        found = cli(*words, cwd=ledger_folder)
        assert found.code == 2
        assert "names no budget" in found.err


def test_2_as_json_for_a_program(cli, ledger_folder):
    for words in (("report", "--by", "workloda"), ("report", "--bogus"), ("check", "--as-of", "never")):
        found = cli(*words, "--format", "json", cwd=ledger_folder)
        assert found.code == 2
        assert found.json["schema"] == "aiops-cost/problems/1"
        assert found.json["exit_code"] == 2
        assert found.json["problems"][0]["sentence"]


def test_3_nothing_loaded(small):
    serving(small).budget(plan(310)).config()
    assert small("check", *AS_OF).code == 3
    assert small("report", *AS_OF).code == 3
    assert small("drift", *AS_OF).code == 0, "drift shows; only check judges"


def test_3_is_never_turned_into_0(small):
    serving(small).budget(plan(310)).config()
    assert small("check", *AS_OF, "--warn-only").code == 3
    assert small("check", *AS_OF, "--select", "OWN").code == 3
    assert small("check", *AS_OF, "--warn-only", "--select", "UNB", "--ignore", "DRF").code == 3


def test_3_a_source_that_was_never_pulled(small):
    serving(small).budget(plan(310)).config("aws", "azure")
    (small.folder / "bills" / "azure").mkdir()
    assert small("pull", "aws").code == 0
    found = small("check", *AS_OF, "--format", "json")
    assert found.code == 3
    assert ("DAT001", "azure") in {(one["code"], one["scope"].get("source")) for one in found.json["findings"]}


def test_3_bills_that_are_too_old(small):
    serving(small).budget(plan(310), "2026-05..2026-06").config().pulled()
    assert small("check", "--as-of", "2026-06-05").code == 0
    found = small("check", "--as-of", "2026-06-20", "--format", "json")
    assert found.code == 3
    assert {"DAT001", "DAT002"} & {one["code"] for one in found.json["findings"]}


def test_3_one_of_two_sources_is_behind(small):
    serving(small)
    serving(small, "azure", days=10).budget(plan(620)).config().pulled()
    found = small("check", *AS_OF, "--format", "json")
    assert found.code == 3
    assert {one["scope"]["source"] for one in found.json["findings"] if one["severity"] == "unjudged"} == {"azure"}


def test_3_days_missing_in_the_middle(small):
    serving(small, days=10)
    serving(small, first="2026-05-13", days=19).budget(plan(310)).config().pulled()
    found = small("check", *AS_OF, "--format", "json")
    assert found.code == 3
    assert "DAT003" in {one["code"] for one in found.json["findings"]}


def test_3_rejected_rows(small):
    serving(small, days=30)
    serving(small, first="2026-05-31", days=1, cost="12,50").budget(plan(310)).config()
    assert small("pull").code in {2, 3}, "a load that would lose a row is refused"
    assert small("pull", "--allow-rejects", "1").code == 0
    found = small("check", *AS_OF, "--format", "json")
    assert found.code == 3
    assert "DAT004" in {one["code"] for one in found.json["findings"]}


def test_3_no_budget(small):
    found = serving(small).config().pulled()("check", *AS_OF, "--format", "json")
    assert found.code == 3
    assert [one["code"] for one in found.json["findings"] if one["severity"] == "unjudged"] == ["DRF003"]


def test_3_a_budget_for_months_that_did_not_come(small):
    serving(small).budget(plan(310), "2026-04..2026-05").config().pulled()
    assert small("check", *AS_OF).code == 3


def test_3_a_budget_whose_lines_match_nothing(small):
    serving(small).budget("  - {scope: {workload: misspelt}, amount: 310}").config().pulled()
    assert small("check", *AS_OF).code == 3


def test_5_our_bug_says_so_and_hides_no_traceback_from_those_who_ask(cli, ledger_folder, monkeypatch):
    from aiops_cost.run import questions

    def broken(*_: object) -> None:
        raise RuntimeError("secret=hunter2")

    monkeypatch.setattr(questions, "report", broken)
    found = cli("report", "--format", "json", cwd=ledger_folder)
    assert found.code == 5
    assert found.json["exit_code"] == 5
    assert "defect of aiops-cost (RuntimeError)" in found.err
    assert "hunter2" not in found.err + found.out
    monkeypatch.setenv("AIOPS_COST_DEBUG", "1")
    assert "Traceback" in cli("report", cwd=ledger_folder).err


@pytest.mark.parametrize(
    ("raised", "code", "problem"),
    [
        (duckdb.OutOfMemoryException("full"), 2, "memory"),
        (duckdb.Error("snappy"), 3, "ledger-damaged"),
        (duckdb.InvalidInputException('Failed to read file "/l/a.parquet": corrupt'), 3, "ledger-damaged"),
        (duckdb.InvalidInputException("no such thing"), 5, "our-bug"),
    ],
)
def test_a_small_machine_and_a_damaged_file_are_no_defects(cli, ledger_folder, monkeypatch, raised, code, problem):
    def broken(*_, **__):
        raise raised

    monkeypatch.setattr("aiops_cost.run.questions.report", broken)
    found = cli("report", "--format", "json", cwd=ledger_folder)
    assert found.code == code
    assert [one["code"] for one in found.json["problems"]] == [problem]


def test_a_defect_in_one_source_does_not_hide_what_the_others_loaded(small, monkeypatch):
    from aiops_cost.run import bills

    small.bill("aws", "2026-05-01", 31, "10").bill("azure", "2026-05-01", 31, "5").config()
    fetch = bills.fetch

    def broken(source, base, errand):
        if source.name == "aws":
            raise ZeroDivisionError
        return fetch(source, base, errand)

    monkeypatch.setattr(bills, "fetch", broken)
    found = small("pull")
    assert found.code == 5
    assert "azure" in found.out
    assert "155.00" in found.out
    assert "defect of aiops-cost (ZeroDivisionError)" in found.err


def test_what_a_provider_refuses_is_4(small, monkeypatch):
    from aiops_cost.errors import ProviderError
    from aiops_cost.model import Problem
    from aiops_cost.run import bills

    def refused(*_: object) -> None:
        raise ProviderError(Problem("refused", "azure", "the provider answered 403", "Renew the key."))

    serving(small).config()
    monkeypatch.setattr(bills, "fetch", refused)
    found = small("pull", "--format", "json")
    assert found.code == 4
    assert found.json["exit_code"] == 4


def test_one_source_fails_and_the_others_are_loaded(small):
    serving(small).budget(plan(310)).config("aws", "azure")
    (small.folder / "bills" / "azure").mkdir()
    found = small("pull", "--format", "json")
    assert found.code == 2
    assert [row["source"] for row in found.rows("loads")] == ["aws"]
    assert found.json["exit_code"] == 2
    assert "1 of 2 sources failed" in found.json["verdict"]
    assert "azure" in found.err


def test_the_exit_code_is_that_of_the_json(small):
    serving(small).budget(plan(200)).config().pulled()
    for more in ((), ("--warn-only",), ("--ignore", "DRF001"), ("--select", "DAT")):
        found = small("check", *AS_OF, "--format", "json", *more)
        assert found.json["exit_code"] == found.code
        assert found.json["schema"] == "aiops-cost/check/1"


def test_a_finding_has_every_key_that_was_promised(small):
    serving(small).budget(plan(200)).config().pulled()
    promised = {
        "code", "severity", "scope", "owner", "period", "currency", "planned", "actual", "amount", "bridge", "cause",
        "onset", "message", "advice", "fingerprint",
    }  # fmt: skip
    findings = small("check", *AS_OF, "--format", "json").json["findings"]
    assert findings
    for finding in findings:
        assert promised <= finding.keys()
        assert isinstance(finding["scope"], dict)
        assert all(finding[name] is None or isinstance(finding[name], str) for name in ("planned", "actual", "amount"))


def test_totals_that_could_not_be_had_are_no_source_that_failed(small, monkeypatch):
    from aiops_cost.errors import ProviderError
    from aiops_cost.model import Problem
    from aiops_cost.run import bills

    serving(small).budget(plan(310)).config()
    refused = ProviderError(Problem("refused", "aws", "the provider answered 403", "Renew the key."))
    monkeypatch.setattr(bills, "reconcile", lambda *_: ((), [refused]))
    found = small("pull", "--reconcile", "--format", "json")
    assert found.code == 4
    assert found.json["verdict"] == "all bills were loaded; metrics or the provider's own totals could not be had"
    assert [row["what"] for row in found.rows("loads")] == ["new"]
    assert "the provider answered 403" in found.err


def test_a_source_without_totals_of_its_own_says_so(small):
    found = serving(small).budget(plan(310)).config()("pull", "--reconcile")
    assert found.code == 0
    assert "aws: its provider has no totals of its own to hold the ledger against" in found.err


@pytest.mark.parametrize(
    ("asked", "unused"),
    [
        (("--runs", "--by", "workload"), "--by"),
        (("--share", "--runs"), "--share"),
        (("--share", "--top", "3"), "--top"),
        (("--unit", "requests", "--granularity", "day"), "--granularity"),
        (("--full", "--last", "30d", "--by", "model"), "--by and --last"),
    ],
)
def test_a_report_takes_no_option_in_silence(small, asked, unused):
    serving(small).budget(plan(310)).config().pulled()
    found = small("report", *asked, *AS_OF)
    assert found.code == 2
    assert "cannot be asked with" in found.err
    assert unused in found.err


def test_a_closed_month_that_changed_is_asked_about_without_a_defect(small):
    serving(small).bill("aws", "2026-05-01", 31, "1", ServiceName="Amazon S3").budget(plan(310)).config().pulled()
    (small.folder / "bills" / "aws" / "focus.csv").unlink()
    serving(small, cost="12").pulled()
    found = small("query", "SELECT sum(Cost) AS cost FROM spend", "--format", "json")
    assert found.code == 0, found.err
    assert [float(row["cost"]) for row in found.rows("rows")] == [31 * 12]
    (finding,) = small("check", "--select", "DAT006", *AS_OF, "--format", "json").json["findings"]
    assert float(finding["amount"]) == 31 * 12 - 31 * (10 + 1)
