"""The Parquet files of a load: DuckDB writes them where the table lies, and a commit that names them makes them part of
it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb

from aiops_cost.ledger import schema

ROWS_AT_A_TIME = 30_720
"""Rows that are put together in memory before they are written (a Parquet row group); more do not fit beside the rest
of a thrifty load."""
_SINCE = ("ChargePeriodStart", "ChargePeriodEnd")


@dataclass(frozen=True)
class Written:
    """One file: its path below the table, its partition, its size in bytes, and what Delta keeps to skip files."""

    path: str
    partition: dict[str, str | None]
    size: int
    stats: dict[str, Any] = field(default_factory=dict)


@contextmanager
def write(
    con: duckdb.DuckDBPyConnection, rows: str, table: Path, source: str, periods: Sequence[str]
) -> Iterator[list[Written]]:
    """Write the rows of the view `rows` below the folder `table`, a file for each billing period; a period without rows
    has none. When the block is left by an exception, the files are gone. Raises duckdb.IOException and OSError."""
    files: list[Written] = []
    paths = [f"x_Source={source}/x_BillingPeriod={period}/part-{uuid4()}.parquet" for period in periods]
    try:
        for period, path in zip(periods, paths, strict=True):
            (table / path).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if (written := _file(con, rows, table, path, source, period)).stats["numRecords"]:
                files.append(written)
            else:
                (table / path).unlink()
        yield files
    except BaseException:
        for path in paths:
            (table / path).unlink(missing_ok=True)
        raise


def _file(con: duckdb.DuckDBPyConnection, rows: str, table: Path, path: str, source: str, period: str) -> Written:
    names = [name for name in schema.NAMES if name not in schema.PARTITION]
    target = str(table / path).replace("'", "''")
    found = con.execute(
        f"COPY (SELECT {', '.join(names)} FROM {rows} WHERE x_BillingPeriod = '{period}')"
        f" TO '{target}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROWS_AT_A_TIME}, RETURN_STATS)"
    ).fetchall()
    _, count, size, _, columns, *_ = found[0]
    told = {name.strip('"'): stats for name, stats in columns.items()}
    stats = {
        "numRecords": count,
        "minValues": {name: told[name]["min"] for name in _SINCE if "min" in told.get(name, {})},
        "maxValues": {name: told[name]["max"] for name in _SINCE if "max" in told.get(name, {})},
        "nullCount": {name: int(stats["null_count"]) for name, stats in told.items() if "null_count" in stats},
    }
    return Written(path, {"x_Source": source, "x_BillingPeriod": period}, size, stats)
