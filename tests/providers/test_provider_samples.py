"""Each `<name>.csv` in a provider's `sample/` must become `<name>.expected.csv`: a new file is a new test."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import duckdb
import pytest

import aiops_cost
from aiops_cost.ledger import normalize, schema
from aiops_cost.ledger.frame import Ledger
from aiops_cost.ledger.load import Options, load
from aiops_cost.model import Source
from aiops_cost.providers.contract import Contract, contracts
from aiops_cost.providers.focus.fetch import fetch

PROVIDERS = Path(aiops_cost.__file__).parent / "providers"
SAMPLES = sorted(path for path in PROVIDERS.glob("*/sample/*.csv") if not path.name.endswith(".expected.csv"))
BILLED = ("BilledCost", "line_item_unblended_cost", "lineItem/UnblendedCost")
"""What the formats with samples call the amount that is billed."""
NUMBERS = {*schema.AMOUNTS, *schema.QUANTITIES, "x_RowCount"}


def _normal(row: dict[str, str]) -> tuple[str, ...]:
    """A row as text, with numbers in one spelling."""
    return tuple(str(Decimal(cell).normalize() + 0) if name in NUMBERS and cell else cell for name, cell in row.items())


def _expected(path: Path) -> tuple[list[str], list[tuple[str, ...]]]:
    with path.open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    return list(rows[0]), sorted(map(_normal, rows))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: f"{path.parents[1].name}-{path.stem}")
def test_a_native_file_becomes_the_rows_beside_it(sample: Path, tmp_path: Path) -> None:
    columns, expected = _expected(sample.with_suffix(".expected.csv"))
    source = Source("sample", sample.parents[1].name, str(sample))
    load(tmp_path / "ledger", fetch(source, tmp_path), Options(now=datetime(2026, 7, 1, tzinfo=UTC)))
    chosen = ", ".join(f"coalesce(CAST({name} AS VARCHAR), '')" for name in columns)
    with Ledger.open(tmp_path / "ledger").connect() as con:
        found = con.execute(f"SELECT {chosen} FROM ledger").fetchall()
    assert sorted(_normal(dict(zip(columns, row, strict=True))) for row in found) == expected


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: f"{path.parents[1].name}-{path.stem}")
def test_the_expected_rows_carry_the_money_of_the_sample(sample: Path) -> None:
    with sample.open(newline="", encoding="utf-8") as handle:
        rows = csv.DictReader(handle)
        amount = next(name for name in BILLED if name in (rows.fieldnames or ()))
        sent = sum(Decimal(row[amount]) for row in rows)
    with sample.with_suffix(".expected.csv").open(newline="", encoding="utf-8") as handle:
        kept = sum(Decimal(row["BilledCost"]) for row in csv.DictReader(handle))
    assert abs(sent - kept) < Decimal("1E-17")


def test_every_provider_has_a_sample_of_each_of_its_formats() -> None:
    for folder in {contract.provider for contract in contracts()}:
        assert any(path.parents[1].name == folder for path in SAMPLES), folder


@pytest.mark.parametrize("contract", contracts(), ids=lambda contract: contract.name)
def test_a_contract_and_its_select_name_the_same_columns(contract: Contract) -> None:
    with duckdb.connect() as con:
        normalize.lookups(con, contract)
        made = set(normalize.described(con, contract))
    partition = {*schema.PARTITION, "x_LineId"}
    assert "x_group" in made
    assert made - {"x_group"} <= set(schema.NAMES) - partition
    assert {"ChargePeriodStart", "BillingPeriodStart", "BillingCurrency", *schema.AMOUNTS} <= made
    unread = [name for name in contract.file.columns if name not in contract.sql]
    told = [name for name in unread if any(name in rule.when for rule in contract.file.deviations)]
    assert not [name for name in unread if not name.startswith("x_") and name not in told], unread


def test_every_known_stranger_says_what_to_do() -> None:
    text = files("aiops_cost.providers").joinpath("strangers.yaml").read_text(encoding="utf-8")
    assert text.count("- name:") == text.count("advice:") == text.count("fits:")
