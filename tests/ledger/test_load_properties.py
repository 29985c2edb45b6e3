"""For any bills, in any order of loads: nothing is made, nothing is lost, and the end is the same."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MODEST = settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))

amounts = st.decimals(-(10**9), 10**9, places=18).map(str) | st.sampled_from(["0", "-0.00", "1e-7", "3.30E2", ".5"])
hours = st.integers(0, 24 * 61 - 1).map(lambda hour: datetime(2026, 5, 1, tzinfo=UTC) + timedelta(hours=hour))
rows = st.fixed_dictionaries({
    "hour": hours, "billed": amounts, "effective": amounts, "currency": st.sampled_from(["USD", "EUR", "JPY"]),
    "category": st.sampled_from(["Usage", "Credit", "Tax", "Purchase", "Adjustment"]),
    "resource": st.sampled_from(["vm-1", "vm-2", "", "a,b", 'x"y', "line\nbreak", "ada@example.com"]),
    "tags": st.none() | st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2).map(str),
})  # fmt: skip


def native(make_bill: Any, row: dict[str, Any]) -> dict[str, str | None]:
    hour = row["hour"]
    return make_bill(  # type: ignore[no-any-return]
        str(hour.date()), row["billed"], ChargePeriodStart=f"{hour:%Y-%m-%dT%H:%M:%SZ}", EffectiveCost=row["effective"],
        ChargePeriodEnd=f"{hour + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}", BillingCurrency=row["currency"],
        ChargeCategory=row["category"], ResourceId=row["resource"],
        Tags=(row["tags"] or "").replace("\x00", "").encode("utf-8", "ignore").decode(),
    )  # fmt: skip


@MODEST
@given(st.lists(rows, min_size=1, max_size=25))
def test_a_load_neither_makes_nor_loses_money(make_books: Any, make_bill: Any, bills: list[dict[str, Any]]) -> None:
    sent: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0), Decimal(0)])
    for bill in bills:
        sums = sent[bill["currency"], str(bill["hour"].date())]
        for index, amount in enumerate((Decimal(bill["billed"]), Decimal(bill["effective"]), Decimal(1))):
            sums[index] += amount
    with TemporaryDirectory() as folder:
        books = make_books(Path(folder))
        books.csv("bill.csv", [native(make_bill, bill) for bill in bills])
        books.load()
        found = books.ask(
            "SELECT BillingCurrency, CAST(ChargePeriodStart AS VARCHAR), sum(BilledCost), sum(EffectiveCost),"
            " sum(x_RowCount) FROM ledger GROUP BY 1, 2"
        )
        assert {(currency, day): list(map(Decimal, sums)) for currency, day, *sums in found} == dict(sent)
        (twice,) = books.ask("SELECT count(*) FROM (SELECT 1 FROM ledger GROUP BY x_Source, x_BillingPeriod, x_LineId,"
                             " ChargePeriodStart, ChargePeriodEnd, InvoiceId HAVING count(*) > 1)")[0]  # fmt: skip
        assert twice == 0


@MODEST
@given(
    st.lists(
        st.tuples(st.sampled_from(["may", "june", "both"]), st.integers(0, 3), st.booleans()), min_size=1, max_size=6
    ),
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)),
)
def test_any_way_to_the_last_delivery_ends_in_the_same_ledger(
    make_books: Any, make_bill: Any, steps: list[tuple[str, int, bool]], last: tuple[int, int, int]
) -> None:
    contents = {
        "may": lambda n: [make_bill("2026-05-03", f"{n}.25", ResourceId="may")],
        "june": lambda n: [make_bill("2026-06-03", f"{n}.50", ResourceId="june")],
        "both": lambda n: [make_bill("2026-05-09", f"{n}.125", ResourceId="both"),
                           make_bill("2026-06-09", f"{n}.0625", ResourceId="both")],
    }  # fmt: skip
    with TemporaryDirectory() as folder:
        books, straight = make_books(Path(folder) / "a"), make_books(Path(folder) / "b")
        for name, number, load_now in steps:
            books.csv(f"{name}.csv", contents[name](number))
            if load_now:
                books.load()
        for (name, make), number in zip(contents.items(), last, strict=True):
            for each in (books, straight):
                each.csv(f"{name}.csv", make(number))
        books.load()
        straight.load()
        assert books.snapshot() == straight.snapshot()
        assert not books.load().changed
