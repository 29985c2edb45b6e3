"""A budget as a table: one row per line, and one column per month where there is room for so many."""

from __future__ import annotations

from aiops_cost import money
from aiops_cost.budget import scope
from aiops_cost.budget.plan import Budget, roots
from aiops_cost.budget.values import percent
from aiops_cost.model import Column, Table


def table(budget: Budget, by_month: bool = True) -> Table:
    """Scope, owner, tolerance, an amount per month, the line's total; parts are not added to
    wholes. Without `by_month`, the first and the last month stand for all of them.

    A month that a line does not plan is an empty cell, not zero.
    """
    months = budget.months if by_month else tuple(dict.fromkeys((budget.months[0], budget.months[-1])))
    rows = [
        (
            scope.text(line.scope),
            line.owner,
            f"{percent(line.tolerance.warn)}/{percent(line.tolerance.breach)}",
            *(line.amounts.get(month) for month in months),
            money.total(line.amounts.values()),
        )
        for line in budget.lines
    ]
    sums = {month: money.total(line.amounts[month] for line in roots(budget.lines, month)) for month in budget.months}
    return Table(
        name=budget.name,
        title=f"Budget {budget.name}, {budget.currency}, {budget.months[0]} to {budget.months[-1]}",
        columns=(
            Column("scope"),
            Column("owner"),
            Column("tolerance", title="warn/breach"),
            *(Column(month, "money") for month in months),
            Column("total", "money"),
        ),
        rows=tuple(rows),
        total=("total", None, None, *(sums[month] for month in months), money.total(sums.values())),
        note=_note(budget),
    )


def _note(budget: Budget) -> str:
    said = f"version {budget.version}, " if budget.version > 1 else ""
    said += f"approved by {budget.approved.by} on {budget.approved.on}" if budget.approved else "not approved"
    if budget.approved and budget.approved.why:
        said += f" ({budget.approved.why})"
    for name, months in budget.phases.items():
        said += f"; {name} {months[0]} to {months[-1]}"
    for credit in budget.credits:
        said += f"; credit {credit.name}, {money.show(credit.amount, budget.currency)} a month until {credit.ends}"
    if budget.written_in != budget.currency:
        said += f"; written in {budget.written_in}, at {money.exact(budget.rate)} {budget.currency}"
    return said
