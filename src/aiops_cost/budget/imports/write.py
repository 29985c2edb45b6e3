"""A plan as the text of a budget file."""

from __future__ import annotations

from collections.abc import Mapping

from aiops_cost import money
from aiops_cost.budget.imports.mapping import PlanMapping
from aiops_cost.budget.imports.table import Line, Plan
from aiops_cost.budget.plan import months_between
from aiops_cost.documents import quoted


def render(plan: Plan, mapping: PlanMapping, source: str) -> str:
    """The budget file; `source` is the name of the file that it was made from."""
    first, last = plan.months
    lines = [
        f"# Imported from {source}. Approve it:  approved: {{by: NAME, on: DATE, why: TEXT}}",
        f"budget: {mapping.budget}",
        f"currency: {mapping.currency}",
        "version: 1",
        f"months: {first}..{last}",
        "lines:",
    ]
    for line in plan.lines:
        lines += _line(line, months_between(first, last))
    return "\n".join(lines) + "\n"


def _line(line: Line, months: tuple[str, ...]) -> list[str]:
    found = [f"  - scope: {_flow({key: _value(value) for key, value in line.scope.items()})}"]
    if line.comment:
        found.insert(0, f"  # {' '.join(line.comment.split())}")
    if line.owner:
        found.append(f"    owner: {quoted(line.owner)}")
    if line.kind:
        found.append(f"    kind: {line.kind}")
    amount = _amount(line, months)
    if amount:
        found.append(f"    amount: {amount}")
    if line.assumes:
        found.append(f"    assumes: {_flow(line.assumes)}")
    if line.ends:
        found.append(f"    ends: {line.ends}")
    return found


def _amount(line: Line, months: tuple[str, ...]) -> str:
    if line.each_month is not None:
        return money.exact(line.each_month)
    if not line.months:
        return ""
    values = [line.months[month] for month in months if month in line.months]
    if len(values) == len(months) and len(set(values)) == 1:
        return money.exact(values[0])
    return _flow({month: money.exact(value) for month, value in sorted(line.months.items())})


def _value(value: str | tuple[str, ...]) -> str:
    return quoted(value) if isinstance(value, str) else "[" + ", ".join(map(quoted, value)) + "]"


def _flow(items: Mapping[str, str]) -> str:
    return (
        "{" + ", ".join(f"{key if key.isidentifier() else quoted(key)}: {value}" for key, value in items.items()) + "}"
    )
