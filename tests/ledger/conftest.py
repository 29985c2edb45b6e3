"""Small bills that one can add up in the head: `books` writes them, loads them, and says what the ledger holds."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from aiops_cost.ledger.frame import Ledger
from aiops_cost.ledger.load import LoadResult, Options, load
from aiops_cost.model import Export, Source
from aiops_cost.providers.focus.fetch import fetch

NOW = datetime(2026, 7, 1, tzinfo=UTC)
SAMPLES = Path(__file__).parents[3] / "shared" / "samples"

Row = dict[str, str | None]


def bill(day: str = "2026-05-03", billed: str = "1.00", month: str = "", **cells: str | None) -> Row:
    """One row of a FOCUS bill; all four costs are `billed` unless given."""
    month = month or day[:7]
    year, number = int(month[:4]), int(month[5:])
    after = f"{year + number // 12}-{number % 12 + 1:02}"
    return {
        "BilledCost": billed,
        "EffectiveCost": billed,
        "ListCost": billed,
        "ContractedCost": billed,
        "BillingCurrency": "USD",
        "BillingPeriodStart": f"{month}-01T00:00:00Z",
        "BillingPeriodEnd": f"{after}-01T00:00:00Z",
        "ChargePeriodStart": f"{day}T00:00:00Z",
        "ChargePeriodEnd": f"{day}T01:00:00Z",
        "ChargeCategory": "Usage",
        "ServiceCategory": "Compute",
        "ServiceName": "Compute",
        "InvoiceIssuerName": "Cloud",
        "BillingAccountId": "012345678901",
        "ResourceId": "vm-1",
    } | cells


class Books:
    """A folder of bills and the ledger they are loaded into."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.location = folder / "bills", folder / "ledger"
        self.folder.mkdir(parents=True, exist_ok=True)

    def csv(self, name: str, rows: Sequence[Mapping[str, str | None]], header: Sequence[str] = ()) -> Path:
        """Write a CSV file (gzip by its suffix)."""
        path = self.folder / name
        names = list(header) or list(dict.fromkeys(key for row in rows for key in row))
        path.parent.mkdir(parents=True, exist_ok=True)
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, names)
        writer.writeheader()
        writer.writerows(rows)
        data = text.getvalue().encode()
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    def parquet(self, name: str, select: str) -> Path:
        """Write a Parquet file from SQL."""
        path = self.folder / name
        duckdb.connect().execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
        return path

    def drop(self, name: str) -> None:
        (self.folder / name).unlink()

    def export(self, source: str = "aws", at: str = ".") -> Export:
        return fetch(Source(source, "focus", at), self.folder)

    def load(self, source: str = "aws", at: str = ".", **options: Any) -> LoadResult:
        """Load what lies in the folder now."""
        return load(self.location, self.export(source, at), replace(Options(now=NOW), **options))

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a SELECT over the ledger."""
        with Ledger.open(self.location).connect() as con:
            return con.execute(sql).fetchall()

    def total(self, where: str = "true", cost: str = "BilledCost") -> Decimal:
        """One sum in one currency."""
        found = self.ask(f"SELECT BillingCurrency, sum({cost}) FROM ledger WHERE {where} GROUP BY 1")
        assert len(found) < 2, f"two currencies are never one sum: {found}"
        return found[0][1] if found else Decimal(0)

    def months(self) -> dict[str, Decimal]:
        """BilledCost by billing period."""
        return dict(self.ask("SELECT x_BillingPeriod, sum(BilledCost) FROM ledger GROUP BY 1 ORDER BY 1"))

    def snapshot(self) -> list[tuple[Any, ...]]:
        """Everything, in an order that does not depend on the loads."""
        return self.ask("SELECT * FROM ledger ORDER BY ALL")

    def version(self) -> int | None:
        return Ledger.open(self.location).version


@pytest.fixture
def books(tmp_path: Path) -> Books:
    return Books(tmp_path)


@pytest.fixture(scope="session")
def make_bill() -> Any:
    return bill


@pytest.fixture(scope="session")
def make_books() -> type[Books]:
    """For tests that need several, or one per example."""
    return Books


@pytest.fixture
def samples() -> Path:
    """The public sample files beside the repository; tests on them are skipped where they are not."""
    if not SAMPLES.is_dir():
        pytest.skip(f"{SAMPLES} is not here")
    return SAMPLES
