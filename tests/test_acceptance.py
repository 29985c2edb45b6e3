"""The published FOCUS 1.0 sample, through the command line: the known totals, and a gate that tells apart over the
line, within the line, and no data."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

SAMPLE = Path(__file__).parents[2] / "shared" / "samples" / "focus-1.0" / "focus_sample.csv"
BILLED = {"AWS": "18.0066386184", "Microsoft": "1.97651418586", "Oracle": "0.53707392473"}
"""BilledCost per provider, summed by others (FinOps-Open-Cost-and-Usage-Spec/FOCUS-Sample-Data, FOCUS 1.0)."""
BUDGETS = {
    "everything-tight": ("2024-09..2024-09", "- {scope: {}, amount: 15}", 1),
    "everything-wide": ("2024-09..2024-09", "- {scope: {}, amount: 25}", 0),
    "everything-october": ("2024-09..2024-10", "- {scope: {}, amount: 25}", 3),
    "everything-august": ("2024-08..2024-09", "- {scope: {}, amount: 25}", 3),
    "aws-tight": ("2024-09..2024-09", "- {scope: {provider: AWS}, amount: 12}", 1),
    "aws-wide": ("2024-09..2024-09", "- {scope: {provider: AWS}, amount: 20}", 0),
    "providers-one-tight": (
        "2024-09..2024-09",
        "- {scope: {provider: AWS}, amount: 20}\n  - {scope: {provider: Microsoft}, amount: 1}",
        1,
    ),
    "providers-october": ("2024-09..2024-10", "- {scope: {provider: AWS}, amount: 20}", 3),
}
"""Name -> months, lines, and the exit code of `check`."""

pytestmark = pytest.mark.skipif(not SAMPLE.is_file(), reason=f"the public FOCUS sample is not at {SAMPLE}")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a configuration, the sample as its only source, and the ledger filled by `pull`."""
    from aiops_cost.cli import run_cli

    folder = tmp_path_factory.mktemp("acceptance")
    shutil.copyfile(SAMPLE, folder / "focus_sample.csv")
    (folder / "aiops-cost.yaml").write_text(
        "currency: USD\ncost: BilledCost\nsources:\n"
        "  - {name: sample, provider: focus, location: ./focus_sample.csv}\n",
        encoding="utf-8",
    )
    assert run_cli(["pull", "--quiet", "--config", str(folder / "aiops-cost.yaml")]) == 0
    return folder


def with_budget(loaded: Path, months: str, lines: str) -> Path:
    """A configuration beside the first one, with one budget; tolerances are small, for so are the amounts."""
    name = f"{abs(hash((months, lines)))}"
    (loaded / f"budget-{name}.yaml").write_text(
        f"budget: plan\ncurrency: USD\nmonths: {months}\nlines:\n  {lines}\n", encoding="utf-8"
    )
    config = loaded / f"config-{name}.yaml"
    config.write_text(
        (loaded / "aiops-cost.yaml").read_text(encoding="utf-8")
        + f"budgets: [budget-{name}.yaml]\n"
        + "checks: {drift: {tolerance: {warn: 5%, breach: 10%, at_least: 0.1}}}\n",
        encoding="utf-8",
    )
    return config


def test_the_report_shows_the_known_totals(cli, loaded: Path):
    found = cli("report", "--metric", "BilledCost", "--by", "provider", "--format", "json", cwd=loaded)
    assert found.code == 0, found.err
    assert {row["provider"]: row["BilledCost"] for row in found.rows()} == BILLED
    assert found.json["tables"]["spend"]["total"]["BilledCost"] == "20.52022672899"


def test_the_frame_holds_the_known_totals(loaded: Path):
    from aiops_cost.ledger.frame import Ledger

    frame = Ledger.open(loaded / "ledger").frame(["ProviderName", "BilledCost"])
    found = frame.groupby("ProviderName", observed=True)["BilledCost"].sum()
    assert {name: Decimal(amount) for name, amount in found.items()} == {k: Decimal(v) for k, v in BILLED.items()}


def test_a_query_gives_the_known_totals(cli, loaded: Path):
    sql = "SELECT ProviderName, sum(BilledCost) AS billed FROM ledger GROUP BY 1"
    rows = cli("query", sql, "--format", "json", cwd=loaded).rows("rows")
    assert {row["ProviderName"]: Decimal(row["billed"]) for row in rows} == {k: Decimal(v) for k, v in BILLED.items()}


def test_attribution_keeps_the_known_total(cli, loaded: Path):
    found = cli("report", "--by", "activity", "--format", "json", cwd=loaded)
    assert sum(Decimal(row["BilledCost"]) for row in found.rows()) == sum(map(Decimal, BILLED.values()))


@pytest.mark.parametrize("name", BUDGETS)
def test_the_gate_today(cli, loaded: Path, name: str):
    months, lines, code = BUDGETS[name]
    found = cli("check", "--config", str(with_budget(loaded, months, lines)), "--format", "json", cwd=loaded)
    assert found.code == code, found.out
    assert found.json["exit_code"] == code


@pytest.mark.parametrize("name", [name for name in BUDGETS if "october" not in name])
def test_the_gate_of_that_time_says_the_same(cli, loaded: Path, name: str):
    months, lines, code = BUDGETS[name]
    config = str(with_budget(loaded, months, lines))
    assert cli("check", "--as-of", "2024-10-05", "--config", config, cwd=loaded).code == code


@pytest.mark.parametrize("name", [name for name in BUDGETS if "october" in name])
def test_october_is_missed_on_the_day_its_first_day_is_due(cli, loaded: Path, name: str):
    """On 5 October its first day may still be on its way (2 days to settle, 3 more allowed); on the 6th it may not."""
    months, lines, _ = BUDGETS[name]
    config = str(with_budget(loaded, months, lines))
    assert cli("check", "--as-of", "2024-10-05", "--config", config, cwd=loaded).code == 0
    assert cli("check", "--as-of", "2024-10-06", "--config", config, cwd=loaded).code == 3


def test_a_restless_user_loads_it_again(cli, loaded: Path):
    assert cli("pull", cwd=loaded).code == 0
    found = cli("report", "--by", "provider", "--format", "json", cwd=loaded)
    assert {row["provider"]: row["BilledCost"] for row in found.rows()} == BILLED


def test_the_installed_command_does_the_same(tmp_path: Path):
    """One process from outside, as a pipeline runs it: nothing but data on stdout, the exit code of the gate."""
    shutil.copyfile(SAMPLE, tmp_path / "focus_sample.csv")
    (tmp_path / "aiops-cost.yaml").write_text(
        "currency: USD\ncost: BilledCost\nsources:\n  - {name: sample, provider: focus, location: focus_sample.csv}\n"
        "budgets: [plan.yaml]\n",
        encoding="utf-8",
    )
    (tmp_path / "plan.yaml").write_text(
        "budget: plan\ncurrency: USD\nmonths: 2024-09..2024-09\n"
        "lines: [{scope: {}, amount: 1, tolerance: {at_least: 1}}]\n",
        encoding="utf-8",
    )

    def typed(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "aiops_cost", *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=dict(os.environ), check=False)

    pulled = typed("pull", "--format", "json")
    assert pulled.returncode == 0, pulled.stderr
    assert json.loads(pulled.stdout)["schema"] == "aiops-cost/pull/1"
    checked = typed("check", "--format", "json")
    assert checked.returncode == 1, checked.stderr
    assert json.loads(checked.stdout)["verdict"].startswith("over the line")
