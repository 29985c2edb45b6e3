"""What a change of the plan is in money: per budget line, what it planned and what it would plan."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from aiops_cost import money
from aiops_cost.budget import scope
from aiops_cost.budget.plan import Budget, BudgetLine, roots
from aiops_cost.model import Column, Table

_COLUMNS = (
    Column("budget"),
    Column("scope"),
    Column("owner"),
    Column("what"),
    Column("before", "money"),
    Column("after", "money"),
    Column("change", "money"),
    Column("place"),
)
Key = tuple[str, tuple[tuple[str, tuple[str, ...]], ...]]


def table(before: Sequence[Budget], after: Sequence[Budget]) -> Table:
    """One row per line whose months, amounts, owner or tolerance differ; amounts over all months of the line.

    The total is of the whole plans, counting each amount once: a part is not added to the line it is part of.
    """
    old, new = _lines(before), _lines(after)
    rows = [_row(key, old.get(key), new.get(key)) for key in {**old, **new} if _differs(old.get(key), new.get(key))]
    rows.sort(key=lambda row: (-abs(row[6]), str(row[1])))
    then, now = _whole(before), _whole(after)
    total = ("total", None, None, None, then, now, money.EXACT.subtract(now, then), None)
    note = "" if rows else "The plan is the same."
    return Table("budget_changes", "What the plan would be", _COLUMNS, tuple(rows), total if rows else None, note)


def _lines(budgets: Sequence[Budget]) -> dict[Key, BudgetLine]:
    return {
        (budget.name, tuple(sorted((name, tuple(sorted(v))) for name, v in line.constraints.items()))): line
        for budget in budgets
        for line in budget.lines
    }


def _differs(old: BudgetLine | None, new: BudgetLine | None) -> bool:
    if old is None or new is None:
        return True
    return (dict(old.amounts), old.owner, old.tolerance) != (dict(new.amounts), new.owner, new.tolerance)


def _row(key: Key, old: BudgetLine | None, new: BudgetLine | None) -> tuple[Any, ...]:
    line = new or old
    assert line is not None  # noqa: S101 - the key comes from one of the two
    before, after = _sum(old), _sum(new)
    what = "added" if old is None else "removed" if new is None else _what(old, new)
    change = money.EXACT.subtract(after or Decimal(0), before or Decimal(0))
    return (key[0], scope.text(line.scope), line.owner, what, before, after, change, new.place if new else None)


def _what(old: BudgetLine, new: BudgetLine) -> str:
    parts = [
        ("months", old.amounts.keys() != new.amounts.keys()),
        ("amount", dict(old.amounts) != dict(new.amounts)),
        ("owner", old.owner != new.owner),
        ("tolerance", old.tolerance != new.tolerance),
    ]
    return ", ".join(name for name, differs in parts if differs)


def _sum(line: BudgetLine | None) -> Decimal | None:
    return None if line is None else money.total(line.amounts.values())


def _whole(budgets: Sequence[Budget]) -> Decimal:
    return money.total(
        line.amounts[month] for budget in budgets for month in budget.months for line in roots(budget.lines, month)
    )
