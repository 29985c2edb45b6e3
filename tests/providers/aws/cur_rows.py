"""Small Cost and Usage Reports that one can add up in the head, in each of the spellings that AWS has for them."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from aiops_cost.ledger import schema
from aiops_cost.ledger.frame import Ledger
from aiops_cost.ledger.load import LoadResult, Options, load
from aiops_cost.model import Source
from aiops_cost.providers.contract import contracts
from aiops_cost.providers.focus.fetch import fetch

NOW = datetime(2026, 6, 2, tzinfo=UTC)
SAMPLES = Path(__file__).parents[4] / "shared" / "samples"
SPELLINGS = ("legacy-csv", "legacy-parquet", "cur2-csv", "cur2-parquet")
ARN_PLAN = "arn:aws:savingsplans::012345678901:savingsplan/abc"
ARN_RI = "arn:aws:ec2:us-east-1:012345678901:reserved-instances/def"

Row = dict[str, Any]


def line(kind: str = "Usage", unblended: str = "1.00", **cells: Any) -> Row:
    """One line item, by the column names of CUR 2.0: an hour of a machine on the third of May, unless told."""
    return {
        "bill_payer_account_id": "012345678901",
        "bill_billing_period_start_date": "2026-05-01T00:00:00Z",
        "bill_billing_period_end_date": "2026-06-01T00:00:00Z",
        "bill_invoice_id": "",
        "line_item_usage_account_id": "210987654321",
        "line_item_line_item_type": kind,
        "line_item_usage_start_date": "2026-05-03T10:00:00Z",
        "line_item_usage_end_date": "2026-05-03T11:00:00Z",
        "line_item_product_code": "AmazonEC2",
        "line_item_usage_type": "BoxUsage:p5.48xlarge",
        "line_item_operation": "RunInstances",
        "line_item_resource_id": "i-0abc",
        "line_item_usage_amount": "1",
        "line_item_currency_code": "USD",
        "line_item_unblended_cost": unblended,
        "line_item_line_item_description": kind,
        "line_item_legal_entity": "Amazon Web Services, Inc.",
        "pricing_unit": "Hrs",
        "product": {"product_name": "Amazon Elastic Compute Cloud", "region": "us-east-1"},
        "resource_tags": {"user_app": "ranker"},
    } | cells


def _slashed() -> dict[str, str]:
    """CUR 2.0's names and those of the legacy CSV, as the contract pairs them."""
    cur = next(contract for contract in contracts() if contract.name == "cur")
    pairs = {}
    for name, column in cur.file.columns.items():
        for spelled in (column.spelled(name), column.rather):
            slash = next((word for word in spelled if "/" in word), None)
            pairs |= {word: slash for word in spelled if slash and "/" not in word and "." not in word}
    return pairs


SLASHED = _slashed()
MAPS = {  # what legacy spreads over columns: prefix in a CSV, prefix in Parquet
    "product": ("product/", "product_"),
    "resource_tags": ("resourceTags/", "resource_tags_"),
    "cost_category": ("costCategory/", "cost_category_"),
}
NUMBERS = ("cost", "fee", "commitment", "amount", "_period", "quantity")


def spread(row: Row, spelling: str) -> Row:
    """A row of CUR 2.0 as legacy CUR says it."""
    csv_like = spelling == "legacy-csv"
    found: Row = {}
    for name, value in row.items():
        if name in MAPS:
            prefix = MAPS[name][0 if csv_like else 1]
            names = {"product_name": "ProductName"} if csv_like else {}
            found |= {f"{prefix}{names.get(key, key)}": item for key, item in (value or {}).items()}
        elif csv_like and name in SLASHED:
            found[SLASHED[name]] = value
        elif not csv_like or "/" in name:
            found[name] = value
    return found


class Bills:
    """A folder of reports and the ledger they are loaded into."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.location = folder / "bills", folder / "ledger"
        self.folder.mkdir(parents=True, exist_ok=True)

    def write(self, rows: Sequence[Row], spelling: str = "cur2-parquet", name: str = "cur") -> Path:
        """Write rows in one of SPELLINGS."""
        if spelling.startswith("legacy"):
            rows = [spread(row, spelling) for row in rows]
        names = list(dict.fromkeys(key for row in rows for key in row))
        if spelling.endswith("csv"):
            return self.csv(f"{name}.csv", names, rows)
        return self.parquet(f"{name}.parquet", names, rows)

    def csv(self, name: str, names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> Path:
        path = self.folder / name
        with path.open("w", newline="", encoding="utf-8") as handle:
            writer = csv.DictWriter(handle, names)
            writer.writeheader()
            writer.writerows({k: json.dumps(v) if isinstance(v, dict) else v for k, v in row.items()} for row in rows)
        return path

    def parquet(self, name: str, names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> Path:
        """Typed as AWS does: doubles, timestamps, maps, and texts."""
        path = self.folder / name
        columns = ", ".join(f"{_typed(column)} AS {column}" for column in names)
        values = [{n: json.dumps(v) if isinstance(v := row.get(n), dict) else v for n in names} for row in rows]
        with duckdb.connect() as con:
            con.execute(f"CREATE TABLE rows ({', '.join(f'{column} VARCHAR' for column in names)})")
            con.executemany(
                f"INSERT INTO rows VALUES ({', '.join('?' * len(names))})", [list(v.values()) for v in values]
            )
            con.execute(f"COPY (SELECT {columns} FROM rows) TO '{path}' (FORMAT parquet)")
        return path

    def load(self, **options: Any) -> LoadResult:
        source = Source("aws", "focus", ".")
        return load(self.location, fetch(source, self.folder), replace(Options(now=NOW), **options))

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        with Ledger.open(self.location).connect() as con:
            return con.execute(sql).fetchall()

    def costs(self, where: str = "true") -> tuple[Decimal | None, ...]:
        """Billed, Effective, List and Contracted, summed."""
        sums = ", ".join(f"sum({cost})" for cost in schema.AMOUNTS)
        return tuple(self.ask(f"SELECT {sums} FROM ledger WHERE {where}")[0])

    def codes(self, result: LoadResult) -> set[str]:
        return {deviation["code"] for deviation in result.record["deviations"]}


def _typed(name: str) -> str:
    if name in MAPS or name == "tags":
        return f"CAST(CAST({name} AS JSON) AS MAP(VARCHAR, VARCHAR))"
    if name.endswith(("start_date", "end_date")):
        return f"CAST({name} AS TIMESTAMP)"
    if name.endswith(NUMBERS) or "_cost" in name:
        return f"CAST(nullif({name}, '') AS DOUBLE)"
    return name
