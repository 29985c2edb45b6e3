"""From native files to ledger rows, in SQL: parts become `raw`, the format's one SELECT maps it, days are summed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import duckdb

from aiops_cost.ledger import schema
from aiops_cost.ledger.intake import Part, cells
from aiops_cost.providers.contract import Contract

ROWS = "loaded"


def typed_view(con: duckdb.DuckDBPyConnection, parts: Sequence[tuple[int, Part]], name: str) -> None:
    """Create the view `name` over parts of one contract: per column the value, `<column>_text`, `_wide`, `_given`;
    and `x_part`, `x_row` (counted from 1, without the header)."""
    con.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {' UNION ALL BY NAME '.join(_select(*part) for part in parts)}")


def _select(index: int, part: Part) -> str:
    """One part as a select: native columns, then their texts, then what texts become."""
    listed = list(cells(part))
    texts = [f'{cell.text} AS "{cell.name}_text"' for cell in listed]
    texts += [f'{cell.given} AS "{cell.name}_given"' for cell in listed if cell.given]
    natives = [f'{cell.native} AS "{cell.name}_native"' for cell in listed if cell.native]
    wides = [f'wide("{cell.name}_text") AS "{cell.name}_wide"' for cell in listed if cell.wide]
    wides += [f'CAST(NULL AS DECIMAL(38, 30)) AS "{cell.name}_wide"' for cell in listed if not cell.wide]
    columns = [f'"{cell.name}_text", "{cell.name}_wide"' for cell in listed]
    columns += [
        f'"{c.name}_given"' if c.given else f'("{c.name}_text" IS NOT NULL) AS "{c.name}_given"' for c in listed
    ]
    values = [f'{cell.from_text or f"{chr(34)}{cell.name}_native{chr(34)}"} AS "{cell.name}"' for cell in listed]
    row, relation = "rowid", part.relation
    if not part.as_text:
        row, relation = "file_row_number", relation.replace("hive", "file_row_number = true, hive")
    return (
        f"SELECT {', '.join([*values, *columns])}, {index} AS x_part, x_row FROM (SELECT *, {', '.join(wides)} FROM"
        f" (SELECT {', '.join([*texts, *natives])}, {row} + 1 AS x_row FROM {relation}))"
    )


def ledger_rows(con: duckdb.DuckDBPyConnection, source: str, views: Iterable[tuple[Contract, str, str]]) -> None:
    """Create the table `loaded`: rows mapped, summed by line and UTC day (no x_LineId yet).

    `views` are (contract, view, condition): only rows where the condition holds are taken.
    """
    mapped = " UNION ALL BY NAME ".join(
        f"SELECT * FROM (WITH raw AS NOT MATERIALIZED (SELECT * FROM {view} WHERE {condition}) {contract.sql})"
        for contract, view, condition in views
    )
    identity = ", ".join(schema.IDENTITY)
    sums = ", ".join(f"sum({name}) AS {name}" for name in (*schema.AMOUNTS, *schema.QUANTITIES))
    # Per row only what cannot wait: everything else about days is worked out on the sums, of which there are fewer.
    summed = (
        "SELECT CAST(ChargePeriodStart AS DATE) AS day, CAST(BillingPeriodStart AS DATE) AS period,"
        " CAST(ChargePeriodEnd - INTERVAL 1 MICROSECOND AS DATE) AS last_day,"
        " CAST(BillingPeriodEnd - INTERVAL 1 MICROSECOND AS DATE) AS period_last,"
        f" InvoiceId, {identity}, {sums}, count(*) AS x_RowCount FROM ({mapped}) GROUP BY ALL"
    )
    casts = [f"CAST({name} AS VARCHAR) AS {name}" for name in schema.IDENTITY]
    casts += [f"CAST({name} AS DECIMAL(38, 18)) AS {name}" for name in schema.AMOUNTS]
    casts += [f"CAST({name} AS DECIMAL(38, 9)) AS {name}" for name in schema.QUANTITIES]
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {ROWS} AS SELECT '{source}' AS x_Source,"
        " strftime(period, '%Y-%m') AS x_BillingPeriod, day AS ChargePeriodStart,"
        " greatest(last_day, day) + 1 AS ChargePeriodEnd, period AS BillingPeriodStart,"
        " coalesce(period_last + 1, CAST(date_trunc('month', period) + INTERVAL 1 MONTH AS DATE)) AS BillingPeriodEnd,"
        f" CAST(InvoiceId AS VARCHAR) AS InvoiceId, {', '.join(casts)}, x_RowCount FROM ({summed})"
    )


def with_line_ids(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    """The rows of `loaded` as the ledger stores them, with x_LineId, in the schema's column order.

    Raises AssertionError when two different lines share an id (a chance of about n * n / 2E19 for n lines).
    """
    con.execute(
        "CREATE OR REPLACE TEMP TABLE ids AS SELECT row, md5_number_upper(encoded) AS rest,"
        " CAST(md5_number_lower(encoded) & 9223372036854775807 AS BIGINT) AS x_LineId"
        f" FROM (SELECT rowid AS row, {_encoded(con)} AS encoded FROM {ROWS})"
    )
    clash = con.execute("SELECT x_LineId FROM ids GROUP BY x_LineId HAVING min(rest) <> max(rest) LIMIT 1").fetchall()
    if clash:
        raise AssertionError(f"two lines share the id {clash[0][0]}: the identity needs more bits")
    return con.sql(f"SELECT {', '.join(schema.NAMES)} FROM {ROWS} JOIN ids ON {ROWS}.rowid = ids.row")


def _encoded(con: duckdb.DuckDBPyConnection) -> str:
    """SQL for the identity of a row as text: each column in the schema's order as length, colon, text, or `~` for
    null, so that no two identities look alike. Columns without any value are written as the `~` they would give."""
    counted = ", ".join(f"count({name})" for name in schema.IDENTITY)
    filled = con.execute(f"SELECT {counted} FROM {ROWS}").fetchall()[0]
    parts = [
        f"coalesce(length({name}) || ':' || {name}, '~')" if count else "'~'"
        for name, count in zip(schema.IDENTITY, filled, strict=True)
    ]
    return f"concat({', '.join(parts)})"
