"""`report` over a year of ledger, against the same question in SQL on the raw exports. Aim: 20 times faster, and about
a second for the year.

The company is made with a fixed seed: 21,000 lines, a year of days, 7.7 million ledger rows. Its raw export has 16
rows per line and day, 10 million a month; one month of it is made and asked, for a year of it would be 120 million
rows. The command is a new process each time: Python, the ledger's log, the rules, the answer. `first` is the first
question after a load, when the rules have to look at every line.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from aiops_cost.ledger.load import Options, load
from aiops_cost.model import Source
from aiops_cost.providers.focus.fetch import fetch

LINES, HOURS, RUNS = 21_000, 16, 3
MONTHS = [date(2025 + (5 + n) // 12, (5 + n) % 12 + 1, 1) for n in range(12)]
NOW = datetime(2026, 6, 2, tzinfo=UTC)
BY = ("activity,workload", "service,tags.app")
_ROWS = """COPY (
  SELECT day + to_hours(CAST(hour AS INTEGER)) AS ChargePeriodStart,
    day + to_hours(CAST(hour AS INTEGER)) + INTERVAL {width} HOUR AS ChargePeriodEnd,
    date_trunc('month', day) AS BillingPeriodStart, date_trunc('month', day) + INTERVAL 1 MONTH AS BillingPeriodEnd,
    'USD' AS BillingCurrency, {amount} AS BilledCost, {amount} AS EffectiveCost, {amount} AS ListCost,
    {amount} AS ContractedCost, CAST(line % 97 AS DECIMAL(18, 6)) AS PricingQuantity,
    CAST(line % 97 AS DECIMAL(18, 6)) AS ConsumedQuantity, 'AWS' AS ProviderName,
    'Amazon Web Services' AS PublisherName, 'Amazon Web Services' AS InvoiceIssuerName,
    '012345678901' AS BillingAccountId,
    lpad(CAST(line % 40 AS VARCHAR), 12, '0') AS SubAccountId, 'account ' || line % 40 AS SubAccountName,
    'Usage' AS ChargeCategory, 'Usage-Based' AS ChargeFrequency, 'Standard' AS PricingCategory,
    'AI and Machine Learning' AS ServiceCategory,
    ['Amazon SageMaker', 'Amazon Bedrock', 'Amazon Elastic Compute Cloud', 'Amazon S3'][line % 4 + 1] AS ServiceName,
    'us-east-1' AS RegionId, 'US East (N. Virginia)' AS RegionName, 'i-' || md5(CAST(line AS VARCHAR)) AS ResourceId,
    '$0.0' || line % 90 || ' per hour' AS ChargeDescription, 'Hours' AS PricingUnit, 'Hours' AS ConsumedUnit,
    'SKU' || line % 300 AS SkuId, 'SKU' || line % 300 || '.JRTC' AS SkuPriceId,
    'USE1-Host:ml.m' || line % 9 || '.large' AS SkuMeter,
    '{{"app": "app-' || line % 60 || '", "workload": "workload-' || line % 25 || '"}}' AS Tags
  FROM range({lines}) l(line), range(DATE '{first}', DATE '{first}' + INTERVAL 1 MONTH, INTERVAL 1 DAY) d(day),
    range({hours}) h(hour)
) TO '{path}' (FORMAT parquet)"""
_AMOUNT = "CAST((hash(line * 1000 + hour * 40 + day(day)) % 1000000000) / 10000000 / {hours} AS DECIMAL(20, 10))"


def main() -> None:
    """Print seconds and ratios."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = _ledger(folder)
        raw = folder / "raw.parquet"
        _export(raw, MONTHS[-1], HOURS)
        first = _timed(lambda: _report(folder, BY[0]))
        _say(f"a ledger of {rows:,} rows; first question {first:.2f} s")
        for by in BY:
            year = _median(lambda by=by: _report(folder, by))
            month = _median(lambda by=by: _report(folder, by, "--month", f"{MONTHS[-1]:%Y-%m}"))
            peer = _median(lambda by=by: _sql(raw, by))
            _say(
                f"by {by}: a year {year:.2f} s, a month {month:.2f} s; SQL on a month of raw exports {peer:.2f} s;"
                f" ratio for the month {peer / month:.1f}, for a year of such months {12 * peer / year:.1f}"
            )


def _ledger(folder: Path) -> int:
    bills = folder / "bills"
    bills.mkdir()
    for first in MONTHS:  # month by month, as they come
        _export(bills / f"{first:%Y-%m}.parquet", first, 1)
        load(folder / "ledger", fetch(Source("bench", "focus", str(bills)), folder), Options(now=NOW))
    (folder / "aiops-cost.yaml").write_text(
        "currency: USD\nsources:\n  - {name: bench, provider: focus, location: ./bills}\n", encoding="utf-8"
    )
    ((count,),) = duckdb.sql(f"SELECT count(*) FROM '{bills}/*.parquet'").fetchall()
    return int(count)


def _export(path: Path, first: date, hours: int) -> None:
    amount = _AMOUNT.format(hours=hours)
    with duckdb.connect(config={"threads": 2, "memory_limit": "1GB", "preserve_insertion_order": False}) as con:
        con.execute(
            _ROWS.format(amount=amount, lines=LINES, first=first, hours=hours, path=path, width=24 if hours == 1 else 1)
        )


def _report(folder: Path, by: str, *more: str) -> None:
    days = more or ("--from", f"{MONTHS[0]}", "--to", "2026-05-31")
    command = [sys.executable, "-m", "aiops_cost", "report", "--by", by, *days, "--as-of", "2026-06-02"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder)


def _sql(raw: Path, by: str) -> None:
    """The same question as someone with the export and DuckDB would ask it; in a process of its own, as ours is."""
    keys = {
        "activity,workload": "ServiceName, json_extract_string(Tags, '/workload')",
        "service,tags.app": "ServiceName, json_extract_string(Tags, '/app')",
    }[by]
    sql = (
        f"SELECT {keys}, sum(EffectiveCost) FROM '{raw}' WHERE ChargePeriodStart >= '{MONTHS[-1]}'"
        " AND ChargePeriodStart < '2026-06-01' GROUP BY ALL ORDER BY 3 DESC"
    )
    subprocess.run([sys.executable, "-c", f"import duckdb; print(duckdb.sql({sql!r}).fetchall())"], check=True,
                   stdout=subprocess.DEVNULL)  # fmt: skip


def _timed(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _median(work: Callable[[], None]) -> float:
    return statistics.median(_timed(work) for _ in range(RUNS))


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
