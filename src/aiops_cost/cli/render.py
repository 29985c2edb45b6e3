"""`aiops-cost render`: a saved report in another format."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from aiops_cost.cli import options, output
from aiops_cost.errors import UserError
from aiops_cost.model import Problem

EXAMPLE = "Example:  aiops-cost render report.json -o report.html"


def command(
    saved: Annotated[str, typer.Argument(help="A report saved with --format json; - reads stdin.", metavar="FILE")],
    format: options.Format = None,
    file: options.Output = None,
) -> int:
    """Show a report again from its JSON, in any format, to the byte as it was. Leaves 0: it judges nothing anew."""
    from aiops_cost import reports

    try:
        report = reports.read(_text(saved), saved)
    except reports.Unreadable as error:
        raise UserError(Problem("report-unreadable", error.place, error.sentence, error.way_out)) from None
    output.write(report, format, file)
    return 0


def _text(saved: str) -> str:
    try:
        content = sys.stdin.buffer.read() if saved == "-" else Path(saved).read_bytes()
    except OSError as error:
        way_out = "Save one first:  aiops-cost report --format json -o report.json"
        raise UserError(Problem("file-missing", saved, f"cannot be read: {error.strerror}", way_out)) from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        sentence = f"this is not UTF-8 text (byte {error.start + 1})"
        way_out = "Give the file that --format json wrote; other formats cannot be read back."
        raise UserError(Problem("report-unreadable", saved, sentence, way_out)) from None
