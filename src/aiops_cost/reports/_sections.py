"""A report as the sections of a page: what stands where, and every text made harmless. How it looks is `_page/`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from aiops_cost.model import Chart, Column, Finding, Report, Scope, Severity, Table
from aiops_cost.reports import _charts
from aiops_cost.reports._cells import COMMAND, amount, brief, clean, facts_pairs, paragraphs, shown
from aiops_cost.reports._findings import said as said_of
from aiops_cost.reports._findings import worst_first
from aiops_cost.reports._grids import Grid, grid

FIGURES = "figures"
"""The table of headline figures (figure, amount, share, note): shown as cards."""

APART = 2
"""So many charts have a section of their own; further ones share one."""

TRUST = ("trust", "sources", "periods", "deviations", "coverage", "restated")
"""Tables that say how far the rest can be trusted: they come after the findings, as one section."""

_TONES = {0: "under", 1: "over", 3: "unjudged"}


@dataclass(frozen=True)
class Card:
    """One headline figure."""

    name: str
    amount: str
    share: str
    note: str


@dataclass(frozen=True)
class Picture:
    """A chart as SVG, for a page and for a phone, and the rows it was drawn from."""

    title: str
    is_titled: bool
    description: str
    wide: Any
    narrow: Any
    data: Grid | None


@dataclass(frozen=True)
class FindingBox:
    """One finding; `about` are its small truths, `advice` pieces of (is to be copied, text)."""

    id: str
    severity: str
    code: str
    scope: str
    amount: str
    about: tuple[str, ...]
    message: str
    bridge: tuple[tuple[str, str, str], ...]
    advice: tuple[tuple[bool, str], ...]
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """A part of the page; `kind` is figures, findings, notes or tables."""

    id: str
    kind: str
    title: str
    is_quiet: bool = False
    figures: tuple[Card, ...] = ()
    charts: tuple[Picture, ...] = ()
    grids: tuple[Grid, ...] = ()
    findings: tuple[FindingBox, ...] = ()
    counts: str = ""
    notes: tuple[tuple[tuple[bool, str], ...], ...] = ()
    paste: str = ""


@dataclass(frozen=True)
class Page:
    """The whole page."""

    title: str
    headline: tuple[str, ...]
    verdict: str
    tone: str
    period: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    is_interactive: bool = field(default=False)


def page(report: Report) -> Page:
    """The page of a report. Raises as `_cells.shown` and `_charts.svg` do."""
    sections = tuple(_sections(report))
    return Page(
        title=clean(report.title),
        headline=tuple(paragraphs(report.headline)),
        verdict=clean(report.verdict or ""),
        tone=_TONES.get(report.exit_code or 0, ""),
        period=clean(report.facts.get("period") or ""),
        facts=tuple(facts_pairs(report.facts)),
        sections=sections,
        is_interactive=bool(report.charts or any(len(table.rows) > 2 for table in report.tables)),
    )


def _sections(report: Report) -> Iterator[Section]:
    figures = [table for table in report.tables if table.name == FIGURES]
    others = [table for table in report.tables if table.name != FIGURES]
    trust = [table for table in others if table.name in TRUST]
    if len(others) == len(trust):
        trust = []  # a report of nothing else needs no section for it
    charts = {chart.name: chart for chart in report.charts}
    yield from (Section(FIGURES, "figures", "Figures", True, figures=tuple(_cards(table))) for table in figures)
    alone = [chart for chart in report.charts if chart.name not in {table.name for table in others}]
    yield from (
        Section(_id(chart.name), "tables", clean(chart.title), charts=(_picture(chart),)) for chart in alone[:APART]
    )
    if alone[APART:]:
        drawn = tuple(_picture(chart, titled=True) for chart in alone[APART:])
        yield Section("pictures", "tables", "Line by line", charts=drawn)
    yield from (_table(table, charts.get(table.name), report) for table in others if table not in trust)
    if report.findings:
        yield _findings(report.findings)
    if trust:
        yield Section("trust", "tables", "Data trust", grids=tuple(grid(table, True) for table in trust))
    if report.notes or report.paste:
        yield _notes(report)


def _notes(report: Report) -> Section:
    notes = tuple(tuple(_pieces(note)) for note in report.notes)
    is_page = not report.tables and not report.findings
    return Section("notes", "notes", "Notes", is_page, notes=notes, paste=_lines(report.paste or ""))


def _table(table: Table, chart: Chart | None, report: Report) -> Section:
    title = clean(table.title) or clean(report.title)
    charts = () if chart is None else (_picture(chart, data=False),)
    return Section(_id(table.name), "tables", title, charts=charts, grids=(grid(table, False, title),))


def _cards(table: Table) -> Iterator[Card]:
    names = [column.name for column in table.columns]
    for row in table.rows:
        cell = dict(zip(names, row, strict=True))
        share = cell.get("share")
        yield Card(
            clean(str(cell["figure"])),
            "unknown" if cell["amount"] is None else brief(cell["amount"]),
            "" if share is None else shown(share, "percent"),
            clean(cell.get("note") or ""),
        )


def _picture(chart: Chart, *, data: bool = True, titled: bool = False) -> Picture:
    wide = narrow = None
    if _charts.can_draw() and chart.rows:
        from markupsafe import Markup

        wide, narrow = (Markup(_charts.svg(chart, width)) for width in (_charts.WIDE, _charts.NARROW))  # noqa: S704
    rows = grid(_as_table(chart), False) if data else None
    return Picture(clean(chart.title), titled, clean(chart.description), wide, narrow, rows)


def _as_table(chart: Chart) -> Table:
    """The chart's rows; of a timeline, one row per day and one column per series."""
    if chart.kind != "timeline":
        return Table(f"{chart.name}-data", chart.title, chart.columns, chart.rows)
    names = list(dict.fromkeys(str(row[0]) for row in chart.rows))
    bounds = any(row[3] is not None for row in chart.rows)
    days: dict[Any, dict[str, Decimal | None]] = {}
    for name, day, value, low, high in chart.rows:
        days.setdefault(day, {})[str(name)] = value
        if low is not None:
            days[day] |= {"low": low, "high": high}
    shown = [*names, *(["low", "high"] if bounds else [])]
    columns = (Column("day", "date"), *(Column(f"s{i}", "money", name) for i, name in enumerate(shown)))
    rows = tuple((day, *(days[day].get(name) for name in shown)) for day in sorted(days))
    return Table(f"{chart.name}-data", chart.title, columns, rows)


def _findings(findings: Sequence[Finding]) -> Section:
    found = worst_first(findings)
    counts = Counter(finding.severity for finding in found)
    words = {Severity.UNJUDGED: "not judged", Severity.BREACH: "over the line", Severity.WARNING: "to watch"}
    said = [f"{counts[severity]} {word}" for severity, word in words.items() if counts[severity]]
    if counts[Severity.INFO]:
        said.append(f"{counts[Severity.INFO]} to know")
    boxes = tuple(_box(finding, number) for number, finding in enumerate(found, 1))
    return Section("findings", "findings", "Findings", findings=boxes, counts=", ".join(said))


def _box(finding: Finding, number: int) -> FindingBox:
    about = [
        clean(finding.owner or "no owner"),
        clean(finding.period or ""),
        f"since {finding.onset}" if finding.onset else "",
        clean(f"mostly {finding.cause}") if finding.cause and finding.bridge else "",
        clean(finding.place or ""),
    ]
    return FindingBox(
        id=f"finding-{number}",
        severity=str(finding.severity),
        code=clean(finding.code),
        scope=_scope(finding.scope),
        amount="" if finding.amount is None else amount(finding.amount, finding.currency),
        about=tuple(text for text in about if text),
        message=clean(said_of(finding)),
        bridge=tuple(_bridge(finding.bridge or {})),
        advice=tuple(_pieces(finding.advice)),
        evidence=tuple(clean(text) for text in finding.evidence),
    )


_PLAIN = ("activity", "component", "workload", "model", "environment")
"""Columns whose values speak for themselves."""


def _scope(scope: Scope) -> str:
    """A scope as a heading: `serving support-chat`; other columns keep their names, as `account ml-prod`."""
    said = [_any(value) if name in _PLAIN else f"{name} {_any(value)}" for name, value in scope.items()]
    return clean(" ".join(said)) or "everything"


def _any(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else " or ".join(value)


def _bridge(parts: Mapping[str, Decimal]) -> Iterator[tuple[str, str, str]]:
    for name, part in parts.items():
        yield clean(name), f"{'+' if part > 0 else ''}{amount(part)}", "over" if part > 0 else "under" if part else ""


def _pieces(text: str) -> Iterator[tuple[bool, str]]:
    """Words, and what is to be copied: a command after a colon and two spaces, lines that are set in."""
    code: list[str] = []
    for line in text.splitlines():
        if line.startswith(("  ", "\t")):
            code.append(clean(line))
            continue
        if code:
            yield True, _dedented(code)
            code = []
        words, found, command = line.partition(COMMAND)
        if words.strip():
            yield False, clean(words) + (":" if found else "")
        if found:
            yield True, clean(f"{COMMAND[3:]}{command}")
    if code:
        yield True, _dedented(code)


def _dedented(lines: Sequence[str]) -> str:
    margin = min(len(line) - len(line.lstrip()) for line in lines)
    return "\n".join(line[margin:] for line in lines)


def _lines(text: str) -> str:
    return "\n".join(clean(line) for line in text.splitlines())


def _id(name: str) -> str:
    """A name as an anchor; what is no letter or digit becomes a dash."""
    return "s-" + "".join(char if char.isascii() and char.isalnum() else "-" for char in name.lower())
