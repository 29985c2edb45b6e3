"""`report` over a year of ledger, against the same question in SQL on the raw exports; and `check` on that ledger.
Aims: 20 times faster than the SQL, about a second for the year, and a check in bounded memory.

The company is made with a fixed seed: 21,000 lines, a year of days, 7.7 million ledger rows. Its raw export has 16
rows per line and day, 10 million a month. One month of it is made, and SQL reads it twelve times over in one statement:
a year of it would be 120 million rows. Each question is a new process: Python, the ledger's log, the rules, the answer.
`first` is the first question after a load, when the rules have to look at every line and days are summed.

    python -m benchmarks report [--folder FOLDER]

With `--folder` what is made stays there, and is found there the next time.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from aiops_cost.ledger.load import Options, load
from aiops_cost.model import Source
from aiops_cost.providers.focus.fetch import fetch
from benchmarks import processes

LINES, HOURS, RUNS = 21_000, 16, 3
MONTHS = [date(2025 + (5 + n) // 12, (5 + n) % 12 + 1, 1) for n in range(12)]
NOW = datetime(2026, 6, 2, tzinfo=UTC)
BY = ("activity,workload", "service,tags.app")
_PROGRAM = (sys.executable, "-m", "aiops_cost")
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
    """Print what each took, and the ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = (asked.folder or Path(name)).resolve()
        processes.once((sys.executable, "-c", f"from benchmarks import report; report.make({str(folder)!r})"))
        for kept in ("attributed", "days"):
            shutil.rmtree(folder / "ledger" / kept, ignore_errors=True)
        _say(f"first question: {processes.once(_report(BY[0]), folder)}")
        for by in BY:
            commands = {"year": _report(by), "month": _report(by, "--month", f"{MONTHS[-1]:%Y-%m}"), "sql": _sql(by)}
            found = processes.in_turns(commands, RUNS, folder)
            took = {name: processes.median(each) for name, each in found.items()}
            _say(f"by {by}: the year {took['year']}; a month {took['month']}")
            _say(
                f"    SQL on a year of raw exports {took['sql']}; ratio {processes.ratio(found['sql'], found['year'])}"
            )
        _check(folder)


def make(name: str) -> None:
    """The company's ledger, and a month of its raw export, where they are not there."""
    folder = Path(name)
    raw = folder / "raw.parquet"
    if not raw.exists():
        _ledger(folder)
        _export(folder / "part", MONTHS[-1], HOURS)
        (folder / "part").replace(raw)


def _check(folder: Path) -> None:
    """A budget of a line per activity and workload, judged with little memory and with plenty."""
    lines = "".join(
        f"  - {{scope: {{activity: {activity}, workload: workload-{number}}}, amount: {1000 + number * 100}}}\n"
        for number in range(25)
        for activity in ("serving", "training", "storage")
    )
    plan = f"budget: year\ncurrency: USD\nmonths: 2026-01..2026-12\nlines:\n{lines}"
    (folder / "plan.yaml").write_text(plan, encoding="utf-8")
    written = (folder / "aiops-cost.yaml").read_text(encoding="utf-8")
    for limit in ("500MB", "2GB"):
        config = folder / f"check-{limit}.yaml"
        config.write_text(f"{written}budgets: [plan.yaml]\nmemory_limit: {limit}\n", encoding="utf-8")
        command = (*_PROGRAM, "check", "--config", config.name, "--as-of", "2026-06-02")
        found = processes.in_turns({"check": command}, RUNS, folder, (0, 1, 3))
        _say(f"check of 75 budget lines, memory_limit {limit}: {processes.median(found['check'])}")


def _ledger(folder: Path) -> None:
    bills = folder / "bills"
    bills.mkdir(parents=True)
    for first in MONTHS:  # month by month, as they come
        _export(bills / f"{first:%Y-%m}.parquet", first, 1)
        load(folder / "ledger", fetch(Source("bench", "focus", str(bills)), folder), Options(now=NOW))
    (folder / "aiops-cost.yaml").write_text(
        "currency: USD\nsources:\n  - {name: bench, provider: focus, location: ./bills}\n", encoding="utf-8"
    )


def _export(path: Path, first: date, hours: int) -> None:
    amount = _AMOUNT.format(hours=hours)
    with duckdb.connect(config={"threads": 2, "memory_limit": "1GB", "preserve_insertion_order": False}) as con:
        con.execute(
            _ROWS.format(amount=amount, lines=LINES, first=first, hours=hours, path=path, width=24 if hours == 1 else 1)
        )


def _report(by: str, *more: str) -> tuple[str, ...]:
    days = more or ("--from", f"{MONTHS[0]}", "--to", "2026-05-31")
    return (*_PROGRAM, "report", "--by", by, *days, "--as-of", "2026-06-02")


def _sql(by: str) -> tuple[str, ...]:
    """The same question as someone with the exports and DuckDB would ask it; in a process of its own, as ours is."""
    keys = {
        "activity,workload": "ServiceName, json_extract_string(Tags, '/workload')",
        "service,tags.app": "ServiceName, json_extract_string(Tags, '/app')",
    }[by]
    sql = (
        f"SELECT {keys}, sum(EffectiveCost) FROM read_parquet({['raw.parquet'] * len(MONTHS)})"
        f" WHERE ChargePeriodStart >= '{MONTHS[0]}' AND ChargePeriodStart < '2026-06-01' GROUP BY ALL ORDER BY 3 DESC"
    )
    return (sys.executable, "-c", f"import duckdb; print(duckdb.sql({sql!r}).fetchall())")


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
