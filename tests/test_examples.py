"""Examples that people copy: their own command lines are run on the demo company."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

EXAMPLES = Path(__file__).parents[1] / "examples"
TODAY = "2026-06-14"


@pytest.fixture
def shell(tmp_path: Path) -> dict[str, str]:
    """An environment in which `aiops-cost` is this program on the demo's day, and `pip` does nothing."""
    tools = tmp_path / "tools"
    tools.mkdir()
    judged = f'case "$1" in check) set -- "$@" --as-of {TODAY};; esac\n'
    scripts = {"aiops-cost": f'{judged}exec "{sys.executable}" -m aiops_cost "$@"\n', "pip": "exit 0\n"}
    for name, body in scripts.items():
        (tools / name).write_text(f"#!/bin/sh\n{body}", encoding="utf-8")
        (tools / name).chmod(0o755)
    package = str(Path(__file__).parents[1] / "src")
    return {
        **os.environ,
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": package,
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
    }


def typed(command: str, folder: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-c", command], cwd=folder, env=env, capture_output=True, text=True, check=False)


def run_until_one_fails(commands: list[str], folder: Path, env: dict[str, str]) -> tuple[str, int]:
    for command in commands:
        done = typed(command, folder, env)
        if done.returncode:
            return command, done.returncode
    return "", 0


@pytest.mark.slow
def test_the_github_gate_fails_because_the_plan_was_left_and_says_so(demo_copy: Path, shell: dict[str, str]) -> None:
    document: Any = yaml.safe_load((EXAMPLES / "github-actions" / "aiops-cost.yml").read_text(encoding="utf-8"))
    commands = [step["run"] for step in document["jobs"]["gate"]["steps"] if "run" in step]
    command, code = run_until_one_fails(commands, demo_copy, shell)
    assert (command.startswith("aiops-cost check"), code) == (True, 1)
    summary = Path(shell["GITHUB_STEP_SUMMARY"]).read_text(encoding="utf-8")
    assert summary.startswith("### Bills against the plan")
    assert "DRF001" in summary


@pytest.mark.slow
def test_the_gitlab_gate_leaves_its_report_also_when_it_fails(demo_copy: Path, shell: dict[str, str]) -> None:
    document: Any = yaml.safe_load((EXAMPLES / "gitlab-ci" / "aiops-cost.gitlab-ci.yml").read_text(encoding="utf-8"))
    job = document["aiops-cost"]
    command, code = run_until_one_fails([*job["before_script"], *job["script"]], demo_copy, shell)
    assert (command.startswith("aiops-cost check"), code) == (True, 1)
    for path in job["artifacts"]["paths"]:
        assert "DRF001" in (demo_copy / path).read_text(encoding="utf-8")


def morning(folder: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return typed(f'sh "{EXAMPLES}/cron/morning.sh" "{folder}"', EXAMPLES, env)


@pytest.mark.slow
def test_the_morning_job_mails_a_breach_and_leaves_its_code(demo_copy: Path, shell: dict[str, str]) -> None:
    done = morning(demo_copy, shell)
    assert done.returncode == 1
    assert done.stdout.startswith("aiops-cost check left 1:")
    assert "over the line" in done.stdout


@pytest.mark.slow
def test_the_morning_job_does_not_call_a_missing_bill_a_quiet_morning(demo_copy: Path, shell: dict[str, str]) -> None:
    for file in (demo_copy / "bills" / "aws").iterdir():
        file.unlink()
    done = morning(demo_copy, shell)
    assert done.returncode >= 2
    assert "aiops-cost pull left" in done.stdout


def test_a_job_without_its_folder_is_not_quiet(shell: dict[str, str], tmp_path: Path) -> None:
    assert morning(tmp_path / "nowhere", shell).returncode == 2


def test_the_crontab_names_the_script_with_a_folder() -> None:
    lines = (EXAMPLES / "cron" / "crontab").read_text(encoding="utf-8").splitlines()
    [job] = [line for line in lines if line[:1].isdigit()]
    *times, script, folder = job.split()
    assert len(times) == 5
    assert Path(script).name == "morning.sh"
    assert Path(folder).is_absolute()


def test_the_frame_example_prints_exact_sums(demo_folder: Path, shell: dict[str, str]) -> None:
    done = typed(f'"{sys.executable}" "{EXAMPLES}/frame.py" ledger', demo_folder, shell)
    assert done.returncode == 0, done.stderr
    assert "ServiceName" in done.stdout
    assert "mean" in done.stdout
