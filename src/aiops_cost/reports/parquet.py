"""Parquet for a data frame or a warehouse: the first table, or the findings of a report that has none.

Money is DECIMAL(38,18), shares and numbers are DECIMAL(38,18) rounded half-even, counts are BIGINT, days are TIMESTAMP
where one has a time of day and else DATE, all else is text. A word among numbers (`new`, for a share of nothing) is
null, so that a column has one type whatever is in it. What the report says of itself (cost, currency, period, settled
until) is metadata of the file under `aiops-cost`. There is no totals row, as in CSV.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

from aiops_cost.model import Column, Report
from aiops_cost.money import EXACT, LEDGER_SCALE
from aiops_cost.reports._cells import DRAWN, plain, without
from aiops_cost.reports._findings import as_table, worst_first

SUFFIXES = (".parquet",)
IS_BINARY = True

_TYPES = {
    "money": "DECIMAL(38, 18)",
    "number": "DECIMAL(38, 18)",
    "price": "DECIMAL(38, 18)",
    "percent": "DECIMAL(38, 18)",
    "chance": "DECIMAL(38, 18)",
    "count": "BIGINT",
    "date": "DATE",
}


def render(report: Report, *, width: int = 100, color: bool = False) -> bytes:
    """The file's bytes; width and colour do not apply. Raises OverflowError for what 38 digits cannot hold."""
    import duckdb

    found = report.tables[0] if report.tables else as_table(worst_first(report.findings))
    table = without(found, *DRAWN)
    types = [_type(column, [row[i] for row in table.rows]) for i, column in enumerate(table.columns)]
    texts = [[_text(row[i], column.kind, types[i]) for row in table.rows] for i, column in enumerate(table.columns)]
    given = ", ".join(f"unnest(CAST(? AS VARCHAR[])) AS c{i}" for i in range(len(types)))
    cast = ", ".join(
        f"CAST(c{i} AS {kind}) AS {_name(c.name)}" for i, (kind, c) in enumerate(zip(types, table.columns, strict=True))
    )
    about = json.dumps({"schema": f"aiops-cost/{report.name}/1", "title": report.title, "facts": dict(report.facts)})
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(config={"threads": 1}) as con:
        path = Path(folder) / "report.parquet"
        try:
            con.execute(f"CREATE TABLE report AS SELECT {cast} FROM (SELECT {given})", texts)
        except duckdb.ConversionException as error:
            raise OverflowError(f"table {table.name}: {str(error).splitlines()[0]}") from None
        con.execute(
            f"COPY report TO {_quoted(str(path))} (FORMAT parquet, KV_METADATA {{'aiops-cost': {_quoted(about)}}})"
        )
        return path.read_bytes()


def _type(column: Column, values: Sequence[Any]) -> str:
    if column.kind == "date" and any(isinstance(v, datetime) and v.time() != datetime.min.time() for v in values):
        return "TIMESTAMP"
    return _TYPES.get(column.kind, "VARCHAR")


def _text(value: Any, kind: str, sql_type: str) -> str | None:
    """The cell as text that casts to the type; what UTF-8 cannot hold is escaped."""
    if value is None or (isinstance(value, str) and sql_type != "VARCHAR"):
        return None
    if sql_type.startswith("DECIMAL") and not isinstance(value, date):
        return f"{Decimal(str(plain(value, kind))).quantize(LEDGER_SCALE, ROUND_HALF_EVEN, EXACT):f}"
    exact = plain(value, kind)
    text = ("true" if exact else "false") if isinstance(exact, bool) else str(exact)
    return text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")


def _name(text: str) -> str:
    safe = text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")
    return '"' + safe.replace('"', '""') + '"'


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
