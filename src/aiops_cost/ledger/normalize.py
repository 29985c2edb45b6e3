"""From groups of native rows to ledger rows, in SQL: they are `raw`, the format's SELECT maps it, lines are summed."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence

import duckdb

from aiops_cost.ledger import schema
from aiops_cost.ledger.cells import TARGET
from aiops_cost.ledger.part import Part
from aiops_cost.providers.contract import Contract

ROWS = "loaded"


def ledger_rows(
    con: duckdb.DuckDBPyConnection, source: str, views: Sequence[tuple[Contract, Iterable[Part], str, str]]
) -> None:
    """Create the table `loaded`: rows mapped, summed by line and UTC day, with their line ids.

    `views` are (contract, parts, view, condition): only rows where the condition holds are taken.
    """
    raws: dict[str, list[str]] = {}
    for contract, _, view, condition in views:
        lookups(con, contract)
        raws.setdefault(contract.name, []).append(f"SELECT * FROM {view} WHERE {condition}")
    # One `raw` for all files of a format: its SELECT may look at other rows of the month.
    mapped = " UNION ALL BY NAME ".join(
        f"SELECT * FROM (WITH raw AS NOT MATERIALIZED ({' UNION ALL BY NAME '.join(raws[name])}) SELECT * FROM ({sql}))"
        for name, sql in {contract.name: contract.sql for contract, *_ in views}.items()
    )
    empty = set.intersection(*(_always_null(con, contract, parts) for contract, parts, _, _ in views))
    identity = ", ".join(name for name in schema.IDENTITY if name not in empty)
    sums = ", ".join(f"sum({name}) AS {name}" for name in (*schema.AMOUNTS, *schema.QUANTITIES))
    # Per row only what tells rows apart: all else about days is worked out on the sums, of which there are fewer.
    summed = (
        "SELECT CAST(ChargePeriodStart AS DATE) AS day, CAST(BillingPeriodStart AS DATE) AS period,"
        " CAST(greatest(ChargePeriodEnd - INTERVAL 1 MICROSECOND, ChargePeriodStart) AS DATE) AS last_day,"
        " coalesce(CAST(BillingPeriodEnd - INTERVAL 1 MICROSECOND AS DATE), last_day(BillingPeriodStart))"
        " AS period_last,"
        f" InvoiceId, {identity}, {sums}, CAST(sum(x_RowCount) AS BIGINT) AS x_RowCount FROM ({mapped}) GROUP BY ALL"
    )
    casts = [
        f"CAST({'NULL' if name in empty else name} AS {_type(name)}) AS {name}"
        for name in ("InvoiceId", *schema.IDENTITY, *_SUMS)
    ]
    _create(
        con,
        f"SELECT '{source.replace(chr(39), chr(39) * 2)}' AS x_Source, strftime(period, '%Y-%m') AS x_BillingPeriod,"
        " day AS ChargePeriodStart, last_day + 1 AS ChargePeriodEnd, period AS BillingPeriodStart,"
        f" period_last + 1 AS BillingPeriodEnd, {', '.join(casts)}, x_RowCount FROM ({summed})",
    )


def lookups(con: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Create the look-up tables that the contract's SELECT names. Raises duckdb.ConstraintException for a key that is
    there twice, which would count money twice."""
    for name, text in contract.tables.items():
        header, *rows = csv.reader(text.splitlines())
        columns = ", ".join(f"{column} VARCHAR{'' if index else ' PRIMARY KEY'}" for index, column in enumerate(header))
        con.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({columns})")
        con.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(header))})", rows)


def described(
    con: duckdb.DuckDBPyConnection, contract: Contract, present: Iterable[str] | None = None
) -> dict[str, str]:
    """Column and type of what a contract's SELECT makes; of columns not in `present` (the contract's names) nothing is
    known but that they are null."""
    names = list(contract.file.columns)
    here = names if present is None else set(present)
    raw = ", ".join(
        f"{f'CAST(NULL AS {TARGET[column.type]})' if name in here else 'NULL'} AS {name}, NULL AS {name}_text,"
        f" false AS {name}_given, false AS {name}_rather"
        for name, column in contract.file.columns.items()
    )
    raw += ", 1 AS x_rows"
    return {
        row[0]: row[1]
        for row in con.execute(f"DESCRIBE (WITH raw AS (SELECT {raw}) SELECT * FROM ({contract.sql}))").fetchall()
    }


def _always_null(con: duckdb.DuckDBPyConnection, contract: Contract, parts: Iterable[Part]) -> set[str]:
    """Identity columns that come out null because no file has what they are made of: grouping by them is wasted time.

    DuckDB tells it: what is only made of nulls without a type has no type either.
    """
    present = {name for part in parts for name in contract.file.columns if part.has(name)}
    made = described(con, contract, present)
    return {name for name in schema.IDENTITY if made.get(name, '"NULL"') == '"NULL"'}


def merge(con: duckdb.DuckDBPyConnection) -> None:
    """Sum again what has become one line in `loaded`, because texts in it were replaced."""
    keys = [name for name in schema.NAMES if name not in {*_SUMS, "x_LineId", "x_RowCount"}]
    sums = [f"CAST(sum({name}) AS {_type(name)}) AS {name}" for name in (*_SUMS, "x_RowCount")]
    _create(con, f"SELECT {', '.join([*keys, *sums])} FROM {ROWS} GROUP BY ALL")


def _create(con: duckdb.DuckDBPyConnection, select: str) -> None:
    """Make `loaded` of `select`, with x_LineId, the other half of its hash, and whether an address may be in a row."""
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {ROWS} AS SELECT * EXCLUDE (encoded, hash),"
        " CAST(hash & 9223372036854775807 AS BIGINT) AS x_LineId, CAST(hash >> 64 AS UBIGINT) AS rest,"
        " contains(encoded, '@') OR contains(encoded, '%40') OR coalesce(contains(InvoiceId, '@'), false)"
        " OR coalesce(contains(InvoiceId, '%40'), false) AS has_at"
        f" FROM (SELECT *, md5_number(encoded) AS hash FROM (SELECT *, {_ENCODED} AS encoded FROM ({select})))"
    )


_SUMS = (*schema.AMOUNTS, *schema.QUANTITIES)

_ENCODED = "concat(" + ", ".join(f"coalesce(length({n}) || ':' || {n}, '~')" for n in schema.IDENTITY) + ")"
"""SQL for the identity of a row as text: each column in the schema's order as length, colon, text, or `~` for null, so
that no two identities look alike."""


def _type(name: str) -> str:
    return next(column.sql_type for column in schema.COLUMNS if column.name == name)


def stored(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    """The rows of `loaded` in the schema's column order.

    Raises AssertionError when two different lines share an id (a chance of about n * n / 2E19 for n lines).
    """
    clash = con.execute(
        f"SELECT x_LineId FROM {ROWS} GROUP BY x_LineId HAVING min(rest) <> max(rest) LIMIT 1"
    ).fetchall()
    if clash:
        raise AssertionError(f"two lines share the id {clash[0][0]}: the identity needs more bits")
    return con.sql(f"SELECT {', '.join(schema.NAMES)} FROM {ROWS}")
