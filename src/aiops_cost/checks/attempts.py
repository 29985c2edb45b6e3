"""Runs and retries: a retry is another attempt at a run. It costs, and is no run of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiops_cost.rules.runs import retries

if TYPE_CHECKING:
    from aiops_cost.checks.view import View


def first_tries(view: View) -> str:
    """SQL on the view `spend` that holds for lines which name a run that is no retry."""
    if "first_tries" not in view.memo:
        columns = "x_Workload, x_Run, Tags"
        named = view.fetch(f"SELECT DISTINCT {columns} FROM {view.rows(columns)} WHERE x_Run IS NOT NULL", ())
        view.memo["first_tries"] = _condition(view, sorted(retries(named), key=str))
    condition: str = view.memo["first_tries"]
    return condition


def _condition(view: View, again: list[tuple[str | None, str]]) -> str:
    if not again:
        return "x_Run IS NOT NULL"
    view.connection.execute("CREATE OR REPLACE TEMP TABLE retries (workload VARCHAR, run VARCHAR)")
    view.connection.executemany("INSERT INTO retries VALUES (?, ?)", again)
    same = "retries.run = x_Run AND retries.workload IS NOT DISTINCT FROM x_Workload"
    return f"x_Run IS NOT NULL AND NOT EXISTS (SELECT 1 FROM retries WHERE {same})"
