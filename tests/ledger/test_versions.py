"""The ledger as it was: after a version, or as it was known on a day."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from aiops_cost.config import load_config
from aiops_cost.errors import UserError
from aiops_cost.ledger.frame import Ledger
from aiops_cost.run import snapshot

FIRST, SECOND = datetime(2026, 6, 10, 23, 30, tzinfo=UTC), datetime(2026, 6, 12, 5, tzinfo=UTC)


@pytest.fixture
def restated(small, cli) -> Path:
    """May at 10 a day, loaded on 10 June; at 12 a day, loaded on 12 June."""
    small.bill("aws", "2026-05-01", 31, "10").config()
    assert cli("pull", "--quiet", cwd=small.folder, clock=FIRST).code == 0
    (small.folder / "bills" / "aws" / "focus.csv").unlink()
    small.bill("aws", "2026-05-01", 31, "12")
    assert cli("pull", "--quiet", cwd=small.folder, clock=SECOND).code == 0
    return small.folder


def total(ledger: Ledger) -> float:
    return float(ledger.frame(["EffectiveCost"], amounts="float")["EffectiveCost"].sum())


def test_a_version_and_a_day_bring_back_what_was_known(restated: Path):
    at = restated / "ledger"
    assert (total(Ledger.open(at)), Ledger.open(at).version) == (372.0, 1)
    assert (total(Ledger.open(at, version=0)), len(Ledger.open(at, version=0).records)) == (310.0, 1)
    for day, expected in (("2026-06-10", 310.0), ("2026-06-11", 310.0), ("2026-06-12", 372.0), ("2030-01-01", 372.0)):
        assert total(Ledger.open(at, known_on=date.fromisoformat(day))) == expected


def test_what_was_not_there_yet_is_refused(restated: Path, tmp_path: Path):
    with pytest.raises(UserError, match="the first load was on 2026-06-10"):
        Ledger.open(restated / "ledger", known_on=date(2026, 6, 9))
    with pytest.raises(UserError, match="its versions are 0 to 1"):
        Ledger.open(restated / "ledger", version=2)
    with pytest.raises(UserError, match="nothing was ever loaded"):
        Ledger.open(tmp_path / "none", known_on=date(2026, 6, 9))


@pytest.mark.parametrize(
    "words", [("report", "--by", "service"), ("check",), ("drift",), ("status", "--detail"),
              ("query", "SELECT sum(EffectiveCost) AS cost FROM ledger")],
)  # fmt: skip
def test_a_past_answer_is_the_same_to_the_byte(small, cli, words):
    day = "2026-06-10"
    small.bill("aws", "2026-05-01", 31, "10").budget("  - {scope: {service: Amazon SageMaker}, amount: 300}").config()
    cli("pull", "--quiet", cwd=small.folder, clock=FIRST)
    then = cli(*words, "--as-of", day, cwd=small.folder)
    (small.folder / "bills" / "aws" / "focus.csv").unlink()
    small.bill("aws", "2026-05-01", 31, "12")
    cli("pull", "--quiet", cwd=small.folder, clock=SECOND)
    assert cli(*words, "--as-of", day, cwd=small.folder).out != then.out
    assert cli(*words, "--as-known-on", day, cwd=small.folder) == then
    assert cli(*words, "--ledger-version", "0", "--as-of", day, cwd=small.folder) == then


def test_what_a_month_was_before_had_the_owners_of_its_days(small, cli):
    """A line that stayed and one that is gone; both passed from one owner to the other on the 11th."""
    owners = "owners:\n" + "".join(
        f"  - {{scope: {{account: ml}}, owner: {owner}, {when}}}\n"
        for owner, when in (("before", "until: 2026-05-10"), ("after", "from: 2026-05-11"))
    )
    (small.folder / "owners.yaml").write_text(owners, encoding="utf-8")
    small.bill("aws", "2026-05-01", 31, "10").bill("aws", "2026-05-01", 31, "1", ServiceName="Amazon Bedrock")
    small.config(more="owners: owners.yaml\n")
    assert cli("pull", "--quiet", cwd=small.folder, clock=FIRST).code == 0
    (small.folder / "bills" / "aws" / "focus.csv").unlink()
    small.bill("aws", "2026-05-01", 31, "12")
    assert cli("pull", "--quiet", cwd=small.folder, clock=SECOND).code == 0
    config = load_config(small.folder / "aiops-cost.yaml", small.folder, {})
    con = snapshot.attribute(config, date(2026, 6, 14)).con
    sums = {table: dict(con.execute(f"SELECT x_Owner, CAST(sum(Cost) AS INT) FROM {table} GROUP BY 1").fetchall())
            for table in ("spend_before", "spend")}  # fmt: skip
    assert sums == {"spend_before": {"before": 110, "after": 231}, "spend": {"before": 120, "after": 252}}
