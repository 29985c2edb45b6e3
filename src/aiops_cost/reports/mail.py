"""HTML for an e-mail: plain tables with their style on each element, no script, no request, no picture from outside.

Mail programs drop style sheets and scripts, so this is not the page of the format `html`. A picture travels beside it
as an attachment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from aiops_cost.model import Column, Finding, Report, Severity, Table
from aiops_cost.reports._cells import (
    DRAWN,
    NUMERIC,
    UNKNOWN,
    amount,
    clean,
    facts_line,
    heading,
    no_commands,
    paragraphs,
    scope_text,
    shown,
    without,
)
from aiops_cost.reports._findings import said as said_of
from aiops_cost.reports._findings import worst_first

SUFFIXES = ()

_INK, _GREY, _RULE = "#1b1f27", "#5c6370", "#e4e6ea"
_COLORS = {Severity.UNJUDGED: "#8a3ab9", Severity.BREACH: "#bf3d12", Severity.WARNING: "#8a6100", Severity.INFO: _GREY}
_FONT = "font-family:Helvetica,Arial,sans-serif"
_CELL = f"padding:4px 10px 4px 0;border-bottom:1px solid {_RULE};vertical-align:top"


def render(report: Report, *, width: int = 100, color: bool = False) -> str:
    """One document in English; width and colour do not apply."""
    body = "\n".join(_parts(report))
    return no_commands(
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{_text(report.title)}</title></head>\n'
        f'<body style="{_FONT};font-size:14px;line-height:1.45;color:{_INK};max-width:820px">\n{body}\n</body></html>\n'
    )


def _parts(report: Report) -> Iterator[str]:
    yield f'<h1 style="font-size:20px;margin:0 0 4px">{_text(report.title)}</h1>'
    yield f'<p style="color:{_GREY};margin:0 0 14px">{" · ".join(map(_text, facts_line(report.facts)))}</p>'
    for paragraph in paragraphs(report.headline):
        yield f'<p style="font-size:15px;margin:0 0 14px">{_text(paragraph)}</p>'
    for table in report.tables:
        yield from _table(without(table, *DRAWN), report.title)
    if report.findings:
        yield _heading("Findings")
        yield from map(_finding, worst_first(report.findings))
    yield from (f'<p style="color:{_GREY};margin:14px 0 0">{_text(note)}</p>' for note in report.notes)
    if report.verdict:
        yield f'<p style="font-weight:bold">{_text(report.verdict)}</p>'


def _heading(text: str) -> str:
    return f'<h2 style="font-size:15px;margin:20px 0 6px">{_text(text)}</h2>'


def _table(table: Table, report_title: str) -> Iterator[str]:
    if table.title and table.title != report_title:
        yield _heading(table.title)
    if not table.rows:
        yield f'<p style="color:{_GREY}">no rows</p>'
    else:
        head = "".join(
            f'<th align="{_side(c)}" style="{_CELL};font-weight:bold">{_text(heading(c))}</th>' for c in table.columns
        )
        rows = [_row(table.columns, row) for row in table.rows]
        if table.total is not None:
            rows.append(_row(table.columns, table.total, ";font-weight:bold", unknown=""))
        yield '<table cellspacing="0" cellpadding="0" style="border-collapse:collapse;font-size:13px">'
        yield f"<tr>{head}</tr>"
        yield from rows
        yield "</table>"
    if table.note:
        yield f'<p style="color:{_GREY};margin:4px 0">{_text(table.note)}</p>'


def _row(columns: Sequence[Column], row: Sequence[Any], style: str = "", unknown: str = UNKNOWN) -> str:
    cells = (
        f'<td align="{_side(column)}" style="{_CELL}{style}">'
        f"{_text(unknown if value is None else shown(value, column.kind))}</td>"
        for column, value in zip(columns, row, strict=True)
    )
    return f"<tr>{''.join(cells)}</tr>"


def _side(column: Column) -> str:
    return "right" if column.kind in NUMERIC else "left"


def _finding(finding: Finding) -> str:
    size = "" if finding.amount is None else f" · {_text(amount(finding.amount, finding.currency))}"
    owner = f" · {_text(finding.owner)}" if finding.owner else ""
    head = f'<b style="color:{_COLORS[finding.severity]}">{_text(finding.code)} {finding.severity}</b>'
    advice = "<br>".join(_text(line) for line in finding.advice.splitlines())
    return (
        f'<p style="margin:0 0 10px">{head} · {_text(scope_text(finding.scope))}{owner}{size}<br>'
        f'{_text(said_of(finding))}<br><span style="color:{_GREY}">{advice}</span></p>'
    )


def _text(text: str) -> str:
    return escape(clean(text), quote=True)
