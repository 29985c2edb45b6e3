"""What rows that meet conditions add up to, mostly by the day, for many conditions in one statement.

A condition is tried once on each combination of the columns that it looks at, not on each day's row of it: a budget of
forty lines is forty tests of some hundred combinations, and not of some ten thousand rows.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from operator import itemgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

    from aiops_cost.checks.view import Condition

Days = list[tuple[Any, ...]]
"""Day and two sums, in the order of days."""


def met(
    con: duckdb.DuckDBPyConnection,
    table: str,
    conditions: Sequence[Condition],
    columns: Sequence[str],
    sums: Sequence[str],
) -> list[list[tuple[Any, ...]]]:
    """For each condition what the rows of `table` that meet it add up to: tuples of the columns and the sums, in order
    of the columns. Both are SQL over the table's columns."""
    if not conditions:
        return []
    keys = sorted(frozenset().union(*(condition.columns for condition in conditions))) or ["ChargePeriodStart"]
    listed = ", ".join(f'"{name}"' for name in keys)
    named = ", ".join(f'"{name}" AS key_{at}' for at, name in enumerate(keys))
    same = " AND ".join(f'day."{name}" IS NOT DISTINCT FROM met.key_{at}' for at, name in enumerate(keys))
    numbers = ", ".join(f"CASE WHEN {condition.sql} THEN {at} END" for at, condition in enumerate(conditions))
    order = ", ".join(str(at + 1) for at in range(len(columns) + 1))
    rows = con.execute(
        f"WITH tried AS (SELECT {named}, unnest([{numbers}]) AS number FROM (SELECT DISTINCT {listed} FROM {table})),"
        " met AS (SELECT * FROM tried WHERE number IS NOT NULL)"
        f" SELECT number, {', '.join([*columns, *sums])} FROM {table} AS day JOIN met ON {same}"
        f" GROUP BY {order} ORDER BY {order}",
        [value for condition in conditions for value in condition.parameters],
    ).fetchall()
    found: list[list[tuple[Any, ...]]] = [[] for _ in conditions]
    for number, *row in rows:
        found[number].append(tuple(row))
    return found


def summed(
    con: duckdb.DuckDBPyConnection, table: str, conditions: Sequence[Condition], first: str, second: str
) -> list[Days]:
    """For each condition the days on which rows of `table` meet it, in order, each with two sums."""
    return met(con, table, conditions, ["ChargePeriodStart"], [first, second])


def costs(con: duckdb.DuckDBPyConnection, table: str, conditions: Sequence[Condition]) -> list[Days]:
    """The same, with what the rows of a day cost, exact, and how many they are. Costs come as text: the driver makes a
    `Decimal` thrice as slowly."""
    sums = "CAST(sum(day.Cost) AS VARCHAR)", "CAST(sum(day.n) AS BIGINT)"
    found = summed(con, table, conditions, *sums)
    return [[(day, Decimal(cost or 0), n) for day, cost, n in days] for days in found]


def within(days: Days, stretch: tuple[date, date]) -> Days:
    """Those of the days that lie in a stretch."""
    first, last = stretch
    return days[bisect_left(days, first, key=itemgetter(0)) : bisect_right(days, last, key=itemgetter(0))]
