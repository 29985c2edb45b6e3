"""What the money bought, beside what it cost: unit cost, latency, quality and delay per budget line, then and now.

*Then* is the mean of the first four weeks of the budget that were measured, *now* that of the last four settled ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from aiops_cost import money
from aiops_cost.budget import scope
from aiops_cost.budget.plan import BudgetLine, DayRange
from aiops_cost.checks.unit_cost import UnitCost, unit_costs
from aiops_cost.checks.view import View
from aiops_cost.metrics.points import rounded
from aiops_cost.metrics.volume import unit_of
from aiops_cost.model import Column, Table

WEEKS = timedelta(days=28)
SHOWN = {"latency_p95_ms": "p95 ms", "quality": "quality", "pipeline_delay_hours": "delay h"}
ABOUT = {
    "latency_p95_ms": ("serving",),
    "quality": ("serving", "training"),
    "pipeline_delay_hours": ("training", "storage"),
}
"""The activities that a metric of a workload says something about."""
_COLUMNS = (
    Column("scope"),
    Column("unit"),
    Column("planned_unit", "price", "planned"),
    Column("actual_unit", "price", "actual"),
    *(Column(name, title=title) for name, title in SHOWN.items()),
)


def beside_table(view: View) -> Table | None:
    """One row per line that something was measured for, in the order of the budget; None where nothing was."""
    window = view.budget_window()
    if window is None:
        return None
    units = {id(one.line): one for one in unit_costs(view)}
    rows = [row for line in view.lines if (row := _row(view, line, units.get(id(line)), window))]
    if not rows:
        return None
    used = [index for index in range(len(_COLUMNS)) if any(row[index] is not None for row in rows)]
    return Table(
        name="bought",
        title="What it bought",
        columns=tuple(_COLUMNS[index] for index in used),
        rows=tuple(tuple(row[index] for index in used) for row in rows),
        note=f"planned, actual: {view.currency} per unit, on measured days; a \u2192 b: mean of the first and of the"
        " last four weeks",
    )


def _row(view: View, line: BudgetLine, unit: UnitCost | None, window: DayRange) -> tuple[Any, ...] | None:
    levels = [_then_and_now(view, line, name, window) for name in SHOWN]
    if unit is None and not any(levels):
        return None
    per = (unit_of(unit.metric).label, unit.planned_unit, unit.actual_unit) if unit else (None,) * 3
    return (scope.text(line.scope), *per, *levels)


def _then_and_now(view: View, line: BudgetLine, metric: str, window: DayRange) -> str | None:
    of = {key: value for key, value in line.scope.items() if key not in ("activity", "x_Activity")}
    if not of or line.scope.get("activity", ABOUT[metric][0]) not in ABOUT[metric]:
        return None
    found = {day: value for day, value in view.volume(metric, of).items() if _in(day, window)}
    if not found:
        return None
    first, last = min(found), max(found)
    after = last + timedelta(days=1)
    then, now = _mean(found, first, first + WEEKS), _mean(found, after - WEEKS, after)
    return f"{then} \u2192 {now}"


def _in(day: date, window: DayRange) -> bool:
    return window[0] <= day <= window[1]


def _mean(values: Mapping[date, Decimal], start: date, end: date) -> str:
    """For a person: whole numbers from ten on, three significant digits below."""
    found = [value for day, value in values.items() if start <= day < end]
    mean = rounded(money.total(found) / len(found))
    places = 0 if mean >= 10 else 3 if mean < 1 else 1
    return f"{mean:.{places}f}"
