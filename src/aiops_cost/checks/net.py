"""Drift net of credits, beside the gross one: what is paid while credits last, and what is paid after they end."""

from __future__ import annotations

from aiops_cost import money
from aiops_cost.budget import scope
from aiops_cost.budget.plan import planned_days
from aiops_cost.checks.view import CREDITS, View, both, in_days, negated, scoped
from aiops_cost.model import Column, Table

_COLUMNS = (
    Column("scope"),
    Column("plans", title="plan is"),
    Column("planned", "money"),
    Column("gross", "money"),
    Column("credits", "money"),
    Column("net", "money"),
    Column("gross_drift", "money", "gross drift"),
    Column("net_drift", "money", "net drift"),
)


def net_table(view: View) -> Table | None:
    """One row per budget line that got credits, budget to date; None where none did.

    The drift that is judged is the one of the column that the plan is: `gross` or `net`.
    """
    window = view.budget_window()
    if window is None:
        return None
    lines = [(line, days) for line in view.lines if (days := planned_days(line, *window))]
    conditions = [both(scoped(line.scope), in_days(days)) for line, days in lines]
    given = view.spent_where([both(condition, CREDITS) for condition in conditions])
    gross = view.spent_where([both(condition, negated(CREDITS)) for condition in conditions])
    rows = []
    for (line, days), credit, before in zip(lines, given, gross, strict=True):
        if not credit.rows:
            continue
        plan, net = view.allowed(line, days), money.EXACT.add(before.amount, credit.amount)
        drifts = (money.EXACT.subtract(before.amount, plan), money.EXACT.subtract(net, plan))
        rows.append((scope.text(line.scope), line.plans, plan, before.amount, credit.amount, net, *drifts))
    note = f"{window[0]} to {window[1]}, {view.cost}, {view.currency}; credits end, and the gross cost stays"
    return Table("net", "Gross, credits and net", _COLUMNS, tuple(rows), note=note) if rows else None
