"""What all tests share: whole screens as files, the demo company with its ledger, the command line in process."""

from __future__ import annotations

import csv
import fcntl
import json
import os
import shutil
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

Golden = Callable[[str, str], None]
LOADED_AT = datetime(2026, 6, 14, 5, 0, tzinfo=UTC)
TODAY = "2026-06-14"
"""The day on which the demo company looks at its bills."""


def pytest_configure() -> None:
    """Who runs tests in the background of a shell has Ctrl-C ignored, and so would the processes that tests start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite golden files")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compare text with the file `golden/<name>` beside the test, to the byte."""
    folder = request.path.parent / "golden"

    def compare(name: str, text: str) -> None:
        path = folder / name
        if request.config.getoption("--update"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        assert path.exists(), f"{path} is missing; write it with:  pytest --update"
        assert text == path.read_bytes().decode(), f"{path.name} differs; accept with --update"

    return compare


@dataclass(frozen=True)
class Outcome:
    """What one command line left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def rows(self, table: str = "spend") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.json["tables"][table]["rows"]
        return found


Cli = Callable[..., Outcome]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Type a command line: `cli("report", "--by", "model", cwd=folder)`, at a fixed width and time of day."""
    from aiops_cost.cli import options, run_cli

    for name in ("AIOPS_COST_CONFIG", "AIOPS_COST_LEDGER", "AIOPS_COST_CURRENCY", "AIOPS_COST_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "120")

    def typed(*words: str, cwd: Path | None = None, clock: datetime | None = None) -> Outcome:
        capsys.readouterr()
        with monkeypatch.context() as here:
            if cwd is not None:
                here.chdir(cwd)
            if clock is not None:
                here.setattr(options, "clock", lambda: clock)
            code = run_cli(words)
        said = capsys.readouterr()
        return Outcome(code, said.out, said.err)

    return typed


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo company with its ledger loaded, once for all tests, also where several processes share them. Read only:
    take a `demo_copy` to change it."""
    from aiops_cost.config import load_config
    from aiops_cost.demo.company import write_company
    from aiops_cost.run import bills

    mine = tmp_path_factory.getbasetemp()
    shared = mine.parent if "PYTEST_XDIST_WORKER" in os.environ else mine
    folder, done = shared / "demo-company", shared / "demo-company.done"
    with (shared / "demo-company.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            write_company(folder)
            config = load_config(folder / "aiops-cost.yaml", folder, {})
            _, errors = bills.pull(config, (), bills.PullOptions(now=LOADED_AT))
            assert not errors, errors
            done.touch()
    return folder


@pytest.fixture
def demo_copy(demo_folder: Path, tmp_path: Path) -> Path:
    """The demo company, to be changed."""
    return Path(shutil.copytree(demo_folder, tmp_path / "demo"))


FOCUS_ROW = {
    "BillingAccountId": "1", "BillingCurrency": "USD", "ChargeCategory": "Usage", "InvoiceIssuerName": "AWS",
    "ProviderName": "AWS", "PublisherName": "AWS", "ServiceCategory": "AI and Machine Learning",
    "ServiceName": "Amazon SageMaker", "SubAccountId": "11", "SubAccountName": "ml", "Tags": "{}",
    "SkuId": "sku", "ChargeDescription": "",
}  # fmt: skip
COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")


@dataclass(frozen=True)
class Small:
    """A company small enough to add up in the head: bills by the day, one budget, and the command line in its folder.

    bill("aws", "2026-05-01", 31, "10", Tags='{"workload": "chat"}')   # 31 days of 10 USD
    """

    folder: Path
    cli: Cli

    def bill(self, source: str, first: str, days: int, cost: str, **columns: str) -> Small:
        """One row a day in the source's file; costs of all four kinds are the same unless named in `columns`."""
        day = date.fromisoformat(first)
        rows = [self._row(day + n * timedelta(days=1), cost, columns) for n in range(days)]
        file = self.folder / "bills" / source / "focus.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        new = not file.exists()
        with file.open("a", encoding="utf-8", newline="") as text:
            writer = csv.DictWriter(text, [*FOCUS_ROW, *COSTS, *PERIODS])
            if new:
                writer.writeheader()
            writer.writerows(rows)
        return self

    def budget(self, text: str, months: str = "2026-05..2026-05") -> Small:
        path = self.folder / "plan.yaml"
        path.write_text(f"budget: plan\ncurrency: USD\nmonths: {months}\nlines:\n{text}\n", encoding="utf-8")
        return self

    def config(self, *sources: str, more: str = "") -> Small:
        """Sources are those with bills, or the ones named; the budget is the one written, if any."""
        found = sources or sorted(path.name for path in (self.folder / "bills").iterdir())
        listed = "".join(f"  - {{name: {name}, provider: focus, location: ./bills/{name}}}\n" for name in found)
        plan = "budgets: [plan.yaml]\n" if (self.folder / "plan.yaml").exists() else ""
        (self.folder / "aiops-cost.yaml").write_text(
            f"currency: USD\n{'sources:' if listed else ''}\n{listed}{plan}{more}", encoding="utf-8"
        )
        return self

    def pulled(self) -> Small:
        """With the ledger loaded."""
        found = self("pull", "--quiet")
        assert found.code == 0, found.err
        return self

    def __call__(self, *words: str) -> Outcome:
        return self.cli(*words, cwd=self.folder)

    @staticmethod
    def _row(day: date, cost: str, columns: Mapping[str, str]) -> dict[str, str]:
        month = day.replace(day=1)
        after = (month + timedelta(days=31)).replace(day=1)
        stamps = {
            "ChargePeriodStart": day, "ChargePeriodEnd": day + timedelta(days=1),
            "BillingPeriodStart": month, "BillingPeriodEnd": after,
        }  # fmt: skip
        times = {name: f"{stamp}T00:00:00Z" for name, stamp in stamps.items()}
        return {**FOCUS_ROW, **dict.fromkeys(COSTS, cost), **times, **columns}


PERIODS = ("ChargePeriodStart", "ChargePeriodEnd", "BillingPeriodStart", "BillingPeriodEnd")


@pytest.fixture(scope="session")
def ledger_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small ledger and no budget, loaded once. Read only."""
    from aiops_cost.config import load_config
    from aiops_cost.run import bills

    folder = tmp_path_factory.mktemp("ledger")
    tags = json.dumps({"it's": "O'Brien", "service": "not the service", "ai-activity": "serving", "workload": "chat"})
    Small(folder, _no_cli).bill("aws", "2026-05-01", 31, "10", SubAccountId="0011", Tags=tags).config()
    config = load_config(folder / "aiops-cost.yaml", folder, {})
    _, errors = bills.pull(config, (), bills.PullOptions(now=LOADED_AT))
    assert not errors, errors
    return folder


def _no_cli(*_: str, **__: object) -> Outcome:
    raise AssertionError("type commands through `cli`")


@pytest.fixture
def small(tmp_path: Path, cli: Cli) -> Small:
    return Small(tmp_path, cli)
