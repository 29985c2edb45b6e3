"""`render`: a saved report in another format; and what the new formats do at the command line."""

from __future__ import annotations

import io
import sys

import pytest

from aiops_cost.cli import output

ASKED = ("report", "--by", "activity,service", "--month", "2026-05", "--as-of", "2026-06-10")
FORMATS = ("table", "csv", "markdown", "html", "json", "parquet")


@pytest.fixture(scope="module")
def saved(ledger_folder, tmp_path_factory):
    from aiops_cost.cli import run_cli

    path = tmp_path_factory.mktemp("saved") / "report.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ledger_folder)
        assert run_cli([*ASKED, "-o", str(path)]) == 0
    return path


@pytest.mark.parametrize("format_", FORMATS)
def test_a_saved_report_is_rendered_to_the_byte(cli, ledger_folder, saved, tmp_path, format_):
    direct, again = tmp_path / "direct", tmp_path / "again"
    assert cli(*ASKED, "--format", format_, "-o", str(direct), cwd=ledger_folder).code == 0
    assert cli("render", str(saved), "--format", format_, "-o", str(again), cwd=tmp_path).code == 0
    assert again.read_bytes() == direct.read_bytes()


def test_the_suffix_chooses_and_nothing_else_is_written(cli, saved, tmp_path):
    found = cli("render", str(saved), "-o", str(tmp_path / "page.html"), cwd=tmp_path)
    assert (found.code, found.out, found.err) == (0, "", f"wrote {tmp_path / 'page.html'}\n")
    assert (tmp_path / "page.html").read_bytes().startswith(b"<!doctype html>")
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_it_reads_from_a_pipe(cli, saved, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(saved.read_bytes())))
    assert cli("render", "-", cwd=tmp_path).out.startswith("Spend by activity, service\n")


def test_a_report_that_failed_the_gate_is_only_shown(cli, ledger_folder, tmp_path):
    file = tmp_path / "check.json"
    assert cli("check", "-o", str(file), cwd=ledger_folder).code == 3
    found = cli("render", str(file), cwd=tmp_path)
    assert found.code == 0
    assert "could not judge" in found.out


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"{", b"[]", b""])
def test_what_is_no_report_is_refused(cli, tmp_path, content):
    (tmp_path / "report.json").write_bytes(content)
    found = cli("render", "report.json", "-o", "page.html", cwd=tmp_path)
    assert (found.code, found.out) == (2, "")
    assert found.err.startswith("report.json")
    assert not (tmp_path / "page.html").exists()


def test_what_is_not_text_is_not_for_a_terminal(cli, saved, tmp_path, monkeypatch):
    monkeypatch.setattr(output.sys.stdout.__class__, "isatty", lambda _: True, raising=False)
    found = cli("render", str(saved), "--format", "parquet", cwd=tmp_path)
    assert (found.code, found.out) == (2, "")
    assert "-o report.parquet" in found.err


def test_a_format_whose_library_is_missing_says_what_to_install(cli, saved, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    found = cli("render", str(saved), "-o", "book.xlsx", cwd=tmp_path)
    assert found.code == 2
    assert "pip install 'aiops-cost[xlsx]'" in found.err
