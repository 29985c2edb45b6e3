"""Tables for a terminal, the default: facts, tables, findings (worst first), and the verdict.

What is to be copied, a command or lines for a file, is never broken by us, however long. Numbers stand to the right
and are never cut. Where a table is too wide, text wraps, then bars go, then sparklines, then counts (and the table says
so); at last each row becomes a block with one line per column.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rich import box
from rich.cells import cell_len
from rich.console import Console, Group, JustifyMethod, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table as Grid
from rich.text import Text

from aiops_cost.model import Finding, Report, Severity, Table
from aiops_cost.reports._cells import (
    COMMAND,
    DRAWN,
    NUMERIC,
    amount,
    clean,
    facts_line,
    heading,
    no_commands,
    paragraphs,
    scope_text,
    share,
    shown,
    without,
)
from aiops_cost.reports._findings import said as said_of
from aiops_cost.reports._findings import worst_first

SUFFIXES = (".txt",)

_BAR = 10
_GAP = 2
_NARROW = 12
"""A text column is wrapped to this width before a table becomes blocks."""
_MOST = 1_000
"""So many rows of a table are shown: to lay out two hundred thousand would take minutes, and nobody reads them."""

_STYLES = {
    Severity.INFO: "dim",
    Severity.WARNING: "yellow",
    Severity.BREACH: "bold red",
    Severity.UNJUDGED: "bold magenta",
}


def render(report: Report, *, width: int = 100, color: bool = False) -> str:
    """Lines of at most `width` columns, but for what is to be copied; no trailing white space; ANSI colours only if
    asked."""
    out = io.StringIO()
    console = _console(out, width, color)
    console.print(Text(clean(report.title), "bold"))
    if report.facts:
        console.print(Text(" · ".join(facts_line(report.facts)), "dim"))
    for paragraph in paragraphs(report.headline):
        console.print()
        console.print(Text(paragraph, "bold"))
    for part in _parts(report, width):
        console.print()
        console.print(part, crop=False)
    lines = (line.rstrip() for line in out.getvalue().split("\n"))
    return no_commands("\n".join(lines).rstrip("\n")) + "\n"


def _console(out: io.StringIO, width: int, color: bool) -> Console:
    """A console that knows nothing of the terminal or the environment it runs in."""
    return Console(
        file=out, width=width, force_terminal=color, force_jupyter=False,
        no_color=not color, color_system="standard" if color else None, highlight=False,
        markup=False, emoji=False, legacy_windows=False, _environ={},
    )  # fmt: skip


def _parts(report: Report, width: int) -> Iterator[RenderableType]:
    """What is printed with an empty line before each."""
    for table in report.tables:
        other = table.title not in {"", report.title}
        title = [Text(clean(table.title), "bold")] if other else []
        note = [Text(clean(table.note), "dim")] if table.note else []
        few = replace(table, rows=table.rows[:_MOST])
        if few.rows != table.rows:
            left = f"{_MOST:,} of {len(table.rows):,} rows are shown; all of them:  --format csv"
            note.append(Text(left, "dim"))
        yield Group(*title, *_table(without(few), width), *note)
    if report.findings:
        yield Group(*map(_finding, worst_first(report.findings)))
    if report.notes:
        yield Group(*_notes(report))
    if report.paste:
        yield Group(*(_whole(line) for line in report.paste.splitlines()))
    if report.verdict:
        yield Text(clean(report.verdict), "bold")


def _table(table: Table, width: int) -> Iterator[RenderableType]:
    if not table.rows:
        yield Text("no rows", "dim")
    elif _fits(table, width):
        yield _grid(table)
    elif _fits(without(table, "bar"), width):
        yield _grid(without(table, "bar"))
    elif _fits(without(table, *DRAWN), width):
        yield _grid(without(table, *DRAWN))
    elif _fits(without(table, *DRAWN, "count"), width):
        yield _grid(without(table, *DRAWN, "count"))
        hidden = (heading(column) for column in table.columns if column.kind == "count")
        yield Text(f"not shown at this width: {', '.join(hidden)}", "dim")
    else:
        yield from _blocks(without(table, *DRAWN), width)


def _cells(table: Table) -> list[list[str]]:
    """Every row as text, the total (if any) last; what a total does not know stays empty."""
    rows = [_texts(table, row) for row in table.rows]
    if table.total is not None:
        texts = _texts(table, table.total)
        pairs = zip(table.total, texts, strict=True)
        rows.append(["" if value is None else text for value, text in pairs])
    return rows


def _texts(table: Table, row: Sequence[object]) -> list[str]:
    return [
        "█" * round(share(value) * _BAR) if column.kind == "bar" else shown(value, column.kind)
        for column, value in zip(table.columns, row, strict=True)
    ]


def _fits(table: Table, width: int) -> bool:
    needed = -_GAP
    for column, texts in zip(table.columns, zip(*_cells(table), strict=True), strict=True):
        natural = max(map(cell_len, (heading(column), *texts)))
        needed += _GAP + (min(natural, _NARROW) if column.kind == "text" else natural)
    return needed <= width


def _grid(table: Table) -> Grid:
    rows = _cells(table)
    total = rows.pop() if table.total is not None else None
    grid = Grid(
        box=box.SIMPLE, padding=(0, _GAP - 1, 0, 0), pad_edge=False, show_edge=False,
        show_footer=total is not None, header_style="bold", footer_style="bold",
    )  # fmt: skip
    for index, column in enumerate(table.columns):
        natural = max(cell_len(text) for text in (heading(column), *(row[index] for row in rows)))
        grid.add_column(
            Text(heading(column)),
            Text(total[index]) if total else "",
            justify="right" if column.kind in NUMERIC else "left",
            no_wrap=column.kind != "text",
            overflow="fold",
            min_width=min(natural, _NARROW),
        )
    for row in rows:
        grid.add_row(*map(Text, row))
    return grid


def _blocks(table: Table, width: int) -> Iterator[RenderableType]:
    """One block per row: its first text as a head, then a line per column, numbers whole."""
    rows = _cells(table)
    head = next((i for i, column in enumerate(table.columns) if column.kind == "text"), None)
    for number, row in enumerate(rows):
        if table.total is not None and number == len(rows) - 1:
            yield Rule(style="")
        if head is not None:
            yield Text(row[head], "bold")
        shown = [i for i, text in enumerate(row) if text and i != head]
        whole = [cell_len(row[i]) for i in shown if table.columns[i].kind != "text"]
        block = Grid.grid(padding=(0, _GAP, 0, 0), pad_edge=False)
        block.add_column(overflow="fold", max_width=width - _GAP - max(whole, default=0))
        block.add_column(overflow="fold")
        for i in shown:
            column = table.columns[i]
            justify: JustifyMethod = "right" if column.kind in NUMERIC else "left"
            block.add_row(Text(f"  {heading(column)}"), Text(row[i], justify=justify))
        yield block


def _finding(finding: Finding) -> RenderableType:
    head = Text.assemble(
        (clean(finding.code), "bold"),
        "  ",
        (str(finding.severity), _STYLES[finding.severity]),
    )
    said = [scope_text(finding.scope), clean(finding.owner or "no owner")]
    if finding.amount is not None:
        said.append(amount(finding.amount, finding.currency))
    head.append("  " + "  ".join(said))
    words = [text for text in (said_of(finding), finding.advice) if text]
    lines = (line for text in words for line in text.splitlines())
    body = (_whole(f"    {line}") if COMMAND in line else Padding(_folded(line), (0, 0, 0, 4)) for line in lines)
    return Group(head, *body)


def _notes(report: Report) -> Iterator[RenderableType]:
    """Each note on lines of its own; a report that is nothing but notes is a page, so its paragraphs stand apart."""
    page = not (report.tables or report.findings)
    for number, note in enumerate(report.notes):
        if page and number:
            yield Text()
        yield from (_whole(line) if COMMAND in line else Text(clean(line), "dim") for line in note.splitlines())


def _folded(line: str) -> Text:
    return Text(clean(line), overflow="fold")


def _whole(line: str) -> Text:
    """A line to be copied: the terminal may wrap it, we do not, for a copied line break would end the command."""
    return Text(clean(line), no_wrap=True, overflow="ignore")
