"""The same money twice, or never: what a second load may and may not change."""

from __future__ import annotations

import shutil
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from aiops_cost.errors import CouldNotJudge, UserError
from aiops_cost.ledger import record
from aiops_cost.ledger.frame import Ledger
from aiops_cost.providers import contract


def usd(text: str) -> Decimal:
    return Decimal(text)


def test_a_reload_is_a_no_op_that_says_so(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", [make_bill(billed="10.00")])
    first = books.load()
    again = books.load()
    assert first.changed
    assert not again.changed
    assert again.record["at"] == first.record["at"]
    assert books.version() == 0
    assert books.total() == usd("10")


def test_a_renamed_file_is_the_same_file(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", [make_bill(billed="10.00")])
    books.load()
    shutil.move(books.folder / "may.csv", books.folder / "May (final).csv")
    assert not books.load().changed
    assert books.total() == usd("10")


def test_a_restated_month_is_not_counted_twice(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", [make_bill(billed="100.00")])
    books.load()
    books.csv("may.csv", [make_bill(billed="97.50")])
    result = books.load()
    assert books.total() == usd("97.50")
    assert result.before["2026-05"]["USD"].BilledCost == usd("100")


def test_a_restated_month_without_a_line_falls_by_that_line(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", [make_bill(billed="10.00"), make_bill(billed="4.00", ResourceId="vm-2")])
    books.load()
    books.csv("may.csv", [make_bill(billed="10.00")])
    books.load()
    assert books.total() == usd("10")
    assert books.ask("SELECT DISTINCT ResourceId FROM ledger") == [("vm-1",)]


def test_a_changed_file_replaces_exactly_its_months(books: Any, make_bill: Any) -> None:
    books.csv("apr.csv", [make_bill("2026-04-03", "1.00")])
    books.csv("may.csv", [make_bill("2026-05-03", "2.00")])
    books.load()
    books.csv("may.csv", [make_bill("2026-05-03", "3.00")])
    result = books.load()
    assert books.months() == {"2026-04": usd("1"), "2026-05": usd("3")}
    assert list(result.record["periods"]) == ["2026-05"]


def test_a_restatement_of_seventy_days_ago_is_seen(books: Any, make_bill: Any) -> None:
    for month, billed in (("04", "1.00"), ("05", "2.00"), ("06", "4.00")):
        books.csv(f"{month}.csv", [make_bill(f"2026-{month}-03", billed)])
    books.load()
    books.csv("04.csv", [make_bill("2026-04-03", "0.25")])
    result = books.load()
    assert books.total() == usd("6.25")
    assert list(result.record["periods"]) == ["2026-04"]


def test_several_months_are_one_commit(books: Any, make_bill: Any) -> None:
    books.csv("all.csv", [make_bill("2026-04-30", "1.00"), make_bill("2026-05-01", "2.00")])
    books.load()
    assert books.version() == 0
    assert books.months() == {"2026-04": usd("1"), "2026-05": usd("2")}


def test_a_month_in_two_files_is_read_whole_when_one_changes(books: Any, make_bill: Any) -> None:
    books.csv("part-1.csv", [make_bill(billed="10.00")])
    books.csv("part-2.csv", [make_bill(billed="5.00", ResourceId="vm-2")])
    books.load()
    books.csv("part-2.csv", [make_bill(billed="6.00", ResourceId="vm-2")])
    books.load()
    assert books.total() == usd("16")
    assert not books.load().changed


def test_a_companion_of_two_months_does_not_ask_for_its_other_month(books: Any, make_bill: Any) -> None:
    books.csv("both.csv", [make_bill("2026-04-03", "1.00"), make_bill("2026-05-03", "2.00")])
    books.csv("may.csv", [make_bill("2026-05-04", "4.00", ResourceId="vm-2")])
    books.load()
    books.csv("may.csv", [make_bill("2026-05-04", "8.00", ResourceId="vm-2")])
    result = books.load()
    assert list(result.record["periods"]) == ["2026-05"]
    assert books.months() == {"2026-04": usd("1"), "2026-05": usd("10")}
    assert not books.load().changed


def test_a_file_gone_while_another_covers_its_month_takes_its_money_along(books: Any, make_bill: Any) -> None:
    books.csv("part-1.csv", [make_bill(billed="10.00")])
    books.csv("part-2.csv", [make_bill(billed="5.00", ResourceId="vm-2")])
    books.load()
    books.drop("part-2.csv")
    assert books.load().changed
    assert books.total() == usd("10")
    assert not books.load().changed


def test_a_month_no_longer_delivered_stays_and_is_said_every_time(books: Any, make_bill: Any) -> None:
    books.csv("apr.csv", [make_bill("2026-04-03", "1.00")])
    books.csv("may.csv", [make_bill("2026-05-03", "2.00")])
    books.load()
    books.drop("apr.csv")
    for _ in range(2):
        assert books.load().no_longer_delivered == ("2026-04",)
    assert books.months() == {"2026-04": usd("1"), "2026-05": usd("2")}
    books.csv("may.csv", [make_bill("2026-05-03", "3.00")])
    assert books.load().no_longer_delivered == ("2026-04",)
    assert books.months() == {"2026-04": usd("1"), "2026-05": usd("3")}


def test_one_period_is_loaded_and_the_rest_stays_pending(books: Any, make_bill: Any) -> None:
    books.csv("both.csv", [make_bill("2026-04-03", "1.00"), make_bill("2026-05-03", "2.00")])
    books.load(periods=("2026-05",))
    assert books.months() == {"2026-05": usd("2")}
    assert not books.load(periods=("2026-05",)).changed
    rest = books.load()
    assert list(rest.record["periods"]) == ["2026-04"]
    assert books.months() == {"2026-04": usd("1"), "2026-05": usd("2")}
    assert not books.load().changed


def test_a_file_that_left_during_a_load_of_another_month_is_not_forgotten(books: Any, make_bill: Any) -> None:
    books.csv("may-1.csv", [make_bill(billed="10.00")])
    books.csv("may-2.csv", [make_bill(billed="5.00", ResourceId="vm-2")])
    books.load()
    books.drop("may-2.csv")
    books.csv("june.csv", [make_bill("2026-06-03", "1.00")])
    books.load(periods=("2026-06",))
    assert books.months() == {"2026-05": usd("15"), "2026-06": usd("1")}
    books.load()
    assert books.months() == {"2026-05": usd("10"), "2026-06": usd("1")}


def test_a_period_that_is_not_delivered_is_not_a_success(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", [make_bill()])
    for _ in range(2):
        with pytest.raises(CouldNotJudge, match="no rows of 2026-09"):
            books.load(periods=("2026-09",))
        books.load()


def test_the_same_bytes_twice_are_refused(books: Any, make_bill: Any) -> None:
    for name in ("a.csv", "copy of a.csv"):
        books.csv(name, [make_bill()])
    with pytest.raises(UserError, match="the same file, byte for byte"):
        books.load()


def test_month_to_date_snapshots_are_not_added_up(books: Any, make_bill: Any) -> None:
    days = [make_bill(f"2026-05-{day:02}", "1.00") for day in range(1, 9)]
    for end in (4, 6, 8):
        books.csv(f"2026-05-{end:02}.csv", days[:end])
    with pytest.raises(UserError, match="hold the same rows"):
        books.load()
    assert books.load(allow_overlap=True).changed
    assert books.total() == usd("18")


def test_a_one_time_export_beside_the_daily_one_is_refused_even_in_another_form(books: Any, make_bill: Any) -> None:
    path = books.csv("daily.csv", [make_bill(f"2026-05-{day:02}", "1.00") for day in range(1, 9)])
    books.parquet(
        "once.parquet",
        "SELECT * REPLACE (CAST(ChargePeriodStart AS TIMESTAMP) AS ChargePeriodStart)"
        f" FROM read_csv('{path}', all_varchar = true) LIMIT 5",
    )
    with pytest.raises(UserError, match="hold the same rows"):
        books.load()


def test_a_later_snapshot_beside_a_known_file_is_refused(books: Any, make_bill: Any) -> None:
    books.csv("1.csv", [make_bill(f"2026-05-{day:02}") for day in range(1, 5)])
    books.load()
    books.csv("2.csv", [make_bill(f"2026-05-{day:02}", "1.10") for day in range(1, 6)])
    with pytest.raises(UserError, match=r"2\.csv and 1\.csv hold the same rows"):
        books.load()
    assert books.total() == usd("4")


def test_two_sources_do_not_touch_each_other(books: Any, make_bill: Any) -> None:
    books.csv("a/may.csv", [make_bill(billed="10.00")])
    books.csv("b/may.csv", [make_bill(billed="1.00")])
    books.load("one", "a")
    books.load("two", "b")
    books.csv("a/may.csv", [make_bill(billed="20.00")])
    books.load("one", "a")
    assert books.ask("SELECT x_Source, sum(BilledCost) FROM ledger GROUP BY 1 ORDER BY 1") == [
        ("one", usd("20")),
        ("two", usd("1")),
    ]


def test_a_header_without_rows_is_not_zero(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", [], header=list(make_bill()))
    with pytest.raises(CouldNotJudge, match="nothing is not zero"):
        books.load()
    books.csv("may.csv", [make_bill(billed="10.00")])
    books.load()
    books.csv("june.csv", [], header=list(make_bill()))
    assert not books.load().changed
    books.csv("may.csv", [], header=[*make_bill(), "x_new"])
    with pytest.raises(CouldNotJudge, match="nothing is not zero"):
        books.load()
    assert books.total() == usd("10")


def test_rows_whose_month_cannot_be_read_are_not_no_rows(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", [make_bill(billed="7.00", BillingPeriodStart="05/01/2026")])
    with pytest.raises(UserError, match=r"1 of 1 rows cannot be read; they carry 7\.00 USD"):
        books.load()


def test_a_changed_mapping_loads_again(books: Any, make_bill: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    books.csv("may.csv", [make_bill(billed="10.00")])
    books.load()
    changed = tuple(replace(found, digest="another") for found in contract.contracts())
    monkeypatch.setattr(record, "contracts", lambda: changed)
    assert books.load().changed
    assert books.total() == usd("10")
    assert not books.load().changed


def test_a_dry_run_writes_nothing(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", [make_bill()])
    result = books.load(dry_run=True)
    assert result.record["periods"]["2026-05"]["kept"] == 1
    assert Ledger.open(books.location).version is None
    assert not books.location.exists()


def test_old_snapshots_stay_what_they_were(books: Any, make_bill: Any) -> None:
    books.csv("may.csv", [make_bill(billed="10.00")])
    books.load()
    before = Ledger.open(books.location)
    books.csv("may.csv", [make_bill(billed="20.00")])
    books.load()
    with before.connect() as con:
        assert con.execute("SELECT sum(BilledCost) FROM ledger").fetchone() == (usd("10"),)
        assert con.execute("SELECT count(*) FROM loads").fetchone() == (4,)
