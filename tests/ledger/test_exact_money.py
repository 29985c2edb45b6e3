"""`in = kept + rejected + rounding`, to the last digit; a text is a number or a named problem, never a silent null."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from importlib.resources import files
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_cost.errors import UserError

UNIT = Decimal("1E-18")


@pytest.fixture(scope="module")
def casts() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute(files("aiops_cost.ledger").joinpath("casts.sql").read_text(encoding="utf-8"))
        yield con


def rounded(exact: Decimal) -> Decimal:
    with localcontext() as context:
        context.prec = 200
        return exact.quantize(UNIT, rounding=ROUND_HALF_EVEN)


KEPT = {
    "18.0066386184": "18.0066386184",
    "1.5E3": "1500",
    "1e3": "1000",
    "1.5e-7": "0.00000015",
    "+5": "5",
    ".5": "0.5",
    "5.": "5",
    "-0": "0",
    "0.12345678901234567890": "0.123456789012345679",
    "1234567.1234567890123456789012345678": "1234567.123456789012345679",
    "123456789.00000000000000000000": "123456789",
    "0.0000000000000000005": "0",
    "0.0000000000000000015": "0.000000000000000002",
    "0.0000000000000000025": "0.000000000000000002",
    "-0.0000000000000000015": "-0.000000000000000002",
    "0.00000000000000000050000000000000000000000001": "0.000000000000000001",
    "5e-19": "0",
    "1.5e-18": "0.000000000000000002",
    "1.3552527156068805e-20": "0",
    "19999999999999999999": "19999999999999999999",
    "12345678901234567890.123456789012345678": "12345678901234567890.123456789012345678",
}
REFUSED = ("1_000", "1,234.50", "12,34", "NaN", "nan", "inf", "-Infinity", "1e400", "1e20", "0x10", "--5", "1e", "$5",
           "1.000000000000000000abc", "1_0.0000000000000000000", "\uff11\uff12", "1 000", "(5.00)")  # fmt: skip


def test_a_number_is_kept_to_eighteen_decimals_half_even(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", [make_bill(billed=text, ResourceId=text, ListCost="1") for text in KEPT])
    result = books.load()
    assert dict(books.ask("SELECT ResourceId, BilledCost FROM ledger")) == {t: Decimal(k) for t, k in KEPT.items()}
    money = result.record["periods"]["2026-05"]["money"]["USD"]["BilledCost"]
    with localcontext() as context:
        context.prec = 200
        sent = Decimal(money["kept"]) + Decimal(money["rejected"]) + Decimal(money["rounding"])
        assert Decimal(money["in"]) == sent
        assert abs(sent - sum(map(Decimal, KEPT))) < Decimal("1E-36")


def test_a_cast_that_fails_is_not_zero(books: Any, make_bill: Any) -> None:
    rows = [make_bill(billed="4.00", ListCost=text) for text in REFUSED]
    books.csv("may.csv", [make_bill(billed="10.00"), *rows])
    with pytest.raises(UserError) as caught:
        books.load()
    (problem,) = caught.value.problems
    assert problem.code == "rows-rejected"
    assert problem.money == {"USD": 4 * len(REFUSED)}
    assert problem.details[0].startswith("may.csv, row 2: ListCost is '1_000', not a plain number")
    result = books.load(allow_rejects=len(REFUSED))
    assert books.total() == Decimal(10)
    money = result.record["periods"]["2026-05"]["money"]["USD"]["BilledCost"]
    rejected = 4 * len(REFUSED)
    assert money == {"in": f"{10 + rejected}.00", "kept": "10.00", "rejected": f"{rejected}.00", "rounding": "0.00"}
    assert [(reject.row, reject.value, reject.billed) for reject in result.rejects] == [
        (row, text, Decimal(4)) for row, text in enumerate(REFUSED, 2)
    ]


@pytest.mark.parametrize("column", ["BilledCost", "EffectiveCost", "BillingCurrency", "ChargePeriodStart"])
def test_an_empty_cell_that_is_needed_is_not_zero(books: Any, make_bill: Any, column: str) -> None:
    books.csv("may.csv", [make_bill(billed="10.00"), make_bill(billed="4.00") | {column: ""}])
    with pytest.raises(UserError, match=f"row 2: {column} is empty"):
        books.load()


def test_an_empty_list_cost_is_unknown_not_a_reject(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", [make_bill(billed="10.00", ListCost="")])
    result = books.load()
    assert books.ask("SELECT sum(BilledCost), sum(ListCost) FROM ledger") == [(Decimal(10), None)]
    assert "empty-ListCost" in {deviation["code"] for deviation in result.record["deviations"]}


def test_more_rejects_than_allowed_load_nothing(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", [make_bill(), make_bill(billed="x"), make_bill(billed="y")])
    with pytest.raises(UserError, match="2 of 3 rows cannot be read; they carry 2 amounts that cannot be read"):
        books.load(allow_rejects=1)
    assert books.version() is None


def test_a_currency_in_small_letters_is_not_another_currency(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", [make_bill(billed="10.00", BillingCurrency="usd")])
    with pytest.raises(UserError, match="BillingCurrency is 'usd', not a currency code of three letters"):
        books.load()


@pytest.mark.parametrize("kind", ["VARCHAR", "DOUBLE", "FLOAT", "DECIMAL(18, 6)", "DECIMAL(38, 18)", "DECIMAL(38, 28)"])
def test_ten_tenths_are_one_in_every_parquet_type(books: Any, make_bill: Any, kind: str) -> None:
    path = books.csv("may.csv", [make_bill(f"2026-05-{day:02}", "0.1") for day in range(1, 11)])
    costs = ", ".join(f"CAST({n} AS {kind}) AS {n}" for n in ("BilledCost", "EffectiveCost", "ListCost"))
    books.parquet("may.parquet", f"SELECT * REPLACE ({costs}) FROM read_csv('{path}', all_varchar = true)")
    books.drop("may.csv")
    books.load()
    assert books.total() == Decimal(1)


DOUBLES = {"0.1": "0.1", "1e-7": "0.0000001", "0.3333333333333333": "0.3333333333333333", "123456.789": "123456.789",
           "-0.0": "0", "1e15": "1000000000000000", "2.5e-16": "0.00000000000000025", "4.4e-24": "0",
           "0.30000000000000004": "0.30000000000000004", "99999.9999999999": "99999.9999999999"}  # fmt: skip


def test_a_double_is_the_decimal_that_its_writer_had(books: Any, make_bill: Any) -> None:
    path = books.csv("may.csv", [make_bill(billed=text, ResourceId=text) for text in DOUBLES])
    double = "REPLACE (CAST(BilledCost AS DOUBLE) AS BilledCost)"
    books.parquet("may.parquet", f"SELECT * {double} FROM read_csv('{path}', all_varchar = true)")
    books.drop("may.csv")
    books.load()
    assert dict(books.ask("SELECT ResourceId, BilledCost FROM ledger")) == {t: Decimal(k) for t, k in DOUBLES.items()}


@pytest.mark.parametrize("value", ["CAST('nan' AS DOUBLE)", "CAST('inf' AS DOUBLE)", "CAST(1e30 AS DOUBLE)"])
def test_a_double_that_is_no_amount_fails_the_load(books: Any, make_bill: Any, value: str) -> None:
    path = books.csv("may.csv", [make_bill()])
    books.parquet(
        "may.parquet", f"SELECT * REPLACE ({value} AS BilledCost) FROM read_csv('{path}', all_varchar = true)"
    )
    books.drop("may.csv")
    with pytest.raises(UserError, match=r"row 1: BilledCost is '.*', not a plain number"):
        books.load()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.decimals(-99999, 99999, places=10).map(float),
                min_size=1, max_size=30))  # fmt: skip
def test_the_fast_path_for_doubles_agrees_with_their_shortest_text(
    casts: duckdb.DuckDBPyConnection, values: list[float]
) -> None:
    rows = casts.execute(
        "SELECT d, short_double(d), amount_of_short(d) FROM (SELECT unnest(?::DOUBLE[]) AS d) WHERE short_double(d)",
        [values],
    ).fetchall()
    for double, _, amount in rows:
        assert amount == Decimal(repr(double)), double
    short = [v for v in values if abs(v) < 99999 and Decimal(repr(v)) == Decimal(repr(v)).quantize(Decimal("1E-10"))]
    assert len(rows) >= len(short)


@settings(max_examples=60, deadline=None)
@given(st.lists(
    st.from_regex(r"\A[-+]?[0-9]{1,19}\.[0-9]{0,40}\Z") | st.floats(-1e9, 1e9).map(repr)
    | st.from_regex(r"\A-?[0-9]{1,3}\.[0-9]{17}[0-9]50{0,30}1?\Z"), min_size=1, max_size=20))  # fmt: skip
def test_every_plain_number_is_rounded_once_half_even_and_the_rest_is_kept(
    casts: duckdb.DuckDBPyConnection, texts: list[str]
) -> None:
    found = casts.execute(
        "SELECT t, amount(t, w), coalesce(remainder_of(w), 0) FROM (SELECT t, wide(t) AS w FROM"
        " (SELECT unnest(?::VARCHAR[]) AS t))", [texts],
    ).fetchall()  # fmt: skip
    for text, amount, rest in found:
        assert amount == rounded(Decimal(text)), text
        with localcontext() as context:
            context.prec = 200
            assert abs(amount + rest - Decimal(text)) < Decimal("1E-38"), text


DATES = {
    "2026-05-31T23:59:59Z": "2026-05-31",
    "2026-06-01T00:00Z": "2026-06-01",
    "2026-05-31T20:00-05:00": "2026-06-01",
    "2026-06-01T05:00:00+05:30": "2026-05-31",
    "2026-05-31 23:00:00": "2026-05-31",
    "2026-05-31 23:00:00 UTC": "2026-05-31",
    "2026-05-31": "2026-05-31",
    "2026-05-31T23:00:00.123456789Z": "2026-05-31",
}


def test_a_moment_is_its_utc_day(casts: duckdb.DuckDBPyConnection) -> None:
    for text, day in DATES.items():
        assert str(casts.execute("SELECT CAST(instant(?) AS DATE)", [text]).fetchone()[0]) == day, text  # type: ignore[index]


@pytest.mark.parametrize("text", ["05/01/2026", "01-05-2026", "2026-05-32", "1746057600", "20260501", "infinity",
                                  "1826-05-01T00:00:00Z", "May 1, 2026"])  # fmt: skip
def test_a_date_in_another_order_is_not_guessed(books: Any, make_bill: Any, text: str) -> None:
    books.csv("may.csv", [make_bill(ChargePeriodStart=text)])
    with pytest.raises(UserError, match=f"ChargePeriodStart is '{text}', not a date"):
        books.load()


def test_big_sums_stay_exact(books: Any, make_bill: Any) -> None:
    rows = [make_bill(billed="9999999999999999.123456789012345678", ResourceId=f"vm-{n}") for n in range(100)]
    books.csv("may.csv", rows)
    books.load()
    assert books.total() == Decimal("999999999999999912.345678901234567800")
    assert not math.isinf(float(books.ask("SELECT max(sent) FROM loads")[0][0]))


def test_a_total_that_no_column_can_hold_is_said(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", [make_bill(billed="99999999999999999999") for _ in range(3)])
    with pytest.raises(UserError, match="more than the ledger can hold"):
        books.load()
