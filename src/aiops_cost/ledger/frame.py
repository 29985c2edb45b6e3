"""Reads the ledger: as DuckDB views for the rooms below, as a pandas frame for people with questions of their own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import duckdb

from aiops_cost.errors import UserError
from aiops_cost.ledger import recorded, schema, store
from aiops_cost.model import Problem

if TYPE_CHECKING:
    import pandas as pd
    from deltalake import DeltaTable

_FRAME_ROWS = 50_000


@dataclass(frozen=True)
class Ledger:
    """One snapshot of the ledger at `location`: its files and the records of all loads up to it.

    Open it with `Ledger.open`; later loads do not change what it shows.
    """

    location: Path
    files: tuple[str, ...]
    records: tuple[recorded.Record, ...]
    version: int | None

    @classmethod
    def open(cls, location: str | Path, version: int | None = None, known_on: date | None = None) -> Ledger:
        """The newest snapshot; an empty one where nothing was ever loaded. With `version` the snapshot after that
        commit, with `known_on` the one at the end of that UTC day. Raises UserError for a folder that is not a ledger,
        or one of a newer program, and for a version or day that it does not have."""
        path = Path(location)
        if known_on is not None:
            version = store.version_on(path, known_on)
        newest = store.open_table(path)
        if newest is None:
            return cls(path, (), (), None)
        table = newest if version is None else store.open_version(path, version, newest.version())
        loads = (load for load in store.records(newest) if load["version"] <= table.version())
        return cls(path, tuple(store.file_list(table)), tuple(loads), table.version())

    @classmethod
    def at(cls, path: Path, table: DeltaTable | None) -> Ledger:
        """The snapshot that a table is opened at."""
        version = table.version() if table is not None else None
        return cls(path, tuple(store.file_list(table)), tuple(store.records(table)), version)

    def connect(self, memory_limit: str = "2GB", spill: Path | None = None) -> duckdb.DuckDBPyConnection:
        """An in-memory DuckDB with the views `ledger` (all rows), `lines` (one row per x_LineId) and `loads`."""
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory_limit,
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
        if spill:
            config["temp_directory"] = str(spill)
        con = duckdb.connect(config=config)
        con.execute("SET TimeZone = 'UTC'; SET parquet_metadata_cache = true")
        con.execute(f"CREATE VIEW ledger AS {self.select()}")
        identity = ", ".join(f"any_value({name}) AS {name}" for name in schema.IDENTITY)
        con.execute(f"CREATE VIEW lines AS SELECT x_LineId, {identity} FROM ledger GROUP BY x_LineId")
        _loads(con, self.records)
        return con

    def frame(
        self,
        columns: Sequence[str] | None = None,
        where: str = "true",
        amounts: Literal["decimal", "float"] = "decimal",
    ) -> pd.DataFrame:
        """The normalized ledger as a pandas DataFrame, one row per line and UTC day.

        Text columns are categoricals, days are datetime64, `x_LineId` and `x_RowCount` are int64. Amounts and
        quantities are `Decimal` objects (exact) or float64 (for statistics, never for printed money), as asked.
        `columns` chooses from `schema.NAMES`; `where` is an SQL condition over the same names.
        Raises UserError for a column that the ledger does not have.
        """
        wanted = list(columns or schema.NAMES)
        unknown = [name for name in wanted if name not in schema.NAMES]
        if unknown:
            raise UserError(
                Problem(
                    "column-unknown", "", f"the ledger has no column `{unknown[0]}`", "See:  aiops-cost schema ledger"
                )
            )
        with self.connect() as con:
            return frame_of(con, "ledger", wanted, where, amounts)

    def select(self) -> str:
        """SQL for all rows of the snapshot."""
        written = {entry.get("schema") for entry in self.records}
        return select_of(self.files, alike=written == {schema.VERSION})

    def restated(self, settles_after: Mapping[str, int]) -> list[Restated]:
        """The closed months that were delivered again with other amounts, with the files that held them before.

        `settles_after` maps a source to the days it takes to settle; a load that came earlier had not seen the whole
        month, so what followed it is no restatement."""
        found = []
        for source, days in settles_after.items():
            history = [entry for entry in self.records if entry["source"] == source]
            for period in sorted({period for entry in history for period in entry["periods"]}):
                loads = [entry for entry in history if period in entry["periods"]]
                if len(loads) < 2 or recorded.amounts_of(loads[-1], period) == recorded.amounts_of(loads[-2], period):
                    continue
                year, month = int(period[:4]), int(period[5:])
                after = date(year + month // 12, month % 12 + 1, 1) + timedelta(days=days)
                if datetime.fromisoformat(loads[-2]["at"]).date() >= after:
                    files = store.files_at(self.location, int(loads[-2]["version"]), source, period)
                    found += [Restated(source, period, files)] if files else []
        return found


@dataclass(frozen=True)
class Restated:
    """A closed month that was delivered again, and the files that held it before."""

    source: str
    period: str
    files: tuple[str, ...]


def select_of(files: Sequence[str], alike: bool = False) -> str:
    """The SELECT of all ledger columns from these files; a column that an older program did not write is null.

    `alike` says that this program's schema wrote them all: then DuckDB need not look for columns in each file, which
    takes it some ten milliseconds for every statement."""
    columns = ", ".join(f"CAST(NULL AS {column.sql_type}) AS {column.name}" for column in schema.COLUMNS)
    none = f"SELECT {columns} WHERE false"
    if not files:
        return none
    listed = ", ".join("'" + uri.replace("'", "''") + "'" for uri in files)
    types = ", ".join(f"'{name}': VARCHAR" for name in schema.PARTITION)
    rows = f"read_parquet([{listed}], hive_partitioning = true, hive_types = {{{types}}}, union_by_name = {not alike})"
    if alike:
        return f"SELECT {', '.join(schema.NAMES)} FROM {rows}"
    return f"SELECT {', '.join(schema.NAMES)} FROM ({none} UNION ALL BY NAME SELECT * FROM {rows})"


def frame_of(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    columns: Sequence[str],
    where: str = "true",
    amounts: Literal["decimal", "float"] = "decimal",
) -> pd.DataFrame:
    """`columns` of a view as a DataFrame (see `Ledger.frame`); text becomes categories inside DuckDB, so that no
    text is copied per row."""
    import pandas as pd

    types = {row[0]: row[1] for row in con.execute(f"DESCRIBE SELECT {', '.join(columns)} FROM {relation}").fetchall()}
    con.execute(f"CREATE OR REPLACE TEMP TABLE framed AS SELECT {', '.join(columns)} FROM {relation} WHERE {where}")
    counts = con.execute(f"SELECT {', '.join(f'count({name})' for name in columns)} FROM framed").fetchall()[0]
    filled = {name for name, count in zip(columns, counts, strict=True) if count}
    selected = [
        _as_category(con, name, name in filled) if types[name] == "VARCHAR" else _number(name, types[name], amounts)
        for name in columns
    ]
    frame = con.execute(f"SELECT {', '.join(selected)} FROM framed").df()
    if amounts == "decimal":
        for name in columns:
            if types[name].startswith("DECIMAL"):
                frame[name] = pd.Series(_decimals(con, name), dtype="object")
    con.execute("DROP TABLE framed")
    for name in columns:
        if types[name] == "VARCHAR" and not isinstance(frame[name].dtype, pd.CategoricalDtype):
            frame[name] = pd.Categorical(frame[name])
    return frame


def _as_category(con: duckdb.DuckDBPyConnection, name: str, filled: bool) -> str:
    if not filled:
        return f"CAST(NULL AS VARCHAR) AS {name}"
    con.execute(
        f"CREATE OR REPLACE TYPE words_of_{name} AS ENUM"
        f" (SELECT DISTINCT {name} FROM framed WHERE {name} IS NOT NULL ORDER BY 1)"
    )
    return f"CAST({name} AS words_of_{name}) AS {name}"


def _number(name: str, kind: str, amounts: str) -> str:
    return f"CAST({name} AS DOUBLE) AS {name}" if kind.startswith("DECIMAL") and amounts == "float" else name


def _decimals(con: duckdb.DuckDBPyConnection, name: str) -> list[Decimal | None]:
    cursor = con.execute(f"SELECT {name} FROM framed")
    found: list[Decimal | None] = []
    while rows := cursor.fetchmany(_FRAME_ROWS):
        found += [row[0] for row in rows]
    return found


def _loads(con: duckdb.DuckDBPyConnection, records: Sequence[recorded.Record]) -> None:
    """The table `loads`: one row per load, period, currency and cost; sent = kept + rejected + rounding."""
    con.execute(f"CREATE TABLE loads ({', '.join(f'{name} {kind}' for name, kind in _LOADS.items())})")
    rows = [
        {
            "version": entry["version"], "loaded_at": entry["at"], "source": entry["source"], "period": period,
            "sent_rows": figures["rows"], "kept_rows": figures["kept"], "rejected_rows": figures["rejected"],
            "currency": currency, "cost": cost, "sent": money.get("in"), "kept": money["kept"],
            "rejected": money.get("rejected"), "rounding": money.get("rounding"), "tool": entry["tool"],
        }
        for entry in records
        for period, figures in entry["periods"].items()
        for currency, costs in figures["money"].items()
        for cost, money in costs.items()
    ]  # fmt: skip
    if rows:
        columns = ", ".join(f"CAST(row ->> '{name}' AS {kind})" for name, kind in _LOADS.items())
        con.execute(
            f"INSERT INTO loads SELECT {columns} FROM (SELECT unnest(CAST(? AS JSON[])) AS row)", [json.dumps(rows)]
        )


_LOADS = {
    "version": "BIGINT",
    "loaded_at": "TIMESTAMP",
    "source": "VARCHAR",
    "period": "VARCHAR",
    "sent_rows": "BIGINT",
    "kept_rows": "BIGINT",
    "rejected_rows": "BIGINT",
    "currency": "VARCHAR",
    "cost": "VARCHAR",
    "sent": "DECIMAL(38, 18)",
    "kept": "DECIMAL(38, 18)",
    "rejected": "DECIMAL(38, 18)",
    "rounding": "DECIMAL(38, 38)",
    "tool": "VARCHAR",
}
