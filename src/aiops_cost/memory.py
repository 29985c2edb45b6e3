"""Remembers what the rules said of the ledger's lines, so that the next question need not ask them again.

The answer depends on the ledger's files, on the rules, tags and owners, and on this program; their hash names the file
that holds it, below the ledger. Nothing in it is ever out of date: another ledger or another rule is another name. A
ledger that cannot be written is simply not remembered, and a file that cannot be read is made again.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from aiops_cost import __version__, spend
from aiops_cost.ledger import schema
from aiops_cost.model import Problem

if TYPE_CHECKING:
    import duckdb

    from aiops_cost.ledger.frame import Ledger
    from aiops_cost.rules.engine import Owners, RuleSet, TagMap

FOLDER = "attributed"
KEPT = 4
"""So many answers are kept, the latest used: the ledger as it is, and a few that were asked for from its past."""

_HOUSE = Path(__file__).parent
_BESIDE = "aiops-cost"
"""The key of the file's metadata under which the problems met, and the owners of single days, are kept."""


def name_of(ledger: Ledger, files: Iterable[Path], tags: TagMap) -> str:
    """The name of the answer: a hash of all that it depends on. `files` are the user's rules and owners."""
    digest = sha256(repr((__version__, schema.VERSION, schema.NAMES, schema.ATTRIBUTION, ledger.files)).encode())
    digest.update(repr(tags).encode())
    ours = sorted(path for path in (_HOUSE / "rules").rglob("*") if path.suffix in {".py", ".yaml", ".csv"})
    for path in (*ours, _HOUSE / "spend.py", *files):
        digest.update(repr(path.name).encode() + sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:32]


def attributed(
    con: duckdb.DuckDBPyConnection, folder: Path, name: str, rules: RuleSet, tags: TagMap, owners: Owners | None
) -> tuple[Problem, ...]:
    """The same as `spend.attributed`, from memory where it has the answer. `folder` is the ledger's."""
    path = folder / FOLDER / f"{name}.parquet"
    found = _recalled(con, path)
    if found is None:
        found = spend.attributed(con, rules, tags, owners)
        if folder.is_dir():
            _remember(con, path, found)
    return found


def files(folder: Path) -> tuple[str, ...]:
    """The answers that are kept below a ledger; views may read them."""
    return tuple(str(path) for path in sorted((folder / FOLDER).glob("*.parquet")))


def _recalled(con: duckdb.DuckDBPyConnection, path: Path) -> tuple[Problem, ...] | None:
    """The problems that were met, with the views made; None where the answer is not there or cannot be read."""
    import duckdb

    if not path.is_file():
        return None
    source = "'" + str(path).replace("'", "''") + "'"
    try:
        rows = con.execute(
            f"SELECT decode(value) FROM parquet_kv_metadata({source}) WHERE decode(key) = '{_BESIDE}'"
        ).fetchall()
        said = json.loads(rows[0][0])
        problems = tuple(Problem(*one) for one in said["problems"])
        spend.recalled(con, f"read_parquet({source})", [tuple(one) for one in said["owned"]])
        os.utime(path)
    except (duckdb.Error, OSError, ValueError, IndexError, TypeError):
        return None
    return problems


def _remember(con: duckdb.DuckDBPyConnection, path: Path, problems: tuple[Problem, ...]) -> None:
    """Put the answer in place whole; where the ledger cannot be written, or is full, nothing is lost but time."""
    import duckdb

    owned = con.execute("SELECT line, CAST(first AS VARCHAR), CAST(last AS VARCHAR), owner FROM owned").fetchall()
    told = [[p.code, p.place, p.sentence, p.way_out] for p in problems]
    said = json.dumps({"problems": told, "owned": owned}).replace("'", "''")
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            part = Path(folder) / "part.parquet"
            target = str(part).replace("'", "''")
            con.execute(
                f"COPY (SELECT * FROM described JOIN attribution USING (x_LineId)) TO '{target}'"
                f" (FORMAT parquet, COMPRESSION zstd, KV_METADATA {{'{_BESIDE}': '{said}'}})"
            )
            part.replace(path)
        for old in sorted(path.parent.glob("*.parquet"), key=lambda one: -one.stat().st_mtime)[KEPT:]:
            old.unlink(missing_ok=True)
    except (duckdb.Error, OSError):
        return
