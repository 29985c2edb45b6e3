"""The ad-hoc report: spend by any columns over any days, always naming the cost, the currency and what is settled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb

from aiops_cost import money
from aiops_cost.answers import filters
from aiops_cost.answers.window import Window
from aiops_cost.errors import UserError
from aiops_cost.model import Column, Problem, Report, SourceState, Table

ZERO = Decimal(0)
TIMES = {"day": "date", "week": "date", "month": "text"}
"""Keys that are stretches of time, and the kind of their column."""

METRICS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")


@dataclass(frozen=True)
class Question:
    """What is asked: `by` these columns, on these days, where these filters hold."""

    by: tuple[str, ...]
    window: Window
    where: tuple[str, ...] = ()
    top: int | None = None
    compare: Window | None = None
    relation: str = "spend"
    """`spend`, or `allocated` for cost after sharing."""


def answer(
    con: duckdb.DuckDBPyConnection, question: Question, states: Sequence[SourceState], cost: str, currency: str
) -> Report:
    """The report. Groups without a name are shown as unknown, never dropped; `top` only folds rows into one, so
    the total is always that of everything asked for. Raises UserError for unknown columns and bad filters."""
    if question.top is not None and question.top < 1:
        raise UserError(Problem("top-too-small", "", "--top shows at least 1 row", "Write --top 10."))
    now = _sums(con, question, question.window)
    then = _sums(con, question, question.compare) if question.compare else {}
    in_time = bool(question.by) and question.by[0] in TIMES and not question.top
    rows = [_row(key, now.get(key), then.get(key), question) for key in _ordered(now, then, in_time)]
    columns = [Column(name, TIMES.get(name, "text")) for name in question.by]
    columns += [Column(cost, "money"), Column("share", "percent")]
    if question.compare:
        columns += [Column("before", "money", f"{cost} before"), Column("change", "money")]
    table = _folded(rows, len(question.by), question, tuple(columns))
    return Report(
        name="report",
        title=f"Spend by {', '.join(question.by)}" if question.by else "Spend",
        facts=_facts(question, states, cost, currency),
        tables=(table,),
        notes=_notes(question, states, bool(now)),
    )


def _sums(
    con: duckdb.DuckDBPyConnection, question: Question, window: Window
) -> dict[tuple[Any, ...], tuple[Decimal | None, int]]:
    """Group -> (sum of Cost, rows). The sum is None when no row of the group has that cost."""
    names, parameters = [], []
    for key in question.by:
        sql, given = filters.column(key)
        names.append(sql)
        parameters += given
    condition, values = filters.where(question.where)
    rows = con.execute(
        f"SELECT {''.join(name + ', ' for name in names)} sum(Cost), count(*) FROM {question.relation}"
        f" WHERE ChargePeriodStart BETWEEN ? AND ? AND {condition} GROUP BY ALL",
        [*parameters, window.first, window.last, *values],
    ).fetchall()
    width = len(question.by)
    return {tuple(row[:width]): (row[width], row[width + 1]) for row in rows if row[width + 1]}


def _ordered(now: dict[tuple[Any, ...], Any], then: dict[tuple[Any, ...], Any], in_time: bool) -> list[tuple[Any, ...]]:
    """Largest first; equal ones by name, so that the same question always gives the same page. A report that begins
    with days or months reads in their order."""
    keys = {*now, *then}
    largest = sorted(keys, key=lambda key: (-(now.get(key, (ZERO,))[0] or ZERO), [str(part) for part in key]))
    return sorted(largest, key=lambda key: str(key[0])) if in_time else largest


def _row(key: tuple[Any, ...], now: Any, then: Any, question: Question) -> tuple[Any, ...]:
    amount = now[0] if now else ZERO
    if not question.compare:
        return (*key, amount)
    before = then[0] if then else ZERO
    change = None if amount is None or before is None else money.EXACT.subtract(amount, before)
    return (*key, amount, before, change)


def _folded(rows: list[tuple[Any, ...]], width: int, question: Question, columns: tuple[Column, ...]) -> Table:
    total = _added(rows, width, "total")
    shown = rows[: question.top] if question.top else rows
    rest = rows[len(shown) :]
    if rest and width:
        shown = [*shown, _added(rest, width, f"{len(rest)} more")]
    whole = total[width]
    return Table(
        name="spend",
        title="",
        columns=columns,
        rows=tuple(_with_share(row, width, whole) for row in shown),
        total=_with_share(total, width, whole) if width else None,
    )


def _added(rows: list[tuple[Any, ...]], width: int, label: str) -> tuple[Any, ...]:
    sums = [
        money.total(row[index] for row in rows if row[index] is not None)
        for index in range(width, len(rows[0]) if rows else width + 1)
    ]
    return (*((label,) if width else ()), *("",) * max(width - 1, 0), *sums)


def _with_share(row: tuple[Any, ...], width: int, whole: Decimal) -> tuple[Any, ...]:
    amount = row[width]
    share = amount / whole if whole and amount is not None else None
    return (*row[: width + 1], share, *row[width + 1 :])


def _facts(question: Question, states: Sequence[SourceState], cost: str, currency: str) -> dict[str, str | None]:
    settled = [state.settled_until for state in states if state.periods]
    known = [day for day in settled if day]
    return {
        "cost": cost,
        "currency": currency,
        "period": str(question.window),
        **({"sharing": "after sharing"} if question.relation == "allocated" else {}),
        **({"compared_with": str(question.compare)} if question.compare else {}),
        **({"where": " and ".join(question.where)} if question.where else {}),
        "settled_until": min(known).isoformat() if known and len(known) == len(settled) else None,
    }


def _notes(question: Question, states: Sequence[SourceState], found: bool) -> tuple[str, ...]:
    notes = []
    if not found:
        filtered = " where these filters hold" if question.where else ""
        notes.append(f"Nothing was charged on these days{filtered}; that is not the same as zero.")
    for state in states:
        notes += _on_comparison(question, state)
        if not state.periods:
            notes.append(f"{state.source.name} was never loaded, so this total is without it.")
        elif state.last_day is None:
            notes.append(f"{state.source.name} has delivered no usage, only charges without it.")
        elif state.first_day and state.first_day > question.window.first:
            notes.append(f"{state.source.name} has delivered usage from {state.first_day} on.")
        elif state.last_day < question.window.last:
            notes.append(f"{state.source.name} has delivered usage up to {state.last_day} only.")
        elif state.settled_until is None or state.settled_until < question.window.last:
            notes.append(
                f"{state.source.name} is settled until {state.settled_until or 'no day'}; later days may still grow."
            )
    return tuple(notes)


def _on_comparison(question: Question, state: SourceState) -> list[str]:
    """A source that begins or ends between the two windows is no rise or fall of spend."""
    if question.compare is None or state.first_day is None or state.last_day is None:
        return []
    if state.first_day > question.compare.first:
        return [f"{state.source.name} begins on {state.first_day}: what it cost before is not in the comparison."]
    if state.last_day < question.compare.last:
        return [f"{state.source.name} ends on {state.last_day}: the days compared with are not all there."]
    return []
