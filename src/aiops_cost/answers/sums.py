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
from aiops_cost.ledger import schema

POINTS = 24
"""A sparkline has at most so many points."""

MANY = 400
"""More groups than this have no sparklines: nobody reads them, and they would cost more than the answer."""

_LINES = "(SELECT * FROM described JOIN attribution USING (x_LineId)) AS line"
_SAME_ON_A_LINE = frozenset({*schema.IDENTITY, *schema.ATTRIBUTION}) - {"x_Owner"}
"""A line's owner may be another one on other days."""

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
    condition, values = filters.where(where)
    size = -(-window.days // POINTS)
    began = window.first + window.days % size * DAY  # all stretches are equally long; days left over go undrawn
    day = f"date_diff('day', CAST('{began}' AS DATE), ChargePeriodStart)"
    stretch = f"({day} + {size}) // {size} - 1" if trend else "0"
    told = _told_by_lines(con, by, relation)
    columns = [filters.column(key) for key in by]
    of_rows = {at: column for at, column in enumerate(columns) if not told or by[at] not in told}
    keys = "".join(f"{sql} AS k{at}, " for at, (sql, _) in of_rows.items()) + ("x_LineId, " if told else "")
    select = (
        f"SELECT {keys}{stretch} AS stretch, sum(Cost) AS cost, count(*) AS n"
        f" FROM {relation} WHERE ChargePeriodStart BETWEEN ? AND ? AND {condition} AND {only[0]} GROUP BY ALL"
    )
    given: list[Any] = [value for _, of_key in of_rows.values() for value in of_key]
    given += [window.first, window.last, *values, *only[1]]
    if told:
        keys = "".join(f"{f'k{at}' if at in of_rows else sql} AS k{at}, " for at, (sql, _) in enumerate(columns))
        given = [value for at, column in enumerate(columns) if at not in of_rows for value in column[1]] + given
        select = (
            f"SELECT {keys}stretch, sum(cost) AS cost, sum(n) AS n FROM ({select}) JOIN {_LINES} USING (x_LineId)"
            " GROUP BY ALL"
        )
    con.execute(f"CREATE OR REPLACE TEMP TABLE summed AS {select}", given)
    groups = "".join(f"k{i}, " for i in range(len(by)))
    rows = con.execute(f"SELECT {groups}sum(cost), sum(n) FROM summed GROUP BY ALL").fetchall()
    width = len(by)
    found = {tuple(row[:width]): Sum(row[width]) for row in rows if row[width + 1]}
    if trend and len(found) <= MANY:
        found = _with_trend(con, found, groups, window.days // size)
    con.execute("DROP TABLE summed")
    return found


def _told_by_lines(con: duckdb.DuckDBPyConnection, by: Sequence[str], relation: str) -> frozenset[str]:
    """The keys that are the same on all rows of a line: they are looked up, and tags taken apart, once per line and not
    once per row. None where lines do not stand apart from what is asked."""
    keys = frozenset(key for key in by if filters.name(key) in _SAME_ON_A_LINE)
    if relation != "spend" or not keys:
        return frozenset()
    there = con.execute("SELECT table_name FROM information_schema.tables").fetchall()
    return keys if {("described",), ("attribution",)} <= {*there} else frozenset()


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
