"""What the ledger holds, per source and billing period: rows, totals, freshness, what was restated or rejected."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from aiops_cost import money
from aiops_cost.answers.lists import counted
from aiops_cost.model import Amounts, Column, PeriodState, Report, SourceState, Table

NEWEST = 2
_SOURCES = (
    Column("source"),
    Column("provider"),
    Column("periods", "count"),
    Column("usage_from", "date"),
    Column("usage_to", "date"),
    Column("settled_until", "date"),
    Column("days_missing", "count"),
    Column("last_load"),
)
_PERIODS = (
    Column("source"),
    Column("period"),
    Column("rows", "count"),
    Column("rejected", "count"),
    Column("currency"),
    Column("BilledCost", "money"),
    Column("EffectiveCost", "money"),
    Column("restated_by", "money", "BilledCost restated by"),
    Column("ledger_version", "count"),
)
_DEVIATIONS = (Column("source"), Column("code"), Column("rows", "count"), Column("what"))


def answer(
    states: Sequence[SourceState],
    as_of: date,
    version: int | None,
    detail: bool = False,
    reconciled: Sequence[Table] = (),
) -> Report:
    """The state of every configured source; `detail` adds how the last export deviated from its specification."""
    tables = [
        Table("sources", "Sources", _SOURCES, tuple(_source(state) for state in states)),
        Table(
            "periods",
            "Billing periods",
            _PERIODS,
            tuple(r for s in states for p in _shown(s, detail) for r in _period(p)),
        ),
    ]
    tables += reconciled
    deviations = tuple(row for state in states for row in _deviations(state))
    if detail:
        tables.append(Table("deviations", "How the last export of each source deviates", _DEVIATIONS, deviations))
    hidden = sum(len(state.periods) - len(_shown(state, detail)) for state in states)
    notes = [f"{s.source.name} was never loaded:  aiops-cost pull {s.source.name}" for s in states if not s.periods]
    if deviations and not detail:
        notes.append(f"Deviations from the specification: {len(deviations)}:  aiops-cost status --detail")
    if hidden:
        older = counted(hidden, "older period")
        notes.append(f"Not shown: {older}, unchanged since loaded:  aiops-cost status --detail")
    facts = {"as_of": as_of.isoformat(), "ledger_version": "none yet" if version is None else str(version)}
    return Report("status", "What the ledger holds", facts, tuple(tables), notes=tuple(notes))


def _shown(state: SourceState, detail: bool) -> list[PeriodState]:
    """Every period, or the newest and those in which something happened."""
    newest = state.periods[-NEWEST:]
    return [p for p in state.periods if detail or p in newest or p.rejected or p.before is not None]


def _source(state: SourceState) -> tuple[object, ...]:
    loaded = max((period.loaded_at for period in state.periods), default=None)
    return (
        state.source.name,
        state.source.provider,
        len(state.periods),
        state.first_day,
        state.last_day,
        state.settled_until,
        len(state.gaps),
        loaded.strftime("%Y-%m-%d %H:%M UTC") if loaded else None,
    )


def _period(period: PeriodState) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for number, (currency, amounts) in enumerate(sorted(period.amounts.items())):
        restated = None
        if period.before is not None:
            before = period.before.get(currency, Amounts())
            restated = money.EXACT.subtract(amounts.BilledCost, before.BilledCost)
        rows.append(
            (
                period.source,
                period.period,
                period.rows if number == 0 else None,
                period.rejected if number == 0 else None,
                currency,
                amounts.BilledCost,
                amounts.EffectiveCost,
                restated if restated != Decimal(0) else None,
                period.version,
            )
        )
    return rows


def _deviations(state: SourceState) -> list[tuple[object, ...]]:
    if not state.periods:
        return []
    newest = max(state.periods, key=lambda period: (period.version, period.period))
    return [(state.source.name, d.code, d.rows or None, d.sentence) for d in newest.deviations]
