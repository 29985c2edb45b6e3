"""A load that is killed, starved, raced or fed garbage leaves the old ledger or the new one, nothing between."""

from __future__ import annotations

import gzip
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from deltalake import write_deltalake

from aiops_cost.errors import CouldNotJudge, UserError
from aiops_cost.ledger import intake, load, schema, store
from aiops_cost.ledger.frame import Ledger
from aiops_cost.providers import folder

CHILD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from aiops_cost.errors import AiopsError
from aiops_cost.ledger.load import Options, load
from aiops_cost.model import Source
from aiops_cost.providers.focus.fetch import fetch
folder, source, at = sys.argv[1:4]
spill = Path(sys.argv[4]) if len(sys.argv) > 4 else None
print("ready", flush=True)
try:
    load(Path(folder) / "ledger", fetch(Source(source, "focus", at), Path(folder) / "bills"),
         Options(now=datetime(2026, 7, 1, tzinfo=UTC), spill=spill))
except AiopsError as error:
    print(error.problems[0].code, error, flush=True)
    sys.exit(error.exit_code)
except KeyboardInterrupt:
    print("interrupted", flush=True)
    sys.exit(130)
"""


def child(books: Any, source: str = "aws", at: str = ".", **more: Any) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", CHILD, str(books.folder.parent), source, at]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def month(make_bill: Callable[..., Any], billed: str, lines: int = 40) -> list[Any]:
    return [make_bill(f"2026-05-{day:02}", billed, ResourceId=f"vm-{line}") for day in (1, 2) for line in range(lines)]


@pytest.mark.slow
def test_a_killed_load_leaves_the_old_ledger_or_the_new_one(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", month(make_bill, "1.00"))
    books.load()
    shutil.copytree(books.location, books.folder.parent / "old")
    books.csv("may.csv", month(make_bill, "2.00"))
    dice, seen, took = random.Random(1), set(), 0.6
    for round_ in range(50):
        shutil.rmtree(books.location)
        shutil.copytree(books.folder.parent / "old", books.location)
        process = child(books)
        assert process.stdout
        process.stdout.readline()
        start = time.monotonic()
        if round_ == 0:
            process.wait()
            took = time.monotonic() - start
        else:
            time.sleep(dice.uniform(0, took * 1.05))
        process.kill()
        process.communicate()
        total = books.total()
        assert total in {Decimal(80), Decimal(160)}
        seen.add(total)
        assert Ledger.open(books.location).version == (1 if total == Decimal(160) else 0)
    books.load()
    assert books.total() == Decimal(160)
    assert seen == {Decimal(80), Decimal(160)}


def test_ctrl_c_changes_nothing(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", month(make_bill, "1.00"))
    books.load()
    books.csv("may.csv", month(make_bill, "2.00"))
    process = child(books)
    assert process.stdout
    process.stdout.readline()
    time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode in {130, -signal.SIGINT}, (out, err)
    assert books.total() == Decimal(80)
    assert not list(books.folder.parent.glob("aiops-cost-*"))


def test_two_loads_at_once_of_one_source_count_the_money_once(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", month(make_bill, "1.00"))
    children = [child(books), child(books)]
    assert [process.wait(120) for process in children] == [0, 0], [process.communicate() for process in children]
    assert books.total() == Decimal(80)


def test_two_loads_at_once_of_two_sources_are_both_kept(books: Any, make_bill: Any) -> None:
    books.csv("a/may.csv", month(make_bill, "1.00"))
    books.csv("b/may.csv", month(make_bill, "2.00"))
    children = [child(books, "one", "a"), child(books, "two", "b")]
    assert [process.wait(120) for process in children] == [0, 0], [process.communicate() for process in children]
    assert dict(books.ask("SELECT x_Source, sum(BilledCost) FROM ledger GROUP BY 1")) == {"one": 80, "two": 160}


def test_a_load_that_loses_every_race_says_so(books: Any, make_bill: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: Any) -> None:
        raise store.Conflict(store._conflict(books.location, OSError("version 7 exists")))

    books.csv("may.csv", [make_bill()])
    monkeypatch.setattr(store, "replace", busy)
    with pytest.raises(store.Conflict, match="another load wrote to the ledger") as caught:
        books.load()
    assert caught.value.exit_code == 3


def _small_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))


def test_a_full_disk_under_the_ledger_is_said_and_changes_nothing(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", month(make_bill, "1.00"))
    books.load()
    books.csv("may.csv", month(make_bill, "2.00"))
    process = child(books, preexec_fn=_small_files)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2, (out, err)
    assert "the disk is full" in out
    assert books.total() == Decimal(80)


def test_a_full_disk_under_the_spill_folder_is_said(books: Any, make_bill: Any) -> None:
    books.csv("may.csv.gz", month(make_bill, "1.00"))
    process = child(books, preexec_fn=_small_files)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2, (out, err)
    assert "the disk is full" in out
    assert not books.location.exists()


def test_a_ledger_folder_that_cannot_be_written_is_said(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", [make_bill()])
    books.location = Path("/proc/aiops-cost-ledger")
    with pytest.raises(UserError, match="nothing was loaded"):
        books.load()
    books.location = books.folder / "may.csv" / "ledger"
    with pytest.raises(UserError, match="nothing was loaded"):
        books.load()


def test_a_read_only_ledger_is_said(books: Any, make_bill: Any) -> None:
    if os.geteuid() == 0:
        pytest.skip("root writes everywhere")
    books.csv("may.csv", [make_bill()])
    books.location.mkdir()
    books.location.chmod(0o500)
    with pytest.raises(UserError, match="cannot be written"):
        books.load()


@pytest.mark.parametrize("target", ["not-mounted", "ledger"])
def test_a_link_that_leads_nowhere_is_never_a_ledger_without_loads(tmp_path: Path, target: str) -> None:
    (tmp_path / "ledger").symlink_to(target)
    with pytest.raises(UserError) as caught:
        Ledger.open(tmp_path / "ledger")
    assert "not there" in str(caught.value)


def test_a_ledger_that_may_not_be_read_is_said(books: Any, make_bill: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    books.csv("may.csv", [make_bill()])
    books.load()
    monkeypatch.setattr(store, "DeltaTable", denied)
    with pytest.raises(UserError, match="Permission denied"):
        Ledger.open(books.location)


def test_too_little_memory_is_said(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", month(make_bill, "1.00", lines=2000))
    with pytest.raises(UserError, match=r"needs more than 1MB of memory|the disk is full|cannot be read"):
        books.load(memory_limit="1MB")
    assert books.version() is None


def test_a_load_that_is_short_of_memory_takes_what_it_may(
    books: Any, make_bill: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    books.csv("may.csv", month(make_bill, "1.00", lines=2000))
    monkeypatch.setattr(load, "WORKING", 500_000)
    books.load()
    assert books.total() == Decimal(len(month(make_bill, "1.00", lines=2000)))


def test_a_cell_of_megabytes_is_read(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", [make_bill(Tags='{"note": "' + "x" * 7_000_000 + '"}'), make_bill()])
    books.load()
    assert books.ask("SELECT max(length(Tags)) > 7000000, sum(x_RowCount) FROM ledger") == [(True, 2)]


def test_a_line_longer_than_any_of_a_bill_is_said(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", [make_bill(), make_bill(Tags='{"note": "' + "x" * 9_000_000 + '"}')])
    said = refused(books, "csv-malformed")
    assert "line 3 is longer than 8 MB" in said


def test_a_commit_that_fails_leaves_no_files(books: Any, make_bill: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise OSError(5, "Input/output error")

    books.csv("may.csv", [make_bill()])
    books.load()
    before = set(books.location.rglob("*.parquet"))
    books.csv("may.csv", [make_bill(billed="99.00")])
    monkeypatch.setattr(store, "_commit", broken)
    with pytest.raises(UserError, match="nothing was loaded"):
        books.load()
    assert set(books.location.rglob("*.parquet")) == before


# --- garbage in ---------------------------------------------------------------------------------------------------


def refused(books: Any, code: str, kind: type[Exception] = UserError) -> str:
    with pytest.raises(kind) as caught:
        books.load()
    problem = caught.value.problems[0]  # type: ignore[attr-defined]
    assert problem.code == code, problem
    assert problem.way_out
    assert books.version() is None
    return str(problem)


def test_half_a_gzip_is_not_half_the_money(books: Any, make_bill: Any) -> None:
    path = books.csv("may.csv.gz", month(make_bill, "1.00"))
    path.write_bytes(path.read_bytes()[:-40])
    assert "cut off or damaged" in refused(books, "gzip-broken")


def test_a_gzip_of_several_members_is_read_whole(books: Any, make_bill: Any) -> None:
    text = books.csv("may.csv", month(make_bill, "1.00")).read_bytes()
    books.drop("may.csv")
    (books.folder / "may.csv.gz").write_bytes(gzip.compress(text[:1000]) + gzip.compress(text[1000:]))
    books.load()
    assert books.total() == Decimal(80)


def test_a_gzip_with_rubbish_behind_it_is_refused(books: Any, make_bill: Any) -> None:
    path = books.csv("may.csv.gz", [make_bill()])
    path.write_bytes(path.read_bytes() + b"rubbish")
    assert "cut off or damaged" in refused(books, "gzip-broken")


def test_a_gzip_bomb_is_stopped(books: Any, make_bill: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "RATIO_COUNTS_FROM", 2**20)
    header = ",".join(make_bill()).encode()
    (books.folder / "bomb.csv.gz").write_bytes(gzip.compress(header + b"\n" + b"0" * 2**23, 9))
    monkeypatch.setattr(intake, "MAX_RATIO", 100)
    assert "unpacks to more than" in refused(books, "gzip-bomb")
    monkeypatch.setattr(intake, "MAX_UNPACKED", 2**16)
    assert "unpacks to more than" in refused(books, "gzip-bomb")


@pytest.mark.parametrize(("content", "code"), [
    (b"", "file-empty"),
    (gzip.compress(b"", mtime=0), "file-empty"),
    (b"PK\x03\x04....", "file-zip"),
    (b"PAR1 and then nothing of the kind PAR1", "parquet-broken"),
    ("BilledCost,BillingCurrency\n1,USD\n".encode("utf-16"), "csv-not-utf8"),
    ("BilledCost,BillingCurrency,é\n".encode("latin-1"), "csv-not-utf8"),
    (b"BilledCost,BillingCurrency\n1,USD\n\xff\xfe,USD\n", "csv-not-utf8"),
    (b'BilledCost,"BillingCurrency\n1,USD\n', "csv-malformed"),
    (b'BilledCost,BillingCurrency\n1,USD\n2,"USD\n3,USD\n', "csv-malformed"),
    (b"BilledCost,BillingCurrency\n1,USD\n2\n", "csv-malformed"),
    (b"BilledCost,BillingCurrency\n1,USD\n2,USD,3\n", "csv-malformed"),
    (b"BilledCost,BillingCurrency,billedcost\n", "column-twice"),
    (b"name,phone\nAda,1\n", "format-unknown"),
    (b"<html>Access denied</html>", "format-unknown"),
])  # fmt: skip
def test_what_is_no_bill_is_refused_with_a_way_out(books: Any, content: bytes, code: str) -> None:
    (books.folder / "may.csv").write_bytes(content)
    assert "may.csv" in refused(books, code)


def test_parquet_is_known_by_its_bytes_and_refused_when_cut(books: Any, make_bill: Any) -> None:
    path = books.csv("may.csv", month(make_bill, "1.00"))
    whole = books.parquet("may.parquet", f"SELECT * FROM read_csv('{path}', all_varchar = true)").read_bytes()
    books.drop("may.csv")
    (books.folder / "may.parquet").write_bytes(whole[:-100])
    assert "may" in refused(books, "parquet-broken")
    (books.folder / "may.parquet").write_bytes(whole[:4] + b"\xff" * 400 + whole[404:])
    with pytest.raises(UserError) as caught:
        books.load()
    assert caught.value.problems[0].code in {"file-damaged", "parquet-broken"}
    (books.folder / "may.parquet").write_bytes(whole)
    shutil.move(books.folder / "may.parquet", books.folder / "archive [1]*'hive.csv")
    books.load()
    assert books.total() == Decimal(80)


@pytest.mark.parametrize(("column", "sql"), [
    ("BilledCost", "[1.0]"), ("ChargePeriodStart", "1746057600"), ("ServiceName", "TRUE"), ("Tags", "[1]"),
])  # fmt: skip
def test_a_parquet_column_of_a_wrong_type_is_named(books: Any, make_bill: Any, column: str, sql: str) -> None:
    path = books.csv("may.csv", [make_bill(Tags="{}")])
    books.parquet("may.parquet", f"SELECT * REPLACE ({sql} AS {column}) FROM read_csv('{path}', all_varchar = true)")
    books.drop("may.csv")
    assert f"`{column}`" in refused(books, "column-type")


@pytest.mark.parametrize("change", [
    lambda text: text.replace(",", ";"),
    lambda text: text.replace(",", "\t"),
    lambda text: "\ufeff" + text,
    lambda text: text.replace("\r\n", "\n"),
    lambda text: text + "\r\n\r\n",
    lambda text: text.rstrip(),
    lambda text: text.replace("BilledCost", "billedcost"),
], ids=["semicolon", "tab", "bom", "lf", "blank lines", "no last line end", "letter case"])  # fmt: skip
def test_the_same_rows_in_another_dress_are_the_same_money(books: Any, make_bill: Any, change: Any) -> None:
    path = books.csv("may.csv", [make_bill(billed="10.00"), make_bill(billed="0.50", ResourceId="vm-2")])
    path.write_bytes(change(path.read_bytes().decode()).encode())
    books.load()
    assert books.total() == Decimal("10.5")


@pytest.mark.parametrize("tags", ["MAP {'app': 'chat'}", "{'app': 'chat'}", "[{'key': 'app', 'value': 'chat'}]"])
def test_tags_of_a_parquet_type_are_json(books: Any, make_bill: Any, tags: str) -> None:
    path = books.csv("may.csv", [make_bill(Tags="x")])
    books.parquet("may.parquet", f"SELECT * REPLACE ({tags} AS Tags) FROM read_csv('{path}', all_varchar = true)")
    books.drop("may.csv")
    books.load()
    assert books.ask("SELECT Tags ->> '$.app' FROM ledger") == [("chat",)]


def test_a_file_that_changes_while_it_is_read_is_not_half_old_half_new(
    books: Any, make_bill: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = books.csv("may.csv", [make_bill(billed="10.00")])
    mapped = load.normalize.ledger_rows

    def and_then_it_changes(*arguments: Any) -> None:
        mapped(*arguments)
        path.write_bytes(path.read_bytes().replace(b"10.00", b"99.00"))

    monkeypatch.setattr(load.normalize, "ledger_rows", and_then_it_changes)
    assert "may.csv" in refused(books, "file-moved", CouldNotJudge)


def test_a_file_that_rested_is_known_by_its_stamp_even_where_its_time_was_put_back(
    books: Any, make_bill: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = books.csv("may.csv", [make_bill(billed="10.00")])
    was, mapped = path.stat(), load.normalize.ledger_rows

    def and_then_it_changes(*arguments: Any) -> None:
        mapped(*arguments)
        path.write_bytes(path.read_bytes().replace(b"10.00", b"99.00"))
        os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))

    monkeypatch.setattr(folder, "_TICK", -1)
    monkeypatch.setattr(load.refusals, "_digest", lambda path: pytest.fail("read once more"))
    monkeypatch.setattr(load.normalize, "ledger_rows", and_then_it_changes)
    assert "may.csv" in refused(books, "file-moved", CouldNotJudge)
    monkeypatch.setattr(load.normalize, "ledger_rows", mapped)
    books.load()


def test_a_file_that_changed_a_moment_ago_has_no_stamp(books: Any, make_bill: Any) -> None:
    path = books.csv("may.csv", [make_bill()])
    assert folder.hashed([(path.name, path)])[0].stamp is None


def test_a_file_that_leaves_between_finding_and_reading_is_said(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", [make_bill()])
    export = books.export()
    books.drop("may.csv")
    with pytest.raises(CouldNotJudge, match="the file changed while it was read"):
        load.load(books.location, export, load.Options(now=load.datetime(2026, 7, 1)))


# --- the ledger itself --------------------------------------------------------------------------------------------


def test_a_ledger_of_a_newer_program_is_not_misread(
    books: Any, make_bill: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    books.csv("may.csv", [make_bill()])
    with monkeypatch.context() as patched:
        patched.setattr(schema, "VERSION", schema.VERSION + 1)
        books.load()
    with pytest.raises(UserError, match="Upgrade:  pip install") as caught:
        Ledger.open(books.location)
    assert caught.value.problems[0].code == "ledger-newer"
    with pytest.raises(UserError, match="Upgrade"):
        books.load()


def test_a_delta_table_of_someone_else_is_left_alone(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", [make_bill()])
    books.location.mkdir()
    write_deltalake(store.table_path(books.location), duckdb.sql("SELECT 1 AS a"))
    with pytest.raises(UserError, match="its columns are not the ledger's"):
        books.load()


def test_the_ledger_is_for_its_owner_only(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", [make_bill()])
    books.load()
    assert books.location.stat().st_mode & 0o077 == 0


def test_every_load_keeps_its_record(books: Any, make_bill: Any) -> None:
    for number in range(5):
        books.csv("may.csv", [make_bill(billed=f"{number}.00")])
        books.load()
    records = Ledger.open(books.location).records
    assert [entry["version"] for entry in records] == list(range(5))
    assert books.total() == Decimal(4)


def test_no_thread_is_left_behind(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", [make_bill()])
    before = threading.active_count()
    books.load()
    assert threading.active_count() == before
