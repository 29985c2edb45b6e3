"""Every format shows the same report; whole screens are golden files."""

from __future__ import annotations

import csv
import io
import json
import locale
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from aiops_cost import reports
from aiops_cost.model import Column, Finding, Report, Severity, Table

Golden = Callable[[str, str], None]
SUFFIX = {"table": "txt", "json": "json", "csv": "csv", "markdown": "md", "html": "html", "mail": "mail.html"}
SUFFIX["chat"] = "chat.txt"
"""The formats that are text, and what their golden files end with."""
BINARY = {"xlsx", "parquet"}
GATE = {"junit": "junit.xml", "sarif": "sarif", "github": "github.txt", "gitlab": "gitlab.json", "prometheus": "prom"}
"""The formats that show findings alone, for the programs around a gate; tables are no business of theirs."""
TABLES = sorted({*SUFFIX, *BINARY})


def one_table(*columns: Column, rows: Any, total: Any = None) -> Report:
    return Report("report", "Spend", {}, (Table("spend", "Spend", columns, rows, total),))


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_a_format_exists_because_its_file_does() -> None:
    assert set(reports.formats()) == {*SUFFIX, *BINARY, *GATE}
    assert {name for name in reports.formats() if reports.is_binary(name)} == BINARY
    for name in reports.formats():
        assert len(reports.describe(name)) > 20


def test_a_format_is_imported_only_when_it_is_used() -> None:
    code = (
        "import sys; from aiops_cost import reports; from aiops_cost.model import Report;"
        "reports.formats(); reports.render(Report('r', 't'), 'json');"
        "assert 'rich' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_unknown_format_or_suffix_lists_the_known_ones(report: Report) -> None:
    with pytest.raises(
        ValueError,
        match="chat, csv, github, gitlab, html, json, junit, mail, markdown, parquet, prometheus, sarif, table, xlsx",
    ):
        reports.render(report, "yaml")
    with pytest.raises(
        ValueError, match=r"\.csv, \.htm, \.html, \.json, \.markdown, \.md, \.parquet, \.prom, \.sarif, "
    ):
        reports.format_for("out.xls", "table")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.MD", "markdown"),
        ("r.htm", "html"),
        ("r.xlsx", "xlsx"),
        ("r.parquet", "parquet"),
        ("b.v1.json", "json"),
        ("c.csv", "csv"),
        ("/dev/stdout", "table"),
    ],
)
def test_the_suffix_chooses_the_format(path: str, expected: str) -> None:
    assert reports.format_for(path, "table") == expected


@pytest.mark.parametrize("width", [40, 80, 120])
def test_the_terminal_screen(golden: Golden, report: Report, width: int) -> None:
    golden(f"drift-{width}.txt", reports.render(report, "table", width))


@pytest.mark.parametrize("format_", [name for name in (*SUFFIX, *GATE) if name != "table"])
def test_the_file_formats(golden: Golden, report: Report, format_: str) -> None:
    golden(f"drift.{(SUFFIX | GATE)[format_]}", reports.render(report, format_))


@pytest.mark.parametrize("format_", [*SUFFIX, *GATE])
def test_an_empty_report_says_so_and_does_not_fail(golden: Golden, empty: Report, format_: str) -> None:
    golden(f"empty.{(SUFFIX | GATE)[format_]}", reports.render(empty, format_))


@pytest.mark.parametrize("width", range(40, 121, 7))
def test_a_narrow_window_neither_overflows_nor_cuts_a_number(report: Report, hostile: Report, width: int) -> None:
    text = reports.render(report, "table", width)
    for amount in ("4,400.00", "5,650.12", "1,250.12", "-40.00", "9,999.63", "2,299.63", "29.9%"):
        assert re.search(rf"(^|\s){re.escape(amount)}(\s|$)", text, re.MULTILINE), amount
    for shown in (text, reports.render(hostile, "table", width)):
        assert max(map(cell_len, shown.splitlines())) <= width


def test_what_a_narrow_window_hides_is_named(report: Report) -> None:
    assert "not shown at this width: lines" in reports.render(report, "table", 80)
    assert "not shown" not in reports.render(report, "table", 120)


def test_the_largest_amount_of_the_ledger_fits_in_40_columns() -> None:
    largest = Decimal("-99999999999999999999.99")
    columns = (Column("service"), Column("EffectiveCost", "money"), Column("before", "money"))
    text = reports.render(one_table(*columns, rows=(("x" * 60, largest, largest),)), "table", 40)
    assert text.count("-99,999,999,999,999,999,999.99") == 2


def test_a_long_name_gives_way_to_a_longer_number() -> None:
    columns = (Column("service"), Column("cost", "money"))
    rows = (("a service with a long name", Decimal("12345678901234567890.12")),)
    for width in range(43, 60):
        text = reports.render(one_table(*columns, rows=rows), "table", width)
        assert "12,345,678,901,234,567,890.12" in text


def test_wide_characters_keep_the_columns_straight() -> None:
    rows = (("推論サービス", Decimal(1)), ("b", Decimal(20)))
    text = reports.render(one_table(Column("name"), Column("cost", "money"), rows=rows), "table")
    assert len({cell_len(line) for line in text.splitlines() if line.endswith(".00")}) == 1


def test_colour_only_when_asked(report: Report) -> None:
    colored = reports.render(report, "table", color=True)
    assert "\x1b[" in colored
    assert "\x1b" not in reports.render(report, "table")
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored).split() == (reports.render(report, "table").split())


def test_the_environment_changes_nothing(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    before = reports.render(report, "table")
    for name, value in {"COLUMNS": "33", "FORCE_COLOR": "1", "TERM": "dumb"}.items():
        monkeypatch.setenv(name, value)
    assert reports.render(report, "table") == before


@pytest.fixture
def german(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process under a German locale, made for the occasion where `localedef` is there."""
    name, old = "de_DE.UTF-8", locale.setlocale(locale.LC_ALL)
    maker = shutil.which("localedef")
    if maker:
        made = [maker, "-i", "de_DE", "-f", "UTF-8", str(tmp_path / name)]
        if subprocess.run(made, check=False, capture_output=True).returncode == 0:
            monkeypatch.setenv("LOCPATH", str(tmp_path))
    try:
        locale.setlocale(locale.LC_ALL, name)
    except locale.Error:
        pytest.skip("no German locale on this machine")
    yield
    locale.setlocale(locale.LC_ALL, old)


@pytest.mark.usefixtures("german")
def test_a_german_machine_writes_the_same_numbers(report: Report) -> None:
    assert locale.str(1.5) == "1,5"
    golden = Path(__file__).parent / "golden"
    for format_, name in {
        "table": "drift-120.txt",
        "csv": "drift.csv",
        "json": "drift.json",
    }.items():
        expected = (golden / name).read_bytes().decode()
        assert reports.render(report, format_, 120) == expected


def test_programs_get_every_digit() -> None:
    cost, share = Decimal("0.123456789012345678"), Decimal("0.3333333333333333333333")
    columns = (Column("cost", "money"), Column("p", "percent"), Column("q", "number"))
    report = one_table(*columns, rows=((cost, share, Decimal("1E-9")),), total=(cost, None, None))
    table = json.loads(reports.render(report, "json"))["tables"]["spend"]
    exact = {"cost": str(cost), "p": str(share), "q": "0.000000001"}
    assert table["rows"] == [exact]
    assert table["total"] == {"cost": str(cost), "p": None, "q": None}
    assert cells(reports.render(report, "csv")) == [["cost", "p", "q"], list(exact.values())]


def test_an_amount_below_a_cent_is_not_shown_as_nothing() -> None:
    rows = ((Decimal("0.0000008"),), (Decimal("-0.00449"),), (Decimal("0.00"),))
    report = one_table(Column("cost", "money"), rows=rows)
    for format_ in ("table", "markdown"):
        text = reports.render(report, format_)
        assert "0.0000008" in text
        assert "-0.0045" in text


@pytest.mark.parametrize("format_", ["table", "markdown"])
def test_a_title_is_said_once(format_: str) -> None:
    tables = (Table("a", "", (Column("x"),), (("1",),)), Table("b", "T", (Column("x"),), ()))
    text = reports.render(Report("report", "T", {}, tables), format_)
    assert text.count("T") == 1
    assert "\n\n\n" not in text


def test_a_screen_has_a_thousand_rows_and_says_how_many_are_left() -> None:
    rows = tuple((f"vm-{number}", Decimal(1)) for number in range(2_500))
    many = one_table(Column("resource"), Column("cost", "money"), rows=rows, total=("total", Decimal(2_500)))
    text = reports.render(many, "table")
    assert "vm-999 " in text
    assert "vm-1000 " not in text
    assert "2,500.00" in text
    assert text.endswith("\n1,000 of 2,500 rows are shown; all of them:  --format csv\n")
    assert reports.render(many, "csv").count("vm-") == 2_500


def test_unknown_is_not_zero() -> None:
    rows = ((None, None, None), (Decimal(0), Decimal(0), 0))
    columns = (Column("cost", "money"), Column("p", "percent"), Column("n", "count"))
    report = one_table(*columns, rows=rows)
    assert reports.render(report, "csv") == "cost,p,n\n,,\n0.00,0,0\n"
    unknown, zero = json.loads(reports.render(report, "json"))["tables"]["spend"]["rows"]
    assert unknown == {"cost": None, "p": None, "n": None}
    assert zero == {"cost": "0.00", "p": "0", "n": 0}
    assert "| - | - | - |\n| 0.00 | 0.0% | 0 |" in reports.render(report, "markdown")


@pytest.mark.parametrize("format_", TABLES)
@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("money", 0.1),
        ("money", True),
        ("money", Decimal("NaN")),
        ("number", float("nan")),
        ("percent", Decimal("Infinity")),
        ("count", 1.5),
        ("count", Decimal("1.5")),
        ("date", 20260601),
    ],
)
def test_a_float_is_never_money_and_nan_never_a_number(format_: str, kind: str, value: object) -> None:
    with pytest.raises((TypeError, ValueError), match=r"cannot hold|not a date|whole number"):
        reports.to_bytes(one_table(Column("x", kind), rows=((value,),)), format_)


@pytest.mark.parametrize("format_", TABLES)
def test_a_second_column_or_table_of_one_name_loses_no_cell_silently(format_: str) -> None:
    with pytest.raises(ValueError, match="two columns have one name"):
        reports.to_bytes(one_table(Column("a"), Column("a"), rows=(("x", "y"),)), format_)
    with pytest.raises(ValueError, match="2 cells for 1 columns"):
        reports.to_bytes(one_table(Column("a"), rows=(("x", "y"),)), format_)


def test_a_second_table_of_one_name_does_not_replace_the_first() -> None:
    table = Table("spend", "Spend", (Column("a"),), ())
    with pytest.raises(ValueError, match="two tables have one name"):
        reports.render(Report("r", "t", {}, (table, table)), "json")


def test_dates_and_moments() -> None:
    columns = (Column("day", "date"), Column("frame", "date"), Column("at", "date"))
    row = (date(2026, 6, 1), datetime(2026, 6, 1), datetime(2026, 6, 1, 6, 30))  # noqa: DTZ001
    report = one_table(*columns, rows=(row,))
    assert reports.render(report, "csv").endswith("\n2026-06-01,2026-06-01,2026-06-01T06:30:00\n")
    assert "2026-06-01 06:30" in reports.render(report, "table")


def test_json_findings_have_every_part_of_the_contract(report: Report) -> None:
    document = json.loads(reports.render(report, "json"))
    promised = (
        "code severity scope owner period currency planned actual amount bridge cause onset "
        "message advice fingerprint evidence place fails accepted"
    )
    assert document["schema"] == "aiops-cost/drift/1"
    assert [list(finding) for finding in document["findings"]] == [promised.split()] * 3
    drift = document["findings"][1]
    assert sum(map(Decimal, drift["bridge"].values())) == Decimal(drift["amount"])
    assert drift["scope"] == {"activity": "serving", "workload": ["support-chat"]}


def test_findings_are_listed_worst_first_in_every_format(report: Report) -> None:
    for format_ in ("table", "json", "markdown"):
        text = reports.render(replace(report, tables=()), format_)
        first = [text.index(code) for code in ("DAT002", "DRF001", "UNB001")]
        assert first == sorted(first), format_
    rows = cells(reports.render(replace(report, tables=()), "csv"))
    assert [row[0] for row in rows] == ["code", "DAT002", "DRF001", "UNB001"]


def test_the_csv_has_no_totals_row_to_be_summed_with_the_rest(report: Report) -> None:
    rows = cells(reports.render(report, "csv"))
    amounts = [Decimal(row[3]) for row in rows[1:]]
    assert report.tables[0].total is not None
    assert sum(amounts) == report.tables[0].total[3]


def test_a_fingerprint_survives_new_amounts_dates_and_words() -> None:
    old = Finding("DRF001", Severity.WARNING, "a", "b", {"activity": "serving", "team": ("x", "y")})
    new = Finding(
        "DRF001",
        Severity.BREACH,
        "other words",
        "",
        {"team": ("y", "x"), "activity": ("serving",)},
        amount=Decimal(7),
        onset=date(2026, 6, 1),
    )
    assert old.fingerprint == new.fingerprint
    assert re.fullmatch("[0-9a-f]{16}", old.fingerprint)
    assert replace(old, code="DRF002").fingerprint != old.fingerprint
    assert replace(old, scope={"activity": "serving"}).fingerprint != old.fingerprint
