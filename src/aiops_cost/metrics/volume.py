"""How much there was of something for a scope, day by day, from the table `metrics`.

A value belongs to a scope when it says the same of every dimension that the scope names; `activity` may be left out,
for the name tells it (requests serve, runs train). Where one workload is given as a total and by model besides, the
total counts: a day is never counted twice. A scope that names a column which metrics do not have matches none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from aiops_cost import money
from aiops_cost.budget import scope as scopes
from aiops_cost.metrics.points import LEVELS, rounded
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


class Value(NamedTuple):
    """One value of a metric on a day, and what it is about."""

    day: date
    activity: str | None
    workload: str | None
    model: str | None
    environment: str | None
    value: Decimal

    @property
    def said(self) -> int:
        """How much is said besides activity and workload."""
        return (self.model is not None) + (self.environment is not None)


Known = dict[str, Sequence[Value]]
"""Metric -> its values."""


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


def daily(con: duckdb.DuckDBPyConnection, metric: str, of: Scope, known: Known | None = None) -> dict[date, Decimal]:
    """Day -> value, exact; days without a value are left out, as is everything where the scope cannot be matched.

    `tokens` is input plus output where no total is given; a day with one of the two only is left out. `known` keeps
    the values of each metric, so that who asks for many scopes reads them once.
    """
    wanted = _wanted(of)
    if wanted is None:
        return {}
    kept: Known = {} if known is None else known
    found = _series(_values(con, metric, kept), metric, wanted)
    if found or metric != "tokens":
        return found
    halves = [_series(_values(con, name, kept), name, wanted) for name in _TOKENS]
    return {day: halves[0][day] + halves[1][day] for day in halves[0].keys() & halves[1].keys()}


def matches(of: Scope) -> bool:
    """True when the scope names only what metrics can say."""
    return _wanted(of) is not None


def _wanted(of: Scope) -> dict[str, frozenset[str]] | None:
    """Dimension -> the values that the scope takes; None where it names a column that metrics do not have."""
    constraints = scopes.constraints(of)
    if not constraints.keys() <= _COLUMNS.keys():
        return None
    return {_COLUMNS[column]: values for column, values in constraints.items()}


def _values(con: duckdb.DuckDBPyConnection, metric: str, known: Known) -> Sequence[Value]:
    """All values of a metric, in the order of days."""
    if metric not in known:
        names = ", ".join(Value._fields)
        rows = con.execute(f"SELECT {names} FROM metrics WHERE name = ? ORDER BY day", [metric]).fetchall()
        known[metric] = [Value(*row) for row in rows]
    return known[metric]


def _series(values: Sequence[Value], metric: str, wanted: Mapping[str, frozenset[str]]) -> dict[date, Decimal]:
    """Per day: of each workload the values that say least (the total), and of the whole the one without a workload
    where there is one; then the sum of counts and sizes, the mean of other levels."""
    days: dict[date, dict[str | None, list[Value]]] = {}
    fits: dict[tuple[str | None, ...], bool] = {}  # values say the same day after day, so each saying is tried once
    for value in values:
        says = value[1:5]
        if says not in fits:
            fits[says] = all(_fits(value, dimension, of) for dimension, of in wanted.items())
        if fits[says]:
            days.setdefault(value.day, {}).setdefault(value.workload, []).append(value)
    averaged = metric in LEVELS and not metric.startswith("gb")
    found = {}
    for day, workloads in days.items():
        chosen = [workloads[None]] if None in workloads else list(workloads.values())
        least = [value for same in chosen for value in _least(same)]
        found[day] = rounded(money.total(least) / len(least)) if averaged else money.total(least)
    return found


def _least(same: Sequence[Value]) -> list[Decimal]:
    """Of values about one workload those that say least besides."""
    if len(same) == 1:
        return [same[0].value]
    least = min(one.said for one in same)
    return [one.value for one in same if one.said == least]


def _fits(value: Value, dimension: str, of: frozenset[str]) -> bool:
    said = getattr(value, dimension)
    return said in of if said is not None else dimension == "activity"
