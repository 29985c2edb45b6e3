"""XLSX and Parquet: the same report for a spreadsheet and a data frame; what is in them is a golden text."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from aiops_cost import reports
from aiops_cost.model import Column, Report, Table

openpyxl = pytest.importorskip("openpyxl", reason="the extra `xlsx` is not installed")

Golden = Callable[[str, str], None]


def book(report: Report) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(reports.to_bytes(report, "xlsx")))


def dump(found: openpyxl.Workbook) -> str:
    lines = []
    for sheet in found:
        lines.append(f"[{sheet.title}] frozen at {sheet.freeze_panes}, filter {sheet.auto_filter.ref}")
        for row in sheet.rows:
            cells = [f"{cell.value!r} ({cell.number_format})" for cell in row if cell.value is not None]
            lines.append("  " + " | ".join(cells))
    return "\n".join(lines) + "\n"


def parquet(report: Report, folder: Path) -> Path:
    path = folder / "report.parquet"
    path.write_bytes(reports.to_bytes(report, "parquet"))
    return path


def test_the_workbook(golden: Golden, report: Report, empty: Report) -> None:
    golden("drift.xlsx.txt", dump(book(report)))
    golden("empty.xlsx.txt", dump(book(empty)))


def test_the_parquet_file(golden: Golden, report: Report, tmp_path: Path) -> None:
    path = parquet(report, tmp_path)
    with duckdb.connect() as con:
        types = con.execute(f"DESCRIBE SELECT * FROM '{path}'").fetchall()
        rows = con.execute(f"SELECT * FROM '{path}'").fetchall()
        ((about,),) = con.execute(f"SELECT decode(value) FROM parquet_kv_metadata('{path}')").fetchall()
    lines = [f"{name}: {kind}" for name, kind, *_ in types] + [" | ".join(map(str, row)) for row in rows] + [about]
    golden("drift.parquet.txt", "\n".join(lines) + "\n")


@pytest.mark.parametrize("format_", ["xlsx", "parquet"])
def test_the_same_report_gives_the_same_bytes(report: Report, format_: str) -> None:
    assert reports.to_bytes(report, format_) == reports.to_bytes(report, format_)


def test_every_digit_is_in_parquet(tmp_path: Path) -> None:
    exact = Decimal("12345678901234567890.123456789012345678")
    table = Table("t", "T", (Column("cost", "money"),), ((exact,), (None,)))
    path = parquet(Report("r", "R", {}, (table,)), tmp_path)
    assert duckdb.sql(f"SELECT cost FROM '{path}'").fetchall() == [(exact,), (None,)]


def test_a_number_that_a_column_cannot_hold_is_refused_not_cut() -> None:
    table = Table("t", "T", (Column("cost", "money"),), ((Decimal(10) ** 21,),))
    with pytest.raises(OverflowError):
        reports.to_bytes(Report("r", "R", {}, (table,)), "parquet")


def test_moments_keep_their_time(tmp_path: Path) -> None:
    at = datetime(2026, 6, 1, 6, 30)  # noqa: DTZ001
    report = Report("r", "R", {}, (Table("t", "T", (Column("moment", "date"),), ((at,),)),))
    assert duckdb.sql(f"SELECT moment FROM '{parquet(report, tmp_path)}'").fetchall() == [(at,)]
    assert book(report)["T"]["A2"].value == at


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", '=HYPERLINK("http://x")', "http://x"])
def test_no_text_becomes_a_formula_or_a_link(text: str) -> None:
    table = Table("t", "T", (Column("tag", title=text), Column("n", "count")), ((text, 1),), (text, 1))
    sheet = book(Report("r", "R", {}, (table,), notes=(text,)))["T"]
    for row in sheet.rows:
        assert row[0].data_type == "s"
        assert row[0].hyperlink is None
        assert row[0].quotePrefix or not text.strip().startswith(("=", "+", "-", "@"))


def test_hostile_text_fits_into_a_workbook(hostile: Report, hostile_text: str) -> None:
    found = book(hostile)
    assert len(found.sheetnames) == 3
    assert all(len(name) <= 31 for name in found.sheetnames)
    path_cell = found.worksheets[0]["A2"].value
    assert path_cell.isprintable()
    assert "<img src=x" in path_cell


def test_parquet_keeps_hostile_text(hostile: Report, hostile_text: str, tmp_path: Path) -> None:
    ((tag,),) = duckdb.sql(f"SELECT tag FROM '{parquet(hostile, tmp_path)}'").fetchall()
    assert tag == hostile_text.replace("\x00", "\\x00")


def test_sheets_of_one_title_do_not_replace_each_other() -> None:
    tables = tuple(
        Table(f"t{i}", "A / very: long [title] that no sheet can hold", (Column("x"),), ((str(i),),)) for i in (1, 2)
    )
    found = book(Report("r", "R", {}, tables))
    assert len(set(found.sheetnames)) == 3
    assert [found.worksheets[i]["A2"].value for i in (0, 1)] == ["1", "2"]


def test_findings_alone_are_a_parquet_table(report: Report, tmp_path: Path) -> None:
    path = parquet(replace(report, tables=()), tmp_path)
    codes = duckdb.sql(f"SELECT code, amount FROM '{path}'").fetchall()
    assert codes == [("DAT002", None), ("DRF001", Decimal("1250.125")), ("UNB001", Decimal("0.0000008"))]
    ((about,),) = duckdb.sql(f"SELECT decode(value) FROM parquet_kv_metadata('{path}')").fetchall()
    assert json.loads(about)["facts"]["cost"] == "EffectiveCost"
