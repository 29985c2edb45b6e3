"""The job is killed at any moment, and run again: each target has the summary exactly once."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

SEED = 20260605
WORDS = [sys.executable, "-m", "aiops_cost", "summary", "--notify", "--as-of", "2026-06-05", "--format", "json"]
SERVING = '{"workload": "chat", "ai-activity": "serving", "owner": "chat-team"}'
PLAN = "  - {scope: {workload: chat}, owner: chat-team, amount: 100, tolerance: {at_least: 1}}"


class Job:
    """The command as cron runs it, in a process of its own, with bytecode kept so that a run is short."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.folder = folder
        kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        self.env = {**kept, "PYTHONPYCACHEPREFIX": str(cache)}

    def start(self, *more: str) -> subprocess.Popen[bytes]:
        quiet = subprocess.DEVNULL
        return subprocess.Popen([*WORDS, *more], cwd=self.folder, env=self.env, stdout=subprocess.PIPE, stderr=quiet)

    def run(self, *more: str) -> tuple[int, str]:
        process = self.start(*more)
        out, _ = process.communicate(timeout=600)
        return process.returncode, out.decode()

    def killed_after(self, seconds: float) -> bool:
        """True if it was still running then."""
        process = self.start()
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate(timeout=600)
        return process.returncode < 0


def unknown(out: str) -> list[str]:
    """The targets of which it is not known whether the message arrived."""
    tables = json.loads(out)["tables"].values()
    return [row["target"] for table in tables for row in table["rows"] if row.get("outcome") == "not known"]


def finished(job: Job, arrived: dict[str, Any]) -> int:
    """Run it again until it is done; of what is not known somebody looks at the channel. Returns how often."""
    looked = 0
    for _ in range(6):
        code, out = job.run()
        if code == 0:
            return looked
        assert code == 4, out
        assert '"not known"' in out, "what was interrupted is reported"
        for name in unknown(out):
            looked += 1
            code, said = job.run("--was-sent" if arrived[name]() else "--resend", name)
            assert code == 0, said
    raise AssertionError("it never ends")


@pytest.mark.slow
def test_killed_at_20_random_moments_and_run_again_each_target_has_it_once(small, hook, mailbox, tmp_path):
    config = (
        f'notify:\n  - {{name: finops, url: "{hook.url}"}}\n  - {{name: team, url: "{mailbox.url("a@example.com")}"}}\n'
    )
    small.bill("aws", "2026-05-01", 39, "10", Tags=SERVING)
    small.budget(PLAN, "2026-05..2026-06").config(more=config).pulled()
    job = Job(small.folder, tmp_path / "bytecode")
    state = small.folder / "ledger-summaries"
    job.run()  # writes the bytecode
    shutil.rmtree(state)
    hook.came.clear(), hook.at.clear(), mailbox.came.clear()
    begun = time.time()
    assert job.run()[0] == 0
    whole, sends = time.time() - begun, hook.at[0] - begun
    moments = random.Random(SEED)
    planned = [moments.uniform(0, whole) for _ in range(8)]
    planned += [moments.uniform(sends - 0.1, sends + 0.4) for _ in range(12)]
    killed = 0
    for seconds in planned:
        shutil.rmtree(state, ignore_errors=True)
        hook.came.clear(), mailbox.came.clear()
        killed += job.killed_after(max(seconds, 0.01))
        finished(job, {"finops": lambda: bool(hook.came), "team": lambda: bool(mailbox.came)})
        assert (len(hook.came), len(mailbox.came)) == (1, 1), f"killed after {seconds:.3f} s"
    assert killed >= 10, "too few were killed while they ran"
