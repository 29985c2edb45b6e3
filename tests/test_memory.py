"""What the rules said, what days cost and what metric files say is remembered and never out of date: another rule, tag,
bill or file is another answer."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from decimal import Decimal
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
DAMAGES = (
    lambda _: b"",
    lambda _: b"PAR1 and nothing",
    lambda whole: whole[:200],
    lambda whole: whole[:4] + bytes(len(whole) // 2) + whole[4 + len(whole) // 2 :],
)
COMPONENT = {"training": "training-cluster", "storage": "object-storage"}


@pytest.fixture
def ruled(small):
    small.bill("aws", "2026-05-01", 31, "10", Tags='{"team": "a"}').config(more="rules: [rules.yaml]\n")
    rule(small, "training")
    return small.pulled()


def rule(small, activity: str) -> None:
    text = RULE.format(activity=activity, component=COMPONENT[activity])
    (small.folder / "rules.yaml").write_text(text, encoding="utf-8")


def answers(small, kind: str = memory.FOLDER) -> list[Path]:
    return sorted((small.folder / "ledger" / kind).glob("*"))


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
    for damage in DAMAGES:
        (path,) = answers(ruled)
        path.write_bytes(damage(path.read_bytes()))
        assert activity(ruled) == "training"


def test_a_ledger_that_cannot_be_written_is_still_read(ruled, monkeypatch):
    monkeypatch.setattr(Path, "mkdir", lambda *_, **__: (_ for _ in ()).throw(PermissionError(13, "no")))
    assert activity(ruled) == "training"
    assert answers(ruled) == []


def test_answers_that_another_user_keeps_to_himself_are_made_again(ruled):
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    activity(ruled)
    for kind in (memory.FOLDER, memory.DAYS):
        (ruled.folder / "ledger" / kind).chmod(0)
    assert activity(ruled) == "training"


def test_only_the_latest_answers_are_kept(ruled):
    for number in range(memory.KEPT + 2):
        (ruled.folder / "rules.yaml").write_text(
            RULE.format(activity="training", component="training-cluster") + f"# {number}\n", encoding="utf-8"
        )
        activity(ruled)
    assert len(answers(ruled)) == memory.KEPT
    assert len(answers(ruled, memory.DAYS)) == memory.KEPT


def test_what_is_remembered_needs_neither_pandas_nor_numpy(ruled):
    activity(ruled)
    code = (
        "import sys; from aiops_cost.cli import run_cli;"
        "code = run_cli(['report', '--month', '2026-05', '--as-of', '2026-06-10']);"
        "assert code == 0 and not {'pandas', 'numpy'} & {*sys.modules}, code"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ruled.folder, stdout=subprocess.DEVNULL)


WHOLE = ("--from", "2025-07-01", "--to", "2026-06-13", "--as-of", "2026-06-14", "-f", "json")


@pytest.mark.parametrize(
    "words",
    [
        ("--by", "activity,workload,model"),
        ("--by", "source,period,service,account,SkuId", "--metric", "BilledCost"),
        ("--by", "owner,environment,rule,confidence", "--granularity", "month"),
        ("--by", "month,region", "--where", "provider=AWS", "--where", "owner!=", "--where", "day!=2026-05-03"),
        ("--by", "week", "--where", "service~bedrock", "--top", "5", "--compare-to", "before"),
        ("--by", "run,component", "--where", "activity=training", "--metric", "ListCost"),
    ],
    ids=" ".join,
)
def test_remembered_days_add_up_to_what_the_ledger_says(demo_folder, cli, monkeypatch, words):
    with monkeypatch.context() as here:
        here.setattr(memory, "by_day", lambda *_: None)
        asked_the_ledger = cli("report", *words, *WHOLE, cwd=demo_folder)
    monkeypatch.setattr("aiops_cost.spend.converted", lambda *_: pytest.fail("the ledger was asked"))
    assert asked_the_ledger.code == 0
    assert len(asked_the_ledger.rows()) > 1
    assert cli("report", *words, *WHOLE, cwd=demo_folder) == asked_the_ledger


@pytest.mark.parametrize("by", ["resource", "tags.team"])
def test_what_days_do_not_have_is_asked_of_the_ledger(ruled, by):
    assert activity(ruled) == "training"
    (row,) = ruled("report", "--by", by, "--month", "2026-05", "--as-of", "2026-06-10", "-f", "json").rows()
    assert Decimal(row["EffectiveCost"]) == 310


def test_days_without_a_match_still_say_why(ruled):
    activity(ruled)
    said = ruled("report", "--where", "service=Amazon Sagemaker", "--month", "2026-05", "--as-of", "2026-06-10").out
    assert "did you mean `Amazon SageMaker`?" in said


def test_broken_days_are_asked_of_the_ledger(ruled):
    activity(ruled)
    for damage in DAMAGES:
        (path,) = answers(ruled, memory.DAYS)
        path.write_bytes(damage(path.read_bytes()))
        assert activity(ruled) == "training"


def test_what_is_remembered_and_was_damaged_anywhere_is_thrown_away(demo_copy, cli):
    """Zeros that a disk left where a file was written: what can be read of them would be other amounts."""
    for kind in (memory.FOLDER, memory.DAYS, memory.MEASURED):
        shutil.rmtree(demo_copy / "ledger" / kind, ignore_errors=True)
    words = ("check", "--as-of", "2026-06-14", "-f", "json")
    whole = cli(*words, cwd=demo_copy)
    for at in (0.3, 0.9):
        for kind in (memory.FOLDER, memory.DAYS, memory.MEASURED):
            (path,) = (demo_copy / "ledger" / kind).glob("*.parquet")
            content = path.read_bytes()
            first, last = int(len(content) * at), int(len(content) * (at + 0.05))
            path.write_bytes(content[:first] + bytes(last - first) + content[last:])
        assert cli(*words, cwd=demo_copy) == whole
        kept = list((demo_copy / "ledger").glob("*/*.parquet"))
        assert [one.stem.rpartition("-")[2] for one in kept] == [memory._checksum(one) for one in kept]
        assert len(kept) == 3


def test_remembered_days_are_asked_within_the_memory_that_is_allowed(ruled):
    activity(ruled)
    (path,) = answers(ruled, memory.DAYS)
    name = path.stem.rpartition("-")[0]
    con = memory.by_day(ruled.folder / "ledger", name, ["x_Activity"], "EffectiveCost", "USD", "200MB")
    assert con is not None
    assert con.execute("SELECT current_setting('memory_limit')").fetchone() == ("190.7 MiB",)


def test_days_of_a_line_that_changed_hands_are_not_remembered(small):
    text = "owners:\n  - {scope: {workload: chat}, owner: old, until: 2026-05-14}\n"
    text += "  - {scope: {workload: chat}, owner: new, from: 2026-05-15}\n"
    (small.folder / "owners.yaml").write_text(text, encoding="utf-8")
    small.bill("aws", "2026-05-01", 31, "10", Tags='{"workload": "chat"}').config(more="owners: owners.yaml\n").pulled()
    for _ in range(2):
        rows = small("report", "--by", "owner", "--month", "2026-05", "--as-of", "2026-06-10", "-f", "json").rows()
        assert {row["owner"]: Decimal(row["EffectiveCost"]) for row in rows} == {"old": 140, "new": 170}
    assert answers(small, memory.DAYS) == []


def test_amounts_that_are_converted_row_by_row_are_not_remembered(small):
    small.bill("aws", "2026-05-01", 31, "0.333333333333333333", BillingCurrency="EUR").config(more="fx: fx.csv\n")
    (small.folder / "fx.csv").write_text("date,from,to,rate\n2026-05-01,EUR,USD,1.1234567\n", encoding="utf-8")
    small.pulled()
    first = small("report", "--month", "2026-05", "--as-of", "2026-06-10", "-f", "json")
    assert first.code == 0, first.err
    assert small("report", "--month", "2026-05", "--as-of", "2026-06-10", "-f", "json") == first
    assert answers(small, memory.DAYS) == []


def test_days_that_another_currency_left_behind_are_not_taken_for_this_one(small):
    small.bill("aws", "2026-05-01", 31, "10", Tags='{"workload": "chat"}')
    small.budget("  - {scope: {workload: chat}, amount: 100}").config(more="fx: fx.csv\n")
    (small.folder / "fx.csv").write_text("date,from,to,rate\n2026-05-01,USD,EUR,0.5\n", encoding="utf-8")
    small.pulled()
    for code, actual in (("USD", 310), ("EUR", 155)):
        file = small.folder / "aiops-cost.yaml"
        file.write_text(
            file.read_text(encoding="utf-8").replace("currency: USD", f"currency: {code}"), encoding="utf-8"
        )
        found = small("drift", "--as-of", "2026-06-10", "-f", "json")
        (row,) = found.rows("drift")
        assert Decimal(row["actual"]) == actual


def test_a_ledger_that_lost_a_file_is_not_answered_from_memory(ruled):
    activity(ruled)
    (file,) = (ruled.folder / "ledger" / "lines").rglob("*.parquet")
    file.unlink()
    found = ruled("report", "--month", "2026-05", "--as-of", "2026-06-10")
    assert found.code == 3
    assert "ledger" in found.err


def test_a_changed_metric_file_is_read_again(small):
    small.bill("aws", "2026-05-01", 31, "10", Tags='{"workload": "chat", "ai-activity": "serving"}')
    (small.folder / "m.csv").write_text("day,name,workload,value\n", encoding="utf-8")
    small.config(more="metrics: [m.csv]\n").pulled()
    for value, cost in (("100", "100"), ("50", "200"), ("50", "200")):
        (small.folder / "m.csv").write_text(
            "day,name,workload,value\n" + "".join(f"2026-05-{day:02},requests,chat,{value}\n" for day in range(1, 32)),
            encoding="utf-8",
        )
        found = small("report", "--unit", "requests", "--by", "workload", "--month", "2026-05", "--as-of", "2026-06-10")
        assert f"{cost}.00" in found.out, found.out + found.err
    assert len(answers(small, memory.MEASURED)) == 2


def test_a_broken_memory_of_metrics_is_made_again(small):
    (small.folder / "m.csv").write_text("day,name,workload,value\n2026-05-01,requests,chat,5\n", encoding="utf-8")
    small.bill("aws", "2026-05-01", 31, "10", Tags='{"workload": "chat"}').config(more="metrics: [m.csv]\n").pulled()
    words = ("query", "SELECT value FROM metrics", "--as-of", "2026-06-10", "-f", "json")
    first = small(*words)
    for damage in DAMAGES:
        (path,) = answers(small, memory.MEASURED)
        path.write_bytes(damage(path.read_bytes()))
        assert small(*words) == first
