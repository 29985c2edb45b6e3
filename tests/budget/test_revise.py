"""Versions: every change is told, the old version is kept byte for byte, the audit row says who and why."""

from __future__ import annotations

from datetime import date

import pytest

from aiops_cost.budget import revise
from aiops_cost.budget.read import read_budget
from aiops_cost.budget.values import Tolerance
from aiops_cost.errors import UserError

FIRST = """\
# the plan
budget: plan
currency: USD
approved:
  by: steering
  on: 2026-03-31
# months follow
months: 2026-04..2026-06
lines:
  - {scope: {activity: serving}, owner: chat, amount: 100}   # a comment that stays
  - {scope: {activity: training}, amount: 50}
"""
APPROVAL = ("board", date(2026, 5, 2), "launch: sooner")


@pytest.fixture
def plan(tmp_path):
    path = tmp_path / "plan.yaml"
    path.write_text(FIRST, encoding="utf-8")
    return path


def revised(plan, old, new):
    return revise.propose(plan, plan.read_text(encoding="utf-8").replace(old, new), APPROVAL, "plan.yaml", "new.yaml")


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ("amount: 50", "amount: {2026-04: 50, 2026-05: 70}",
         [("training", "amount 2026-05", "50.00", "70.00"), ("training", "amount 2026-06", "50.00", "")]),
        ("owner: chat", "owner: other", [("serving", "owner", "chat", "other")]),
        ("amount: 50}", "amount: 50, ends: 2026-06-15}", [("training", "ends", "", "2026-06-15")]),
        ("activity: training", "activity: storage",
         [("storage", "line", "", "150.00"), ("training", "line", "150.00", "")]),
        ("lines:", "credits: [{name: c, amount: 5, ends: 2026-06-01}]\nlines:",
         [("the budget", "credits", "", "c 5 until 2026-06-01")]),
        ("lines:", "plans: net\nlines:", [("the budget", "plans", "gross", "net")]),
    ],
)  # fmt: skip
def test_every_change_is_told(plan, old, new, changes):
    assert revise.rows(revised(plan, old, new).changes) == changes


def test_a_revision_is_written_with_its_approval_and_keeps_the_old_file(plan):
    kept = revise.write(revised(plan, "amount: 50", "amount: 70"))
    assert kept.read_text(encoding="utf-8") == FIRST
    text = plan.read_text(encoding="utf-8")
    assert "# a comment that stays" in text
    assert "# months follow" in text
    budget = read_budget(plan, Tolerance())
    assert (budget.version, budget.approved.by, budget.approved.on, budget.approved.why) == (2, *APPROVAL)
    assert text.count("approved:") == 1


def test_the_history_grows_and_each_version_can_be_read(plan):
    revise.write(revised(plan, "amount: 50", "amount: 70"))
    revise.write(revised(plan, "amount: 100", "amount: 110"))
    assert [row[0] for row in revise.history(plan, "plan")] == ["2"] * 3 + ["3"] * 3
    assert read_budget(revise.of_version(plan, "original", "p"), Tolerance()).lines[1].amounts["2026-04"] == 50
    assert read_budget(revise.of_version(plan, "2", "p"), Tolerance()).lines[0].amounts["2026-04"] == 100
    assert revise.of_version(plan, "current", "p") == revise.of_version(plan, "3", "p") == plan
    with pytest.raises(UserError, match=r"there is no version `9`.*\n.*versions 1 to 3"):
        revise.of_version(plan, "9", "p")


def test_a_plan_that_was_never_revised_is_its_own_original(plan):
    assert revise.of_version(plan, "original", "p") == plan


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("# the plan", "# the same plan", "nothing is different"),
        ("budget: plan", "budget: other", "this is the budget `other`"),
        ("amount: 50", "amount: fifty", r"new\.yaml:\d+:\d+: .*'fifty' is not a plain number"),
    ],
)
def test_a_revision_that_is_none_is_refused_and_nothing_is_written(plan, tmp_path, old, new, said):
    with pytest.raises(UserError, match=said):
        revised(plan, old, new)
    assert [path.name for path in tmp_path.iterdir()] == ["plan.yaml"]


def test_drift_against_the_original(small):
    small.bill("aws", "2026-05-01", 31, "10", Tags='{"ai-activity": "serving"}')
    small.budget("  - {scope: {activity: serving}, amount: 310}").config().pulled()
    new = small.folder / "new.yaml"
    new.write_text((small.folder / "plan.yaml").read_text().replace("310", "31"), encoding="utf-8")
    done = small("budget", "revise", "plan.yaml", "new.yaml", "--by", "board", "--why", "less", "--on", "2026-05-20")
    assert done.code == 0, done.err
    assert "serving  amount 2026-05  310.00  31.00" in done.out
    day = ["--as-of", "2026-06-03", "--format", "csv"]
    assert ",31.00," in small("drift", *day).out
    assert ",310.00," in small("drift", "--against", "original", *day).out
    assert "compared with plan, version 1" in small("drift", "--against", "original", "--as-of", day[1]).out
    assert small("drift", "--against", "7", *day).code == 2
    assert "board" in small("budget", "history").out
