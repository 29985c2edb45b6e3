"""What shared cost is divided by, read from files: a metric per workload, or what ran on a Kubernetes cluster.

A metric      columns workload, value, and date or month where it changes in time.
Use           columns workload (or namespace), requests, usage, and date or month; capacity, where it is known, is
              that of the whole cluster on that day. A workload weighs the larger of what it asked for and what it used.
OpenCost      its CSV export (Date, Namespace, TotalCost, ...; opencost/pkg/costmodel/csv_export.go) or the JSON of its
              allocation API; the weights are costs. Where it tells what was idle or nobody's, that part of the bill is
              idle, else what the bill has beyond the costs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from aiops_cost import money
from aiops_cost.errors import UserError
from aiops_cost.model import Problem
from aiops_cost.rules import opencost
from aiops_cost.rules.tables import csv_rows

ALWAYS = ""
"""The key of weights that hold on every day."""


@dataclass(frozen=True)
class Weights:
    """Per day (`2026-05-01`), month (`2026-05`) or always: workload -> weight, and the capacity, where it is known.

    `are_costs` says that weights are amounts of money, which the cost to divide may exceed.
    """

    by: Mapping[str, Mapping[str, Decimal]]
    capacity: Mapping[str, Decimal]
    are_costs: bool = False

    def key(self, day: date) -> str | None:
        """The most special key that holds on the day; None when none does."""
        return next((key for key in (day.isoformat(), day.isoformat()[:7], ALWAYS) if key in self.by), None)

    @property
    def names(self) -> set[str]:
        return {name for weights in self.by.values() for name in weights}


def metric(path: Path) -> Weights:
    """Read a metric. Raises UserError for a missing column, a bad number or day, a negative value."""
    found: dict[str, dict[str, Decimal]] = defaultdict(dict)
    for number, row in csv_rows(path, ("workload", "value")):
        key, name = _key(row, f"{path}:{number}"), row["workload"]
        if name in found[key]:
            raise _problem("metric-twice", path, number, f"`{name}` has two values for {key or 'all days'}")
        found[key][name] = _number(row, "value", path, number)
    return Weights(found, {})


def use(path: Path) -> Weights:
    """Read what ran on a cluster: requests and usage, or an OpenCost export. Raises UserError likewise."""
    if path.suffix.lower() == ".json":
        return _costs([(one.day.isoformat(), one.name, one.cost, one.mine) for one in opencost.shares(path)])
    costs: list[tuple[str, str, Decimal, bool]] = []
    found: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    capacity: dict[str, Decimal] = {}
    for number, row in csv_rows(path, ()):
        name = row.get("workload") or row.get("namespace") or row.get("Namespace")
        if name is None:
            raise _problem("csv-column", path, 1, "the column `workload` or `namespace` is missing")
        key = _key({"date": row.get("Date", ""), **row}, f"{path}:{number}")
        if "TotalCost" in row:
            costs.append((key, name, _number(row, "TotalCost", path, number), not opencost.nobodys(name)))
            continue
        asked = [_number(row, column, path, number) for column in ("requests", "usage") if row.get(column)]
        if not asked:
            raise _problem("metric-empty", path, number, "neither `requests` nor `usage` has a value")
        found[key][name] += max(asked)
        if row.get("capacity"):
            capacity[key] = max(capacity.get(key, Decimal(0)), _number(row, "capacity", path, number))
    return _costs(costs) if costs else Weights(found, capacity)


def _costs(costs: Sequence[tuple[str, str, Decimal, bool]]) -> Weights:
    """Weights of an OpenCost export, given as day, name, cost, and whether it is a workload's. Where it tells what is
    nobody's, the capacity of that day is known: all of it."""
    found: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    whole: dict[str, list[Decimal]] = defaultdict(list)
    told: set[str] = set()
    for key, name, cost, mine in costs:
        whole[key].append(cost)
        if mine:
            found[key][name] += cost
        else:
            told.add(key)
    return Weights(found, {key: money.total(whole[key]) for key in sorted(told)}, are_costs=True)


def _key(row: Mapping[str, str], where: str) -> str:
    text = row.get("date") or row.get("month") or ALWAYS
    try:
        if text:
            date.fromisoformat(text if len(text) > 7 else f"{text}-01")
        return text
    except ValueError:
        sentence = f"`{text}` is not a day or a month"
        raise UserError(Problem("metric-bad-day", where, sentence, "Write 2026-05-31 or 2026-05.")) from None


def _number(row: Mapping[str, str], column: str, path: Path, number: int) -> Decimal:
    try:
        value = money.parse(row.get(column, ""))
    except ValueError as error:
        raise _problem("metric-bad-number", path, number, f"`{column}`: {error}") from None
    if value < 0:
        raise _problem("metric-bad-number", path, number, f"`{column}`: {value} is negative")
    return value


def _problem(code: str, path: Path, number: int, sentence: str) -> UserError:
    return UserError(Problem(code, f"{path}:{number}", sentence, "Correct the file that `sharing` names."))
