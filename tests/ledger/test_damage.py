"""A ledger that is damaged says so, and names what: it is never one without loads, or without some of them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from deltalake import DeltaTable, write_deltalake

from aiops_cost.errors import AiopsError, CouldNotJudge
from aiops_cost.ledger import store
from aiops_cost.ledger.frame import Ledger


@pytest.fixture
def table(books: Any, make_bill: Any) -> Path:
    """The table of a ledger of four loads; the last replaces a month by as many rows."""
    loads = (("aws", "05", "1.00", 2), ("gcp", "05", "1.00", 1), ("aws", "06", "1.00", 3), ("aws", "05", "2.00", 2))
    for source, month, billed, days in loads:
        rows = [make_bill(f"2026-{month}-0{day}", billed) for day in range(1, days + 1)]
        books.csv(f"{source}/{month}.csv", rows)
        books.load(source=source, at=source)
    assert books.version() == 3
    return Path(store.table_path(books.location))


def entry(table: Path, number: int) -> Path:
    return table / "_delta_log" / f"{number:020}.json"


def lines(path: Path, keep: Callable[[dict[str, Any]], bool]) -> None:
    found = [line for line in path.read_text(encoding="utf-8").splitlines() if line and keep(json.loads(line))]
    path.write_text("\n".join(found), encoding="utf-8")


def checkpoint(table: Path) -> Path:
    DeltaTable(str(table)).create_checkpoint()
    (path,) = (table / "_delta_log").glob("*.checkpoint.parquet")
    return path


def gone(number: int) -> Callable[[Path], None]:
    return lambda table: entry(table, number).unlink()


def written_as(number: int, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    return lambda table: (path := entry(table, number)).write_bytes(change(path.read_bytes())) and None


def without(number: int, key: str) -> Callable[[Path], None]:
    return lambda table: lines(entry(table, number), lambda action: key not in action)


def a_folder(table: Path) -> None:
    entry(table, 2).unlink()
    entry(table, 2).mkdir()


def only_a_checkpoint(table: Path) -> None:
    checkpoint(table)
    entry(table, 0).unlink()


def a_cut_checkpoint(table: Path) -> None:
    path = checkpoint(table)
    path.write_bytes(path.read_bytes()[:500])


def no_checkpoint(table: Path) -> None:
    checkpoint(table).unlink()


def no_log(table: Path) -> None:
    shutil.rmtree(table / "_delta_log")


def an_empty_log(table: Path) -> None:
    no_log(table)
    (table / "_delta_log").mkdir()


def a_row_more(table: Path) -> None:
    with duckdb.connect() as con:
        rows = con.sql(f"SELECT * FROM read_parquet('{a_file(table)}', hive_partitioning = true)")
        write_deltalake(str(table), rows, mode="append")


def a_row_less(table: Path) -> None:
    DeltaTable(str(table)).delete(
        "x_BillingPeriod = '2026-05' AND ChargePeriodStart = '2026-05-01' AND x_Source = 'aws'"
    )


def a_file(table: Path) -> Path:
    return next(Path(uri.removeprefix("file://")) for uri in DeltaTable(str(table)).file_uris() if "gcp" in uri)


@pytest.mark.parametrize(("damage", "said"), [
    (gone(0), "_delta_log/00000000000000000000.json is missing"),
    (gone(1), "_delta_log/00000000000000000001.json is missing"),
    (written_as(0, lambda text: text[:300]), "00000.json cannot be read"),
    (written_as(1, lambda text: text[: len(text) // 2]), "00001.json cannot be read"),
    (written_as(3, lambda text: text[:-9]), "00003.json cannot be read"),
    (written_as(0, lambda _: b""), "00000.json does not say what was loaded"),
    (written_as(1, lambda _: b""), "00001.json does not say what was loaded"),
    (written_as(3, lambda _: b""), "00003.json does not say what was loaded"),
    (written_as(1, lambda text: text[:99] + bytes(200) + text[299:]), "00001.json cannot be read"),
    (written_as(3, lambda text: bytes(len(text))), "00003.json cannot be read"),
    (written_as(0, lambda _: b"rubbish"), "00000.json cannot be read"),
    (written_as(1, lambda text: text.replace(b"periods", b"months")), "the record of version 1 cannot be understood"),
    (written_as(1, lambda text: text.replace(b"ledger_rows", b"rows_")), "the record of a load cannot be understood"),
    (written_as(1, lambda text: text.replace(b'{\\"source', b'{\\"\\"source')), "version 1 cannot be understood"),
    (written_as(0, lambda text: text.replace(b"aiops_cost.load", b"other")), "version 0 was written without"),
    (written_as(1, lambda text: text.replace(b"aiops_cost.load", b"other")), "version 1 was written without"),
    (without(1, "add"), "gcp 2026-05 has 0 rows, and its last load recorded 1"),
    (without(3, "remove"), "aws 2026-05 has 4 rows, and its last load recorded 2"),
    (without(2, "commitInfo"), "00002.json does not say what was loaded"),
    (a_folder, "00002.json cannot be read"),
    (only_a_checkpoint, "_delta_log/00000000000000000000.json is missing"),
    (no_log, "the log of its loads is gone (lines/_delta_log), and files of loads are there"),
    (an_empty_log, "the log of its loads is gone (lines/_delta_log), and files of loads are there"),
    (a_row_more, "version 4 was written without the record of a load"),
    (lambda table: a_file(table).unlink(), ".parquet is missing"),
    (lambda table: a_file(table).write_bytes(a_file(table).read_bytes()[:500]), ".parquet has 500 bytes, and its load"),
    (lambda table: a_file(table).write_bytes(b""), ".parquet has 0 bytes, and its load wrote"),
    (a_row_less, "aws 2026-05 has 1 rows, and its last load recorded 2"),
])  # fmt: skip
def test_what_is_damaged_is_named_and_never_loaded_over(
    books: Any, table: Path, damage: Callable[[Path], None], said: str
) -> None:
    damage(table)
    left = {path: path.read_bytes() for path in table.rglob("*") if path.is_file()}
    for ask in (lambda: Ledger.open(books.location), lambda: books.load(source="gcp", at="gcp")):
        with pytest.raises(CouldNotJudge) as caught:
            ask()
        (problem,) = caught.value.problems
        assert (problem.code, problem.place) == ("ledger-damaged", str(books.location))
        assert said in problem.sentence
        assert "from a backup" in problem.way_out
    assert {path: path.read_bytes() for path in table.rglob("*") if path.is_file()} == left


@pytest.mark.parametrize("damage", [a_cut_checkpoint, no_checkpoint])
def test_a_checkpoint_that_is_damaged_is_no_ledger_without_loads(
    books: Any, table: Path, damage: Callable[[Path], None]
) -> None:
    damage(table)
    with pytest.raises(AiopsError, match="from a backup"):
        Ledger.open(books.location)


def test_a_checkpoint_changes_nothing(books: Any, table: Path) -> None:
    before = Ledger.open(books.location).records
    checkpoint(table)
    assert Ledger.open(books.location).records == before
    (table / "_delta_log" / "_last_checkpoint").unlink()
    assert Ledger.open(books.location).records == before


def test_what_others_do_to_a_delta_table_without_changing_rows_is_no_damage(books: Any, table: Path) -> None:
    total = books.total()
    DeltaTable(str(table)).optimize.compact()
    DeltaTable(str(table)).vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)
    assert books.total() == total
    assert [load["version"] for load in Ledger.open(books.location).records] == [0, 1, 2, 3]


def test_the_records_of_an_older_snapshot_are_those_up_to_it(books: Any, table: Path) -> None:
    for version in range(4):
        found = store.records(DeltaTable(str(table), version=version))
        assert [load["version"] for load in found] == list(range(version + 1))
        assert [load["source"] for load in found] == ["aws", "gcp", "aws", "aws"][: version + 1]


def test_a_first_load_that_was_killed_before_its_commit_is_no_ledger_yet(
    books: Any, make_bill: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(*_: Any) -> None:
        shutil.copytree(books.location, books.folder.parent / "killed")
        raise Killed

    books.csv("may.csv", [make_bill()])
    with monkeypatch.context() as patched:
        patched.setattr(store, "_commit", kill)
        with pytest.raises(Killed):
            books.load()
    assert not list(books.location.rglob("*.parquet"))
    assert not (Path(store.table_path(books.location)) / store._FIRST).exists()
    books.location = books.folder.parent / "killed"
    assert list(books.location.rglob("*.parquet"))
    assert Ledger.open(books.location).version is None
    books.load()
    assert books.total() == Decimal(1)
    assert not (Path(store.table_path(books.location)) / store._FIRST).exists()
