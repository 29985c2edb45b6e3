"""What the rules said is remembered and never out of date: another rule, tag or bill is another answer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from aiops_cost import memory

RULE = """
pack: ours
rules:
  - id: ours-{activity}
    when: {{ServiceName: Amazon SageMaker}}
    activity: {activity}
    component: {component}
    why: we say so
    fires: [{{ServiceName: Amazon SageMaker}}]
    quiet: [{{ServiceName: Amazon EC2}}]
"""
COMPONENT = {"training": "training-cluster", "storage": "object-storage"}


@pytest.fixture
def ruled(small):
    small.bill("aws", "2026-05-01", 31, "10", Tags='{"team": "a"}').config(more="rules: [rules.yaml]\n")
    rule(small, "training")
    return small.pulled()


def rule(small, activity: str) -> None:
    text = RULE.format(activity=activity, component=COMPONENT[activity])
    (small.folder / "rules.yaml").write_text(text, encoding="utf-8")


def answers(small) -> list[Path]:
    return sorted((small.folder / "ledger" / memory.FOLDER).glob("*"))


def activity(small) -> str:
    (row,) = small("report", "--month", "2026-05", "--as-of", "2026-06-10", "--format", "json").rows()
    return str(row["activity"])


def test_the_second_answer_is_the_first_and_asks_no_rule(ruled, monkeypatch):
    words = ("report", "--by", "activity,model,tags.team,service", "--month", "2026-05", "--as-of", "2026-06-10")
    first = ruled(*words)
    assert len(answers(ruled)) == 1
    monkeypatch.setattr("aiops_cost.spend.decided", lambda *_: pytest.fail("the rules were asked again"))
    assert ruled(*words) == first
    assert ruled("explain", "ours-training").code == 0
    assert ruled("query", "SELECT count(*) AS n FROM attributed", "--as-of", "2026-06-10").code == 0


def test_a_changed_rule_is_another_answer(ruled):
    assert activity(ruled) == "training"
    rule(ruled, "storage")
    assert activity(ruled) == "storage"
    rule(ruled, "training")
    assert activity(ruled) == "training"
    assert len(answers(ruled)) == 2


def test_a_changed_tag_key_or_bill_is_another_answer(ruled):
    activity(ruled)
    (ruled.folder / "aiops-cost.yaml").write_text(
        (ruled.folder / "aiops-cost.yaml").read_text(encoding="utf-8") + "tags: {workload: [tags.team]}\n",
        encoding="utf-8",
    )
    (row,) = ruled("report", "--by", "workload", "--month", "2026-05", "--as-of", "2026-06-10", "-f", "json").rows()
    assert row["workload"] == "a"
    ruled.bill("aws", "2026-06-01", 3, "5", ServiceName="Amazon EC2").pulled()
    rows = ruled("report", "--by", "service", "--month", "2026-06", "--as-of", "2026-06-10", "-f", "json").rows()
    assert [row["service"] for row in rows] == ["Amazon EC2"]
    assert len(answers(ruled)) == 3


def test_a_broken_answer_is_made_again(ruled):
    activity(ruled)
    (path,) = answers(ruled)
    for content in (b"", b"PAR1 and nothing", path.read_bytes()[:200]):
        path.write_bytes(content)
        assert activity(ruled) == "training"


def test_a_ledger_that_cannot_be_written_is_still_read(ruled, monkeypatch):
    monkeypatch.setattr(Path, "mkdir", lambda *_, **__: (_ for _ in ()).throw(PermissionError(13, "no")))
    assert activity(ruled) == "training"
    assert answers(ruled) == []


def test_only_the_latest_answers_are_kept(ruled):
    for number in range(memory.KEPT + 2):
        (ruled.folder / "rules.yaml").write_text(
            RULE.format(activity="training", component="training-cluster") + f"# {number}\n", encoding="utf-8"
        )
        activity(ruled)
    assert len(answers(ruled)) == memory.KEPT


def test_what_is_remembered_needs_no_pandas(ruled):
    activity(ruled)
    code = (
        "import sys; from aiops_cost.cli import run_cli;"
        "code = run_cli(['report', '--month', '2026-05', '--as-of', '2026-06-10']);"
        "assert code == 0 and 'pandas' not in sys.modules, code"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ruled.folder, stdout=subprocess.DEVNULL)
