"""What is wrong with a ledger that cannot be trusted: a log with entries missing or damaged, files that are gone or not
whole, and rows that no load recorded.

A Delta log is one file for each commit, numbered from 0, all of which are kept; deltalake passes over some that say
nothing. Damage is never "nothing loaded": every answer would be without what is gone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from aiops_cost.errors import CouldNotJudge
from aiops_cost.ledger import schema
from aiops_cost.model import Problem

if TYPE_CHECKING:
    from deltalake import DeltaTable

LOG = "_delta_log"
_WRITES = frozenset({"CREATE TABLE", "WRITE", None})


def damaged(location: Path, said: str) -> CouldNotJudge:
    """The ledger is damaged, in these words."""
    way_out = "Restore the folder from a backup; or pull into a new one (`ledger:` in the configuration)."
    return CouldNotJudge(Problem("ledger-damaged", str(location), f"the ledger is damaged: {said}", way_out))


def of_log(table: Path) -> str | None:
    """What is missing or cannot be read in the log of the table, in the order of its entries; None where every entry is
    there, and where one may not be read."""
    log = table / LOG
    entries = {int(file.stem): file for file in log.glob("*.json") if file.stem.isdigit()}
    known = {*entries, *(int(file.name[:20]) for file in log.glob("*.checkpoint*.parquet") if file.name[:20].isdigit())}
    for number in range(max(known, default=-1) + 1):
        name = f"{log.name}/{number:020}.json"
        if number not in entries:
            return f"{name} is missing"
        try:
            actions = [json.loads(line) for line in entries[number].read_text(encoding="utf-8").splitlines() if line]
            if not any("commitInfo" in action for action in actions):
                return f"{name} does not say what was loaded"
        except PermissionError:
            return None
        except (OSError, ValueError):
            return f"{name} cannot be read"
    return None


def of_commits(commits: Sequence[Mapping[str, Any]], key: str) -> str | None:
    """The first commit that wrote rows without the record of a load, which is kept under `key`; others may compact the
    files of the table, or remove those that are no longer in it."""
    unrecorded = [v for v, one in enumerate(commits) if key not in one and one.get("operation") in _WRITES]
    return f"version {unrecorded[0]} was written without the record of a load" if unrecorded else None


def of_files(table: DeltaTable, loads: Iterable[Mapping[str, Any]]) -> str | None:
    """The first file of the table that is not there, or not whole; else the first month with other rows in the table
    than its last load recorded; None where all agree. Files of which the log does not count the rows say nothing of
    their month. No file is read.

    Raises KeyError and TypeError for records that cannot be understood."""
    recorded = {(load["source"], period): of["ledger_rows"] for load in loads for period, of in load["periods"].items()}
    files = table.get_add_actions()
    told = [files[name].to_pylist() for name in ("path", "size_bytes", "partition", "num_records")]
    there: dict[tuple[str, str], int | None] = {}
    for path, size, partition, rows in zip(*told, strict=True):
        if said := _of_file(_folder(table), unquote(path), size):
            return said
        month = tuple(partition[name] for name in schema.PARTITION)
        before = there.get(month, 0)
        there[month] = None if rows is None or before is None else before + rows
    return _of_months(there, recorded)


def _of_months(there: Mapping[tuple[str, str], int | None], recorded: Mapping[tuple[str, str], int]) -> str | None:
    for month in sorted({*recorded, *there}):
        rows, wanted = there.get(month, 0), recorded.get(month, 0)
        if rows is not None and rows != wanted:
            return f"{' '.join(month)} has {rows:,} rows, and its last load recorded {wanted:,}"
    return None


def _of_file(folder: Path, name: str, size: int) -> str | None:
    try:
        found = (folder / name).stat().st_size
    except OSError:
        return f"{name} is missing"
    return None if found == size else f"{name} has {found:,} bytes, and its load wrote {size:,}"


def _folder(table: DeltaTable) -> Path:
    return Path(unquote(urlsplit(table.table_uri).path))
