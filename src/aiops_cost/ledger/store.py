"""The Delta table that is the ledger: opened, replaced by partition in one commit, its loads read back.

Each commit carries the record of its load as commit metadata, so data and record appear together or not at
all, and Delta's own history is the audit trail. Nothing else writes to the table.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import duckdb
from deltalake import CommitProperties, DeltaTable, Field, Schema
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from deltalake.schema import PrimitiveType
from deltalake.transaction import AddAction, create_table_with_add_actions

from aiops_cost.errors import AiopsError, UserError
from aiops_cost.ledger import damage, schema, written
from aiops_cost.model import Problem

RECORD = "aiops_cost.load"
_FOLDER = "lines"
_FIRST = "_first_load"
"""A file below the table from before the first load writes until it has committed."""
_DELTA_TYPES = {
    "string": "string",
    "json": "string",
    "bigint": "long",
    "date": "date",
    "amount": "decimal(38,18)",
    "quantity": "decimal(38,9)",
}
_KEEP_LOG = {"delta.logRetentionDuration": "interval 36500 days"}


class Conflict(AiopsError):  # noqa: N818 - it is what happened, and is mostly healed
    """Another load committed the same months first; what was decided on has to be decided again."""

    exit_code = 3


def table_path(location: Path) -> str:
    """The Delta table inside a ledger folder."""
    return str(location / _FOLDER)


def open_table(location: Path) -> DeltaTable | None:
    """The table, or None when nothing was ever loaded. Raises UserError for a folder that is not a ledger, and for one
    that cannot be read, and CouldNotJudge for one that is damaged: neither is "nothing loaded"."""
    if location.is_symlink() and not location.exists():
        raise _unreadable(location, "it is a link to a place that is not there")
    if location.exists() and not location.is_dir():
        raise UserError(
            Problem("ledger-not-folder", str(location), "the ledger is a folder, and this is a file",
                    "Name a folder under `ledger:` in the configuration; it is made at the first pull.")
        )  # fmt: skip
    try:
        table = _opened(location)
        if table is not None:
            _refuse_newer(table, location)
    except DeltaError as error:
        said = damage.of_log(Path(table_path(location)))
        raise (damage.damaged(location, said) if said else _unreadable(location, _first_line(error))) from None
    except OSError as error:
        raise _unreadable(location, _first_line(error)) from None
    return table


def _opened(location: Path) -> DeltaTable | None:
    """The table, or None where there is no commit: where nothing is, or what a first load leaves that was killed before
    its commit. A log in which deltalake finds no table is one that it cannot read; files without a log have lost it."""
    table = Path(table_path(location))
    try:
        return DeltaTable(str(table))
    except TableNotFoundError:
        log = table / damage.LOG
        if log.is_dir() and any(file.suffix in {".json", ".parquet"} for file in log.iterdir()):
            raise
        if not (table / _FIRST).exists() and next(table.rglob("*.parquet"), None):
            said = f"the log of its loads is gone ({_FOLDER}/{damage.LOG}), and files of loads are there"
            raise damage.damaged(location, said) from None
        return None


def _unreadable(location: Path, said: str) -> UserError:
    way_out = "See that you may read it; else restore it from a backup, or pull into a new folder (`ledger:`)."
    return UserError(Problem("ledger-unreadable", str(location), f"the ledger cannot be opened: {said}", way_out))


def open_version(location: Path, version: int, newest: int) -> DeltaTable:
    """The table as it was after a commit. Raises UserError for a version that it never had."""
    if not 0 <= version <= newest:
        way_out = "See which there are:  aiops-cost status --detail"
        sentence = f"the ledger has no version {version}; its versions are 0 to {newest}"
        raise UserError(Problem("ledger-version", str(location), sentence, way_out))
    return DeltaTable(table_path(location), version=version)


def version_on(location: Path, day: date) -> int:
    """The version that the ledger had at the end of a UTC day. Raises UserError for a day before the first load."""
    loads = records(open_table(location))
    if not loads:
        sentence, way_out = "nothing was ever loaded", "Load the bills first:  aiops-cost pull"
        raise UserError(Problem("ledger-not-yet", str(location), sentence, way_out))
    known = [load for load in loads if datetime.fromisoformat(load["at"]).astimezone(UTC).date() <= day]
    if not known:
        first = datetime.fromisoformat(loads[0]["at"]).astimezone(UTC).date()
        sentence = f"on {day} nothing had been loaded yet; the first load was on {first}"
        raise UserError(Problem("ledger-not-yet", str(location), sentence, f"Write --as-known-on {first}, or later."))
    return max(int(load["version"]) for load in known)


def files_at(location: Path, version: int, source: str, period: str) -> tuple[str, ...]:
    """The files of one partition as they were after a load; empty where they are no longer there."""
    try:
        table = DeltaTable(table_path(location), version=version)
        filters = [("x_Source", "=", source), ("x_BillingPeriod", "=", period)]
        files = tuple(sorted(table.file_uris(file_pruning_predicate=filters)))
    except DeltaError:
        return ()
    return files if all(Path(file).is_file() for file in files) else ()


def records(table: DeltaTable | None) -> list[dict[str, Any]]:
    """The record of every load up to the snapshot `table`, oldest first, each with the table `version` that it made.

    Raises CouldNotJudge for a log or a file that is not whole, and for rows that are not those of the records.
    """
    if table is None:
        return []
    location, many = Path(unquote(urlsplit(table.table_uri).path)).parent, table.version() + 1
    try:
        commits = table.history()[::-1][:many]  # deltalake lists later ones, too, and numbers all from the end
        found = [{**_record(location, commit), "version": v} for v, commit in enumerate(commits) if RECORD in commit]
        said = None if len(commits) == many else f"{len(commits)} of its {many} commits are there"
        said = said or damage.of_commits(commits, RECORD) or damage.of_files(table, found)
    except DeltaError as error:
        said = _first_line(error)
    except (KeyError, TypeError, AttributeError):
        said = "the record of a load cannot be understood"
    if said:
        raise damage.damaged(location, damage.of_log(Path(table_path(location))) or said)
    return found


def _record(location: Path, commit: Mapping[str, Any]) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads(commit[RECORD])
        if {"source", "at", "periods"} <= record.keys():
            return record
    except (ValueError, AttributeError):
        pass
    raise damage.damaged(location, f"the record of version {commit['version']} cannot be understood")


def replace(
    con: duckdb.DuckDBPyConnection,
    rows: str,
    location: Path,
    source: str,
    periods: Sequence[str],
    record: Mapping[str, Any],
    table: DeltaTable | None,
) -> None:
    """Replace the partitions of `source` and `periods` by the rows of the view `rows`, in one commit that carries
    `record`.

    `table` is the snapshot that the load was decided on. Raises Conflict when another writer changed the same
    partitions since, and UserError when the disk refuses; the ledger is then as it was.
    """
    _make_private(location)
    first = location / _FOLDER / _FIRST
    try:
        if table is None:
            first.parent.mkdir(exist_ok=True, mode=0o700)
            first.touch(mode=0o600)
        with written.write(con, rows, location / _FOLDER, source, periods) as files:
            _commit(location, files, source, periods, record, table)
    except CommitFailedError as error:
        raise Conflict(_conflict(location, error)) from None
    except (DeltaError, OSError, duckdb.IOException) as error:
        if "already exists" in str(error):
            raise Conflict(_conflict(location, error)) from None
        raise disk_problem(location, error) from None
    finally:
        if table is None:
            with suppress(OSError):
                first.unlink()


def _commit(
    location: Path,
    files: Sequence[written.Written],
    source: str,
    periods: Sequence[str],
    record: Mapping[str, Any],
    table: DeltaTable | None,
) -> None:
    added = [
        AddAction(file.path, file.size, file.partition, _written_at(location, file), True, json.dumps(file.stats))
        for file in files
    ]
    properties = CommitProperties(custom_metadata={RECORD: json.dumps(record)}, max_commit_retries=0)
    partition = list(schema.PARTITION)
    if table is None:
        create_table_with_add_actions(
            table_path(location), _schema(), added, mode="error", partition_by=partition, configuration=_KEEP_LOG,
            commit_properties=properties,
        )  # fmt: skip
    else:
        table.create_write_transaction(
            list(added), "overwrite", _schema(), partition, commit_properties=properties,
            partition_filters=[("x_Source", "=", source), ("x_BillingPeriod", "in", list(periods))],
        )  # fmt: skip


def _written_at(location: Path, file: written.Written) -> int:
    """Milliseconds, as Delta keeps them."""
    return (location / _FOLDER / file.path).stat().st_mtime_ns // 1_000_000


def _schema() -> Schema:
    types = {column.name: PrimitiveType(_DELTA_TYPES[column.type]) for column in schema.COLUMNS}
    return Schema([Field(name, types[name]) for name in schema.NAMES])


def file_list(table: DeltaTable | None) -> list[str]:
    """The Parquet files of the table's snapshot, in a stable order."""
    return sorted(table.file_uris()) if table is not None else []


def lacking(table: DeltaTable | None) -> tuple[str, ...]:
    """Columns that a ledger of an older program does not have yet; the next load adds them."""
    have = {field.name for field in table.schema().fields} if table is not None else set(schema.NAMES)
    return tuple(name for name in schema.NAMES if name not in have)


_FULL = re.compile(r"no space left|disk quota|file too large|os error (27|28|122)\b", re.IGNORECASE)
_CLOSED = re.compile(r"read-only|permission denied|not a directory|os error (13|20|30)\b", re.IGNORECASE)


def disk_problem(location: Path, error: Exception) -> UserError:
    """What to say when a disk is full, read-only, or not ours."""
    if _FULL.search(str(error)):
        sentence, way_out = (
            "the disk is full",
            "Free space, or move `ledger:` and `spill:` to another disk; then pull again.",
        )
    elif _CLOSED.search(str(error)):
        sentence, way_out = "the folder cannot be written", "Check its owner and rights, or choose another `ledger:`."
    else:
        sentence, way_out = f"writing failed: {_first_line(error)}", "Check the disk; then pull again."
    return UserError(
        Problem("disk", str(location), f"{sentence}; nothing was loaded, the ledger is as it was", way_out)
    )


def _conflict(location: Path, error: Exception) -> Problem:
    return Problem(
        "ledger-busy",
        str(location),
        f"another load wrote to the ledger meanwhile ({_first_line(error)})",
        "Nothing was loaded by this one. Type the command again.",
    )


def _refuse_newer(table: DeltaTable, location: Path) -> None:
    history = table.history(1)
    record = _record(location, history[0]) if history and RECORD in history[0] else {}
    written = int(record.get("schema", schema.VERSION))
    if written > schema.VERSION:
        raise UserError(
            Problem(
                "ledger-newer",
                str(location),
                f"written by aiops-cost {record.get('tool')} with ledger schema {written};"
                f" this program knows schema {schema.VERSION}",
                "Upgrade:  pip install --upgrade aiops-cost",
            )
        )
    have = {field.name for field in table.schema().fields}
    if not have <= set(schema.NAMES) or (have != set(schema.NAMES) and written == schema.VERSION):
        raise UserError(
            Problem("ledger-foreign", str(location), "a Delta table is here, but its columns are not the ledger's",
                    "Choose another folder for `ledger:`.")
        )  # fmt: skip


def _make_private(location: Path) -> None:
    """A ledger holds the whole organisation's spend: new folders are for their owner only."""
    try:
        location.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not os.access(location, os.W_OK):
            raise PermissionError(13, "Permission denied")
    except OSError as error:
        raise disk_problem(location, error) from None


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
