"""Public sample files load with the totals that are written beside them, as CSV, as Parquet of texts and typed."""

from __future__ import annotations

import csv
import gzip
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from aiops_cost.errors import CouldNotJudge, UserError
from aiops_cost.ledger import schema
from aiops_cost.ledger.frame import Ledger

SYNTHETIC = "focus-1.0-to-1.4-synthetic"
AWS = "focus-generated-aws"
TOTALS = {
    "focus-1.0/focus_sample.csv": ("1000", "20.52022672899", "14.97651418586", "20.39090575119", "14.97626039326"),
    f"{SYNTHETIC}/focus-1.0.csv": ("4", "10.00", "10.00"),
    f"{SYNTHETIC}/focus-1.1.csv": ("4", "20.00", "20.00"),
    f"{SYNTHETIC}/focus-1.2.csv": ("4", "11.00", "11.00"),
    f"{SYNTHETIC}/focus-1.3.csv": ("4", "34.00", "34.00"),
    f"{SYNTHETIC}/focus-1.4.csv": ("4", "25.00", "25.00"),
    f"{SYNTHETIC}/focus-1.4-restated.csv": ("4", "23.00", "25.00"),
    f"{SYNTHETIC}/hazard.csv.gz": ("2", "14.8", "14.8"),
    f"{SYNTHETIC}/lenient/lenient-1.4.csv": ("3", "6.00", "6.00"),
    f"{SYNTHETIC}/negative/focus-1.4-minimal.csv": ("2", "3.00", "3.00"),
    f"{SYNTHETIC}/negative/nonrfc3339-1.0.csv": ("1", "1.00", "1.00"),
    f"{AWS}/aws_1_2_cost_and_usage_rows100_seed42.csv":
        ("100", "1157.48882377213324", "403.45921877213324", "1203.92341784103253", "1161.67908227773324"),
    f"{AWS}/aws_1_2_cost_and_usage_rows25_seed7_credits.csv":
        ("25", "27.339199", "27.33919900000000", "29.12798634400000", "28.97538954400000"),
    f"{AWS}/aws_1_3_cost_and_usage_rows100_seed42.csv":
        ("100", "1242.11561911486050", "215.67890111486050", "1264.83229463617427", "1245.01174262206050"),
    "aws-focus-1.2-s3/local/sample-export.csv.gz": ("42", "32.7663", "32.7663", "32.7663", "32.7663"),
    "aws-focus-1.2-s3/local/bom-export.csv.gz": ("42", "32.7663", "32.7663", "32.7663", "32.7663"),
}  # fmt: skip
NULLS = {"", "NULL", "null"}


def native(path: Path) -> list[dict[str, str]]:
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def independent(rows: list[dict[str, str]], cost: str) -> Decimal:
    return sum((Decimal(row[cost]) for row in rows if row[cost] not in NULLS), Decimal(0))


def kept(books: Any) -> tuple[Decimal, ...]:
    sums = ", ".join(f"coalesce(sum({cost}), 0)" for cost in schema.AMOUNTS)
    found = books.ask(f"SELECT sum(x_RowCount), {sums} FROM ledger GROUP BY BillingCurrency")
    assert len(found) == 1
    return tuple(map(Decimal, found[0]))


@pytest.mark.parametrize("name", TOTALS)
def test_a_public_file_keeps_its_published_totals(books: Any, samples: Path, name: str) -> None:
    rows = native(samples / name)
    books.load(at=str(samples / name))
    published = tuple(map(Decimal, TOTALS[name]))
    assert kept(books)[: len(published)] == published
    assert kept(books)[1:] == tuple(independent(rows, cost) for cost in schema.AMOUNTS)


TYPED = {"BilledCost": "DOUBLE", "EffectiveCost": "DECIMAL(38, 18)", "ListCost": "DOUBLE",
         "ContractedCost": "DECIMAL(30, 20)", "ChargePeriodStart": "TIMESTAMP",
         "BillingPeriodStart": "TIMESTAMPTZ"}  # fmt: skip


@pytest.mark.parametrize("typed", [False, True], ids=["texts", "typed"])
@pytest.mark.parametrize("name", [n for n in TOTALS if "focus_sample" in n or "aws_1" in n])
def test_the_same_file_as_parquet_is_the_same_money(books: Any, samples: Path, name: str, typed: bool) -> None:
    casts = ", ".join(f"CAST(nullif({column}, 'NULL') AS {kind}) AS {column}" for column, kind in TYPED.items())
    replace = f"REPLACE ({casts})" if typed else ""
    books.parquet(
        "bill.parquet",
        f"SELECT * {replace} FROM read_csv('{samples / name}', all_varchar = true, header = true, delim = ',',"
        " quote = '\"', escape = '\"', nullstr = '')",
    )
    books.load()
    published = tuple(map(Decimal, TOTALS[name]))
    assert kept(books)[: len(published)] == published


def test_the_public_sample_by_provider_from_sql_and_from_pandas(books: Any, samples: Path) -> None:
    truth = {"AWS": "18.0066386184", "Microsoft": "1.97651418586", "Oracle": "0.53707392473"}
    expected = {provider: Decimal(amount) for provider, amount in truth.items()}
    books.load(at=str(samples / "focus-1.0" / "focus_sample.csv"))
    assert dict(books.ask("SELECT ProviderName, sum(BilledCost) FROM ledger GROUP BY 1")) == expected
    frame = Ledger.open(books.location).frame(["ProviderName", "BilledCost"])
    assert frame.groupby("ProviderName", observed=True)["BilledCost"].sum().to_dict() == expected


@pytest.mark.parametrize(("name", "truth"), [
    (f"{SYNTHETIC}/multicurrency-1.2.csv", {"EUR": "3.123456789012345679", "USD": "30.987654321098765434"}),
    (f"{AWS}/consolidated_multi_provider_1_3.csv", {"EUR": "100", "USD": "208"}),
])  # fmt: skip
def test_euros_and_dollars_are_never_added(books: Any, samples: Path, name: str, truth: dict[str, str]) -> None:
    books.load(at=str(samples / name))
    found = dict(books.ask("SELECT BillingCurrency, sum(BilledCost) FROM ledger GROUP BY 1"))
    assert found == {currency: Decimal(amount) for currency, amount in truth.items()}
    with pytest.raises(AssertionError):
        books.total()


REFUSED = {
    f"{SYNTHETIC}/negative/duplicate-header.csv": "the header names `BilledCost` more than once",
    f"{SYNTHETIC}/negative/literal-null.csv": "1 of 1 rows cannot be read",
    f"{SYNTHETIC}/negative/null-chargeperiodstart.csv": "1 of 1 rows cannot be read; they carry 1.00 USD",
    f"{SYNTHETIC}/negative/unknown-header.csv": "`EffectiveCost` are missing",
    f"{AWS}/scenarios_correction_set.csv": "`EffectiveCost` are missing",
    f"{AWS}/aws_1_3_contract_commitment_rows100_seed42.csv": "a FOCUS Contract Commitment dataset",
    "aws-focus-1.2-s3/local/invalid-export.csv.gz": "2 of 5 rows cannot be read; they carry 2.42 of unknown",
    "oci-cost-reports/reports_cost-csv_0000000030000269.csv": "an Oracle Cloud cost report",
    "aws-cur-parquet-tiny/sample-cur.parquet": "`line_item_line_item_type`, `bill_billing_period_start_date`",
    "aws-cur-parquet-tiny/tagged-cur.parquet": "the result of a query over an AWS Cost and Usage Report",
    "aws-cur-parquet-tiny/account-region-cur.parquet": "the result of a query over an AWS Cost and Usage Report",
    "azure-ea-cost-anonymous/sample-anonymous-ea-export-dataset.csv": "an Azure cost details file (EA)",
    "azure-ea-cost-small/EA_ActualCost_Small.csv": "an Azure cost details file (EA, older)",
    "azure-ea-v2/azure_version_2.csv": "an Azure cost details file (EA)",
    "azure-mca-camel/camel_azure_version_2.csv": "an Azure cost details file (MCA)",
    "azure-mosp-usage-legacy/azure_camelCased.csv": "an Azure usage file (pay as you go)",
    "gcp-detailed-2022/2022-08-01_5.csv": "a Google Cloud billing export",
    "gcp-standard-2020/202011_standard.csv": "a Google Cloud billing export",
    "azure-open-data/Services.csv": "not a billing export that is known here",
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_stranger_is_refused_by_its_name(books: Any, samples: Path, name: str) -> None:
    with pytest.raises((UserError, CouldNotJudge)) as caught:
        books.load(at=str(samples / name))
    assert REFUSED[name] in str(caught.value)
    assert caught.value.problems[0].way_out
    assert books.version() is None


@pytest.mark.parametrize(("name", "codes"), [
    ("focus-1.0/focus_sample.csv", {"column-unknown", "null-word", "date-without-zone", "price-in-availability-zone",
                                    "region-only-by-name", "spelling-ChargeFrequency", "effective-cost-zero"}),
    (f"{SYNTHETIC}/lenient/lenient-1.4.csv", {"date-without-zone", "date-with-offset"}),
    (f"{SYNTHETIC}/negative/nonrfc3339-1.0.csv", {"date-without-zone"}),
    (f"{SYNTHETIC}/focus-1.3.csv", {"unknown-ServiceCategory"}),
])  # fmt: skip
def test_a_deviation_is_named_not_healed_in_silence(books: Any, samples: Path, name: str, codes: set[str]) -> None:
    result = books.load(at=str(samples / name))
    assert codes <= {deviation["code"] for deviation in result.record["deviations"]}


def test_a_month_border_is_utc(books: Any, samples: Path) -> None:
    books.load(at=str(samples / SYNTHETIC / "lenient" / "lenient-1.4.csv"))
    assert books.months() == {"2026-05": Decimal(1), "2026-06": Decimal(5)}


def test_all_assembly_versions_of_a_month_are_not_summed(books: Any, samples: Path) -> None:
    data = "demo/exports/costroid-demo/data"
    chunks = samples / "aws-focus-1.2-s3" / "fixture" / data / "BILLING_PERIOD=2026-05"
    deliveries = (("fixture", "2026-06"), ("restated", "2026-06"), ("corrections", "2026-07"))
    old, new, fix = (
        next((samples / "aws-focus-1.2-s3" / kind / data).rglob(f"BILLING_PERIOD={month}/*/*.gz"))
        for kind, month in deliveries
    )
    for number, path in enumerate([*sorted(chunks.glob("*.gz")), old, fix]):
        (books.folder / f"{number}.csv.gz").write_bytes(path.read_bytes())
    books.load()
    assert books.months() == {
        "2026-05": Decimal("32.7663"),
        "2026-06": Decimal("32.7663"),
        "2026-07": Decimal("1.9110"),
    }
    assert books.total("ChargeClass = 'Correction' AND x_BillingPeriod = '2026-07'") == Decimal("-1.2096")
    (books.folder / "new.csv.gz").write_bytes(new.read_bytes())
    with pytest.raises(UserError, match="hold the same rows"):
        books.load()
    books.drop("2.csv.gz")
    books.load()
    assert books.months()["2026-06"] == Decimal("58.1679")
