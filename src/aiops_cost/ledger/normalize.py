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
TEXTS = "loaded_texts"
_SUMMED = "loaded_sums"
_FIRSTS = "loaded_firsts"


def ledger_rows(
    con: duckdb.DuckDBPyConnection, source: str, views: Sequence[tuple[Contract, Iterable[Part], str, str]]
) -> None:
    """Create the view `loaded`: rows mapped, summed by line and UTC day, with their line ids.

    `views` are (contract, parts, view, condition): only rows where the condition holds are taken. Below the view are
    two tables: `loaded_texts`, a row for all days on which the same is said, and `loaded_sums`, a row for each day.
    """
    for contract, *_ in views:
        lookups(con, contract)
    empty = set.intersection(*(_always_null(con, contract, parts) for contract, parts, _, _ in views))
    said = [name for name in _TEXTS if name not in empty]
    hashes = (
        f"hash({', '.join(said)}) AS x_hash, hash({', '.join(f'CAST({name} AS VARCHAR) || chr(32)' for name in said)})"
        " AS x_check"
    )
    sums = ", ".join(f"CAST(sum({name}) AS {_type(name)}) AS {name}" for name in _SUMS)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {_SUMMED} AS SELECT {_DAYS}, {hashes}, {sums},"
        f" CAST(sum(x_RowCount) AS BIGINT) AS x_RowCount, min(x_group) AS x_group FROM ({_mapped(views)})"
        " GROUP BY ALL"
    )
    texts = ", ".join(f"CAST({'NULL' if name in empty else name} AS VARCHAR) AS {name}" for name in _TEXTS)
    # What is said is mapped again, for one group of each hash: texts kept for every day would cost far more.
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {_FIRSTS} AS"
        f" SELECT x_hash, x_check, min(x_group) AS x_group FROM {_SUMMED} GROUP BY ALL"
    )
    again = _mapped(views, f"x_group IN (SELECT x_group FROM {_FIRSTS})")
    distinct = (
        f"SELECT DISTINCT x_hash, x_check, {texts} FROM (SELECT *, {hashes} FROM ({again}))"
        f" JOIN {_FIRSTS} USING (x_hash, x_check, x_group)"
    )
    con.execute(f"CREATE OR REPLACE TEMP TABLE {TEXTS} AS {_named(distinct)}")
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW {ROWS} AS SELECT '{source.replace(chr(39), chr(39) * 2)}' AS x_Source,"
        " strftime(period, '%Y-%m') AS x_BillingPeriod, day AS ChargePeriodStart, last_day + 1 AS ChargePeriodEnd,"
        " period AS BillingPeriodStart, period_last + 1 AS BillingPeriodEnd,"
        f" * EXCLUDE (day, period, last_day, period_last, x_hash, x_check, x_group, rest, has_at)"
        f" FROM {_SUMMED} JOIN {TEXTS} USING (x_hash, x_check)"
    )


def _mapped(views: Sequence[tuple[Contract, Iterable[Part], str, str]], chosen: str = "true") -> str:
    """All that the SELECTs of the formats make of the rows, or of those that are `chosen` (SQL)."""
    raws: dict[str, list[str]] = {}
    for contract, _, view, condition in views:
        raws.setdefault(contract.name, []).append(f"SELECT * FROM {view} WHERE {condition}")
    # One `bill` of all files of a format: its SELECT may look at other rows of the month than the one that it maps.
    return " UNION ALL BY NAME ".join(
        f"SELECT * FROM (WITH bill AS NOT MATERIALIZED ({' UNION ALL BY NAME '.join(raws[name])}),"
        f" raw AS NOT MATERIALIZED (SELECT * FROM bill WHERE {chosen}) SELECT * FROM ({sql}))"
        for name, sql in {contract.name: contract.sql for contract, *_ in views}.items()
    )


def lookups(con: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Create the look-up tables that the contract's SELECT names. Raises duckdb.ConstraintException for a key that is
    there twice, which would count money twice."""
    for name, text in contract.tables.items():
        header, *rows = csv.reader(text.splitlines())
        columns = ", ".join(f"{column} VARCHAR{'' if index else ' PRIMARY KEY'}" for index, column in enumerate(header))
        con.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({columns})")
        unnested = ", ".join("unnest(?)" for _ in header)
        con.execute(f"INSERT INTO {name} SELECT {unnested}", [list(column) for column in zip(*rows, strict=True)])


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
    raw += ", 1 AS x_rows, 0 AS x_group"
    return {
        row[0]: row[1]
        for row in con.execute(
            f"DESCRIBE (WITH bill AS (SELECT {raw}), raw AS (SELECT * FROM bill) SELECT * FROM ({contract.sql}))"
        ).fetchall()
    }


def _always_null(con: duckdb.DuckDBPyConnection, contract: Contract, parts: Iterable[Part]) -> set[str]:
    """Identity columns that come out null because no file has what they are made of: grouping by them is wasted time.

    DuckDB tells it: what is only made of nulls without a type has no type either.
    """
    present = {name for part in parts for name in contract.file.columns if part.has(name)}
    made = described(con, contract, present)
    return {name for name in schema.IDENTITY if made.get(name, '"NULL"') == '"NULL"'}


def merge(con: duckdb.DuckDBPyConnection) -> None:
    """Sum again what says the same in `loaded` now, because texts were replaced; lines have new ids then."""
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {TEXTS} AS {_named(f'SELECT * EXCLUDE (x_LineId, rest, has_at) FROM {TEXTS}')}"
    )
    # The first of those that say the same stands for all of them. What a row says is its line and its invoice.
    con.execute(
        "CREATE OR REPLACE TEMP TABLE twins AS SELECT x_hash, x_check, first(x_hash) OVER same AS own_hash,"
        f" first(x_check) OVER same AS own_check FROM {TEXTS}"
        " WINDOW same AS (PARTITION BY x_LineId, rest, InvoiceId ORDER BY x_hash, x_check)"
    )
    sums = ", ".join(f"CAST(sum({name}) AS {_type(name)}) AS {name}" for name in (*_SUMS, "x_RowCount"))
    sums += ", min(x_group) AS x_group"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {_SUMMED} AS SELECT day, period, last_day, period_last, own_hash AS x_hash,"
        f" own_check AS x_check, {sums} FROM {_SUMMED} JOIN twins USING (x_hash, x_check) GROUP BY ALL"
    )


def _named(texts: str) -> str:
    """A select over `texts` that adds x_LineId, the other half of its hash, and whether an address may be in them."""
    return (
        "SELECT * EXCLUDE (encoded, md5), CAST(md5 & 9223372036854775807 AS BIGINT) AS x_LineId,"
        " CAST(md5 >> 64 AS UBIGINT) AS rest, contains(encoded, '@') OR contains(encoded, '%40')"
        " OR coalesce(contains(InvoiceId, '@') OR contains(InvoiceId, '%40'), false) AS has_at"
        f" FROM (SELECT *, md5_number(encoded) AS md5 FROM (SELECT *, {_ENCODED} AS encoded FROM ({texts})))"
    )


_SUMS = (*schema.AMOUNTS, *schema.QUANTITIES)
_TEXTS = ("InvoiceId", *schema.IDENTITY)

_DAYS = (
    "CAST(ChargePeriodStart AS DATE) AS day, CAST(BillingPeriodStart AS DATE) AS period,"
    " CAST(greatest(ChargePeriodEnd - INTERVAL 1 MICROSECOND, ChargePeriodStart) AS DATE) AS last_day,"
    " coalesce(CAST(BillingPeriodEnd - INTERVAL 1 MICROSECOND AS DATE), last_day(BillingPeriodStart)) AS period_last"
)
"""What tells days of a line apart, as SQL over mapped rows."""

_ENCODED = "concat(" + ", ".join(f"coalesce(length({n}) || ':' || {n}, '~')" for n in schema.IDENTITY) + ")"
"""SQL for the identity of a row as text: each column in the schema's order as length, colon, text, or `~` for null, so
that no two identities look alike."""


def _type(name: str) -> str:
    return next(column.sql_type for column in schema.COLUMNS if column.name == name)


def refuse_clash(con: duckdb.DuckDBPyConnection) -> None:
    """Raise AssertionError when two different lines share an id (a chance of about n * n / 2E19 for n lines), or two
    texts a hash (about n * n / 7E38)."""
    clash = con.execute(
        f"SELECT x_LineId FROM {TEXTS} GROUP BY x_LineId HAVING min(rest) <> max(rest)"
        f" UNION ALL SELECT min(x_LineId) FROM {TEXTS} GROUP BY x_hash, x_check HAVING count(*) > 1 LIMIT 1"
    ).fetchall()
    if clash:
        raise AssertionError(f"two lines share the id {clash[0][0]}: the identity needs more bits")
