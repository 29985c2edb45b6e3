"""JSON for a program: everything, exact, with a versioned schema.

Amounts, numbers and shares are strings with every digit, counts are integers, dates are ISO 8601,
unknown is null. Text is what the bill said, to the character; what a terminal would obey or hide is
written as an escape, so that printing the document is harmless and reading it loses nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from aiops_cost.model import Chart, Column, Finding, Report, Table
from aiops_cost.money import exact
from aiops_cost.reports._cells import plain, title_of, without
from aiops_cost.reports._findings import worst_first

SUFFIXES = (".json",)

_CI_MARK = re.compile(r"##(?=[\[a-zA-Z])")


def render(report: Report, *, width: int = 100, color: bool = False) -> str:
    """One object, indented; width and colour do not apply.

    Raises ValueError when two tables have one name: one of them would be lost.
    """
    tables = {table.name: _table(table) for table in report.tables}
    if len(tables) < len(report.tables):
        raise ValueError(f"report {report.name}: two tables have one name")
    charts = {chart.name: _chart(chart) for chart in report.charts}
    if len(charts) < len(report.charts):
        raise ValueError(f"report {report.name}: two charts have one name")
    document = {
        "schema": f"aiops-cost/{report.name}/1",
        "title": report.title,
        "headline": report.headline,
        "facts": dict(report.facts),
        "tables": tables,
        "charts": charts,
        "findings": [_finding(finding) for finding in worst_first(report.findings)],
        "notes": list(report.notes),
        "paste": report.paste,
        "verdict": report.verdict,
        "exit_code": report.exit_code,
    }
    return harmless(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)) + "\n"


def _table(given: Table) -> dict[str, Any]:
    table = without(given)
    return {
        "title": table.title,
        "columns": _columns(table.columns),
        "rows": [_row(table.columns, row) for row in table.rows],
        "total": None if table.total is None else _row(table.columns, table.total),
        "note": table.note or None,
    }


def _chart(chart: Chart) -> dict[str, Any]:
    return {
        "title": chart.title,
        "kind": chart.kind,
        "description": chart.description,
        "columns": _columns(chart.columns),
        "rows": [_row(chart.columns, row) for row in chart.rows],
    }


def _columns(columns: Sequence[Column]) -> list[dict[str, str]]:
    return [{"name": column.name, "kind": column.kind, "title": title_of(column)} for column in columns]


def _row(columns: Sequence[Column], row: Sequence[Any]) -> dict[str, Any]:
    return {column.name: plain(value, column.kind) for column, value in zip(columns, row, strict=True)}


def _finding(finding: Finding) -> dict[str, Any]:
    bridge = finding.bridge
    return {
        "code": finding.code,
        "severity": str(finding.severity),
        "scope": {name: value if isinstance(value, str) else list(value) for name, value in finding.scope.items()},
        "owner": finding.owner,
        "period": finding.period,
        "currency": finding.currency,
        "planned": plain(finding.planned, "money"),
        "actual": plain(finding.actual, "money"),
        "amount": plain(finding.amount, "money"),
        "bridge": None if bridge is None else {name: exact(part) for name, part in bridge.items()},
        "cause": finding.cause,
        "onset": plain(finding.onset, "date"),
        "message": finding.message,
        "advice": finding.advice,
        "fingerprint": finding.fingerprint,
        "evidence": list(finding.evidence),
        "place": finding.place,
        "fails": finding.fails,
        "accepted": finding.accepted,
    }


def harmless(document: str) -> str:
    """Escape what is not printable and the marks of CI commands; both stand in strings only."""
    marked = _CI_MARK.sub(r"\\u0023\\u0023", document)
    return "\n".join(line if line.isprintable() else "".join(map(_escaped, line)) for line in marked.split("\n"))


def _escaped(char: str) -> str:
    return char if char.isprintable() else json.dumps(char)[1:-1]
