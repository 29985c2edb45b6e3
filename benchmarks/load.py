"""Loading two million rows of FOCUS 1.2 Parquet, against a bare DuckDB statement that does the same group-by.

The peer reads the same file, sums the same amounts by the same columns and day, and writes Parquet: no casts, no
proof, no line ids, no Delta commit. What is left is the price of a ledger that adds up. Aim: 1.3 or less.
`--format cur2` does the same with 10 million rows of CUR 2.0 (`cur2.py` says what "the same columns" are), and measures
the memory of the load at half and at twice the rows, each in a process of its own: under 1 GB, within 1.3 of each
other. All of it:  python -m benchmarks load --format cur2 --peers
`--peers` lets a pandas script and focus-converter do the same (see `peers.py`). Ratios are given of wall time and of
processor time; on a machine that others use, only the second means something.
The FOCUS file is made with a fixed seed: 24 hourly rows per line and day, amounts as DECIMAL, as Azure and GCP send
them, and once more as DOUBLE, as AWS does, which costs a look at each whether it is a short decimal.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from aiops_cost.ledger import schema
from aiops_cost.ledger.load import Options, load
from aiops_cost.model import Errand, Source
from aiops_cost.providers.focus.fetch import fetch
from benchmarks import cur2, peers

ROWS = 2_000_000
CUR2_ROWS = 10_000_000
PEER_ROWS = 500_000
RUNS = 5
GENERATED = (
    "SELECT setseed(0.5)",
    """COPY (
  SELECT TIMESTAMP '2026-05-01' + to_hours(CAST(i % 744 AS INTEGER)) AS ChargePeriodStart,
    TIMESTAMP '2026-05-01' + to_hours(CAST(i % 744 AS INTEGER) + 1) AS ChargePeriodEnd,
    TIMESTAMP '2026-05-01' AS BillingPeriodStart, TIMESTAMP '2026-06-01' AS BillingPeriodEnd,
    'USD' AS BillingCurrency,
    {amount} AS BilledCost, {amount} AS EffectiveCost, {amount} AS ListCost, {amount} AS ContractedCost,
    CAST((line % 97) / 7 AS DECIMAL(18, 6)) AS PricingQuantity,
    CAST((line % 97) / 7 AS DECIMAL(18, 6)) AS ConsumedQuantity,
    'AWS' AS ProviderName, 'Amazon Web Services' AS PublisherName, 'Amazon Web Services' AS InvoiceIssuerName,
    '012345678901' AS BillingAccountId, 'payer' AS BillingAccountName,
    lpad(CAST(line % 40 AS VARCHAR), 12, '0') AS SubAccountId, 'account ' || line % 40 AS SubAccountName,
    'Usage' AS ChargeCategory, 'Usage-Based' AS ChargeFrequency, 'Standard' AS PricingCategory,
    'Compute' AS ServiceCategory, 'Amazon Elastic Compute Cloud' AS ServiceName, 'us-east-1' AS RegionId,
    'US East (N. Virginia)' AS RegionName, 'i-' || md5(CAST(line AS VARCHAR)) AS ResourceId,
    '$0.0' || line % 90 || ' per hour' AS ChargeDescription, 'Hours' AS PricingUnit, 'Hours' AS ConsumedUnit,
    'SKU' || line % 300 AS SkuId, 'SKU' || line % 300 || '.JRTC' AS SkuPriceId,
    'BoxUsage:m' || line % 9 || '.large' AS SkuMeter,
    '{{"app": "service-' || line % 60 || '", "team": "team-' || line % 12 || '"}}' AS Tags
  FROM (SELECT i, i // 744 AS line, random() AS r FROM range({rows}) t(i))
) TO '{path}' (FORMAT parquet)""",
)
AMOUNTS = {
    "DECIMAL": "CAST(r * 3 AS DECIMAL(20, 10))",
    "DOUBLE": "CAST(CAST(r * 3 AS DECIMAL(20, 10)) AS DOUBLE)",
}
NOW = datetime(2026, 6, 2, tzinfo=UTC)


def main() -> None:
    """Print the median of each and their ratio."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks load", description="How long a load takes.")
    parser.add_argument("--format", choices=("focus", "cur2"), default="focus", help="what is loaded")
    parser.add_argument("--rows", type=int, help=f"rows of the file (FOCUS {ROWS:,}, CUR 2.0 {CUR2_ROWS:,})")
    parser.add_argument("--runs", type=int, default=RUNS, help="how often each is timed")
    parser.add_argument("--no-memory", action="store_true", help="leave the memory at half and twice the rows out")
    parser.add_argument("--peers", type=int, nargs="?", const=PEER_ROWS, default=0, metavar="ROWS",
                        help=f"time pandas and focus-converter, too, on so many rows ({PEER_ROWS:,})")  # fmt: skip
    asked = parser.parse_args()
    if asked.format == "cur2":
        with tempfile.TemporaryDirectory() as name:
            _cur2(asked.rows or CUR2_ROWS, asked.runs, Path(name))
            if not asked.no_memory:
                _memory(asked.rows or CUR2_ROWS, Path(name))
            if asked.peers:
                _peers(asked.peers, Path(name))
    else:
        _focus(asked.rows or ROWS, asked.runs)


def _cur2(rows: int, runs: int, folder: Path) -> None:
    path, out = folder / "cur2.parquet", folder / "bare.parquet"
    cur2.generate(path, rows)
    ours, keys, whole = _in_turn(
        (lambda: _load(path, folder), lambda: cur2.bare(path, out), lambda: cur2.bare(path, out, cur2.WHOLE)), runs
    )
    print(f"load {rows:,} rows of CUR 2.0 ({path.stat().st_size / 2**20:,.0f} MB): {ours}")
    print(f"bare DuckDB group-by of the same columns: {keys}; {ours.over(keys)} (aim 1.3)")
    print(f"bare DuckDB group-by with the whole map `product`: {whole}; {ours.over(whole)}")


def _memory(rows: int, folder: Path) -> None:
    path, peaks = folder / "cur2.parquet", []
    for number in (rows // 2, rows * 2):
        cur2.generate(path, number)
        peaks.append(_peak(path, folder))
        print(f"memory of a load of {number:,} rows: {peaks[-1]:,.0f} MB at its peak")
    print(f"four times the rows: {peaks[1] / peaks[0]:.2f} times the memory")


def _peers(rows: int, folder: Path) -> None:
    python = peers.environment(folder)
    if python is None:
        return
    path = folder / "cur2.parquet"
    cur2.generate(path, rows)
    (ours,) = _in_turn((lambda: _load(path, folder),), 1)
    print(f"load {rows:,} rows of CUR 2.0: {ours}")
    for name, peer in (("pandas script", peers.pandas), ("focus-converter", peers.converter)):
        told = peer(python, path, folder)
        print(f"{name}: {told if isinstance(told, str) else f'{Timed(*told)}; {Timed(*told).over(ours)}'}")


def _peak(path: Path, folder: Path) -> float:
    """Resident memory in MB, at its peak, of a process that does nothing but load the file."""
    code = (
        "import sys; from pathlib import Path; from benchmarks.load import _load; from benchmarks.processes import peak"
        "; _load(*map(Path, sys.argv[1:])); print(peak())"
    )
    child = subprocess.run([sys.executable, "-c", code, str(path), str(folder)], stdout=subprocess.PIPE, check=True)
    return float(child.stdout.split()[-1])


def _focus(rows: int, runs: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for kind, amount in AMOUNTS.items():
            path = Path(folder) / f"focus-{kind.lower()}.parquet"
            _generate(path, amount, rows)
            ours, peer = _in_turn((lambda p=path: _load(p, Path(folder)), lambda p=path: _bare(p, Path(folder))), runs)
            print(f"load {rows:,} rows, amounts {kind}: {ours}; bare DuckDB group-by {peer}; {ours.over(peer)}")


def _generate(path: Path, amount: str, rows: int) -> None:
    with duckdb.connect(config={"threads": 1}) as con:
        for statement in GENERATED:
            con.execute(statement.format(rows=rows, path=path, amount=amount))


def _load(path: Path, folder: Path) -> None:
    ledger = folder / "ledger"
    shutil.rmtree(ledger, ignore_errors=True)
    load(ledger, fetch(Source("bench", "focus", str(path)), folder, Errand()), Options(now=NOW))


def _bare(path: Path, folder: Path) -> None:
    present = {row[0] for row in duckdb.sql(f"DESCRIBE SELECT * FROM read_parquet('{path}')").fetchall()}
    keys = [name for name in schema.IDENTITY if name in present]
    sums = [name for name in (*schema.AMOUNTS, *schema.QUANTITIES) if name in present]
    with duckdb.connect(config={"memory_limit": "2GB"}) as con:
        con.execute(
            f"COPY (SELECT CAST(ChargePeriodStart AS DATE) AS day, {', '.join(keys)},"
            f" {', '.join(f'sum({name}) AS {name}' for name in sums)}, count(*) AS n"
            f" FROM read_parquet('{path}') GROUP BY ALL)"
            f" TO '{folder / 'bare.parquet'}' (FORMAT parquet)"
        )


@dataclass(frozen=True)
class Timed:
    """Seconds of wall time and of processor time."""

    wall: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.wall:.2f} s, {self.cpu:.2f} s of processor time"

    def over(self, other: Timed) -> str:
        """Both ratios."""
        return f"ratio {self.wall / other.wall:.2f}, of processor time {self.cpu / other.cpu:.2f}"


def _in_turn(works: Sequence[Callable[[], None]], runs: int) -> list[Timed]:
    """Medians of each, run in turn so that a slow machine is slow for all; the first of each is not counted."""
    times: list[list[tuple[float, float]]] = [[] for _ in works]
    for run in range(runs + 1):
        for index, work in enumerate(works):
            wall, cpu = time.perf_counter(), time.process_time()
            work()
            if run:
                times[index].append((time.perf_counter() - wall, time.process_time() - cpu))
    return [Timed(*(statistics.median(values) for values in zip(*found, strict=True))) for found in times]


if __name__ == "__main__":
    main()
