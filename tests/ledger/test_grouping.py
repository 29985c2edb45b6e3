"""Rows that are summed before anything is asked of them: what a row says, its group says, and no money moves."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiops_cost.ledger import grouping, proof
from aiops_cost.ledger.intake import open_file
from aiops_cost.ledger.load import Options, _workbench
from aiops_cost.ledger.part import settle
from aiops_cost.model import Source
from aiops_cost.providers.focus.fetch import fetch

NOW = datetime(2026, 7, 1)  # noqa: DTZ001 - nothing here depends on it
HOURS = "TIMESTAMP '2026-05-03' + INTERVAL (hour) HOUR"
FOCUS = (
    "'USD' AS BillingCurrency, TIMESTAMP '2026-05-01' AS BillingPeriodStart,"
    " TIMESTAMP '2026-06-01' AS BillingPeriodEnd,"
    " 'Usage' AS ChargeCategory, 'Compute' AS ServiceCategory, 'Compute' AS ServiceName, 'Cloud' AS InvoiceIssuerName,"
    " '012345678901' AS BillingAccountId, 'vm-1' AS ResourceId"
)


def groups(folder: Path, columns: str) -> list[tuple[Any, ...]]:
    """The groups of all files of a folder, as `columns` of them, in a fixed order."""
    export = fetch(Source("bills", "focus", "."), folder)
    with _workbench(Options(now=NOW)) as (con, work):
        parts = settle(con, {n: open_file(con, file, work, n) for n, file in enumerate(export.files)})
        contract = parts[0].contract
        grouping.group(con, parts, "grouped", proof.text_rules(contract))
        return con.execute(f"SELECT {columns} FROM grouped ORDER BY ALL").fetchall()


def hour(number: int, billed: str = "1.00", bill: Any = None, **cells: str | None) -> dict[str, str | None]:
    """One hour of the third of May."""
    start = datetime(2026, 5, 3) + timedelta(hours=number)  # noqa: DTZ001 - bills are in UTC
    span = {"ChargePeriodStart": f"{start:%Y-%m-%dT%H:%M:%SZ}",
            "ChargePeriodEnd": f"{start + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"}  # fmt: skip
    return bill(f"{start:%Y-%m-%d}", billed, **span | cells)  # type: ignore[no-any-return]


def test_the_hours_of_a_day_are_one_group_and_midnight_ends_it(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", [hour(number, "0.1", make_bill) for number in range(26)])
    assert groups(books.folder, "CAST(ChargePeriodEnd AS VARCHAR), x_rows, BilledCost") == [
        ("2026-05-04 00:00:00", 24, Decimal("2.4")),
        ("2026-05-04 02:00:00", 2, Decimal("0.2")),
    ]


def test_a_row_that_takes_no_time_is_no_hour(books: Any, make_bill: Any) -> None:
    empty = hour(5, "4", make_bill) | {"ChargePeriodEnd": "2026-05-03T05:00:00Z"}
    books.csv("may.csv", [hour(4, "1", make_bill), hour(5, "2", make_bill), empty])
    assert groups(books.folder, "x_rows, BilledCost, ChargePeriodEnd <= ChargePeriodStart") == [
        (1, Decimal(4), True), (2, Decimal(3), False),
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["csv", "doubles", "decimals"])
def test_a_group_never_mixes_signs_or_what_is_unknown(books: Any, make_bill: Any, kind: str) -> None:
    costs = ["-2", "-3", "0", "5", "7", None]
    if kind == "csv":
        books.csv("may.csv", [hour(3, "1", make_bill, ListCost=cost) for cost in costs])
    else:
        cast = "DOUBLE" if kind == "doubles" else "DECIMAL(18, 6)"
        values = ", ".join(f"({'NULL' if cost is None else cost})" for cost in costs)
        books.parquet("may.parquet", f"SELECT CAST(1 AS {cast}) AS BilledCost, CAST(1 AS {cast}) AS EffectiveCost,"
                      f" CAST(1 AS {cast}) AS ContractedCost, CAST(cost AS {cast}) AS ListCost,"
                      " TIMESTAMP '2026-05-03 03:00:00' AS ChargePeriodStart,"
                      f" TIMESTAMP '2026-05-03 04:00:00' AS ChargePeriodEnd, {FOCUS}"
                      f" FROM (VALUES {values}) AS t(cost)")  # fmt: skip
    assert groups(books.folder, "ListCost, ListCost_given, x_rows, BilledCost") == [
        (Decimal(-5), True, 2, Decimal(2)),
        (Decimal(0), True, 1, Decimal(1)),
        (Decimal(12), True, 2, Decimal(2)),
        (None, False, 1, Decimal(1)),
    ]


def test_an_unreadable_cell_is_neither_empty_nor_in_a_sum(books: Any, make_bill: Any) -> None:
    costs = ["1", "x", "2", "", "1,5"]
    books.csv("may.csv", [hour(3, "1", make_bill, ListCost=cost) for cost in costs])
    assert groups(books.folder, "ListCost, ListCost_given, x_rows") == [
        (Decimal(3), True, 2), (None, False, 1), (None, True, 2),
    ]  # fmt: skip


def test_an_unreadable_moment_stays_alone(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", [hour(3, "1", make_bill), hour(3, "2", make_bill, ChargePeriodEnd="soon")])
    assert groups(books.folder, "BilledCost, ChargePeriodEnd IS NULL, ChargePeriodEnd_given") == [
        (Decimal(1), False, True), (Decimal(2), True, True),
    ]  # fmt: skip


def test_rows_that_differ_in_any_text_are_not_summed_together(books: Any, make_bill: Any) -> None:
    spelled = ["Usage", "usage", "Credit"]
    books.csv("may.csv", [hour(3, "1", make_bill, ChargeCategory=word) for word in spelled for _ in range(2)])
    assert groups(books.folder, "ChargeCategory_text, ChargeCategory, x_rows") == [
        ("Credit", "Credit", 2), ("Usage", "Usage", 2), ("usage", "Usage", 2),
    ]  # fmt: skip


def test_maps_that_look_alike_as_text_are_still_two(books: Any) -> None:
    maps = ["MAP {'a': 'b, c=d'}", "MAP {'a': 'b', 'c': 'd'}", "MAP {'a': 'NULL'}", "MAP {'a': NULL}", "MAP {'a': ''}",
            "MAP {'a': chr(39) || 'b' || chr(39)}", "MAP {'a': 'b'}", "MAP {'a ': 'b'}", "MAP {}", "NULL"]  # fmt: skip
    values = ", ".join(f"({made})" for made in maps)
    books.parquet("may.parquet", "SELECT 1::DOUBLE AS BilledCost, 1::DOUBLE AS EffectiveCost, 1::DOUBLE AS ListCost,"
                  " 1::DOUBLE AS ContractedCost, TIMESTAMP '2026-05-03' AS ChargePeriodStart,"
                  f" TIMESTAMP '2026-05-03 01:00:00' AS ChargePeriodEnd, tags AS Tags, {FOCUS}"
                  f" FROM (VALUES {values}) AS t(tags), range(2)")  # fmt: skip
    found = groups(books.folder, "Tags, x_rows")
    assert len({tags for tags, _ in found}) == len(found) == len(maps)
    assert {rows for _, rows in found} == {2}


def test_groups_have_the_texts_of_their_own_rows(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", [hour(n, "1", make_bill, ResourceId=f"vm-{n % 3}", RegionId=f"r{n % 2}") for n in range(24)])
    assert groups(books.folder, "ResourceId, RegionId, x_rows") == [
        (f"vm-{n}", f"r{region}", 4) for n in range(3) for region in range(2)
    ]


def test_doubles_with_many_decimals_are_summed_as_their_texts_say(books: Any) -> None:
    books.parquet("may.parquet", "SELECT cost AS BilledCost, 0.1::DOUBLE AS EffectiveCost, 0.3::DOUBLE AS ListCost,"
                  " 0.1::DOUBLE AS ContractedCost, TIMESTAMP '2026-05-03' + INTERVAL (n) HOUR AS ChargePeriodStart,"
                  f" TIMESTAMP '2026-05-03 01:00:00' + INTERVAL (n) HOUR AS ChargePeriodEnd, {FOCUS} FROM"
                  " (VALUES (0, 0.12345678901234::DOUBLE), (1, 0.1::DOUBLE), (2, 123456.75::DOUBLE)) AS t(n, cost)"
                  )  # fmt: skip
    assert groups(books.folder, "x_rows, BilledCost, EffectiveCost, ListCost") == [
        (3, Decimal("123456.97345678901234"), Decimal("0.3"), Decimal("0.9")),
    ]  # fmt: skip


def test_what_rounding_left_over_is_summed_too(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", [hour(number, "0.0000000000000000014", make_bill) for number in range(3)])
    ((billed, rest),) = groups(books.folder, "BilledCost, BilledCost_rest")
    assert billed == Decimal("3E-18")
    assert billed + rest == 3 * Decimal("0.0000000000000000014")


def test_a_csv_and_a_parquet_file_of_one_format_are_grouped_each_as_it_is(books: Any, make_bill: Any) -> None:
    books.csv("a.csv", [hour(number, "0.1", make_bill) for number in range(3)])
    books.parquet("b.parquet", "SELECT 0.1::DOUBLE AS BilledCost, 1::INTEGER AS EffectiveCost,"
                  " NULL::DOUBLE AS ListCost,"
                  f" 0.1::DECIMAL(9, 4) AS ContractedCost, {HOURS} AS ChargePeriodStart,"
                  f" {HOURS} + INTERVAL 1 HOUR AS ChargePeriodEnd, {FOCUS} FROM range(4) AS t(hour)")  # fmt: skip
    assert groups(books.folder, "x_part, x_rows, BilledCost, EffectiveCost, ListCost, ContractedCost") == [
        (0, 3, Decimal("0.3"), Decimal("0.3"), Decimal("0.3"), Decimal("0.3")),
        (1, 4, Decimal("0.4"), Decimal(4), None, Decimal("0.4")),
    ]
    books.load(allow_overlap=True)
    assert books.total() == Decimal("0.7")
    assert books.ask("SELECT sum(x_RowCount) FROM ledger") == [(7,)]


def test_rows_that_are_kept_apart_are_not_summed(books: Any) -> None:
    report = {
        "bill_billing_period_start_date": "2026-05-01T00:00:00Z", "line_item_usage_start_date": "2026-05-03T10:00:00Z",
        "line_item_usage_end_date": "2026-05-03T11:00:00Z", "line_item_currency_code": "USD",
        "line_item_unblended_cost": "1.00", "product": "{}", "bill_payer_account_id": "012345678901",
    }  # fmt: skip
    books.csv("cur.csv", [report | {"line_item_line_item_type": kind} for kind in ("rifee", "Tax") for _ in range(3)])
    found = groups(books.folder, "LineItemType, x_rows, BilledCost")
    assert found == [*[("RIFee", 1, Decimal(1))] * 3, ("Tax", 3, Decimal(3))]


def test_a_rule_about_the_texts_of_dates_counts_rows_not_groups(books: Any, make_bill: Any) -> None:
    plain = [hour(number, "1", make_bill, ChargePeriodStart=f"2026-05-03 {number:02}:00:00") for number in range(5)]
    books.csv("may.csv", [*plain, hour(7, "1", make_bill)])
    assert groups(books.folder, "x_rows, x_rule_0, x_rule_1") == [(6, 5, 0)]
    found = {told["code"]: told["rows"] for told in books.load().record["deviations"]}
    assert found["date-without-zone"] == 5
    assert "date-with-offset" not in found


texts = st.sampled_from(["0", "-0", "-1.5", "2", "0.1", "0.12345678901234", "1e-7", "99999.0000000001", "1234567.25"])
hours = st.integers(0, 50)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(hours, st.integers(0, 2), texts, st.none() | texts, st.sampled_from("ab")),
                min_size=1, max_size=40), st.sampled_from(["csv", "doubles", "decimals"]))  # fmt: skip
def test_sums_of_groups_are_the_sums_of_rows(
    make_books: Any, make_bill: Any, rows: Sequence[tuple[int, int, str, str | None, str]], kind: str
) -> None:
    """The ledger's lines by day against a plain loop over the rows, for texts, doubles and decimals."""
    billed: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    listed: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    counted: Counter[tuple[str, str, str]] = Counter()
    for start, length, cost, list_cost, resource in rows:
        begin = datetime(2026, 5, 3) + timedelta(hours=start)  # noqa: DTZ001 - bills are in UTC
        last = max(begin + timedelta(hours=length) - timedelta(microseconds=1), begin)
        line = (resource, str(begin.date()), str((last + timedelta(days=1)).date()))
        billed[line] += Decimal(cost)
        listed[line] += Decimal(list_cost or 0)
        counted[line] += 1
    with TemporaryDirectory() as folder:
        books = make_books(Path(folder))
        _write(books, make_bill, rows, kind)
        books.load()
        found = books.ask("SELECT ResourceId, CAST(ChargePeriodStart AS VARCHAR), CAST(ChargePeriodEnd AS VARCHAR),"
                          " BilledCost, coalesce(ListCost, 0), x_RowCount FROM ledger")  # fmt: skip
    assert {line[:3]: line[3] for line in found} == billed
    assert {line[:3]: line[4] for line in found} == listed
    assert {line[:3]: line[5] for line in found} == counted
    assert len(found) == len(billed)


def _write(books: Any, make_bill: Any, rows: Sequence[tuple[int, int, str, str | None, str]], kind: str) -> None:
    wide = [
        hour(start, cost, make_bill, ListCost=list_cost, ResourceId=resource)
        | {"ChargePeriodEnd": f"{datetime(2026, 5, 3) + timedelta(hours=start + length):%Y-%m-%dT%H:%M:%SZ}"}  # noqa: DTZ001
        for start, length, cost, list_cost, resource in rows
    ]
    path = books.csv("bill.csv", wide)
    if kind == "csv":
        return
    cast = "DOUBLE" if kind == "doubles" else "DECIMAL(28, 14)"
    named = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
    costs = ", ".join(f"CAST({name} AS {cast}) AS {name}" for name in named)
    times = ", ".join(f"CAST({n} AS TIMESTAMP) AS {n}" for n in
                      ("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd"))  # fmt: skip
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute(f"COPY (SELECT * REPLACE ({costs}, {times}) FROM read_csv('{path}', all_varchar = true))"
                    f" TO '{books.folder / 'bill.parquet'}' (FORMAT parquet)")  # fmt: skip
    path.unlink()
