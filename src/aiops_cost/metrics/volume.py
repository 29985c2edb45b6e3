"""How much there was of something for a scope, day by day, from the table `metrics`.

A value belongs to a scope when it says the same of every dimension that the scope names; `activity` may be left out,
for the name tells it (requests serve, runs train). Where one workload is given as a total and by model besides, the
total counts: a day is never counted twice. A scope that names a column which metrics do not have matches none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from aiops_cost.budget import scope as scopes
from aiops_cost.metrics.points import DIMENSIONS, LEVELS, rounded
from aiops_cost.model import Scope

if TYPE_CHECKING:
    import duckdb

_COLUMNS = {
    "x_Activity": "activity",
    "x_Workload": "workload",
    "x_Model": "model",
    "x_Environment": "environment",
}
_TOKENS = ("input_tokens", "output_tokens")


@dataclass(frozen=True)
class Unit:
    """What a unit cost is per: `size` of the metric, called `label`."""

    size: int
    label: str


UNITS = {
    "requests": Unit(1_000, "1,000 requests"),
    "tokens": Unit(1_000_000, "1M tokens"),
    "input_tokens": Unit(1_000_000, "1M input tokens"),
    "output_tokens": Unit(1_000_000, "1M output tokens"),
    "runs": Unit(1, "run"),
    "gb": Unit(1, "GB-month"),
}


def unit_of(metric: str) -> Unit:
    """What cost is divided by; a business unit is counted singly."""
    return UNITS.get(metric, Unit(1, metric))


def daily(con: duckdb.DuckDBPyConnection, metric: str, of: Scope) -> dict[date, Decimal]:
    """Day -> value, exact; days without a value are left out, as is everything where the scope cannot be matched.

    `tokens` is input plus output where no total is given; a day with one of the two only is left out.
    """
    condition = _condition(of)
    if condition is None:
        return {}
    found = _series(con, metric, *condition)
    if found or metric != "tokens":
        return found
    halves = [_series(con, name, *condition) for name in _TOKENS]
    return {day: halves[0][day] + halves[1][day] for day in halves[0].keys() & halves[1].keys()}


def matches(of: Scope) -> bool:
    """True when the scope names only what metrics can say."""
    return _condition(of) is not None


def _condition(of: Scope) -> tuple[str, list[str]] | None:
    parts, parameters = ["true"], []
    for column, values in scopes.constraints(of).items():
        dimension = _COLUMNS.get(column)
        if dimension is None:
            return None
        marks = ", ".join("?" for _ in values)
        missing = " OR activity IS NULL" if dimension == "activity" else ""
        parts.append(f"({dimension} IN ({marks}){missing})")
        parameters += sorted(values)
    return " AND ".join(parts), parameters


def _series(con: duckdb.DuckDBPyConnection, metric: str, condition: str, parameters: list[str]) -> dict[date, Decimal]:
    """Per day: of each workload the rows that say least (the total), and of the whole the row without a workload
    where there is one; then the sum of counts and sizes, the mean of other levels."""
    said = " + ".join(f"CAST({name} IS NOT NULL AS INT)" for name in DIMENSIONS if name not in ("activity", "workload"))
    rows = con.execute(
        f"WITH found AS (SELECT day, workload, value, {said} AS said FROM metrics WHERE name = ? AND {condition}),"
        " least AS (SELECT * FROM found QUALIFY said = min(said) OVER (PARTITION BY day, workload)),"
        " chosen AS (SELECT * FROM least"
        "  QUALIFY workload IS NULL OR count(*) FILTER (WHERE workload IS NULL) OVER (PARTITION BY day) = 0)"
        " SELECT day, sum(value), count(*) FROM chosen GROUP BY day ORDER BY day",
        [metric, *parameters],
    ).fetchall()
    averaged = metric in LEVELS and not metric.startswith("gb")
    return {day: rounded(total / count) if averaged else total for day, total, count in rows}
