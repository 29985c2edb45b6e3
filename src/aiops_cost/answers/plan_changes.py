"""Reports about versions of the plan: what a revision changes, and what every revision so far has changed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aiops_cost.budget import revise
from aiops_cost.budget.plan import Budget
from aiops_cost.model import Column, Report, Table

_CHANGES = (Column("scope"), Column("what"), Column("before"), Column("after"))
_HISTORY = (Column("budget"), *(Column(name) for name in revise.HEADER))


def revision(found: revise.Revision, dry_run: bool) -> Report:
    """The changes of one new version."""
    title = f"Version {found.version} of the budget {found.budget}"
    return Report(
        "revision",
        title + (" (nothing was written)" if dry_run else ""),
        facts={"approved_by": found.by, "on": str(found.on), "why": found.why},
        tables=(Table("changes", "", _CHANGES, tuple(revise.rows(found.changes))),),
    )


def history(budgets: Sequence[Budget], files: Sequence[Path]) -> Report:
    """The audit rows of all budgets, oldest first."""
    rows = tuple(
        (budget.name, *row)
        for budget, file in zip(budgets, files, strict=True)
        for row in revise.history(file, budget.name)
    )
    notes = () if rows else ("No budget was ever revised: each is its first version.",)
    return Report("budget-history", "Changes of the plan", tables=(Table("changes", "", _HISTORY, rows),), notes=notes)
