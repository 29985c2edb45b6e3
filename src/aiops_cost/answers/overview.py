"""The whole picture on one page, put together from the answers of the others: nothing here is counted anew.

First the answer in one sentence and the headline figures; then actual, budget and forecast and the bridge, as `drift`
draws them; what moved; activities, models, workloads, owners; findings with what to do; how far the data can be
trusted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from aiops_cost import money
from aiops_cost.answers.overview_charts import bridge, weeks
from aiops_cost.model import Chart, Column, Finding, Report, Severity, SourceState, Table

TOP = 10
"""A breakdown shows so many rows, and the rest as one."""

MOVED = 8
DRAWN = 6
"""So many pictures of single budget lines, the worst first; `drift` draws them all."""
_FIGURES = (Column("figure"), Column("amount", "money"), Column("share", "percent"), Column("note"))
_MOVED = (
    Column("activity"),
    Column("workload"),
    Column("before", "money"),
    Column("now", "money"),
    Column("change", "money"),
    Column("change_share", "percent", "change %"),
)


@dataclass(frozen=True)
class Parts:
    """The answers that the page is made of. `weekly` is AI spend by week beside the plan (None where nothing is planned
    and settled); `spend` maps a title to a report by that column; `moved` is spend by activity and workload beside the
    days before."""

    drift: Report
    check: Report
    weekly: Report | None
    spend: Mapping[str, Report]
    moved: Report
    coverage: Report
    states: Sequence[SourceState]


def answer(parts: Parts, version: int | None) -> Report:
    """The page. Amounts are those of the parts, in their currency."""
    drift = parts.drift.tables[0]
    facts = {**parts.drift.facts, "ledger_version": "none yet" if version is None else str(version)}
    spent = [replace(_spend(name, title, one), note=_period(one)) for (name, title), one in _named(parts.spend)]
    return Report(
        name="overview",
        title="AI spend against the migration plan",
        headline=_headline(drift, facts.get("currency")),
        facts=facts,
        tables=(
            _figures(parts, drift),
            _lines(drift),
            *parts.drift.tables[1:],
            _moved(parts.moved),
            *spent,
            *_trust(parts),
        ),
        charts=tuple(_charts(parts, drift, facts.get("currency"))),
        findings=parts.check.findings,
        notes=tuple(dict.fromkeys((*parts.moved.notes, *parts.check.notes))),
        verdict=parts.check.verdict,
        exit_code=parts.check.exit_code,
    )


def _charts(parts: Parts, drift: Table, currency: str | None) -> Iterator[Chart]:
    """The whole first, then the lines as `drift` draws them."""
    weekly = weeks(parts.weekly, currency) if parts.weekly else None
    yield from (chart for chart in (weekly, bridge(drift, parts.check.findings)) if chart)
    yield from parts.drift.charts[:DRAWN]


def _named(spend: Mapping[str, Report]) -> list[tuple[tuple[str, str], Report]]:
    return [((title.lower(), title), report) for title, report in spend.items()]


def _period(report: Report) -> str:
    compared = report.facts.get("compared_with")
    return f"{report.facts.get('period')}" + (f", compared with {compared}" if compared else "")


def _headline(drift: Table, currency: str | None) -> str | None:
    """`91,805 USD over the plan, 5.0%`; None where nothing could be compared."""
    if drift.total is None:
        return None
    total = dict(zip((column.name for column in drift.columns), drift.total, strict=True))
    size, share = total["drift"], total["drift_share"]
    percent = f", {abs(share):.1%}" if isinstance(share, Decimal) else ""
    side = "over" if size > 0 else "under" if size < 0 else "on"
    if side == "on":
        return "Exactly on the plan"
    return f"{money.show(abs(size), currency, places=0)} {side} the plan{percent}"


def _figures(parts: Parts, drift: Table) -> Table:
    rows: list[tuple[Any, ...]] = []
    if drift.total is not None:
        total = dict(zip((column.name for column in drift.columns), drift.total, strict=True))
        rows += [
            ("Actual", total["actual"], None, "on settled days of the budget"),
            ("Planned", total["planned"], None, "for the same days"),
            ("Over the plan" if total["drift"] >= 0 else "Under the plan", abs(total["drift"]),
             _absolute(total["drift_share"]), "of what was planned"),
        ]  # fmt: skip
    rows += _largest(parts.check.findings)
    rows += _unplanned(drift)
    table = parts.coverage.tables[0]
    if table.total is not None:
        covered = dict(zip((column.name for column in table.columns), table.total, strict=True))
        attributed = covered["attributed"]
        rest = None if attributed is None else 1 - attributed
        rows.append(
            ("Unattributed", covered["unattributed"], rest, f"of AI spend, {parts.coverage.facts.get('period')}")
        )
    return Table("figures", "Figures", _FIGURES, tuple(rows))


def _absolute(share: Any) -> Any:
    return abs(share) if isinstance(share, Decimal) else share


def _largest(findings: Sequence[Finding]) -> Iterator[tuple[Any, ...]]:
    breaches = [one for one in findings if one.severity is Severity.BREACH]
    if breaches:
        worst = max(breaches, key=lambda one: one.amount or Decimal(0))
        yield "Largest breach", worst.amount, None, _scope(worst)


def _unplanned(drift: Table) -> Iterator[tuple[Any, ...]]:
    """As the table of lines and the picture of the steps have it: attributed or not."""
    names = [column.name for column in drift.columns]
    for row in drift.rows:
        found = dict(zip(names, row, strict=True))
        if found["status"] == "unbudgeted":
            yield "Unbudgeted", found["actual"], None, "AI spend, or what may be AI, in no budget line"


def _scope(finding: Finding) -> str:
    return " ".join(value if isinstance(value, str) else ", ".join(value) for value in finding.scope.values())


def _spend(name: str, title: str, report: Report) -> Table:
    return replace(report.tables[0], name=name, title=title)


def _lines(drift: Table) -> Table:
    """The budget lines that left their plan; those that did not are counted."""
    status = next(i for i, column in enumerate(drift.columns) if column.name == "status")
    left = tuple(row for row in drift.rows if row[status] != "ok")
    kept = len(drift.rows) - len(left)
    more = f"; lines that left the plan, {kept} within their tolerance are not shown" if kept else ""
    return replace(drift, title="Budget lines", rows=left, note=f"{drift.note}{more}")


def _moved(report: Report) -> Table:
    """The groups that changed most, up or down."""
    table = report.tables[0]
    names = [column.name for column in table.columns]
    cost = next(column.name for column in table.columns if column.kind == "money")
    found = [dict(zip(names, row, strict=True)) for row in table.rows]
    changed = sorted(
        (row for row in found if row["change"]), key=lambda row: (-abs(row["change"]), str(row["workload"]))
    )
    rows = tuple(
        (row["activity"], row["workload"], row["before"], row[cost], row["change"], row["change_share"])
        for row in changed[:MOVED]
    )
    return Table("moved", "What moved", _MOVED, rows, note=_period(report))


def _trust(parts: Parts) -> list[Table]:
    """Freshness and completeness per source, restatements, and how much is attributed by provider."""
    sources = tuple(
        (
            state.source.name,
            max((period.loaded_at for period in state.periods), default=None),
            state.last_day,
            state.settled_until,
            len(state.gaps),
            sum(period.rejected for period in state.periods),
            _restated(state),
        )
        for state in parts.states
    )
    columns = (
        Column("source"), Column("loaded_at", "date", "last load (UTC)"), Column("usage_to", "date"),
        Column("settled_until", "date"), Column("days_missing", "count"), Column("rejected", "count", "rows rejected"),
        Column("restated", "text", "restated since it was loaded first"),
    )  # fmt: skip
    coverage = parts.coverage.tables[0]
    period = parts.coverage.facts.get("period")
    return [
        Table("sources", "Freshness", columns, sources),
        replace(
            coverage, name="coverage", title="Attribution", note=f"{period}; attributed AI is the share of AI spend"
        ),
    ]


def _restated(state: SourceState) -> str | None:
    """By how much BilledCost changed in the last reload of each month that changed."""
    said = []
    for period in state.periods:
        for currency, amounts in sorted(period.amounts.items()):
            before = (period.before or {}).get(currency)
            if before is not None and before.BilledCost != amounts.BilledCost:
                change = money.EXACT.subtract(amounts.BilledCost, before.BilledCost)
                said.append(f"{period.period} by {money.show(change, currency)}")
    return ", ".join(said) or None
