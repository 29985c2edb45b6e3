"""A budget as a table: one row per line, one column per month."""

from __future__ import annotations

from aiops_cost import money
from aiops_cost.budget import scope
from aiops_cost.budget.plan import Budget, roots
from aiops_cost.budget.values import percent, total
from aiops_cost.model import Column, Table


def table(budget: Budget) -> Table:
    """Scope, owner, tolerance, an amount per month, the line's total; parts are not added to
    wholes.

    A month that a line does not plan is an empty cell, not zero.
    """
    rows = [
        (
            scope.text(line.scope),
            line.owner,
            f"{percent(line.tolerance.warn)}/{percent(line.tolerance.breach)}",
            *(line.amounts.get(month) for month in budget.months),
            total(line.amounts.values()),
        )
        for line in budget.lines
    ]
    by_month = [total(line.amounts[month] for line in roots(budget.lines, month)) for month in budget.months]
    return Table(
        name="budget",
        title=f"Budget {budget.name}, {budget.currency}",
        columns=(
            Column("scope"),
            Column("owner"),
            Column("tolerance", title="warn/breach"),
            *(Column(month, "money") for month in budget.months),
            Column("total", "money"),
        ),
        rows=tuple(rows),
        total=("total", None, None, *by_month, total(by_month)),
        note=_note(budget),
    )


def _note(budget: Budget) -> str:
    said = f"approved by {budget.approved.by} on {budget.approved.on}" if budget.approved else "not approved"
    if budget.written_in != budget.currency:
        said += f"; written in {budget.written_in}, at {money.exact(budget.rate)} {budget.currency}"
    return said
