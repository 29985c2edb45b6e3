"""What strangers write into tags and names stays text in every format."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from aiops_cost import reports
from aiops_cost.model import Column, Report, Table
from aiops_cost.reports import _cells

FORMATS = tuple(name for name in reports.formats() if not reports.is_binary(name))


def tagged(value: Any, kind: str = "text") -> Report:
    table = Table("spend", "Spend", (Column("tag", kind), Column("n", "count")), ((value, 1),))
    return Report("report", "Spend", {}, (table,))


@pytest.mark.parametrize("format_", FORMATS)
def test_nothing_that_a_terminal_obeys_or_hides_gets_through(hostile: Report, format_: str) -> None:
    for char in reports.render(hostile, format_).replace("\n", ""):
        assert unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}, ascii(char)


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_is_a_command_to_a_ci_runner(hostile: Report, format_: str, width: int) -> None:
    text = reports.render(hostile, format_, width)
    if format_ != "github":  # it prints commands, and tests/reports/test_gate_formats.py sees that they are ours
        assert not [line for line in text.splitlines() if line.lstrip().startswith("::")]
    assert not re.search(r"##(vso|teamcity)?\[", text)


@pytest.mark.parametrize("width", range(40, 60))
def test_a_wrapped_resource_name_does_not_become_a_command(width: int) -> None:
    report = tagged("arn:aws:s3:::" + "a" * 30 + "::error::" * 20)
    for color in (False, True):
        text = reports.render(report, "table", width, color)
        bare = re.sub(r"\x1b\[[0-9;]*m", "", text)
        assert not [line for line in bare.splitlines() if line.lstrip().startswith("::")]


def test_json_keeps_hostile_text_to_the_character(hostile: Report, hostile_text: str) -> None:
    document = json.loads(reports.render(hostile, "json"))
    assert document["title"] == document["verdict"] == hostile_text
    assert document["tables"]["spend"]["rows"] == [{"tag": hostile_text, "n": 1, "other": "=1+1"}]
    assert document["findings"][0]["scope"] == {"workload": hostile_text}


def test_markdown_is_not_broken_into_and_nobody_is_called(hostile: Report) -> None:
    text = reports.render(hostile, "markdown")
    assert not set("<>@") & set(text)
    assert not re.search(r"(?<!\\)`", text)
    for line in text.splitlines():
        if line.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", line)) in {4, 8}, line


def test_a_markdown_reader_sees_text_and_tables_only(hostile: Report, hostile_text: str) -> None:
    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    tokens = reader.parse(reports.render(hostile, "markdown"))
    inline = [token for token in tokens if token.type == "inline"]
    kinds = {child.type for token in inline for child in token.children or ()}
    assert kinds == {"text", "strong_open", "strong_close"}
    assert [token.tag for token in tokens if token.type == "heading_open"] == ["h3"]
    assert [token.type for token in tokens].count("table_open") == 2
    words = [token.children[0].content for token in inline if len(token.children or ()) == 1]
    assert words.count(_cells.clean(hostile_text).replace("@", "\uff20")) >= 6


@given(st.text(alphabet="ab_*`~[]()<>|\\!&#:@$ \n\"'=+-.;1x", max_size=40))
def test_any_cell_reads_back_from_markdown_as_it_was(text: str) -> None:
    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    tokens = reader.parse(reports.render(tagged(f"x{text}x"), "markdown"))
    inline = [token for token in tokens if token.type == "inline"][3]
    assert [child.type for child in inline.children or ()] == ["text"]
    expected = _cells.clean(f"x{text}x").replace("@", "\uff20")
    assert inline.children is not None
    assert inline.children[0].content == expected


@pytest.mark.parametrize("start", ["# not a heading", "- x", "+ x", "=== x", "> x", "| a | b |"])
def test_markdown_text_begins_nothing(start: str) -> None:
    verdict = reports.render(Report("r", "t", {}, notes=(start,)), "markdown").splitlines()[-1]
    assert not re.match(r"- [#+=>|-]", verdict)


def test_markdown_leaves_readable_names_alone() -> None:
    assert "| support_chat v1.2 (eu-west-1) | 1 |" in reports.render(
        tagged("support_chat v1.2 (eu-west-1)"), "markdown"
    )


@pytest.mark.parametrize(
    "formula",
    [
        "=cmd|'/c calc'!A1",
        "+1+1",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        "\uff1d1",
        "-40",
    ],
)
def test_a_formula_in_csv_is_only_text(formula: str) -> None:
    (cell, count), *more = list(csv.reader(io.StringIO(reports.render(tagged(formula), "csv"))))[1:]
    assert cell.startswith("'")
    assert (count, more) == ("1", [])


def test_a_ci_command_in_csv_keeps_its_text() -> None:
    assert reports.render(tagged("::error::x"), "csv").splitlines()[1] == "'::error::x,1"


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("money", Decimal("-40"), "-40.00"),
        ("percent", Decimal("-0.05"), "-0.05"),
        ("number", Decimal("-3.5"), "-3.5"),
        ("count", -2, "-2"),
    ],
)
def test_the_cure_for_formulas_does_not_break_credits(kind: str, value: Any, expected: str) -> None:
    assert reports.render(tagged(value, kind), "csv").splitlines()[1] == f"{expected},1"


def test_an_account_id_keeps_its_zero_in_csv() -> None:
    assert reports.render(tagged("012345678901"), "csv").splitlines()[1] == "012345678901,1"


@given(st.text())
def test_clean_text_is_one_printable_line_and_cleaning_twice_changes_nothing(text: str) -> None:
    cleaned = _cells.clean(text)
    assert cleaned.isprintable()
    assert _cells.clean(cleaned) == cleaned


@given(st.text(), st.sampled_from(FORMATS), st.integers(40, 120))
def test_any_text_in_any_format(text: str, format_: str, width: int) -> None:
    shown = reports.render(tagged(text), format_, width)
    assert shown.endswith("\n")
    assert shown.replace("\n", "").isprintable()
    shown.encode()
    if format_ == "json":
        assert json.loads(shown)["tables"]["spend"]["rows"][0]["tag"] == text
    if format_ == "csv":
        assert len(list(csv.reader(io.StringIO(shown)))) == 2


@pytest.mark.parametrize("format_", ["table", "markdown"])
def test_ten_thousand_characters_do_not_fill_the_screen(format_: str) -> None:
    text = reports.render(tagged("a" * 10_240), format_)
    assert text.count("a") < 400
    assert "(10,240 characters)" in re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("format_", ["csv", "json"])
def test_programs_get_all_of_them(format_: str) -> None:
    assert "a" * 10_240 in reports.render(tagged("a" * 10_240), format_)
