"""A table becomes plan lines: one row a line (months as columns, or one amount), or one row a line and month.

Total rows and columns are recognised, checked against the lines, and not imported.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from aiops_cost import money
from aiops_cost.budget.amounts import PRICES
from aiops_cost.budget.imports import cells
from aiops_cost.budget.imports.mapping import ASSUMPTIONS, PLAIN, PlanMapping, headers
from aiops_cost.budget.imports.sheet import Cell, Sheet, filled
from aiops_cost.budget.plan import months_between
from aiops_cost.documents import near
from aiops_cost.errors import UserError
from aiops_cost.model import Problem, Scope

CENT = Decimal("0.01")
_TOTAL = re.compile(r"(grand\s+|sub[\s-]?|over)?(total|sum|summe|gesamt(summe)?)\b", re.IGNORECASE)
MAX_PROBLEMS = 50


@dataclass
class Line:
    """One line of the plan as it was read: texts of assumptions, amounts by month or one for each month."""

    scope: Scope
    place: str
    owner: str = ""
    kind: str = ""
    ends: date | None = None
    each_month: Decimal | None = None
    months: dict[str, Decimal] = field(default_factory=dict)
    assumes: dict[str, str] = field(default_factory=dict)
    comment: str = ""


@dataclass(frozen=True)
class Plan:
    """The lines, the months they plan, and sentences about what was left out or checked."""

    lines: tuple[Line, ...]
    months: tuple[str, str]
    notes: tuple[str, ...]


@dataclass
class _Table:
    """Where things stand: meaning -> column, month -> column."""

    mapping: PlanMapping
    columns: dict[str, int]
    months: dict[str, int]
    lines: list[Line] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    since: int = 0
    """The first line after the last subtotal."""


def read(sheet: Sheet, mapping: PlanMapping) -> Plan:
    """The plan that the sheet holds. Raises UserError with every cell that cannot be read for certain."""
    table = _located(sheet, mapping)
    for row in sheet.rows[mapping.header :]:
        if any(True for _ in filled(row)):
            _row(table, row)
    if not table.lines and not table.problems:
        table.problems.append(_problem(sheet.place, "no row below the headers is a line of a plan"))
    if table.problems:
        raise UserError(table.problems[:MAX_PROBLEMS])
    return Plan(tuple(table.lines), _months(table, sheet), tuple(table.notes))


def _located(sheet: Sheet, mapping: PlanMapping) -> _Table:
    """The columns that the mapping names and those that are months; refuses what is missing or there twice."""
    heads = headers(sheet, mapping.header)
    by_text = {cell.text: sheet.rows[mapping.header - 1].index(cell) for cell in reversed(heads)}
    problems: list[Problem] = []
    columns: dict[str, int] = {}
    for meaning, header in mapping.columns.items():
        if header not in by_text:
            hint = near(header, list(by_text)) or f"the headers are {', '.join(by_text)}"
            problems.append(_problem(sheet.place, f"there is no column `{header}` in row {mapping.header}; {hint}"))
        else:
            columns[meaning] = by_text[header]
    months: dict[str, int] = {}
    for column, cell in enumerate(sheet.rows[mapping.header - 1]):
        if column in columns.values():
            continue
        try:
            month = cells.month(cell) if cell.text else None
        except ValueError as error:
            problems.append(_problem(cell.place, str(error)))
            continue
        if month in months:
            first = sheet.rows[mapping.header - 1][months[month]].place
            problems.append(_problem(cell.place, f"{month} is a column already, at {first}"))
        elif month:
            months[month] = column
    if not problems and not months and "month" not in columns and mapping.months is None:
        said = (
            "the plan has no months: no header is a month, and the mapping names neither `months` nor a `month` column"
        )
        problems.append(_problem(sheet.place, said))
    if problems:
        raise UserError(problems)
    return _Table(mapping, columns, months)


def _row(table: _Table, row: Sequence[Cell]) -> None:
    """One row: a line, a total, a heading; or a problem."""
    cells_of = {meaning: row[column] for meaning, column in table.columns.items() if column < len(row)}
    label = next((cell for cell in filled(row) if isinstance(cell.value, str)), None)
    if label is not None and _TOTAL.match(label.text):
        _check_total(table, row, label)
        return
    wholly = [cell for cell in filled(row) if not (cell.merged and cell.merged.split(":")[0] != _coordinate(cell))]
    if not wholly:
        return
    named = {key: cell for key, cell in cells_of.items() if key not in (*PLAIN, *ASSUMPTIONS) and cell.text}
    numbers = _amounts(table, row, cells_of)
    assumes = _assumptions(table, cells_of)
    if len(wholly) == 1 and numbers == {} and not assumes:
        table.notes.append(f"{wholly[0].place}: `{wholly[0].text}` was taken as a heading")
        return
    if numbers is None or assumes is None:
        return
    if not named and not table.mapping.scope:
        table.problems.append(_problem(wholly[0].place, "this row names neither activity nor workload, nor any column"))
        return
    if not numbers and not assumes:
        table.problems.append(_problem(wholly[0].place, "this row has neither an amount nor assumptions"))
        return
    scope = {**table.mapping.scope, **{key: _spelled(key, cell.text) for key, cell in named.items()}}
    _add(table, Line(scope, wholly[0].place, *_about(table, cells_of)), numbers, assumes)


def _coordinate(cell: Cell) -> str:
    return cell.place.rpartition("!")[2]


def _spelled(key: str, text: str) -> str:
    """Activities are words of ours, whatever capitals a sheet writes them in."""
    return text.lower() if key == "activity" else text


def _about(table: _Table, cells_of: dict[str, Cell]) -> tuple[str, str, date | None]:
    """Owner, kind, last day."""
    owner, kind = (cells_of[key].text if key in cells_of else "" for key in ("owner", "kind"))
    ends = None
    if "ends" in cells_of:
        try:
            ends = cells.day(cells_of["ends"])
        except ValueError as error:
            table.problems.append(_problem(cells_of["ends"].place, str(error)))
    return owner, kind.lower().replace(" ", "-"), ends


def _amounts(table: _Table, row: Sequence[Cell], cells_of: dict[str, Cell]) -> dict[str, Decimal] | None:
    """Month -> amount of a row, with the key "" for each month; None where a cell cannot be read."""
    found: dict[str, Decimal] = {}
    wanted = {month: row[column] for month, column in table.months.items() if column < len(row)}
    if "amount" in cells_of:
        wanted[_month_of(table, cells_of)] = cells_of["amount"]
    before = len(table.problems)
    for month, cell in wanted.items():
        value = _number(table, cell)
        if value is not None:
            found[month] = value
    _check_row_total(table, cells_of, found, before)
    return found if len(table.problems) == before else None


def _month_of(table: _Table, cells_of: dict[str, Cell]) -> str:
    if "month" not in cells_of:
        return ""
    cell = cells_of["month"]
    try:
        month = cells.month(cell)
    except ValueError as error:
        table.problems.append(_problem(cell.place, str(error)))
        return ""
    if month is None and cell.text:
        table.problems.append(_problem(cell.place, f"{cell.text!r} is not a month (write 2026-04)"))
    return month or ""


def _number(table: _Table, cell: Cell) -> Decimal | None:
    if cell.merged and cell.text:
        said = f"a merged cell ({cell.merged}): whose amount this is cannot be told; undo the merge"
        table.problems.append(_problem(cell.place, said))
        return None
    try:
        return cells.amount(cell, table.mapping.currency, table.mapping.decimals)
    except ValueError as error:
        table.problems.append(_problem(cell.place, str(error)))
        return None


def _assumptions(table: _Table, cells_of: dict[str, Cell]) -> dict[str, str] | None:
    found: dict[str, str] = {}
    before = len(table.problems)
    for name in ASSUMPTIONS:
        if name not in cells_of:
            continue
        cell = cells_of[name]
        try:
            if name == "growth":
                text = cells.growth(cell, table.mapping.decimals)
            else:
                value = _number(table, cell)
                text = None if value is None else f"{value:f}"
        except ValueError as error:
            table.problems.append(_problem(cell.place, str(error)))
            continue
        if text is not None:
            found[f"{table.mapping.currency.lower()}_{name}" if name in PRICES else name] = text
    return found if len(table.problems) == before else None


def _add(table: _Table, line: Line, numbers: dict[str, Decimal], assumes: dict[str, str]) -> None:
    """A new line; or, where rows are line and month, another month of the line that is there."""
    known = next((one for one in table.lines if one.scope == line.scope), None) if "month" in table.columns else None
    target = known or line
    for month, value in numbers.items():
        if month == "":
            target.each_month = value
        elif month in target.months:
            said = f"{month} of this line has an amount already, at {target.place}"
            table.problems.append(_problem(line.place, said))
        else:
            target.months[month] = value
    target.assumes.update(assumes)
    if known is None:
        table.lines.append(line)


def _check_total(table: _Table, row: Sequence[Cell], label: Cell) -> None:
    """A total row says what the lines above sum to; a subtotal, those since the last one. Where a cell above could not
    be read, the sum says nothing."""
    if table.problems:
        return
    part = label.text.lower().startswith("sub")
    lines = table.lines[table.since if part else 0 :]
    columns = dict(table.months)
    if "amount" in table.columns and "month" not in table.columns:
        columns[""] = table.columns["amount"]
    for month, column in columns.items():
        stated = _number(table, row[column]) if column < len(row) else None
        if stated is None:
            continue
        total = money.total(value for one in lines if (value := one.months.get(month) if month else one.each_month))
        if abs(total - stated) >= CENT:
            said = f"the lines sum to {money.show(total)}, and this total says {money.show(stated)}"
            table.problems.append(_problem(row[column].place, said))
    table.notes.append(f"{label.place}: `{label.text}` was checked against {len(lines)} lines and not imported")
    if part:
        table.since = len(table.lines)


def _check_row_total(table: _Table, cells_of: dict[str, Cell], found: dict[str, Decimal], before: int) -> None:
    cell = cells_of.get("total")
    if cell is None or not table.months or len(table.problems) > before:
        return
    stated = _number(table, cell)
    total = money.total(found[month] for month in table.months if month in found)
    if stated is not None and abs(total - stated) >= CENT:
        said = f"the months sum to {money.show(total)}, and this total says {money.show(stated)}"
        table.problems.append(_problem(cell.place, said))


def _months(table: _Table, sheet: Sheet) -> tuple[str, str]:
    """The budget's months: as the mapping says, else from the first to the last that has an amount."""
    if table.mapping.months:
        first, _, last = table.mapping.months.partition("..")
        return first, last
    used = sorted({*table.months, *(month for line in table.lines for month in line.months)})
    if not used:
        raise UserError(
            _problem(sheet.place, "the plan has no months; write `months: 2026-04..2027-03` into the mapping")
        )
    if len(months_between(used[0], used[-1])) > 120:
        raise UserError(_problem(sheet.place, f"{used[0]} to {used[-1]} are more than ten years; is a header misread?"))
    return used[0], used[-1]


def _problem(place: str, sentence: str) -> Problem:
    return Problem("import-cell", place, sentence, "Correct the cell, or the mapping; nothing was written.")
