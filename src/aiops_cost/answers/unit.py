"""Spend per unit: what a thousand requests, a million tokens, a run, a GB-month or a business unit costs.

In words: the cost of the days that have a volume, divided by the volume of those days. In symbols, for a group over the
days D with a volume v(d) and a cost c(d):

    unit cost = size * sum of c(d) over D / sum of v(d) over D          size: 1,000 requests, 1,000,000 tokens, else 1

Where volumes are given per workload, spend of workloads without one is left out on both sides, and said. Columns that
metrics do not know (component, service) divide a unit cost: their rows share the volume and sum to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb

from aiops_cost import money
from aiops_cost.answers import filters
from aiops_cost.answers.window import Window
from aiops_cost.budget.plan import days_of
from aiops_cost.errors import UserError
from aiops_cost.metrics import volume
from aiops_cost.metrics.points import DIMENSIONS, LEVELS, rounded
from aiops_cost.model import Column, Problem, Report, Table

BESIDE = tuple(name for name in LEVELS if name.startswith(("latency", "quality", "pipeline")))
Key = tuple[Any, ...]


@dataclass
class _Group:
    """What a row of the table adds up: cost of measured days, and the volumes by scope, each once."""

    cost: Decimal = Decimal(0)
    volumes: dict[tuple[tuple[str, str], ...], Decimal] = field(default_factory=dict)

    @property
    def volume(self) -> Decimal:
        return money.total(self.volumes.values())


def answer(
    con: duckdb.DuckDBPyConnection,
    metric: str,
    by: Sequence[str],
    days: Window,
    where: Sequence[str],
    money_of: tuple[str, str],
) -> Report:
    """Cost, volume and unit cost per group, with latency and quality beside them where they were measured.

    `money_of` names the cost and its currency. Raises UserError for a metric that nobody measured.
    """
    _check(con, metric)
    cost, currency = money_of
    names = list(by)
    grain = names if "workload" in names or _company_wide(con, metric) else [*names, "workload"]
    groups: dict[Key, _Group] = {}
    left_out = Decimal(0)
    for values, by_day in _costs(con, grain, days, where).items():
        named = dict(zip(grain, values, strict=True))
        scope, volumes = _measured(con, metric, _scope(named, where), days)
        if "workload" in named and named["workload"] is None:
            volumes = {}  # nobody measures what has no workload; an empty scope would match everything
        measured = money.total(amount for day, amount in by_day.items() if day in volumes)
        left_out += money.total(by_day.values()) - measured
        if not volumes:
            continue
        group = groups.setdefault(values[: len(names)], _Group())
        group.cost = money.total([group.cost, measured])
        group.volumes[tuple(sorted(scope.items()))] = money.total(volumes.values())
    rows = [_row(con, key, group, metric, names, days) for key, group in _dearest(groups)]
    return Report(
        name="report",
        title=f"Spend per {volume.unit_of(metric).label} by {', '.join(names)}",
        facts={"cost": cost, "currency": currency, "period": str(days), **_filters(where)},
        tables=(_table(rows, names, metric, cost),),
        notes=tuple(_notes(left_out, _without_cost(con, metric, days, where), metric, currency)),
    )


def _check(con: duckdb.DuckDBPyConnection, metric: str) -> None:
    known = [row[0] for row in con.execute("SELECT DISTINCT name FROM metrics ORDER BY name").fetchall()]
    if metric in known or (metric == "tokens" and {"input_tokens", "output_tokens"} <= set(known)):
        return
    said = f"there is no metric `{metric}`" if known else "nothing was measured: no metric is configured or fetched"
    hint = (
        f"There are: {', '.join(known)}."
        if known
        else "Name where metrics come from under `metrics:`; see docs/plan.md."
    )
    raise UserError(Problem("metric-unknown", "", said, hint))


def _company_wide(con: duckdb.DuckDBPyConnection, metric: str) -> bool:
    found = con.execute("SELECT 1 FROM metrics WHERE name = ? AND workload IS NULL LIMIT 1", [metric]).fetchone()
    return found is not None


def _costs(
    con: duckdb.DuckDBPyConnection, grain: Sequence[str], days: Window, where: Sequence[str]
) -> dict[Key, dict[date, Decimal]]:
    names, parameters = [], []
    for key in grain:
        sql, given = filters.column(key)
        names.append(sql)
        parameters += given
    condition, values = filters.where(where)
    rows = con.execute(
        f"SELECT {''.join(name + ', ' for name in names)} ChargePeriodStart, coalesce(sum(Cost), 0) FROM spend"
        f" WHERE ChargePeriodStart BETWEEN ? AND ? AND {condition} GROUP BY ALL",
        [*parameters, days.first, days.last, *values],
    ).fetchall()
    found: dict[Key, dict[date, Decimal]] = {}
    for row in rows:
        found.setdefault(tuple(row[:-2]), {})[row[-2]] = row[-1]
    return found


def _scope(named: Mapping[str, Any], where: Sequence[str]) -> dict[str, str]:
    """What metrics can match of a group and of the filters that ask for one value."""
    found = {key: str(value) for key, value in named.items() if key in DIMENSIONS and value is not None}
    for text in where:
        key, sign, value = text.partition("=")
        if sign and key in DIMENSIONS and "," not in value:
            found.setdefault(key, value)
    return found


def _measured(
    con: duckdb.DuckDBPyConnection, metric: str, scope: dict[str, str], days: Window
) -> tuple[dict[str, str], dict[date, Decimal]]:
    """The volumes of a scope; where none is given by model or environment, those of the workload as a whole."""
    found = _volumes(con, metric, scope, days)
    if found:
        return scope, found
    wider = {key: value for key, value in scope.items() if key in ("activity", "workload")}
    return wider, _volumes(con, metric, wider, days)


def _volumes(
    con: duckdb.DuckDBPyConnection, metric: str, scope: Mapping[str, str], days: Window
) -> dict[date, Decimal]:
    found = volume.daily(con, metric, scope)
    inside = {day: value for day, value in found.items() if days.first <= day <= days.last and value}
    if metric != "gb":
        return inside
    return {day: money.multiply(value, 1, days_of(f"{day:%Y-%m}")[1].day) for day, value in inside.items()}


def _dearest(groups: Mapping[Key, _Group]) -> list[tuple[Key, _Group]]:
    return sorted(groups.items(), key=lambda item: (-item[1].cost, [str(part) for part in item[0]]))


def _row(
    con: duckdb.DuckDBPyConnection, key: Key, group: _Group, metric: str, names: Sequence[str], days: Window
) -> tuple[Any, ...]:
    size = volume.unit_of(metric).size
    unit = money.multiply(group.cost, size, group.volume) if group.volume else None
    scope = {name: str(value) for name, value in zip(names, key, strict=True) if name in DIMENSIONS[1:] and value}
    levels = [_level(con, name, scope, days) if scope else None for name in BESIDE]
    return (*key, group.cost, rounded(group.volume), unit, *levels)


def _level(con: duckdb.DuckDBPyConnection, name: str, scope: Mapping[str, str], days: Window) -> Decimal | None:
    found = [value for day, value in volume.daily(con, name, scope).items() if days.first <= day <= days.last]
    return rounded(money.total(found) / len(found)).quantize(Decimal("0.001")).normalize() if found else None


def _table(rows: Sequence[tuple[Any, ...]], names: Sequence[str], metric: str, cost: str) -> Table:
    """Latency and quality columns only where some row has them."""
    columns = [*(Column(name) for name in names), Column(cost, "money"), Column(metric, "number")]
    columns += [
        Column("unit_cost", "price", f"per {volume.unit_of(metric).label}"),
        *(Column(b, "number") for b in BESIDE),
    ]
    width = len(names) + 3
    used = [*range(width), *(i for i in range(width, len(columns)) if any(row[i] is not None for row in rows))]
    return Table("unit", "", tuple(columns[i] for i in used), tuple(tuple(row[i] for i in used) for row in rows))


def _filters(where: Sequence[str]) -> dict[str, str]:
    return {"where": " and ".join(where)} if where else {}


def _without_cost(con: duckdb.DuckDBPyConnection, metric: str, days: Window, where: Sequence[str]) -> list[str]:
    """Workloads of the metric on these days that have no cost in the bills at all; looked for where all is asked."""
    if where:
        return []
    rows = con.execute(
        "SELECT DISTINCT workload FROM metrics WHERE name = ? AND day BETWEEN ? AND ? AND value <> 0"
        " AND workload NOT IN (SELECT DISTINCT x_Workload FROM spend WHERE x_Workload IS NOT NULL) ORDER BY 1",
        [metric, days.first, days.last],
    ).fetchall()
    return [name for (name,) in rows]


def _notes(left_out: Decimal, without_cost: Sequence[str], metric: str, currency: str) -> Iterator[str]:
    if left_out:
        yield f"{money.show(left_out, currency)} of spend on workloads or days without `{metric}` is left out."
    if without_cost:
        more = f" and {len(without_cost) - _NAMED} more" if len(without_cost) > _NAMED else ""
        named = ", ".join(without_cost[:_NAMED]) + more
        yield f"`{metric}` is measured for {named}, and these bills have no cost of that name."


_NAMED = 5
