"""Read-only SQL over the ledger's views: one SELECT, no files but the ledger's own, no settings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb

from aiops_cost.documents import near
from aiops_cost.errors import UserError
from aiops_cost.model import Column, Problem, Report, Table

_NO_TABLE = re.compile(r"Table with name (\S+) does not exist")
VIEWS = ("ledger", "lines", "attributed", "spend", "allocated", "budget", "metrics", "loads")


def answer(con: duckdb.DuckDBPyConnection, sql: str, files: Sequence[str]) -> Report:
    """The rows of one SELECT. Raises UserError for anything that is not one, and with DuckDB's words for a
    statement that does not run. The connection can read nothing else afterwards."""
    _lock(con, files)
    _refuse_others(sql)
    try:
        cursor = con.execute(sql)
        names = [(str(entry[0]), str(entry[1])) for entry in cursor.description or []]
        rows = cursor.fetchall()
    except duckdb.Error as error:
        raise UserError(_failed(str(error).strip().splitlines())) from None
    columns = tuple(Column(name, _kind(name, kind), title=name) for name, kind in _distinct(names))
    return Report(
        "query", "Query", tables=(Table("rows", "", columns, tuple(tuple(_cell(v) for v in row) for row in rows)),)
    )


def _failed(said: Sequence[str]) -> Problem:
    """DuckDB's words; but a view that there is not is compared with ours, not with DuckDB's own tables."""
    missing = _NO_TABLE.search(said[0])
    hint = near(missing[1], VIEWS) if missing else None
    way_out = f"The views are {', '.join(VIEWS)}; their columns:  aiops-cost schema ledger"
    details = [line for line in said[1:6] if line.strip() and not (missing and line.startswith("Did you mean"))]
    return Problem(
        "query-failed", "", _told(said[0]), f"{hint}\n{way_out}" if hint else way_out, details=tuple(details)
    )


def _told(line: str) -> str:
    """A sentence of DuckDB's without the name of its kind of error."""
    return line.partition(" Error: ")[2] or line


def _lock(con: duckdb.DuckDBPyConnection, files: Sequence[str]) -> None:
    """Nothing on this machine but the ledger's files can be reached, and that cannot be undone."""
    if files:
        listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
        con.execute(f"SET allowed_paths = [{listed}]")
    con.execute("SET enable_external_access = false")
    con.execute("SET lock_configuration = true")


def _refuse_others(sql: str) -> None:
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        said = _told(str(error).strip().splitlines()[0])
        raise UserError(Problem("query-syntax", "", said, "Write one SELECT statement.")) from None
    if len(statements) != 1 or statements[0].type not in {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}:
        raise UserError(Problem("query-not-select", "", "query reads; it takes one SELECT statement and nothing else",
                                "The ledger is changed by `aiops-cost pull` only."))  # fmt: skip


def _distinct(names: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """SQL may give two columns one name; a row of JSON may not: the second `a` becomes `a_2`."""
    found: dict[str, str] = {}
    for name, kind in names:
        unique, number = name, 2
        while unique in found:
            unique, number = f"{name}_{number}", number + 1
        found[unique] = kind
    return list(found.items())


def _kind(name: str, described: str) -> str:
    """The kind of a column; ids are names that happen to be numbers, and keep their digits together."""
    low = described.lower()
    if name.lower().endswith("id"):
        return "text"
    if low.startswith("decimal"):
        return "money" if low.endswith(",18)") else "number"  # the scale of amounts, and of their sums
    if "int" in low and not low.startswith("interval"):
        return "count"
    return "date" if low == "date" else "text"


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, (str, int, Decimal, date, datetime)):
        return value
    return str(value)
