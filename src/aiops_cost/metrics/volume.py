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


class Saying(NamedTuple):
    """What is said of one thing: its value on each of some days, in order."""

    activity: str | None
    workload: str | None
    model: str | None
    environment: str | None
    days: Sequence[date]
    values: Sequence[Decimal]

    @property
    def said(self) -> int:
        """How much is said besides activity and workload."""
        return (self.model is not None) + (self.environment is not None)


Known = dict[str, Sequence[Saying]]
"""Metric -> what is said of it."""


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
    what is said of each metric, so that who asks for many scopes reads it once.
    """
    wanted = _wanted(of)
    if wanted is None:
        return {}
    kept: Known = {} if known is None else known
    found = _series(_sayings(con, metric, kept), metric, wanted)
    if found or metric != "tokens":
        return found
    halves = [_series(_sayings(con, name, kept), name, wanted) for name in _TOKENS]
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


def _sayings(con: duckdb.DuckDBPyConnection, metric: str, known: Known) -> Sequence[Saying]:
    """All that is said of a metric. Values come as text: the driver makes a `Decimal` thrice as slowly."""
    if metric not in known:
        rows = con.execute(
            "SELECT activity, workload, model, environment, list(day ORDER BY day),"
            " list(CAST(value AS VARCHAR) ORDER BY day) FROM metrics WHERE name = ? GROUP BY ALL ORDER BY ALL",
            [metric],
        ).fetchall()
        known[metric] = [Saying._make((*about, [*map(Decimal, values)])) for *about, values in rows]
    return known[metric]


def _series(sayings: Sequence[Saying], metric: str, wanted: Mapping[str, frozenset[str]]) -> dict[date, Decimal]:
    """Per day: of each workload the values that say least (the total), and of the whole the one without a workload
    where there is one; then the sum of counts and sizes, the mean of other levels."""
    days: dict[date, dict[str | None, list[tuple[int, Decimal]]]] = {}
    for one in sayings:
        if all(_fits(one, dimension, of) for dimension, of in wanted.items()):
            for day, value in zip(one.days, one.values, strict=True):
                days.setdefault(day, {}).setdefault(one.workload, []).append((one.said, value))
    averaged = metric in LEVELS and not metric.startswith("gb")
    found = {}
    for day in sorted(days):
        workloads = days[day]
        chosen = [workloads[None]] if None in workloads else workloads.values()
        least = [value for same in chosen for value in _least(same)]
        found[day] = rounded(money.total(least) / len(least)) if averaged else money.total(least)
    return found


def _least(same: Sequence[tuple[int, Decimal]]) -> list[Decimal]:
    """Of values about one workload those that say least besides."""
    least = min(said for said, _ in same)
    return [value for said, value in same if said == least]


def _fits(one: Saying, dimension: str, of: frozenset[str]) -> bool:
    said = getattr(one, dimension)
    return said in of if said is not None else dimension == "activity"
