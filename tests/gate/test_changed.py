"""What a change of the budget or the rules would move, before it is merged."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

AS_OF = ("--as-of", "2026-06-05", "--format", "json")
SERVING = '{"workload": "chat", "ai-activity": "serving", "owner": "chat-team"}'
PLAN = "  - {scope: {workload: chat}, owner: chat-team, amount: AMOUNT, tolerance: {at_least: 1}}"


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=x", "-c", "user.email=x@example.com")
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def plan(company: Any, amount: int) -> Any:
    return company.budget(PLAN.replace("AMOUNT", str(amount)), "2026-05..2026-06")


@pytest.fixture
def company(small: Any) -> Any:
    """A repository whose first commit plans 200 a month; the spend of May is 310."""
    plan(small.bill("aws", "2026-05-01", 31, "10", Tags=SERVING), 200).config().pulled()
    (small.folder / ".gitignore").write_text("ledger\nbills\n", encoding="utf-8")
    git(small.folder, "init", "-q", "-b", "main")
    git(small.folder, "add", "-A")
    git(small.folder, "commit", "-qm", "first")
    return small


def test_a_larger_plan_against_a_revision(company):
    plan(company, 310)
    found = company("check", "--changed", "main", *AS_OF)
    assert found.code == 0, "the gate judges the files as they are"
    [line] = found.rows("budget_changes")
    assert (line["scope"], line["what"], line["before"], line["after"], line["change"]) == (
        "chat", "amount", "400.00", "620.00", "220.00",
    )  # fmt: skip
    assert line["place"] == "plan.yaml:5:5"
    [finding] = [row for row in found.rows("finding_changes") if row["code"] == "DRF001"]
    assert (finding["change"], finding["code"], finding["before"]) == ("resolved", "DRF001", "110.00")
    assert found.json["tables"]["budget_changes"]["total"]["change"] == "220.00"
    assert found.json["headline"] == "The plan would be 220.00 USD larger; of the findings 2 resolved."


def test_against_another_budget_file(company):
    (company.folder / "old.yaml").write_bytes((company.folder / "plan.yaml").read_bytes())
    plan(company, 100)
    found = company("check", "--changed", "old.yaml", *AS_OF)
    assert found.code == 1
    assert found.rows("budget_changes")[0]["change"] == "-200.00"
    assert found.rows("finding_changes")[0]["change"] == "worse"


def test_new_rules_against_a_revision(company):
    (company.folder / "rules.yaml").write_text(
        "pack: ours\nrules:\n  - {id: ours-one, when: {ServiceName: Amazon SageMaker}, activity: training,"
        " component: training-job, why: we train,\n"
        "     fires: [{ServiceName: Amazon SageMaker}], quiet: [{ServiceName: S3}]}\n",
        encoding="utf-8",
    )
    company.config(more="rules: [rules.yaml]\n")
    found = company("check", "--changed", "main", *AS_OF)
    rows = found.rows("moved")
    assert found.json["tables"]["budget_changes"]["rows"] == []
    assert all(row["to_activity"] == "training" for row in rows)
    assert sum(float(row["moved"]) for row in rows) == 310


def test_what_was_measured_is_no_part_of_the_repository_and_is_todays(company):
    (company.folder / "metrics.csv").write_text("day,workload,requests\n2026-05-01,chat,1000\n", encoding="utf-8")
    (company.folder / ".gitignore").write_text("ledger\nbills\nmetrics.csv\n", encoding="utf-8")
    company.config(more="metrics: [metrics.csv]\n")
    git(company.folder, "add", "-A")
    git(company.folder, "commit", "-qm", "measured")
    plan(company, 310)
    found = company("check", "--changed", "HEAD", *AS_OF)
    assert (found.code, found.err) == (0, "")
    assert found.rows("budget_changes")[0]["change"] == "220.00"


def test_nothing_changed(company):
    found = company("check", "--changed", "main", *AS_OF)
    assert found.code == 1
    assert [found.rows(name) for name in ("budget_changes", "moved", "finding_changes")] == [[], [], []]
    assert found.json["headline"] == "The plan would be as large, and the findings the same."


@pytest.mark.parametrize("first", [["aiops-cost.yaml", "plan.yaml"], ["plan.yaml"]], ids=["all", "the plan"])
def test_the_change_that_brings_the_first_plan_can_be_judged(company, first):
    """Who adopts the gate opens a pull request against a branch that has none of its files, or no budget yet."""
    git(company.folder, "rm", "-q", "--cached", *first)
    git(company.folder, "commit", "-qm", "before")
    found = company("check", "--changed", "HEAD", *AS_OF)
    assert found.code == 1
    assert [row["what"] for row in found.rows("budget_changes")] == ["added"]
    assert found.json["headline"].startswith("The plan would be 400.00 USD larger; of the findings ")
    assert "There was no budget at HEAD: all of it is new." in found.json["notes"]


def test_a_budget_that_was_removed_is_seen(company):
    extra = company.folder / "more.yaml"
    extra.write_text(
        "budget: more\ncurrency: USD\nmonths: 2026-05..2026-05\nlines:\n  - {scope: {workload: x}, amount: 50}\n",
        encoding="utf-8",
    )
    company.config(more="")
    text = (company.folder / "aiops-cost.yaml").read_text(encoding="utf-8")
    (company.folder / "aiops-cost.yaml").write_text(
        text.replace("[plan.yaml]", "['*n.yaml', 'm*.yaml']"), encoding="utf-8"
    )
    git(company.folder, "add", "-A")
    git(company.folder, "commit", "-qm", "second")
    extra.unlink()
    (company.folder / "aiops-cost.yaml").write_text(text, encoding="utf-8")
    [line] = company("check", "--changed", "main", *AS_OF).rows("budget_changes")
    assert (line["budget"], line["what"], line["before"], line["after"]) == ("more", "removed", "50.00", None)


def test_an_old_plan_that_cannot_be_read_is_named_by_its_revision(company):
    good = (company.folder / "plan.yaml").read_text(encoding="utf-8")
    (company.folder / "plan.yaml").write_text(good.replace("amount", "amuont"), encoding="utf-8")
    git(company.folder, "commit", "-qam", "broken")
    (company.folder / "plan.yaml").write_text(good, encoding="utf-8")
    found = company("check", "--changed", "main", "--as-of", "2026-06-05")
    assert found.code == 2
    assert "main:plan.yaml:5:" in found.err
    assert "aiops-cost-earlier" not in found.err
