"""Why a report has no rows: days without bills, or which of its filters lets nothing through."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from aiops_cost.answers import filters
from aiops_cost.answers.window import Window
from aiops_cost.documents import near

_MOST = 5_000
"""A near miss is looked for among so many values; in longer lists a search is faster by eye."""


def reasons(con: duckdb.DuckDBPyConnection, window: Window, where: Sequence[str]) -> list[str]:
    """Sentences that say which part of the question nothing matches, the days first."""
    tests = [filters.where([one]) for one in where]
    columns = "".join(f", count(*) FILTER (WHERE {sql})" for sql, _ in tests)
    values = [value for _, given in tests for value in given]
    found = con.execute(
        f"SELECT count(*){columns} FROM spend WHERE ChargePeriodStart BETWEEN ? AND ?",
        [*values, window.first, window.last],
    ).fetchone() or (0,)
    if not found[0]:
        return [_no_days(con, window)]
    nothing = [one for one, rows in zip(where, found[1:], strict=True) if not rows]
    if not nothing:
        return ["Each of these filters matches something on these days, but no charge matches all of them."]
    return [_no_match(con, window, one) for one in nothing]


def nameless(keys: Sequence[str], groups: Sequence[Sequence[str | None]]) -> list[str]:
    """Sentences on tags and categories of the question that not one of its groups has: mostly they are misspelt."""
    maps = {key: filters.MAPS[key.partition(".")[0]] for key in keys if key.partition(".")[0] in filters.MAPS}
    return [
        f"Nothing has `{key}` on these days. Which keys there are:\n"
        f'  aiops-cost query "SELECT DISTINCT unnest(json_keys({column})) AS key FROM lines ORDER BY 1"'
        for key, column in maps.items()
        if groups and all(group[keys.index(key)] is None for group in groups)
    ]


def _no_days(con: duckdb.DuckDBPyConnection, window: Window) -> str:
    said = "Nothing was charged on these days; that is not the same as zero."
    first, last = con.execute("SELECT min(ChargePeriodStart), max(ChargePeriodStart) FROM spend").fetchone() or (
        None,
        None,
    )
    return f"{said} The ledger has charges from {first} to {last}." if first else said


def _no_match(con: duckdb.DuckDBPyConnection, window: Window, one: str) -> str:
    sql, values = filters.where([one])
    (elsewhere,) = con.execute(f"SELECT count(*) FROM spend WHERE {sql}", values).fetchone() or (0,)
    said = f"`{one}` matches nothing on these days"
    if elsewhere:
        return f"{said}, but {elsewhere:,} charges on others."
    key, operator, value = filters.parsed(one)
    name, given = filters.column(key)
    if operator != "=" or not value:
        return f"{said}, nor on any other."
    known = con.execute(
        f"SELECT DISTINCT CAST({name} AS VARCHAR) FROM spend WHERE {name} IS NOT NULL LIMIT {_MOST}", [*given, *given]
    ).fetchall()
    hint = near(value, sorted(row[0] for row in known))
    few = ", ".join(sorted(row[0] for row in known)) if 0 < len(known) <= 8 else ""
    return f"{said}, nor on any other; " + (
        hint or (f"`{key}` is one of {few}." if few else f"see:  aiops-cost report --by {key}")
    )
