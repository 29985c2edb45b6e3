"""What rows that meet conditions add up to by the day, for many conditions in one statement.

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

Days = list[tuple[date, Any, Any]]


def summed(
    con: duckdb.DuckDBPyConnection, table: str, conditions: Sequence[Condition], first: str, second: str
) -> list[Days]:
    """For each condition the days on which rows of `table` meet it, in order, each with two sums: `first` and `second`,
    SQL over the table's columns."""
    if not conditions:
        return []
    keys = sorted(frozenset().union(*(condition.columns for condition in conditions))) or ["ChargePeriodStart"]
    listed = ", ".join(f'"{name}"' for name in keys)
    same = " AND ".join(f'day."{name}" IS NOT DISTINCT FROM met."{name}"' for name in keys)
    numbers = ", ".join(f"CASE WHEN {condition.sql} THEN {at} END" for at, condition in enumerate(conditions))
    rows = con.execute(
        f"WITH tried AS (SELECT {listed}, unnest([{numbers}]) AS number FROM (SELECT DISTINCT {listed} FROM {table})),"
        " met AS (SELECT * FROM tried WHERE number IS NOT NULL)"
        f" SELECT number, day.ChargePeriodStart, {first}, {second} FROM {table} AS day JOIN met ON {same}"
        " GROUP BY 1, 2 ORDER BY 1, 2",
        [value for condition in conditions for value in condition.parameters],
    ).fetchall()
    found: list[Days] = [[] for _ in conditions]
    for number, *of_day in rows:
        found[number].append((of_day[0], of_day[1], of_day[2]))
    return found


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
