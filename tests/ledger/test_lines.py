"""What makes a line, and what must not: credits, days, accounts, tags, people, columns that come and go."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from aiops_cost.ledger import people, schema


def test_a_credit_does_not_overwrite_its_usage(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", [make_bill(billed="10.00"), make_bill(billed="-4.00", ChargeCategory="Credit")])
    books.load()
    assert books.total() == Decimal(6)
    assert books.ask("SELECT ChargeCategory, BilledCost FROM ledger ORDER BY 1") == [
        ("Credit", Decimal(-4)),
        ("Usage", Decimal(10)),
    ]


def test_hours_become_one_row_a_day_and_the_last_hour_is_not_lost(books: Any, make_bill: Any) -> None:
    hours = [make_bill("2026-05-31", "1.00", ChargePeriodStart=f"2026-05-31T{hour:02}:00:00Z",
                       ChargePeriodEnd="2026-06-01T00:00:00Z") for hour in range(24)]  # fmt: skip
    books.csv("may.csv", hours)
    books.load()
    found = books.ask("SELECT CAST(ChargePeriodStart AS VARCHAR), CAST(ChargePeriodEnd AS VARCHAR), x_RowCount,"
                      " BilledCost FROM ledger")  # fmt: skip
    assert found == [("2026-05-31", "2026-06-01", 24, Decimal(24))]


def test_an_account_id_keeps_its_zero(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", [make_bill(BillingAccountId="012345678901", SubAccountId="000000000042")])
    books.load()
    assert books.ask("SELECT BillingAccountId, SubAccountId FROM ledger") == [("012345678901", "000000000042")]


@pytest.mark.parametrize("tags", [
    json.dumps({"a'b": 'quote " and \\ slash', "comma,": "line\nbreak", "": "", "=cmd|'/c calc'!A1": "<img onerror>"}),
    '{" org": "1", "org": "2", "ORG": "3"}',
    "not json at all; '); DROP TABLE ledger; --",
    '{"emoji": "\U0001f4b8", "rtl": "\u202eabc", "null": null}',
])  # fmt: skip
def test_a_hostile_tag_is_kept_as_it_is(books: Any, make_bill: Any, tags: str) -> None:
    books.csv("may.csv", [make_bill(billed="10.00", Tags=tags), make_bill(billed="1.00")])
    books.load()
    assert books.ask("SELECT Tags FROM ledger WHERE Tags IS NOT NULL") == [(tags,)]
    assert books.total() == Decimal(11)


def test_a_person_is_not_in_the_ledger_and_the_money_is(books: Any, make_bill: Any) -> None:
    texts = [name for name in (*schema.IDENTITY, "InvoiceId") if name not in {
        "BillingCurrency", "ChargeCategory", "ChargeClass", "ChargeFrequency", "PricingCategory", "ServiceCategory",
        "CommitmentDiscountCategory", "CommitmentDiscountStatus", "CapacityReservationStatus"}]  # fmt: skip
    cells = dict.fromkeys(texts, "role/Ada.Lovelace+x@Example.com, ada%40example.com, jos\u00e9@b\u00fccher.de")
    books.csv("may.csv", [make_bill(billed="10.00", **cells), make_bill(billed="1.00")])
    books.load()
    everything = json.dumps(books.snapshot(), default=str, ensure_ascii=False)
    assert "@" not in everything
    assert "%40" not in everything
    assert everything.count("person-") == 3 * len(texts)
    assert books.total() == Decimal(11)


def test_a_row_without_an_end_is_no_second_row_of_its_day(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", [make_bill(), make_bill(ChargePeriodEnd="", BillingPeriodEnd="")])
    books.load()
    assert books.ask("SELECT x_RowCount, BilledCost FROM ledger") == [(2, Decimal(2))]


def test_one_person_spelled_twice_is_one_line_a_day(books: Any, make_bill: Any) -> None:
    books.csv(
        "may.csv", [make_bill(billed="10.00", ResourceName=name) for name in ("Ada@example.com", "ada@example.com")]
    )
    result = books.load()
    assert books.ask("SELECT count(*), sum(BilledCost), sum(x_RowCount) FROM ledger") == [(1, Decimal(20), 2)]
    assert result.record["periods"]["2026-05"]["ledger_rows"] == 1


def test_people_are_kept_only_on_request_and_keyed_when_a_key_is_given(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", [make_bill(ResourceName="ada@example.com", ChargeCategory="ada@example.com")])
    kept = books.load(keep_people=True)
    assert books.ask("SELECT ResourceName FROM ledger") == [("ada@example.com",)]
    assert "ada@" in str(kept.record["deviations"])
    assert "ada@" not in str(books.load("other").record)
    assert people.pseudonym("ada@example.com", "a") != people.pseudonym("ada@example.com", "b")


def test_a_correction_of_an_older_day_stays_in_the_bill_that_carries_it(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", [make_bill("2026-05-31", "100.00")])
    books.csv("june.csv", [
        make_bill("2026-06-02", "10.00"),
        make_bill("2026-05-31", "-3.00", month="2026-06", ChargeClass="Correction"),
    ])  # fmt: skip
    result = books.load()
    assert books.months() == {"2026-05": Decimal(100), "2026-06": Decimal(7)}
    assert books.total("ChargePeriodStart < '2026-06-01'") == Decimal(97)
    assert ("day-outside-billing-period", 1) in [(d["code"], d["rows"]) for d in result.record["deviations"]]


def test_a_line_keeps_its_id_over_days_months_reloads_and_sources(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", [make_bill("2026-05-03"), make_bill("2026-05-04", "2.00")])
    books.csv("june.csv", [make_bill("2026-06-03")])
    books.load()
    (first,) = books.ask("SELECT DISTINCT x_LineId FROM ledger")
    books.csv("may.csv", [make_bill("2026-05-03", "5.00")])
    books.load()
    books.load("another")
    assert books.ask("SELECT DISTINCT x_LineId FROM ledger") == [first]


def test_an_empty_column_and_a_missing_one_are_the_same_line(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", [make_bill("2026-05-03")])
    books.csv("june.csv", [make_bill("2026-06-03", RegionId="", Tags="", SkuMeter="", HostProviderName="")])
    books.load()
    books.load("june", "june.csv")
    assert books.ask("SELECT count(DISTINCT x_LineId), count(*) FROM ledger") == [(1, 3)]


def test_neighbouring_cells_do_not_make_one_line_of_two(books: Any, make_bill: Any) -> None:
    pairs = [("ab", "c"), ("a", "bc"), ("abc", None), (None, "abc"), ("~", "~"), ("1:a", "b")]
    books.csv("may.csv", [make_bill(RegionId=left, RegionName=right) for left, right in pairs])
    books.load()
    assert books.ask("SELECT count(DISTINCT x_LineId), count(*) FROM ledger") == [(6, 6)]


def test_a_column_switched_on_in_mid_month_makes_lines_not_money(books: Any, make_bill: Any) -> None:
    books.csv("1.csv", [make_bill("2026-05-03", "10.00")])
    books.csv("2.csv", [make_bill("2026-05-20", "10.00", SkuMeter="BoxUsage")])
    books.load()
    assert books.ask("SELECT count(DISTINCT x_LineId), sum(BilledCost) FROM ledger") == [(2, Decimal(20))]


def test_two_currencies_never_meet(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", [make_bill(billed="10.00"), make_bill(billed="10.00", BillingCurrency="EUR")])
    result = books.load()
    assert books.ask("SELECT BillingCurrency, sum(BilledCost) FROM ledger GROUP BY 1 ORDER BY 1") == [
        ("EUR", Decimal(10)),
        ("USD", Decimal(10)),
    ]
    assert set(result.record["periods"]["2026-05"]["money"]) == {"EUR", "USD"}
    with pytest.raises(AssertionError):
        books.total()


def test_a_commitment_is_not_counted_twice(books: Any, make_bill: Any) -> None:
    year = [make_bill(f"2026-05-{day:02}", "0", EffectiveCost="1.00", CommitmentDiscountId="ri-1",
                      CommitmentDiscountStatus="Used", PricingCategory="Committed")
            for day in range(1, 31)]  # fmt: skip
    fee = make_bill("2026-05-01", "30.00", EffectiveCost="0", ChargeCategory="Purchase", CommitmentDiscountId="ri-1")
    books.csv("may.csv", [fee, *year])
    books.load()
    assert books.total() == books.total(cost="EffectiveCost") == Decimal(30)


def test_an_old_oracle_file_beside_a_new_one_is_one_bill(books: Any, make_bill: Any) -> None:
    books.csv("new.csv", [make_bill(billed="10.00")])
    old = make_bill(billed="4.00", EffectiveCost="", Region="eu", Provider="Oracle", Publisher="Oracle", ResourceId="o")
    books.csv("old.csv", [old])
    books.load()
    assert books.ask("SELECT sum(BilledCost), sum(EffectiveCost) FROM ledger") == [(Decimal(14), Decimal(14))]


def test_a_value_in_another_spelling_is_one_category(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", [make_bill(ChargeCategory="usage"), make_bill(ChargeCategory="Usage")])
    result = books.load()
    assert books.ask("SELECT ChargeCategory, x_RowCount FROM ledger") == [("Usage", 2)]
    assert ("spelling-ChargeCategory", 1) in [(d["code"], d["rows"]) for d in result.record["deviations"]]


def test_the_frame_is_exact_where_it_says_so(books: Any, make_bill: Any) -> None:
    from aiops_cost.ledger.frame import Ledger

    books.csv("may.csv", [make_bill(billed="0.1", ResourceId=f"vm-{n}") for n in range(10)])
    books.load()
    ledger = Ledger.open(books.location)
    exact = ledger.frame(["ResourceId", "ChargePeriodStart", "BilledCost", "x_LineId"])
    assert sum(exact["BilledCost"]) == Decimal(1)
    assert list(map(str, exact.dtypes)) == ["category", "datetime64[us]", "object", "int64"]
    assert abs(ledger.frame(["BilledCost"], amounts="float")["BilledCost"].sum() - 1) < 1e-9
