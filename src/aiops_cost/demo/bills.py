"""Writes the bills: the generator's lines and rows become FOCUS files, one per cloud and month, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from importlib.resources import files
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from aiops_cost.demo.blueprint import DAYS, LAST_DAY, Blueprint
from aiops_cost.demo.lines import BillLine
from aiops_cost.demo.usage import Charge

OPEN_MONTH = LAST_DAY.strftime("%Y-%m")
MONTHS = tuple(dict.fromkeys(day.strftime("%Y-%m") for day in DAYS))
FORMATS = {"aws": "csv.gz", "azure": "csv.gz", "gcp": "parquet"}
_COPY = {
    "csv.gz": "(FORMAT csv, HEADER, COMPRESSION gzip)",
    "parquet": "(FORMAT parquet, COMPRESSION zstd)",
}


def database(plan: Blueprint, charges: Sequence[Charge]) -> duckdb.DuckDBPyConnection:
    """An in-memory database with the tables `line`, `charge`, `terms`, `bill` and the view `delivered`.

    One thread, so that files have the same bytes on every machine.
    """
    made = duckdb.connect(config={"threads": 1})
    for name, frame in (("line", _lines(charges)), ("charge", _rows(charges)), ("terms", _terms(plan))):
        made.register("frame", frame)
        made.execute(f"CREATE TABLE {name} AS SELECT * FROM frame")
        made.unregister("frame")
    made.execute(_sql("rows"))
    return made


def write_bills(bills: duckdb.DuckDBPyConnection, folder: Path) -> list[Path]:
    """Write `aws/`, `azure/` and `gcp/`, a file a month; returns the paths."""
    return [write_month(bills, folder, cloud, month) for cloud in FORMATS for month in MONTHS]


def write_month(bills: duckdb.DuckDBPyConnection, folder: Path, cloud: str, month: str) -> Path:
    """Write one cloud's file of one month."""
    path = folder / cloud / f"focus-{month}.{FORMATS[cloud]}"
    path.parent.mkdir(parents=True, exist_ok=True)
    query = _sql(cloud).replace("$period", f"'{month}'").replace("$open", f"'{OPEN_MONTH}'")
    bills.execute(f"COPY ({query}) TO '{str(path).replace(chr(39), chr(39) * 2)}' {_COPY[FORMATS[cloud]]}")
    return path


def _sql(name: str) -> str:
    return files(__package__).joinpath(f"{name}.sql").read_text(encoding="utf-8")


def _lines(charges: Sequence[Charge]) -> pd.DataFrame:
    columns: dict[str, object] = {"id": np.arange(len(charges))}
    for field in fields(BillLine):
        columns[field.name] = [getattr(charge.line, field.name) for charge in charges]
    return pd.DataFrame(columns)


def _rows(charges: Sequence[Charge]) -> pd.DataFrame:
    counts = [len(charge.slot) for charge in charges]
    return pd.DataFrame(
        {
            "line": np.repeat(np.arange(len(charges)), counts),
            "slot": np.concatenate([charge.slot for charge in charges]),
            "hours": np.repeat([charge.hours for charge in charges], counts),
            "period": np.repeat(np.array([charge.period for charge in charges], dtype=object), counts),
            "quantity": np.concatenate([charge.quantity for charge in charges]),
            "at_list": np.concatenate([charge.prices.list for charge in charges]),
            "contracted": np.concatenate([charge.prices.contracted for charge in charges]),
            "effective": np.concatenate([charge.prices.effective for charge in charges]),
            "billed": np.concatenate([charge.prices.billed for charge in charges]),
        }
    )


def _terms(plan: Blueprint) -> pd.DataFrame:
    names = ("id", "name", "category", "type", "unit")
    rows = [{"commitment": key} | {name: terms[name] for name in names} for key, terms in plan.commitments.items()]
    return pd.DataFrame(rows)
