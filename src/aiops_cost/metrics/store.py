"""Where fetched metrics are kept: a Delta table beside the ledger's own, replaced by feed and days in one commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from aiops_cost.errors import CouldNotJudge
from aiops_cost.metrics.points import COLUMNS, Point
from aiops_cost.model import Problem

FOLDER = "metrics"
EXTRA = ("feed", "definition")
"""The entry that a row came from, and the digest of what was asked: another question replaces the whole feed."""


@dataclass(frozen=True)
class Kept:
    """What the store holds of one feed."""

    points: tuple[Point, ...]
    definition: str

    @property
    def last_day(self) -> date | None:
        return max((point.day for point in self.points), default=None)


def read(ledger: str) -> dict[str, Kept]:
    """Feed -> what is kept of it; empty where nothing was ever fetched. Raises CouldNotJudge for a damaged store."""
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError, TableNotFoundError

    try:
        files = DeltaTable(str(Path(ledger) / FOLDER)).file_uris()
        rows = _rows(files)
    except TableNotFoundError:
        return {}
    except (DeltaError, OSError, duckdb.Error) as error:
        raise CouldNotJudge(_damaged(ledger, error)) from None
    found: dict[str, tuple[list[Point], str]] = {}
    for *values, feed, definition in rows:
        point = Point(**dict(zip(COLUMNS, values, strict=True)))
        found.setdefault(feed, ([], definition))[0].append(point)
    return {feed: Kept(tuple(points), definition) for feed, (points, definition) in found.items()}


def replace(ledger: str, feed: str, points: Sequence[Point], first: date | None, definition: str) -> None:
    """Put the points of a feed in place of those it had from `first` on, or of all (None), in one commit."""
    from deltalake import DeltaTable, write_deltalake

    path = Path(ledger) / FOLDER
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    with duckdb.connect() as con:
        rows = _relation(con, feed, points, definition)
        if not DeltaTable.is_deltatable(str(path)):
            write_deltalake(str(path), rows, mode="error", partition_by=["feed"])
            return
        since = f" AND day >= '{first.isoformat()}'" if first else ""
        write_deltalake(str(path), rows, mode="overwrite", predicate=f"feed = '{feed}'{since}")


def _rows(files: Sequence[str]) -> list[tuple[Any, ...]]:
    if not files:
        return []
    names = ", ".join((*COLUMNS, *EXTRA))
    with duckdb.connect() as con:
        return con.execute(
            f"SELECT {names} FROM read_parquet(?, hive_partitioning = true, hive_types = {{'feed': VARCHAR}})"
            " ORDER BY ALL",
            [list(files)],
        ).fetchall()


def _relation(
    con: duckdb.DuckDBPyConnection, feed: str, points: Sequence[Point], definition: str
) -> duckdb.DuckDBPyRelation:
    """The points as rows; values travel as text, so that no digit is lost."""
    names = ", ".join(COLUMNS)
    listed = ", ".join("unnest(CAST(? AS VARCHAR[]))" for _ in COLUMNS)
    cast = ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind in COLUMNS.items())
    texts = [
        [None if cell is None else str(cell) for cell in column]
        for column in zip(*(p.row for p in points), strict=True)
    ]
    con.execute(
        f"CREATE TEMP TABLE points AS SELECT {cast}, CAST(? AS VARCHAR) AS feed, CAST(? AS VARCHAR) AS definition"
        f" FROM (SELECT {listed}) AS given({names})",
        [feed, definition, *(texts or [[] for _ in COLUMNS])],
    )
    return con.table("points")


def _damaged(ledger: str, error: Exception) -> Problem:
    return Problem(
        "metrics-damaged",
        str(Path(ledger) / FOLDER),
        f"the metrics that were fetched cannot be read: {str(error).splitlines()[0]}",
        "Delete this folder and fetch them again:  aiops-cost pull",
    )
