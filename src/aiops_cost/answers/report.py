"""The ad-hoc report: spend by any columns over any days, always naming the cost, the currency and what is settled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb

from aiops_cost import money
from aiops_cost.answers import filters, unmatched
from aiops_cost.answers.against import Plan, planned_by
from aiops_cost.answers.pictures import spend_chart
from aiops_cost.answers.sums import Key, Sum, added, sums
from aiops_cost.answers.window import Window
from aiops_cost.errors import UserError
from aiops_cost.ledger import schema
from aiops_cost.model import Column, Problem, Report, SourceState, Table

ZERO = Decimal(0)
TIMES = {"day": "date", "week": "date", "month": "text"}
"""Keys that are stretches of time, and the kind of their column."""


@dataclass(frozen=True)
class Question:
    """What is asked: `by` these columns, on these days, where these filters hold.

    `granularity` (day, week or month) puts stretches of time before the columns; `top` keeps so many groups, of all
    stretches alike, and folds the rest. `compare` is other days; `plan` what is compared with instead.
    """

    by: tuple[str, ...]
    window: Window
    where: tuple[str, ...] = ()
    top: int | None = None
    compare: Window | None = None
    granularity: str | None = None
    plan: Plan | None = None
    relation: str = "spend"
    """`spend`, or `allocated` for cost after sharing."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that make a row."""
        if self.granularity is None or self.granularity in self.by:
            return self.by
        return (self.granularity, *self.by)

    @property
    def in_time(self) -> bool:
        """True when the rows begin with stretches of time, and so stand in their order."""
        return bool(self.keys) and self.keys[0] in TIMES and (self.granularity is not None or not self.top)

    @property
    def is_compared(self) -> bool:
        return self.compare is not None or self.plan is not None


@dataclass(frozen=True)
class _Row:
    """One group: now, and what it is compared with."""

    key: Key
    now: Sum
    then: Decimal | None
    is_folded: bool = False


def answer(
    con: duckdb.DuckDBPyConnection,
    question: Question,
    states: Sequence[SourceState],
    cost: str,
    currency: str,
    version: int | None = None,
) -> Report:
    """The report. Groups without a name are shown as unknown, never dropped; `top` only folds rows into one, so
    the total is always that of everything asked for. Raises UserError for unknown columns and bad filters."""
    if question.plan is not None and not question.plan.budgets:
        way_out = "Name one under `budgets` in the configuration, or compare with: before, last-month, 2026-04."
        raise UserError(Problem("plan-missing", "", "there is no budget to compare with", way_out))
    trend = question.window.days > 1 and not any(key in TIMES for key in question.keys)
    counted = question.plan.counted if question.plan else ("true", ())
    now = sums(con, question.keys, question.window, question.where, trend, question.relation, counted)
    then, more = _then(con, question)
    rows = [_Row(key, now.get(key, Sum(ZERO)), then.get(key, ZERO) if question.is_compared else None)
            for key in _ordered(now, then, question.in_time)]  # fmt: skip
    table = _table(_folded(rows, question), question, cost, any(row.now.trend for row in rows))
    notes = [*more, *unmatched.nameless(question.keys, list(now))]
    if not now:
        notes = [*unmatched.reasons(con, question.window, question.where), *notes]
    chart = spend_chart(table, len(question.keys), question.in_time, cost, currency)
    return Report(
        name="report",
        title=_title(question),
        facts=_facts(question, states, cost, currency, version),
        tables=(table,),
        charts=(chart,) if chart else (),
        notes=(*notes, *_notes(question, states), *_unknown(question.window, states, cost)),
    )


def columns(question: Question) -> frozenset[str] | None:
    """The columns of the view `spend` that the question looks at, besides the cost; None for cost after sharing, and
    where it names one that there is not."""
    try:
        keys = (*question.keys, *(filters.parsed(one)[0] for one in question.where))
        named = frozenset(filters.name(key) for key in keys)
    except UserError:
        return None
    if question.plan is not None:
        named |= {name for name in schema.FINE if name in question.plan.counted[0]}
    return named if question.relation == "spend" else None


def refuse(by: Sequence[str], granularity: str | None) -> None:
    """Raises UserError for a column that is named twice, and for a stretch of time that there is not."""
    twice = [name for name in by if by.count(name) > 1]
    if twice:
        raise UserError(Problem("dimension-twice", "", f"`{twice[0]}` stands twice in --by", "Name each column once."))
    if granularity is not None and granularity not in TIMES:
        way_out = "Write --granularity day, week or month."
        raise UserError(Problem("granularity-unknown", "", f"there is no stretch of time `{granularity}`", way_out))


def _then(con: duckdb.DuckDBPyConnection, question: Question) -> tuple[Mapping[Key, Decimal | None], tuple[str, ...]]:
    if question.plan is not None:
        plan = question.plan
        found = planned_by(plan.budgets, question.keys, question.window, question.where, plan.allowed)
        return found.amounts, found.notes
    if question.compare is None:
        return {}, ()
    before = sums(con, question.keys, question.compare, question.where, relation=question.relation)
    return {key: found.amount for key, found in before.items()}, ()


def _ordered(now: Mapping[Key, Sum], then: Mapping[Key, Any], in_time: bool) -> list[Key]:
    """Largest first; equal ones by name, so that the same question always gives the same page. A report that begins
    with stretches of time reads in their order."""

    def size(key: Key) -> Decimal:
        return (now[key].amount if key in now else None) or ZERO

    largest = sorted({*now, *then}, key=lambda key: (-size(key), [str(part) for part in key]))
    return sorted(largest, key=lambda key: str(key[0])) if in_time else largest


def _folded(rows: list[_Row], question: Question) -> tuple[list[_Row], _Row]:
    """The rows to show, and the total of all. Stretches of time keep the same groups throughout."""
    width = len(question.keys)
    total = _together(rows, ("total", *("",) * (width - 1)) if width else ())
    if not question.top or not width:
        return rows, total
    if not question.in_time:
        rest = rows[question.top :]
        more = [_together(rest, (f"{len(rest)} more", *("",) * (width - 1)))] if rest else []
        return rows[: question.top] + more, total
    sizes: dict[Key, Decimal] = {}
    for row in rows:
        sizes[row.key[1:]] = sizes.get(row.key[1:], ZERO) + (row.now.amount or ZERO)
    kept = sorted(sizes, key=lambda key: (-sizes[key], [str(part) for part in key]))[: question.top]
    shown: list[_Row] = []
    for time in dict.fromkeys(row.key[0] for row in rows):
        here = [row for row in rows if row.key[0] == time]
        rest = [row for row in here if row.key[1:] not in kept]
        shown += [row for row in here if row.key[1:] in kept]
        if rest:
            shown.append(_together(rest, (time, f"{len(rest)} more", *("",) * (width - 2))))
    return shown, total


def _together(rows: Sequence[_Row], key: Key) -> _Row:
    then = money.total(row.then for row in rows if row.then is not None)
    return _Row(key, added([row.now for row in rows]), then, is_folded=True)


def _table(folded: tuple[list[_Row], _Row], question: Question, cost: str, has_trend: bool) -> Table:
    rows, total = folded
    whole = total.now.amount
    largest = max((row.now.amount or ZERO for row in rows if not row.is_folded), default=ZERO)
    columns = [Column(name, TIMES.get(name, "text")) for name in question.keys]
    columns += [Column(cost, "money"), Column("share", "percent")]
    if question.keys:
        columns.append(Column("size", "bar"))
    if question.plan is not None:
        columns += [Column("planned", "money"), Column("drift", "money"), Column("drift_share", "percent", "drift %")]
    elif question.compare is not None:
        columns += [
            Column("before", "money", f"{cost} before"),
            Column("change", "money"),
            Column("change_share", "percent", "change %"),
        ]
    if has_trend:
        columns.append(Column("trend", "spark"))
    cells = [_cells(row, question, whole, largest, has_trend) for row in rows]
    last = _cells(total, question, whole, ZERO, has_trend) if question.keys else None
    return Table("spend", "", tuple(columns), tuple(cells), last)


def _cells(row: _Row, question: Question, whole: Decimal | None, largest: Decimal, has_trend: bool) -> tuple[Any, ...]:
    amount = row.now.amount
    cells: list[Any] = [*row.key, amount, amount / whole if whole and amount is not None else None]
    if question.keys:
        has_bar = largest > 0 and amount is not None and not row.is_folded
        cells.append(max(amount or ZERO, ZERO) / largest if has_bar else None)
    if question.is_compared:
        change = None if amount is None or row.then is None else money.EXACT.subtract(amount, row.then)
        cells += [row.then, change, _share(change, row.then)]
    if has_trend:
        cells.append(row.now.trend or None)
    return tuple(cells)


def _share(change: Decimal | None, then: Decimal | None) -> Decimal | str | None:
    """The change as a share of what was, to a ten-thousandth of a per cent; `new` where there was nothing."""
    if change is None or then is None:
        return None
    if not then:
        return "new" if change else None
    return round(change / abs(then), 6)


def _title(question: Question) -> str:
    by = [name for name in question.keys if name not in {question.granularity}]
    said = f"Spend by {', '.join(by)}" if by else "Spend"
    per = f" per {question.granularity}" if question.granularity else ""
    return f"{said}{per}{' against the plan' if question.plan is not None else ''}"


def _facts(
    question: Question, states: Sequence[SourceState], cost: str, currency: str, version: int | None
) -> dict[str, str | None]:
    settled = [state.settled_until for state in states if state.periods]
    known = [day for day in settled if day]
    return {
        "cost": cost,
        "currency": currency,
        "period": str(question.window),
        **({"shared_cost": "divided"} if question.relation == "allocated" else {}),
        **({"compared_with": str(question.compare)} if question.compare else {}),
        **({"compared_with": ", ".join(budget.name for budget in question.plan.budgets)} if question.plan else {}),
        **({"where": " and ".join(question.where)} if question.where else {}),
        "settled_until": min(known).isoformat() if known and len(known) == len(settled) else None,
        "ledger_version": "none yet" if version is None else str(version),
    }


def _notes(question: Question, states: Sequence[SourceState]) -> tuple[str, ...]:
    """What is said about sources that have not all of these days."""
    notes: list[str] = []
    for state in states:
        notes += _on_comparison(question, state)
        if not state.periods:
            notes.append(f"{state.source.name} was never loaded, so this total is without it.")
        elif state.first_day is None or state.last_day is None:
            notes.append(f"{state.source.name} has delivered no usage, only charges without it.")
        else:
            notes += _on_days(question.window, state, state.first_day, state.last_day)
    return tuple(notes)


def _unknown(window: Window, states: Sequence[SourceState], cost: str) -> Iterator[str]:
    """What the loads of these months said of amounts that are not known, and so not in the sums."""
    for state in states:
        months = [one for one in state.periods if f"{window.first:%Y-%m}" <= one.period <= f"{window.last:%Y-%m}"]
        for said in dict.fromkeys(one for month in months for one in month.unknown(cost)):
            yield f"{state.source.name}: {said.sentence} ({said.rows:,} rows as loaded)."


def _on_days(window: Window, state: SourceState, first: date, last: date) -> list[str]:
    name, found = state.source.name, []
    if first > window.first:
        found.append(f"{name} has delivered usage from {first} on: {_part(first, window)} of these days are missing.")
    if last < window.last:
        found.append(f"{name} has delivered usage up to {last} only.")
    elif state.settled_until is None or state.settled_until < window.last:
        found.append(f"{name} is settled until {state.settled_until or 'no day'}; later days may still grow.")
    return found


def _part(first: date, window: Window) -> str:
    missing = min((first - window.first).days, window.days)
    return f"{missing} of {window.days}" if missing < window.days else "all"


def _on_comparison(question: Question, state: SourceState) -> list[str]:
    """A source that begins or ends between the two windows is no rise or fall of spend."""
    if question.compare is None or state.first_day is None or state.last_day is None:
        return []
    if state.first_day > question.compare.first:
        return [f"{state.source.name} begins on {state.first_day}: what it cost before is not in the comparison."]
    if state.last_day < question.compare.last:
        return [f"{state.source.name} ends on {state.last_day}: the days compared with are not all there."]
    return []
