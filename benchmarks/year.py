"""A year of a bill of ten million rows a month, attributed and summed by activity and month, against a bare group-by.

Such a bill makes some 640 thousand ledger rows a month (a row is a line on a day), 7.7 million a year. The peer sums
the same files by service and month in DuckDB, without knowing what any line is for. What is left is the price of
attribution. The files are made with a fixed seed; a fifth of the lines is new in each month.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb

from aiops_cost import spend
from aiops_cost.ledger import schema
from aiops_cost.ledger.frame import Ledger
from aiops_cost.rules.engine import DEFAULT_TAGS, load_packs

LINES_A_DAY = 21_000
NEW_A_MONTH = 4_200
RUNS = 3
SERVICES = (
    ("Amazon Elastic Compute Cloud", "USE1-BoxUsage:m5.xlarge"),
    ("Amazon Elastic Compute Cloud", "USE1-BoxUsage:p4d.24xlarge"),
    ("Amazon Simple Storage Service", "USE1-TimedStorage-ByteHrs"),
    ("Amazon Bedrock", "USE1-Claude3Sonnet-input-tokens"),
    ("Amazon Bedrock", "USE1-Claude3Sonnet-output-tokens"),
    ("Amazon SageMaker", "USE1-Host:ml.g5.xlarge"),
    ("Amazon SageMaker", "USE1-Train:ml.p4d.24xlarge"),
    ("Amazon Relational Database Service", "USE1-InstanceUsage:db.r5.large"),
    ("AWS Lambda", "USE1-Lambda-GB-Second"),
    ("Amazon Virtual Private Cloud", "USE1-NatGateway-Bytes"),
)
COLUMNS = {
    "x_LineId": "hash(line) // 2",
    "ChargePeriodStart": "day",
    "ChargePeriodEnd": "day + 1",
    "BillingCurrency": "'USD'",
    **dict.fromkeys(schema.AMOUNTS, "(hash(line + epoch(day)) % 1000000) / 1000"),
    "ConsumedQuantity": "24",
    "x_RowCount": "16",
    "ProviderName": "'AWS'",
    "SubAccountId": "lpad(CAST(line % 200 AS VARCHAR), 12, '0')",
    "SubAccountName": "'account ' || line % 200",
    "ServiceName": "service[1 + line % len(service)]",
    "x_UsageType": "usage[1 + line % len(service)]",
    "RegionId": "'us-east-' || 1 + line % 2",
    "ResourceId": "'arn:aws:x:us-east-1:1:thing/' || md5(CAST(line // 3 AS VARCHAR))",
    "SkuId": "'SKU' || line % 3000",
    "ChargeCategory": "'Usage'",
    "Tags": '\'{"app": "app-\' || line % 900 || \'", "team": "team-\' || line % 60 || \'"}\'',
}
"""What each column of the ledger holds, as SQL over `line` and `day`; the others are null."""


def generate(folder: Path) -> list[str]:
    """The twelve files of a year, one per month, as the ledger keeps them."""
    columns = ", ".join(
        f"CAST({COLUMNS.get(column.name, 'NULL')} AS {column.sql_type}) AS {column.name}"
        for column in schema.COLUMNS
        if column.role != "partition"
    )
    services, usages = [list(names) for names in zip(*SERVICES, strict=True)]
    files = []
    with duckdb.connect() as con:
        for number in range(12):
            month = date(2026, number + 1, 1)
            path = folder / f"x_Source=aws/x_BillingPeriod={month:%Y-%m}" / "part.parquet"
            path.parent.mkdir(parents=True)
            con.execute(
                f"COPY (SELECT {columns} FROM (SELECT line, CAST(unnest(generate_series(DATE '{month}',"
                f" last_day(DATE '{month}'), INTERVAL 1 DAY)) AS DATE) AS day, {services} AS service, {usages} AS usage"
                f" FROM range({number * NEW_A_MONTH}, {number * NEW_A_MONTH + LINES_A_DAY}) lines(line)))"
                f" TO '{path}' (FORMAT parquet)"
            )
            files.append(str(path))
    return files


def once(ledger: Ledger) -> tuple[float, float, float]:
    """Seconds for the bare group-by, for attribution, and for the sum by activity and month."""
    with ledger.connect() as con:
        steps = (
            lambda: con.execute("SELECT x_BillingPeriod, ServiceName, sum(EffectiveCost) FROM ledger GROUP BY 1, 2"),
            lambda: _attribute(con),
            lambda: con.execute("SELECT x_BillingPeriod, x_Activity, sum(Cost) FROM spend GROUP BY 1, 2"),
        )
        return tuple(_timed(step) for step in steps)  # type: ignore[return-value]


def _attribute(con: duckdb.DuckDBPyConnection) -> None:
    spend.attributed(con, load_packs(), DEFAULT_TAGS, None)
    spend.converted(con, "EffectiveCost", "USD", ())


def _timed(step: Callable[[], object]) -> float:
    began = time.perf_counter()
    step()
    return time.perf_counter() - began


def main() -> None:
    """Print the median of each part, and the ratio of attribution and sum together to the bare group-by."""
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder), tuple(generate(Path(folder))), (), 1)
        times = [once(ledger) for _ in range(RUNS + 1)][1:]
        bare, attributed, summed = (statistics.median(found) for found in zip(*times, strict=True))
        print(
            f"bare group-by {bare:.2f} s; attribution {attributed:.2f} s, sum by activity and month {summed:.2f} s:"
            f" together {attributed + summed:.2f} s, ratio {(attributed + summed) / bare:.1f}"
        )


if __name__ == "__main__":
    main()
