"""Examples that people copy: their own command lines are run on the demo company."""

from __future__ import annotations

import configparser
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
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
    judged = f'case "$1" in check|summary) set -- "$@" --as-of {TODAY};; esac\n'
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


class Sink:
    """A server that takes whatever is sent to it: a webhook, or an API without comments."""

    def __init__(self) -> None:
        self.came: list[Any] = []
        self.url = ""


@pytest.fixture
def sink() -> Iterator[Sink]:
    found = Sink()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.command == "POST":
                found.came.append(json.loads(raw))
            body = b"[]" if self.command == "GET" else b"{}"
            self.send_response(201 if self.command == "POST" else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer  # noqa: N815 - the names that the server looks for

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    found.url = f"127.0.0.1:{server.server_port}"
    yield found
    server.shutdown()
    server.server_close()


def repository(folder: Path) -> None:
    """The folder as a clone: its files are those of origin/main."""
    for words in (
        ["init", "-q", "-b", "main"], ["add", "aiops-cost.yaml", "budgets", "rules", "owners.yaml"],
        ["-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "-qm", "x"],
        ["update-ref", "refs/remotes/origin/main", "HEAD"],
    ):  # fmt: skip
        subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


def github_steps(event: str) -> list[str]:
    """What the job runs on an event, in order; an `if` is one comparison with the event's name, or always()."""
    document: Any = yaml.safe_load((EXAMPLES / "github-actions" / "aiops-cost.yml").read_text(encoding="utf-8"))
    found = []
    for step in document["jobs"]["gate"]["steps"]:
        asked = re.fullmatch(r"github.event_name (==|!=) '(\w+)'", step.get("if", ""))
        if "run" in step and (asked is None or (asked[1] == "==") is (asked[2] == event)):
            found.append(step["run"])
    return found


@pytest.mark.slow
def test_the_github_gate_of_a_pull_request_fails_and_says_so_in_three_places(
    demo_copy: Path, shell: dict[str, str], sink: Sink
) -> None:
    repository(demo_copy)
    env = {
        **shell, "GITHUB_BASE_REF": "main", "GITHUB_TOKEN": "t", "GITHUB_REPOSITORY": "acme/finops",
        "GITHUB_REF": "refs/pull/7/merge", "GITHUB_API_URL": f"http://{sink.url}",
    }  # fmt: skip
    command, code = run_until_one_fails(github_steps("pull_request"), demo_copy, env)
    assert (command.startswith("aiops-cost check"), code) == (True, 1)
    page = Path(shell["GITHUB_STEP_SUMMARY"]).read_text(encoding="utf-8")
    assert page.startswith("### What changes against origin/main")
    assert "DRF001" in page
    [comment] = sink.came
    assert comment["body"].startswith("<!-- aiops-cost:check:")
    assert json.loads((demo_copy / "aiops-cost.sarif").read_text(encoding="utf-8"))["runs"][0]["results"]


@pytest.mark.slow
def test_the_github_gate_of_a_working_day(demo_copy: Path, shell: dict[str, str]) -> None:
    command, code = run_until_one_fails(github_steps("schedule"), demo_copy, shell)
    assert (command, code) == ("aiops-cost check --format github --also sarif:aiops-cost.sarif", 1)


@pytest.mark.slow
def test_the_gitlab_gate_leaves_its_reports_also_when_it_fails(
    demo_copy: Path, shell: dict[str, str], sink: Sink
) -> None:
    document: Any = yaml.safe_load((EXAMPLES / "gitlab-ci" / "aiops-cost.gitlab-ci.yml").read_text(encoding="utf-8"))
    job = document["aiops-cost"]
    repository(demo_copy)
    env = {
        **shell, "MORE": job["rules"][0]["variables"]["MORE"], "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        "GITLAB_TOKEN": "t", "CI_API_V4_URL": f"http://{sink.url}/api/v4", "CI_PROJECT_ID": "1",
        "CI_MERGE_REQUEST_IID": "7",
    }  # fmt: skip
    env["MORE"] = env["MORE"].replace("$CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main")  # GitLab expands it itself
    command, code = run_until_one_fails([*job["before_script"], *job["script"]], demo_copy, env)
    assert (command.startswith("aiops-cost check"), code) == (True, 1)
    for path in [*job["artifacts"]["paths"], *job["artifacts"]["reports"].values()]:
        assert "DRF001" in (demo_copy / path).read_text(encoding="utf-8"), path
    assert len(sink.came) == 1


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
    jobs = [line.split() for line in lines if line[:1].isdigit()]
    assert [Path(script).name for *_, script, _ in jobs] == ["morning.sh", "weekly.sh"]
    for *times, script, folder in jobs:
        assert len(times) == 5
        assert (EXAMPLES / "cron" / Path(script).name).exists()
        assert Path(folder).is_absolute()


def told(folder: Path, sink: Sink) -> None:
    """A target whose URL is a secret of the environment."""
    with (folder / "aiops-cost.yaml").open("a", encoding="utf-8") as file:
        file.write('notify:\n  - {name: finops, url: "${SLACK_URL}"}\n')
    (folder / "secrets.env").write_text(f"SLACK_URL=json://{sink.url}/hook\n", encoding="utf-8")


@pytest.mark.slow
def test_the_weekly_job_sends_once_and_is_silent(demo_copy: Path, shell: dict[str, str], sink: Sink) -> None:
    told(demo_copy, sink)
    for _ in range(2):
        done = typed(f'sh "{EXAMPLES}/cron/weekly.sh" "{demo_copy}"', EXAMPLES, shell)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [message["title"] for message in sink.came] == ["AI spend, week 2026-W23"]
    (demo_copy / "secrets.env").unlink()
    done = typed(f'sh "{EXAMPLES}/cron/weekly.sh" "{demo_copy}"', EXAMPLES, shell)
    assert done.returncode == 2
    assert "needs SLACK_URL" in done.stdout


@pytest.mark.slow
def test_the_systemd_service_runs_its_commands(demo_copy: Path, shell: dict[str, str], sink: Sink) -> None:
    told(demo_copy, sink)
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(EXAMPLES / "systemd" / "aiops-cost-summary.service", encoding="utf-8")
    commands = [unit["Service"][key].removeprefix("/opt/aiops-cost/bin/") for key in ("ExecStartPre", "ExecStart")]
    env = {**shell, "SLACK_URL": f"json://{sink.url}/hook"}
    assert run_until_one_fails(commands, demo_copy, env) == ("", 0)
    assert len(sink.came) == 1
    unit.read(EXAMPLES / "systemd" / "aiops-cost-summary.timer", encoding="utf-8")
    assert re.fullmatch(r"Mon \*-\*-\* \d\d:00:00 UTC", unit["Timer"]["OnCalendar"])


@pytest.mark.slow
def test_the_cron_job_of_the_cluster_runs_its_command(demo_copy: Path, shell: dict[str, str], sink: Sink) -> None:
    told(demo_copy, sink)
    job: Any = yaml.safe_load((EXAMPLES / "kubernetes" / "cronjob.yaml").read_text(encoding="utf-8"))
    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "CronJob")
    assert job["spec"]["concurrencyPolicy"] == "Forbid"
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert container["workingDir"] == container["volumeMounts"][0]["mountPath"]
    env = {**shell, "SLACK_URL": f"json://{sink.url}/hook"}
    for _ in range(2):
        done = subprocess.run(
            [*container["command"], *container["args"]], cwd=demo_copy, env=env, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr
    assert len(sink.came) == 1


def test_the_pre_commit_hooks_run_and_refuse_a_broken_plan(demo_copy: Path, shell: dict[str, str]) -> None:
    file = EXAMPLES / "pre-commit" / ".pre-commit-config.yaml"
    document: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
    hooks = document["repos"][0]["hooks"]
    commands = [hook["entry"] for hook in hooks]
    assert run_until_one_fails(commands, demo_copy, shell) == ("", 0)
    assert re.search(hooks[0]["files"], "budgets/migration-2026.yaml")
    assert re.search(hooks[1]["files"], "rules/company.yaml")
    plan = demo_copy / "budgets" / "migration-2026.yaml"
    plan.write_text(plan.read_text(encoding="utf-8").replace("months:", "moths:"), encoding="utf-8")
    assert run_until_one_fails(commands, demo_copy, shell) == ("aiops-cost budget check", 2)


def test_the_frame_example_prints_exact_sums(demo_folder: Path, shell: dict[str, str]) -> None:
    done = typed(f'"{sys.executable}" "{EXAMPLES}/frame.py" ledger', demo_folder, shell)
    assert done.returncode == 0, done.stderr
    assert "ServiceName" in done.stdout
    assert "mean" in done.stdout
