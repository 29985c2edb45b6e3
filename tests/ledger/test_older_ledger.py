"""A ledger that an older program made is read as it is; the next load gives it the columns it lacks."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from aiops_cost.errors import UserError
from aiops_cost.ledger import record, schema

ADDED = ("x_ChargeType", "x_IamRole")


@pytest.fixture
def older(books: Any, make_bill: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A ledger of May, written by a program that did not know two columns."""
    with monkeypatch.context() as patch:
        patch.setattr(schema, "NAMES", tuple(name for name in schema.NAMES if name not in ADDED))
        patch.setattr(schema, "VERSION", schema.VERSION - 1)
        books.csv("may.csv", [make_bill(billed="10.00")])
        books.load()
    return books


def test_a_ledger_of_an_older_program_is_read(older: Any) -> None:
    assert older.total() == Decimal(10)
    assert older.ask("SELECT x_ChargeType, x_IamRole FROM ledger") == [(None, None)]


def test_the_next_load_adds_the_columns_and_keeps_the_months(older: Any, make_bill: Any) -> None:
    older.drop("may.csv")
    older.csv("june.csv", [make_bill("2026-06-01", "5.00", x_IamRole="chat-api")])
    older.load()
    assert older.months() == {"2026-05": Decimal(10), "2026-06": Decimal(5)}
    assert older.ask("SELECT x_IamRole FROM ledger ORDER BY ALL") == [("chat-api",), (None,)]


def test_what_an_older_program_loaded_is_loaded_again_under_the_new_meaning(older: Any) -> None:
    assert older.load().changed
    assert not older.load().changed
    assert older.total() == Decimal(10)


def test_a_foreign_table_is_no_older_ledger(books: Any, make_bill: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(schema, "NAMES", tuple(name for name in schema.NAMES if name not in ADDED))
        books.csv("may.csv", [make_bill()])
        books.load()
    with pytest.raises(UserError, match="not the ledger's"):
        books.total()


def test_the_schema_is_part_of_what_a_load_means(monkeypatch: pytest.MonkeyPatch) -> None:
    before = record.mapping_digest()
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    assert record.mapping_digest() != before
