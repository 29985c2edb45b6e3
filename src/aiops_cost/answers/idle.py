"""Serving capacity that is paid by the hour: what was used of it, what was idle, and of what nobody knows."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import duckdb

from aiops_cost import idle, money
from aiops_cost.answers import filters
from aiops_cost.answers.window import Window
from aiops_cost.model import Column, Report, Table

_COLUMNS = (
    Column("workload"),
    Column("component"),
    Column("owner"),
    Column("cost", "money"),
    Column("used", "money"),
    Column("idle", "money"),
    Column("unknown", "money", "not known"),
    Column("share", "percent", "idle of known"),
    Column("known", title="known by"),
)


def answer(con: duckdb.DuckDBPyConnection, window: Window, where: Sequence[str], cost: str, currency: str) -> Report:
    """A row per workload and component, the most idle first. Used, idle and not known sum to the cost, exactly."""
    condition, values = filters.where(where)
    found = idle.hosted(con, "spend", window.first, window.last, condition, values)
    keys = dict.fromkeys((one.workload, one.component) for one in found)
    rows = [_row(key, [one for one in found if (one.workload, one.component) == key]) for key in keys]
    rows.sort(key=lambda row: (-row[5], -row[3], str(row[0]), row[1]))
    total = ("total", None, None, *_figures(found), None) if rows else None
    return Report(
        name="idle",
        title="Serving capacity paid by the hour: used and idle",
        facts={"cost": cost, "currency": currency, "period": str(window)},
        tables=(Table("idle", "", _COLUMNS, tuple(rows), total=total),),
        notes=_notes(found),
    )


def _row(key: tuple[str | None, str], mine: Sequence[idle.Hosted]) -> tuple[Any, ...]:
    known = sorted({one.known for one in mine if one.known})
    owner = next((one.owner for one in mine if one.owner), None)
    return (*key, owner, *_figures(mine), ", ".join(known) or None)


def _figures(mine: Sequence[idle.Hosted]) -> tuple[Decimal | None, ...]:
    cost, used, wasted, unknown = idle.combined(mine)
    known = money.EXACT.subtract(cost, unknown)
    return cost, used, wasted, unknown, wasted / known if known else None


def _notes(found: Sequence[idle.Hosted]) -> tuple[str, ...]:
    if not found:
        return ("No serving capacity was paid by the hour on these days.",)
    if not any(one.percent is None for one in found):
        return ()
    return (
        "Not known: the bill names no traffic of the resource, and no metric `requests` or `utilization_percent` of the"
        " workload says whether it is used (`metrics:` in the configuration).",
    )
