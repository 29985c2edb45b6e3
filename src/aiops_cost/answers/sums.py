"""What groups of rows add up to, over some days and at each stretch of them: one pass over the ledger per question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb

from aiops_cost import money
from aiops_cost.answers import filters
from aiops_cost.answers.window import DAY, Window

POINTS = 24
"""A sparkline has at most so many points."""

MANY = 400
"""More groups than this have no sparklines: nobody reads them, and they would cost more than the answer."""

Key = tuple[Any, ...]


@dataclass(frozen=True)
class Sum:
    """One group: its sum (None when no row of it has that cost) and its sums at each stretch of the days."""

    amount: Decimal | None
    trend: tuple[Decimal | None, ...] = ()


def sums(
    con: duckdb.DuckDBPyConnection,
    by: Sequence[str],
    window: Window,
    where: Sequence[str],
    trend: bool = False,
    relation: str = "spend",
    only: tuple[str, Sequence[Any]] = ("true", ()),
) -> dict[Key, Sum]:
    """Group -> sum, in the report currency, exact. `only` is a condition besides the filters, with its parameters.

    Raises UserError for unknown columns and bad filters.
    """
    names, parameters = [], []
    for key in by:
        sql, given = filters.column(key)
        names.append(sql)
        parameters += given
    source, of_line = relation, {}
    if relation == "spend" and _has_lines(con):
        of_line = {at: f"told_{at}" for at, key in enumerate(by) if filters.name(key) in filters.MAPS.values()}
    if of_line:
        told = ", ".join(f"{names[at]} AS {name}" for at, name in of_line.items())
        source = f"(SELECT x_LineId, {told} FROM described) AS told JOIN spend USING (x_LineId)"
    condition, values = filters.where(where)
    size = -(-window.days // POINTS)
    began = window.first + window.days % size * DAY  # all stretches are equally long; days left over go undrawn
    day = f"date_diff('day', CAST('{began}' AS DATE), ChargePeriodStart)"
    stretch = f"({day} + {size}) // {size} - 1" if trend else "0"
    keys = "".join(f"{of_line.get(i, name)} AS k{i}, " for i, name in enumerate(names))
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE summed AS SELECT {keys}{stretch} AS stretch, sum(Cost) AS cost, count(*) AS n"
        f" FROM {source} WHERE ChargePeriodStart BETWEEN ? AND ? AND {condition} AND {only[0]} GROUP BY ALL",
        [*parameters, window.first, window.last, *values, *only[1]],
    )
    groups = "".join(f"k{i}, " for i in range(len(by)))
    rows = con.execute(f"SELECT {groups}sum(cost), sum(n) FROM summed GROUP BY ALL").fetchall()
    width = len(by)
    found = {tuple(row[:width]): Sum(row[width]) for row in rows if row[width + 1]}
    if trend and len(found) <= MANY:
        found = _with_trend(con, found, groups, window.days // size)
    con.execute("DROP TABLE summed")
    return found


def _has_lines(con: duckdb.DuckDBPyConnection) -> bool:
    """True where lines stand apart from their rows: then tags are taken apart once per line, and not once per row."""
    return bool(con.execute("SELECT 1 FROM information_schema.tables WHERE table_name = 'described'").fetchall())


def _with_trend(con: duckdb.DuckDBPyConnection, found: dict[Key, Sum], groups: str, points: int) -> dict[Key, Sum]:
    series: dict[Key, list[Decimal | None]] = {key: [None] * points for key in found}
    for *key, stretch, cost in con.execute(f"SELECT {groups}stretch, cost FROM summed WHERE stretch >= 0").fetchall():
        series[tuple(key)][stretch] = cost
    return {key: Sum(total.amount, tuple(series[key])) for key, total in found.items()}


def added(parts: Sequence[Sum]) -> Sum:
    """Several groups as one."""
    known = [part.amount for part in parts if part.amount is not None]
    length = max((len(part.trend) for part in parts), default=0)
    trend = ([part.trend[i] for part in parts if i < len(part.trend)] for i in range(length))
    together = tuple(
        money.total(v for v in values if v is not None) if any(v is not None for v in values) else None
        for values in trend
    )
    return Sum(money.total(known), together)
