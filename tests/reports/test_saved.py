"""A report that was saved as JSON looks the same in every format when it is read back; a bad file is named exactly."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_cost import reports
from aiops_cost.model import Chart, Column, Report, Table

CHART = Chart(
    "bridge",
    "From plan to actual",
    "waterfall",
    (Column("part"), Column("amount", "money")),
    (("plan", Decimal(10)), ("volume", Decimal("1.5")), ("actual", Decimal("11.5"))),
    "Volume is all of it.",
)
SPARK = Table(
    "spend",
    "",
    (Column("day", "date"), Column("x_LineId", "count"), Column("trend", "spark"), Column("size", "bar")),
    ((date(2026, 6, 1), 7, (Decimal(1), None, Decimal("2.25")), Decimal("0.5")),),
    ("total", None, None, None),
)


def again(report: Report) -> Report:
    return reports.read(reports.render(report, "json"), "report.json")


@pytest.fixture
def full(report: Report) -> Report:
    return replace(
        report, tables=(*report.tables, SPARK), charts=(CHART,), headline="12 USD over the plan", paste="a:\n  b"
    )


@pytest.mark.parametrize("format_", reports.formats())
def test_every_format_is_the_same_to_the_byte(full: Report, empty: Report, format_: str) -> None:
    for one in (full, empty):
        assert reports.to_bytes(again(one), format_, 80) == reports.to_bytes(one, format_, 80)


@pytest.mark.parametrize("format_", [name for name in reports.formats() if name != "xlsx"])
def test_hostile_text_survives_the_way_through_json(hostile: Report, format_: str) -> None:
    assert reports.to_bytes(again(hostile), format_) == reports.to_bytes(hostile, format_)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=18, min_value=-(10**19), max_value=10**19), st.text())
def test_amounts_and_texts_come_back(amount: Decimal, text: str) -> None:
    table = Table("t", "T", (Column("cost", "money"), Column("tag")), ((amount, text),))
    (row,) = again(Report("r", "R", {}, (table,))).tables[0].rows
    assert row == (amount, text)


def money_table(row: dict[str, Any]) -> dict[str, Any]:
    columns = [{"name": "a", "kind": "money", "title": "a"}]
    return {"tables": {"t": {"columns": columns, "rows": [row], "total": None}}}


PIE = {"title": "", "kind": "pie", "description": "", "columns": [], "rows": []}


def broken(report: Report, **changes: Any) -> str:
    document = {**json.loads(reports.render(report, "json")), **changes}
    return json.dumps({key: value for key, value in document.items() if value is not ...})


@pytest.mark.parametrize(
    ("changes", "place", "said"),
    [
        ({"schema": "aiops-cost/drift/2"}, "r.json", "version 2"),
        ({"schema": "something/else"}, "r.json", "no report of aiops-cost"),
        ({"schema": ...}, "r.json", "no report of aiops-cost"),
        ({"schema": "aiops-cost/problems/1"}, "r.json", "list of problems"),
        ({"findings": [{}]}, "r.json: findings.0", "Field required"),
        ({"title": 7}, "r.json: title", "string"),
        ({"more": 1}, "r.json: more", "not permitted"),
        (money_table({"b": "1"}), "r.json: tables.t.rows.0",
            "not those of the columns",
        ),
        (money_table({"a": 1}), "r.json: tables.t.rows.0.a",
            "may not be exact",
        ),
        ({"charts": {"c": PIE}}, "r.json: charts.c.kind", "waterfall"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(report: Report, changes: dict[str, Any], place: str, said: str) -> None:
    with pytest.raises(reports.Unreadable) as caught:
        reports.read(broken(report, **changes), "r.json")
    assert caught.value.place.startswith(place)
    assert said in caught.value.sentence
    assert "aiops-cost" in caught.value.way_out


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', '{"schema": NaN}', "[" * 100_000])
def test_what_is_no_json_of_ours_is_refused(text: str) -> None:
    with pytest.raises(reports.Unreadable):
        reports.read(text, "r.json")


def test_a_report_saved_before_charts_were_known_is_read(report: Report) -> None:
    old = broken(report, charts=..., headline=...)
    assert reports.render(reports.read(old, "r.json"), "table") == reports.render(report, "table")
