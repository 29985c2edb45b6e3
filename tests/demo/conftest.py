"""One company for all tests of the demo, with its bills read back by other means than those that wrote them."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from aiops_cost.demo.company import CompanyFacts, write_company

CLOUDS = {"aws": "aws-prod", "azure": "azure-prod", "gcp": "gcp-prod"}


@dataclass(frozen=True)
class Company:
    """What was written, what is said to be true, and the bills as a table `bill` in DuckDB."""

    facts: CompanyFacts
    truth: dict[str, Any]
    sql: duckdb.DuckDBPyConnection

    def files(self, cloud: str) -> list[Path]:
        return sorted((self.facts.folder / "bills" / cloud).iterdir())

    def csv_rows(self, cloud: str) -> Iterator[tuple[str, dict[str, str]]]:
        """Every row of a cloud whose bills are CSV, with the month of its file."""
        for path in self.files(cloud):
            with gzip.open(path, "rt", encoding="utf-8", newline="") as text:
                for row in csv.DictReader(text):
                    yield path.name[len("focus-") : len("focus-2026-01")], row


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    facts = write_company(tmp_path_factory.mktemp("company"))
    return Company(facts, json.loads(facts.truth.read_text(encoding="utf-8")), _table(facts.folder / "bills"))


def _table(folder: Path) -> duckdb.DuckDBPyConnection:
    made = duckdb.connect(config={"threads": 1})
    money = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
    names = (
        "ServiceName",
        "SkuId",
        "ResourceId",
        "ResourceName",
        "ChargeCategory",
        "ChargeClass",
        "Tags",
        "InvoiceId",
        "CommitmentDiscountId",
        "CommitmentDiscountStatus",
        "PricingQuantity",
        "ListUnitPrice",
        "ContractedUnitPrice",
        "ChargePeriodStart",
        "ChargePeriodEnd",
    )
    parts = []
    for cloud, source in CLOUDS.items():
        read = "read_parquet('{}')" if cloud == "gcp" else "read_csv('{}', all_varchar = true, union_by_name = true)"
        there = {"gcp": {"CommitmentDiscountId", "CommitmentDiscountStatus"}, "azure": {"InvoiceId"}, "aws": set()}[
            cloud
        ]
        columns = [f"NULL AS {name}" if name in there else f"{name}::VARCHAR AS {name}" for name in names]
        amounts = [f"{name}::DECIMAL(38, 18) AS {name}" for name in money]
        path = folder / cloud / ("*.parquet" if cloud == "gcp" else "*.csv.gz")
        parts.append(f"SELECT '{source}' AS source, {', '.join(columns + amounts)} FROM {read.format(path)}")
    made.execute(
        "CREATE TABLE bill AS SELECT *, left(ChargePeriodStart, 10)::DATE AS day FROM ("
        + " UNION ALL ".join(parts)
        + ")"
    )
    return made
