"""Markdown for a pull request, an issue or a wiki: tables as GitHub draws them.

Nothing in a bill can make a heading, a link, HTML, a broken table or a mention of somebody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from aiops_cost.model import Finding, Report, Table
from aiops_cost.reports._cells import (
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

SUFFIXES = (".md", ".markdown")

# GitHub looks for mentions after it has resolved escapes and entities: the sign itself must change.
_REPLACED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "\uff20"})
_SPECIAL = re.compile(r"([\\`*\[\]|~$])|(?<![^\W_])(_)|(_)(?![^\W_])")
_FINDINGS = ("code", "severity", "scope", "owner", "amount", "message", "what to do")


def render(report: Report, *, width: int = 100, color: bool = False) -> str:
    """Title, facts, tables, findings (worst first), notes, verdict; no width, no colour."""
    parts = [f"### {_escape(report.title)}", " · ".join(map(_escape, facts_line(report.facts)))]
    parts[1:1] = [f"**{_escape(paragraph)}**" for paragraph in paragraphs(report.headline)]
    for table in report.tables:
        parts += _table(without(table, "bar"), report.title)
    if report.findings:
        parts.append("\n".join(_findings(worst_first(report.findings))))
    parts.append("\n".join(f"- {_escape(note)}" for note in report.notes))
    parts.append(_verbatim(report.paste) if report.paste else "")
    parts.append(f"**{_escape(report.verdict)}**" if report.verdict else "")
    return no_commands("\n\n".join(part for part in parts if part)) + "\n"


def _verbatim(text: str) -> str:
    """Lines to paste, as they are: behind a fence that they cannot close."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    lines = (clean(line) for line in text.splitlines())
    return "\n".join([fence, *lines, fence])


def _table(table: Table, report_title: str) -> Iterator[str]:
    if table.title and table.title != report_title:
        yield f"#### {_escape(table.title)}"
    yield "\n".join(_rows(table))
    yield _escape(table.note)


def _rows(table: Table) -> Iterator[str]:
    kinds = [column.kind for column in table.columns]
    yield _row([_escape(heading(column)) for column in table.columns])
    yield _row(["--:" if kind in NUMERIC else "---" for kind in kinds])
    for row in table.rows:
        yield _row([_escape(shown(v, kind), cell=True) for v, kind in zip(row, kinds, strict=True)])
    if table.total is not None:
        total = [
            "" if value is None else f"**{_escape(shown(value, kind), cell=True)}**"
            for value, kind in zip(table.total, kinds, strict=True)
        ]
        yield _row(total)


def _findings(findings: Sequence[Finding]) -> Iterator[str]:
    yield _row(_FINDINGS)
    yield _row(["--:" if name == "amount" else "---" for name in _FINDINGS])
    for finding in findings:
        size = UNKNOWN if finding.amount is None else amount(finding.amount, finding.currency)
        said = (scope_text(finding.scope), finding.owner or UNKNOWN, size)
        words = (finding.code, finding.severity, *said, said_of(finding), finding.advice)
        yield _row([_escape(word, cell=True) for word in words])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escape(text: str, *, cell: bool = False) -> str:
    """Text as itself; outside a cell it may begin a line, where more characters are special."""
    safe = _SPECIAL.sub(r"\\\g<0>", clean(text).translate(_REPLACED)).strip()
    return f"\\{safe}" if not cell and safe.startswith(("#", "+", "-", "=")) else safe
