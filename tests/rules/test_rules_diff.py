"""What `rules diff` says would move is what does move: the difference of two reports, to the last digit."""

from __future__ import annotations

import subprocess
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from aiops_cost.config import Config, load_config
from aiops_cost.errors import UserError
from aiops_cost.model import Report
from aiops_cost.run import bills, questions, rules, snapshot

AS_OF = date(2026, 6, 14)
MAY = {"month": "2026-05"}
HEADER = (
    "BilledCost,EffectiveCost,ListCost,ContractedCost,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,"
    "ChargePeriodStart,ChargePeriodEnd,ChargeCategory,ServiceName,ResourceName,ProviderName,Tags\n"
)
RULES = """pack: ours
rules:
  - id: ours-cluster
    when: {{ResourceName: /^atlas/}}
    activity: {activity}
    component: training-cluster
    why: what the cluster is for
    fires: [{{ResourceName: atlas-1}}]
    quiet: [{{ResourceName: web-1}}]
"""


def _row(day: int, amount: str, name: str) -> str:
    start, end = f"2026-05-{day:02}T00:00:00Z", f"2026-05-{day + 1:02}T00:00:00Z"
    period = "2026-05-01T00:00:00Z,2026-06-01T00:00:00Z"
    return f"{amount},{amount},{amount},{amount},USD,{period},{start},{end},Usage,Compute Engine,{name},Google Cloud,\n"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "bills").mkdir()
    rows = [_row(day, f"1.{day:03}", name) for day in range(1, 21) for name in ("atlas-1", "atlas-2", "web-1")]
    (tmp_path / "bills" / "may.csv").write_text(HEADER + "".join(rows), encoding="utf-8")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "ours.yaml").write_text(RULES.format(activity="training"), encoding="utf-8")
    (tmp_path / "aiops-cost.yaml").write_text(
        "sources: [{name: bills, provider: focus, location: ./bills}]\nrules: [rules/*.yaml]\n", encoding="utf-8"
    )
    found = load_config(None, tmp_path, {})
    results, errors = bills.pull(found, (), bills.PullOptions(now=datetime(2026, 6, 2, tzinfo=UTC)))
    assert (len(results), errors) == (1, [])
    return found


def _diff(config: Config, old: str, new: str) -> Report:
    return rules.difference(config, AS_OF, old, new, lambda s: questions.days(s.states, s.as_of, **MAY))


def _by_activity(config: Config) -> dict[str, Decimal]:
    session = snapshot.attribute(config, AS_OF)
    rows = (
        questions.report(session, questions.Question(("activity",), questions.days(session.states, AS_OF, **MAY)))
        .tables[0]
        .rows
    )
    return {row[0]: row[1] for row in rows}


def test_what_would_move_is_the_difference_of_two_reports(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(config.folder)
    before = _by_activity(config)
    (config.folder / "new.yaml").write_text(RULES.format(activity="serving"), encoding="utf-8")
    rows = _diff(config, "rules", "new.yaml").tables[0].rows
    (config.folder / "rules" / "ours.yaml").write_text(RULES.format(activity="serving"), encoding="utf-8")
    after = _by_activity(config)
    assert [(row[1], row[2]) for row in rows] == [("training", "serving")]
    moved = sum((row[-1] for row in rows), Decimal(0))
    assert moved == 2 * sum((Decimal(f"1.{day:03}") for day in range(1, 21)), Decimal(0))
    assert after["serving"] - before.get("serving", 0) == moved == before["training"] - after.get("training", 0)
    assert sum(after.values()) == sum(before.values())


def test_the_same_rules_move_nothing(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(config.folder)
    report = _diff(config, "rules", "rules")
    assert report.tables[0].rows == ()
    assert "Nothing moves" in report.notes[0]


def test_a_git_revision_means_the_files_as_they_were(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(config.folder)
    for words in (
        ["init", "-q"],
        ["add", "rules"],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *words], cwd=config.folder, check=True)
    (config.folder / "rules" / "ours.yaml").write_text(RULES.format(activity="storage"), encoding="utf-8")
    rows = _diff(config, "HEAD", "rules").tables[0].rows
    assert [(row[1], row[2]) for row in rows] == [("training", "storage")]


@pytest.mark.parametrize("word", ["no-such-thing", "--output=evil", "HEAD~99"])
def test_what_is_no_revision_is_refused(config: Config, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    monkeypatch.chdir(config.folder)
    with pytest.raises(UserError, match="no file, no folder and no git revision"):
        _diff(config, word, "rules")
