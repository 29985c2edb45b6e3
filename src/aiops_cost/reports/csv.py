"""CSV for a spreadsheet: the first table, or the findings of a report that has none.

Amounts have every digit and dates are ISO 8601, on every machine alike. The header has the columns'
names. There is no totals row, because a sum over the column would count everything twice. A text
that a spreadsheet would run as a formula gets an apostrophe in front; numbers are never touched, so
a credit stays negative. Unknown cells are empty.
"""

from __future__ import annotations

import csv
import io
from typing import Any

from aiops_cost.model import Report
from aiops_cost.reports._cells import DRAWN, clean, no_commands, plain, without
from aiops_cost.reports._findings import as_table, worst_first

SUFFIXES = (".csv",)

_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What starts a formula, as https://owasp.org/www-community/attacks/CSV_Injection lists it."""


def render(report: Report, *, width: int = 100, color: bool = False) -> str:
    """Comma-separated, LF line ends, quoted where needed; width and colour do not apply."""
    found = report.tables[0] if report.tables else as_table(worst_first(report.findings))
    table = without(found, *DRAWN)
    kinds = [column.kind for column in table.columns]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([_safe(column.name) for column in table.columns])
    for row in table.rows:
        writer.writerow([_cell(value, kind) for value, kind in zip(row, kinds, strict=True)])
    return no_commands(out.getvalue())


def _cell(value: Any, kind: str) -> str:
    exact = plain(value, kind)
    if exact is None:
        return ""
    is_text = kind == "text" or isinstance(value, str)
    return _safe(str(exact)) if is_text else str(exact)


def _safe(text: str) -> str:
    """One line that no spreadsheet calculates, and that is no command to a CI runner."""
    risky = text.lstrip().startswith((*_FORMULA, "::")) or text.startswith(("\t", "\r", "\n"))
    return f"'{clean(text)}" if risky else clean(text)
