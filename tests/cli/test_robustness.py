"""The command line in the places where commands really run: pipes, cron, narrow windows, folders one may not write."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

TODAY = ("--as-of", "2026-06-14")
ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


def shell(line: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    program = f"{sys.executable} -m aiops_cost"
    script = f'set -o pipefail\nac() {{ {program} "$@"; }}\n{line}'
    return subprocess.run(
        ["bash", "-c", script], cwd=cwd, capture_output=True, text=True, env={**os.environ, **env}, check=False
    )


def test_a_reader_that_leaves_does_not_change_the_answer(demo_folder):
    found = shell(f"ac check {' '.join(TODAY)} | head -1", demo_folder)
    assert found.stdout == "Bills against the plan\n"
    assert found.returncode == 1, "the gate's code, not that of a broken pipe"
    assert "BrokenPipe" not in found.stderr
    assert found.stderr == ""


def test_a_written_file_can_be_read_by_whom_the_user_lets(cli, ledger_folder):
    """A report on a web server, an artifact of a pipeline: not for the eyes of one user alone."""
    old = os.umask(0o022)
    try:
        assert cli("status", "-o", "new.json", cwd=ledger_folder).code == 0
    finally:
        os.umask(old)
    kept = ledger_folder / "kept.json"
    kept.touch()
    kept.chmod(0o640)
    assert cli("status", "-o", "kept.json", cwd=ledger_folder).code == 0
    assert [(ledger_folder / name).stat().st_mode & 0o777 for name in ("new.json", "kept.json")] == [0o644, 0o640]


def test_a_slip_is_answered_before_the_ledger_is_opened(cli, tmp_path):
    """There is none here: whoever opened it first would say so."""
    (tmp_path / "aiops-cost.yaml").write_text("currency: USD\n", encoding="utf-8")
    for words in (["--top", "0"], ["-o", "x.docx"], ["--by", "workloda"], ["--where", "a b"], ["-o", "no/x.json"]):
        found = cli("report", *words, cwd=tmp_path)
        assert found.code == 2
        assert "was ever loaded" not in found.err


def test_a_terminal_without_lines_gets_the_answer_all_the_same(ledger_folder):
    found = shell("ac report --month 2026-05", ledger_folder, PYTHONIOENCODING="ascii")
    assert found.returncode == 0, found.stderr
    assert "????" in found.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--where", "workload==chat"), "Write key=value"),
        (("--by", "tags"), "Name one of them:  tags.KEY"),
        (("--where", "categories=x"), "Name one of them:  categories.KEY"),
    ],
)
def test_a_near_miss_of_a_filter_is_answered_with_what_to_type(cli, ledger_folder, words, said):
    found = cli("report", *words, cwd=ledger_folder)
    assert found.code == 2
    assert said in found.err


def test_a_damaged_ledger_is_told_once_and_before_bills_are_fetched(small):
    small.bill("aws", "2026-05-01", 2, "10").bill("gcp", "2026-05-01", 2, "10").config().pulled()
    (small.folder / "ledger" / "lines" / "_delta_log" / f"{0:020}.json").write_text("", encoding="utf-8")
    for words in (("pull",), ("report", *TODAY), ("status",), ("check", *TODAY), ("query", "FROM ledger")):
        found = small(*words)
        assert (found.code, found.out) == (3, ""), words
        assert [line for line in found.err.splitlines() if "is damaged" in line] == found.err.splitlines()[:1]


BUSY = """
import sys, time
from aiops_cost.run import snapshot
from aiops_cost.__main__ import main
def attribute(*_, **__):
    print("busy", flush=True)
    time.sleep(60)
snapshot.attribute = attribute
sys.argv = ["aiops-cost", "report"]
main()
"""


def test_ctrl_c_is_130_and_says_what_is_with_the_ledger(ledger_folder):
    with subprocess.Popen(
        [sys.executable, "-c", BUSY], cwd=ledger_folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "busy\n"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == "Interrupted. The ledger is as its last whole load left it.\n"


def test_ctrl_c_in_the_middle_of_a_query(cli, ledger_folder, monkeypatch):
    """DuckDB tells of it as a RuntimeError."""
    from aiops_cost.run import questions

    def interrupted(*_: object) -> None:
        raise RuntimeError("Query interrupted")

    monkeypatch.setattr(questions, "query", interrupted)
    found = cli("query", "SELECT 1", cwd=ledger_folder)
    assert found.code == 130
    assert "defect" not in found.err


def test_ctrl_c_in_process(cli, demo_folder, monkeypatch):
    from aiops_cost.run import snapshot

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(snapshot, "attribute", interrupted)
    found = cli("report", cwd=demo_folder)
    assert found.code == 130
    assert "Interrupted" in found.err


def test_no_colour_without_a_terminal(cli, ledger_folder, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b" not in cli("report", cwd=ledger_folder).out


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_colour_on_a_terminal_unless_it_is_unwanted(cli, ledger_folder, monkeypatch, no_color, coloured):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("TERM", "xterm")
    assert ("\x1b[" in cli("check", cwd=ledger_folder).out) is coloured


@pytest.mark.parametrize("columns", ["40", "20", "1", "400", "junk"])
def test_any_width(cli, ledger_folder, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    assert cli("report", "--by", "activity,workload", cwd=ledger_folder).code == 0


def test_the_configuration_is_found_above(cli, ledger_folder):
    inside = ledger_folder / "bills" / "aws"
    found = cli("report", "--format", "json", cwd=inside)
    assert found.code == 0
    assert found.json["tables"]["spend"]["total"]["EffectiveCost"] == "310.00"


def test_no_configuration_says_how_to_get_one(cli, tmp_path):
    found = cli("report", cwd=tmp_path)
    assert found.code == 2
    assert "aiops-cost init" in found.err


def test_a_configuration_that_is_not_there(cli, tmp_path):
    found = cli("report", "--config", "nowhere.yaml", cwd=tmp_path)
    assert found.code == 2
    assert "nowhere.yaml" in found.err


def test_the_environment_goes_before_the_file(cli, ledger_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("AIOPS_COST_CONFIG", str(ledger_folder / "aiops-cost.yaml"))
    assert cli("report", cwd=tmp_path).code == 0
    monkeypatch.setenv("AIOPS_COST_LEDGER", str(tmp_path / "empty"))
    assert cli("report", cwd=tmp_path).code == 3
    monkeypatch.delenv("AIOPS_COST_LEDGER")
    monkeypatch.setenv("AIOPS_COST_CURRENCY", "EUR")
    assert "no rate from USD to EUR" in cli("report", cwd=tmp_path).err
    monkeypatch.setenv("AIOPS_COST_CURRENCY", "euro")
    assert cli("report", cwd=tmp_path).code == 2


@pytest.mark.parametrize("target", ["no/such/folder/out.csv", "."])
def test_a_file_that_cannot_be_written(cli, ledger_folder, tmp_path, target):
    found = cli("report", "--format", "csv", "-o", str(tmp_path / target), cwd=ledger_folder)
    assert found.code == 2
    assert "cannot be written" in found.err
    assert not list(tmp_path.iterdir())


def test_a_link_stays_a_link_and_a_device_a_device(cli, ledger_folder, tmp_path):
    (tmp_path / "real.csv").write_text("old", encoding="utf-8")
    (tmp_path / "link.csv").symlink_to("real.csv")
    assert cli("report", "-o", str(tmp_path / "link.csv"), cwd=ledger_folder).code == 0
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_text(encoding="utf-8").startswith("activity,")
    before = Path("/dev/null").stat().st_mode
    assert cli("report", "--format", "csv", "-o", "/dev/null", cwd=ledger_folder).code == 0
    assert Path("/dev/null").stat().st_mode == before


@pytest.mark.skipif(ROOT, reason="root may read everything")
def test_a_ledger_that_cannot_be_read(small):
    small.bill("aws", "2026-05-01", 31, "10").config().pulled()
    (small.folder / "ledger").chmod(0)
    try:
        found = small("report")
    finally:
        (small.folder / "ledger").chmod(0o700)
    assert found.code in {2, 3}


def test_a_ledger_that_is_a_file(small):
    small.bill("aws", "2026-05-01", 31, "10").config()
    (small.folder / "ledger").write_text("not a ledger", encoding="utf-8")
    for words in (("pull",), ("report",)):
        found = small(*words)
        assert found.code in {2, 3}, found
        assert "defect" not in found.err


def test_a_ledger_whose_files_are_gone(small):
    small.bill("aws", "2026-05-01", 31, "10").config().pulled()
    for file in (small.folder / "ledger").rglob("*.parquet"):
        file.unlink()
    found = small("report", "--as-of", "2026-06-05")
    assert found.code in {2, 3}, found.err
    assert "defect" not in found.err
    assert found.out == ""


# --- init ------------------------------------------------------------------------------------------------------------


def test_a_newcomer_gets_from_bills_to_a_report(small):
    small.bill("azure", "2026-05-01", 31, "10", BillingCurrency="EUR", ProviderName="Microsoft")
    said = small("init")
    assert said.code == 0, said.err
    assert "currency: EUR" in (small.folder / "aiops-cost.yaml").read_text(encoding="utf-8")
    assert small("pull").code == 0
    found = small("report", "--format", "json")
    assert found.json["tables"]["spend"]["total"]["EffectiveCost"] == "310.00"
    assert found.json["facts"]["currency"] == "EUR"
    assert small("budget", "check").code == 0
    assert small("check").code in {0, 1, 3}


def test_init_counts_copies_of_one_bill_once(small):
    """The same bill as CSV, zipped and as Parquet: three sources of it would be three times the money."""
    small.bill("azure", "2026-05-01", 31, "10", ProviderName="Microsoft")
    (bill,) = small.folder.rglob("*.csv")
    assert "Microsoft" in bill.read_text(encoding="utf-8")
    first = f"./{bill.parent.relative_to(small.folder)}"
    for name in ("zipped", "parquet", "other"):
        (small.folder / name).mkdir()
    (small.folder / "zipped" / "b.csv.gz").write_bytes(gzip.compress(bill.read_bytes()))
    small.bill("twin", "2026-05-01", 31, "10", ProviderName="AWS")
    read = f"read_csv('{bill}', all_varchar = true)"
    duckdb.sql(f"COPY (SELECT * FROM {read}) TO '{small.folder}/parquet/c.parquet'")
    duckdb.sql(f"COPY (SELECT * FROM {read} LIMIT 3) TO '{small.folder}/other/d.csv'")
    said = small("init").out
    assert f"left out: ./parquet holds the same bills as {first}" in said
    assert f"left out: ./zipped holds the same bills as {first}" in said
    written = (small.folder / "aiops-cost.yaml").read_text(encoding="utf-8")
    assert written.count("provider: focus") == 3, "what is another bill is a source of its own"


def test_a_ledger_is_no_bill(small):
    """It speaks FOCUS, too: to load it again would double the money."""
    small.bill("aws", "2026-05-01", 2, "10").config().pulled()
    said = small("init", "--force").out
    assert "ledger" not in said.replace("ledger version", "")
    config = small.folder / "aiops-cost.yaml"
    config.write_text("currency: USD\nsources:\n  - {name: all, provider: focus, location: .}\n", encoding="utf-8")
    found = small("pull", "--quiet")
    assert found.code == 2
    assert "is a Delta table" in found.err


def test_init_where_there_is_nothing_yet(cli, tmp_path):
    assert cli("init", cwd=tmp_path).code == 0
    assert "bills" in (tmp_path / "aiops-cost.yaml").read_text(encoding="utf-8")
    found = cli("pull", cwd=tmp_path)
    assert found.code == 2
    assert "bills" in found.err


def test_init_replaces_nothing_unasked(cli, tmp_path):
    (tmp_path / "aiops-cost.yaml").write_text("mine", encoding="utf-8")
    found = cli("init", cwd=tmp_path)
    assert found.code == 2
    assert "--force" in found.err
    assert (tmp_path / "aiops-cost.yaml").read_text(encoding="utf-8") == "mine"
    assert cli("init", "--force", cwd=tmp_path).code == 0
    assert (tmp_path / "aiops-cost.yaml").read_text(encoding="utf-8") != "mine"


@pytest.mark.parametrize("words", [("--location", "nowhere"), ("--currency", "euro"), ("--location", "aiops.txt")])
def test_init_asked_wrongly(cli, tmp_path, words):
    (tmp_path / "aiops.txt").write_text("no bill", encoding="utf-8")
    assert cli("init", *words, cwd=tmp_path).code == 2
    assert not (tmp_path / "aiops-cost.yaml").exists()


def test_init_into_a_folder_that_is_not_there(cli, tmp_path):
    assert cli("init", "new/place", cwd=tmp_path).code == 0
    assert (tmp_path / "new" / "place" / "aiops-cost.yaml").exists()


def test_the_demo_never_replaces_a_configuration_of_yours(cli, tmp_path):
    (tmp_path / "aiops-cost.yaml").write_text("currency: USD\n", encoding="utf-8")
    done = cli("demo", str(tmp_path))
    assert done.code == 2
    assert "would replace it" in done.err
    assert (tmp_path / "aiops-cost.yaml").read_text(encoding="utf-8") == "currency: USD\n"


def test_a_file_where_the_ledger_should_be_is_not_an_empty_ledger(cli, tmp_path):
    (tmp_path / "ledger").write_text("", encoding="utf-8")
    (tmp_path / "aiops-cost.yaml").write_text("ledger: ledger\n", encoding="utf-8")
    done = cli("status", "--config", str(tmp_path / "aiops-cost.yaml"))
    assert done.code == 2
    assert "this is a file" in done.err
