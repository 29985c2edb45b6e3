"""Remembers what the rules said of the ledger's lines, what days cost, and what metric files say, so that the next
question need not ask them again.

An answer depends on the files that it was made from (the ledger's, the rules, tags and owners; the metric files) and
on this program; their hash names the file that holds it, below the ledger. Nothing in it is ever out of date: another
ledger or another rule is another name. The name ends with the checksum of the file, so that one which was damaged is
never asked: it is deleted, and made again. A ledger that cannot be written is simply not remembered.
"""

from __future__ import annotations

import json
import os
import tempfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiops_cost import __version__, spend
from aiops_cost.ledger import schema
from aiops_cost.metrics.file import MetricsSource
from aiops_cost.metrics.points import Measured
from aiops_cost.model import Problem

if TYPE_CHECKING:
    import duckdb

    from aiops_cost.ledger.frame import Ledger
    from aiops_cost.rules.tags import TagMap

FOLDER, DAYS, MEASURED = "attributed", "days", "measured"
KEPT = 4
"""So many answers are kept, the latest used: the ledger as it is, and a few that were asked for from its past."""

_HOUSE = Path(__file__).parent
_BESIDE = "aiops-cost"
"""The key of the file's metadata under which the problems met, and the owners of single days, are kept."""


@dataclass(frozen=True)
class Attributed:
    """What is known once the lines are attributed: the problems met, and the columns that the rules look at."""

    problems: tuple[Problem, ...]
    used_columns: frozenset[str]


def name_of(ledger: Ledger, files: Iterable[Path], tags: TagMap) -> str | None:
    """The name of the answer: a hash of all that it depends on. `files` are the user's rules and owners; None where
    one of them cannot be read."""
    try:
        there = [(file, (stat := Path(file).stat()).st_size, stat.st_mtime_ns) for file in ledger.files]
    except OSError:
        return None
    digest = sha256(repr((__version__, schema.VERSION, schema.NAMES, schema.ATTRIBUTION, there)).encode())
    digest.update(repr(tags).encode())
    ours = sorted(path for path in (_HOUSE / "rules").rglob("*") if path.suffix in {".py", ".yaml", ".csv"})
    return _named(digest, (*ours, _HOUSE / "spend.py", Path(__file__), *files))


def attributed(
    con: duckdb.DuckDBPyConnection, folder: Path, name: str | None, rules: Callable[[], spend.Rules]
) -> Attributed:
    """The same as `spend.attributed`, from memory where it has the answer; `rules` is only called where it has not.
    `folder` is the ledger's."""
    found = _recalled(con, _kept(folder / FOLDER, name))
    if found is None:
        asked = rules()
        used = frozenset(column for rule in asked[0] for column, _ in rule.when)
        found = Attributed(spend.attributed(con, *asked), used)
        if name and folder.is_dir():
            _remember(con, folder / FOLDER, name, found)
    return found


def keep_days(con: duckdb.DuckDBPyConnection, folder: Path, name: str | None, currency: str) -> Path | None:
    """Remember what lines that are alike cost on each day (see `spend.summed_by_day`), where that is not done; the file
    that holds it, or None.

    It is not done where a sum would not be the answer: a line that changed hands is another owner's on other days, and
    exchange rates are applied to each row and rounded there."""
    if not name or not folder.is_dir() or spend.is_foreign(con, "described", currency):
        return None
    found = _kept(folder / DAYS, name)
    if found is None and not con.execute("FROM owned LIMIT 1").fetchall():
        return _put(con, folder / DAYS, name, spend.summed_by_day(), {})
    return found


def offer_days(con: duckdb.DuckDBPyConnection, folder: Path, name: str | None, currency: str) -> None:
    """The view `days` (see `spend.summed_by_day`), remembered now if it was not; none where it cannot be made, or where
    exchange rates are applied: what is remembered may stem from a day when the report was in the bills' currency."""
    import duckdb

    path = keep_days(con, folder, name, currency)
    if path:
        with suppress(duckdb.Error):
            con.execute(f"CREATE OR REPLACE TEMP VIEW days AS SELECT * FROM read_parquet({_source(path)})")


def by_day(
    folder: Path, name: str | None, columns: Iterable[str], cost: str, currency: str, memory_limit: str
) -> duckdb.DuckDBPyConnection | None:
    """A connection with nothing but the view `spend` (see `spend.by_day`); None where the days are not remembered,
    lack one of the columns, or have amounts in another currency."""
    import duckdb

    if not {*columns} <= {*schema.PARTITION, "ChargePeriodStart", *schema.COARSE}:
        return None
    lines, days = (_kept(folder / kind, name) for kind in (FOLDER, DAYS))
    if not lines or not days:
        return None
    safe = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    con = duckdb.connect(config={"memory_limit": memory_limit, **safe})
    try:
        spend.by_day(con, f"read_parquet({_source(lines)})", f"read_parquet({_source(days)})", cost)
        if spend.is_foreign(con, f"read_parquet({_source(lines)})", currency):
            return None
        os.utime(days)
        os.utime(lines)
    except (duckdb.Error, OSError):
        return None
    return con


def measured(
    con: duckdb.DuckDBPyConnection, folder: Path, sources: Sequence[MetricsSource], read: Callable[[], Measured]
) -> tuple[str, ...]:
    """The table `metrics`, from memory where the same files were read before; returns what is to be said of them.

    What was fetched from servers is kept beside the ledger already, and is read from there each time.
    """
    entries = [(source.name, source.entry.model_dump_json(), source.files) for source in sources]
    digest = sha256(repr((__version__, str(Path.cwd()), entries)).encode())
    ours = sorted((_HOUSE / "metrics").rglob("*.py"))
    name = _named(digest, (*ours, *(file for source in sources for file in source.files)))
    known = name if sources and not any(source.fetched for source in sources) else None
    path = _kept(folder / MEASURED, known)
    if path and (said := _read(con, path)) is not None and spend.remeasured(con, _source(path)):
        return tuple(said["notes"])
    found = read()
    spend.measured(con, found.points)
    if known and folder.is_dir():
        _put(con, folder / MEASURED, known, "SELECT * FROM metrics", {"notes": found.notes})
    return found.notes


def files(folder: Path) -> tuple[str, ...]:
    """The answers that are kept below a ledger; views may read them."""
    return tuple(str(path) for kind in (FOLDER, DAYS) for path in sorted((folder / kind).glob("*.parquet")))


def _named(digest: Any, read: Iterable[Path]) -> str | None:
    """The digest with the content of these files, as a name."""
    try:
        for path in read:
            digest.update(repr(path.name).encode() + sha256(path.read_bytes()).digest())
    except OSError:
        return None
    return str(digest.hexdigest()[:32])


def _recalled(con: duckdb.DuckDBPyConnection, path: Path | None) -> Attributed | None:
    """What was known, with the views made; None where the answer is not there or cannot be read."""
    import duckdb

    said = _read(con, path) if path else None
    if not path or said is None:
        return None
    try:
        spend.recalled(con, f"read_parquet({_source(path)})", [tuple(one) for one in said["owned"]])
        return Attributed(tuple(Problem(*one) for one in said["problems"]), frozenset(said["used"]))
    except (duckdb.Error, KeyError, TypeError):
        return None


def _remember(con: duckdb.DuckDBPyConnection, folder: Path, name: str, found: Attributed) -> None:
    owned = con.execute("SELECT line, CAST(first AS VARCHAR), CAST(last AS VARCHAR), owner FROM owned").fetchall()
    told = [[p.code, p.place, p.sentence, p.way_out] for p in found.problems]
    said = {"problems": told, "owned": owned, "used": sorted(found.used_columns)}
    _put(con, folder, name, "SELECT * FROM described JOIN attribution USING (x_LineId)", said)


def _kept(folder: Path, name: str | None) -> Path | None:
    """The answer that we may read and that is what was written; where several people use a ledger it may be another's,
    and not for us. A damaged one is deleted: zeros in the middle of a file may be taken for amounts."""
    for path in folder.glob(f"{name}-*.parquet") if name else ():
        try:
            if path.stem.rpartition("-")[2] == _checksum(path):
                return path
            path.unlink(missing_ok=True)
        except OSError:
            continue
    return None


def _checksum(path: Path) -> str:
    found = 0
    with path.open("rb") as file:
        while block := file.read(1_000_000):
            found = zlib.crc32(block, found)
    return f"{found:08x}"


def _source(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _read(con: duckdb.DuckDBPyConnection, path: Path) -> dict[str, Any] | None:
    """What stands beside an answer; None where it cannot be read. It then counts as used just now."""
    import duckdb

    try:
        rows = con.execute(
            f"SELECT decode(value) FROM parquet_kv_metadata({_source(path)}) WHERE decode(key) = '{_BESIDE}'"
        ).fetchall()
        said: dict[str, Any] = json.loads(rows[0][0])
        os.utime(path)
    except (duckdb.Error, OSError, ValueError, IndexError):
        return None
    return said


def _put(con: duckdb.DuckDBPyConnection, answers: Path, name: str, select: str, beside: dict[str, Any]) -> Path | None:
    """Put an answer in place whole; where the ledger cannot be written, or is full, nothing is lost but time (None)."""
    import duckdb

    said = json.dumps(beside).replace("'", "''")
    try:
        answers.mkdir(mode=0o700, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=answers) as folder:
            part = Path(folder) / "part.parquet"
            con.execute(
                f"COPY ({select}) TO {_source(part)}"
                f" (FORMAT parquet, COMPRESSION zstd, KV_METADATA {{'{_BESIDE}': '{said}'}})"
            )
            found = part.replace(answers / f"{name}-{_checksum(part)}.parquet")
        for old in sorted(answers.glob("*.parquet"), key=lambda one: -one.stat().st_mtime)[KEPT:]:
            old.unlink(missing_ok=True)
        return found
    except (duckdb.Error, OSError):
        return None
