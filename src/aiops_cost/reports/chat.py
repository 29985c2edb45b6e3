"""A short text for a chat: the paragraph to read, then one line for each thing that changed or stands out.

No tables, no markup and no links of ours; what a bill says can neither call somebody nor format anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from aiops_cost.model import Finding, Report, Table
from aiops_cost.reports._cells import (
    DRAWN,
    NUMERIC,
    amount,
    clean,
    facts_line,
    no_commands,
    paragraphs,
    scope_text,
    shown,
    without,
)
from aiops_cost.reports._findings import said as said_of
from aiops_cost.reports._findings import worst_first

SUFFIXES = ()

MOST_ROWS = 8
_SAFE = str.maketrans(
    {"<": "\u2039", ">": "\u203a", "@": "\uff20", "`": "'", "*": "\u2217", "~": "\u223c", "[": "(", "]": ")", "|": "/"}
)
"""What calls people, links or formats in Slack, Teams, Discord or Mattermost becomes a sign that looks alike."""

_EMPHASIS = re.compile(r"(?<![^\W_])_|_(?![^\W_])")


def render(report: Report, *, width: int = 100, color: bool = False) -> str:
    """Lines of text; width and colour do not apply."""
    return no_commands("\n".join(_lines(report))) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield _safe(report.title)
    if report.headline:
        yield from map(_safe, paragraphs(report.headline))
    else:
        yield " · ".join(map(_safe, facts_line(report.facts)))
    yield from (_safe(note) for note in report.notes)
    for table in report.tables:
        shown_table = without(table, *DRAWN)
        if shown_table.rows:
            yield ""
            yield from _table(shown_table)
    if report.findings:
        yield ""
        shown_ = worst_first(report.findings)
        yield from (_finding(finding) for finding in shown_[:MOST_ROWS])
        if len(shown_) > MOST_ROWS:
            yield f"... and {len(shown_) - MOST_ROWS} more findings"
    if report.verdict:
        yield ""
        yield _safe(report.verdict)


def _table(table: Table) -> Iterator[str]:
    if table.title:
        yield f"{_safe(table.title)}:"
    for row in table.rows[:MOST_ROWS]:
        said = []
        for column, value in zip(table.columns, row, strict=True):
            if value is None:
                continue
            name = (
                f"{_safe(column.title or column.name.replace('_', ' '))} " if column.kind in (*NUMERIC, "date") else ""
            )
            said.append(f"{name}{_safe(shown(value, column.kind))}")
        yield f"• {', '.join(said)}"
    if len(table.rows) > MOST_ROWS:
        yield f"... and {len(table.rows) - MOST_ROWS} more rows"


def _finding(finding: Finding) -> str:
    size = "" if finding.amount is None else f", {_safe(amount(finding.amount, finding.currency))}"
    about = f"{_safe(finding.code)} {finding.severity}: {_safe(scope_text(finding.scope))}"
    return f"• {about}{size}. {_safe(said_of(finding))}"


def _safe(text: str) -> str:
    return _EMPHASIS.sub("\uff3f", clean(text).translate(_SAFE))
