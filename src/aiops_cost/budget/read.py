"""Reads budgets: files in, plans in the report currency out, or every problem at its line.

What makes a plan unusable is refused here (a line twice, lines that overlap, parts that exceed
their whole, a month or a column that does not exist), so that nothing downstream needs to doubt it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import combinations
from pathlib import Path

from aiops_cost import documents, money
from aiops_cost.budget import amounts, scope
from aiops_cost.budget.amounts import PRICES, Complaint
from aiops_cost.budget.file import BudgetFile, LineEntry
from aiops_cost.budget.plan import (
    Budget,
    BudgetLine,
    Credit,
    DayRange,
    days_of,
    months_between,
    parents_and_parts,
    share_months,
)
from aiops_cost.budget.rates import Rate, rate_on
from aiops_cost.budget.scope import Relation, relate
from aiops_cost.budget.values import Tolerance
from aiops_cost.budget.volumes import planned_volume
from aiops_cost.documents import Marks
from aiops_cost.errors import UserError
from aiops_cost.model import Problem

WAYS_OUT = {
    "scope": "The columns are those of `aiops-cost report --by`; see:  aiops-cost schema budget",
    "amount": "Write 12000, {start: 12000, growth: 3%/month}, or {2026-04: 12000, 2026-05: 9000}.",
    "assumes": "The sets of assumptions are listed by:  aiops-cost schema budget",
    "ends": "Write the day:  ends: 2026-06-30",
    "flex": "Write it:  flex: {unit: orders, per_month: 120000}   or the assumptions that it follows from.",
    "tolerance": "Write {warn: 5%, breach: 10%, at_least: 100}; breach is the higher of the two.",
}
"""What to type for a problem in a part of a line."""


@dataclass(frozen=True)
class Terms:
    """What the configuration says to a budget: its currency, the rates, the tolerance of lines."""

    currency: str
    tolerance: Tolerance
    rates: Sequence[Rate] = ()


def read_budgets(paths: Sequence[Path], terms: Terms, shown: Callable[[Path], str] = str) -> tuple[Budget, ...]:
    """The budgets of all files, in the report currency, checked one by one and against each other.

    `shown` says how messages call a file. Raises UserError with every problem found.
    """
    budgets: list[Budget] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            budgets.append(in_currency(read_budget(path, terms.tolerance, shown(path)), terms))
        except UserError as error:
            problems += error.problems
    problems += _same_name(budgets)
    lines = [line for budget in budgets for line in budget.lines]
    overlapping = list(_overlapping(lines))
    problems += overlapping
    if not overlapping:
        problems += _parts_that_exceed(lines, terms.currency)
    if problems:
        raise UserError(problems)
    return tuple(budgets)


def read_budget(path: Path, tolerance: Tolerance, shown: str | None = None) -> Budget:
    """One budget as it is written, in its own currency. Raises UserError with every problem."""
    written, marks = documents.read(path, BudgetFile, what="budget", shown=shown)
    first, _, last = written.months.partition("..")
    months = months_between(first, last)
    problems: list[Problem] = []
    phases = _phases(written, months, marks, problems)
    lines = []
    for index, entry in enumerate(written.lines):
        line, complaints = _line(entry, written, (months, phases), tolerance, marks.place("lines", index))
        problems += (_problem(marks, index, complaint) for complaint in complaints)
        lines.append(line)
    problems += [*_credits(written, marks), *_late_baseline(written, months, marks)]
    if problems:
        raise UserError(problems)
    return Budget(
        name=written.budget,
        currency=written.currency,
        months=months,
        lines=tuple(lines),
        place=marks.place("budget"),
        approved=written.approved,
        written_in=written.currency,
        version=written.version,
        phases=phases,
        credits=tuple(Credit(**dict(entry)) for entry in written.credits),
    )


def in_currency(budget: Budget, terms: Terms) -> Budget:
    """The budget in the report currency, at the rate of the day it was approved.

    Without an approval the rate is that of its first day. One fixed rate, so that what exchange
    rates do afterwards shows as drift. Raises UserError where no rate is known.
    """
    if budget.currency == terms.currency:
        return budget
    day = budget.approved.on if budget.approved else budget.first_day
    rate = rate_on(terms.rates, budget.currency, terms.currency, day)
    if rate is None:
        raise UserError(_no_rate(budget, terms.currency, f"{day}"))
    lines = tuple(
        replace(
            line,
            amounts={m: money.multiply(a, rate) for m, a in line.amounts.items()},
            derived={m: money.multiply(a, rate) for m, a in line.derived.items()},
            assumes={
                name: money.multiply(number, rate) if name in PRICES else number
                for name, number in line.assumes.items()
            },
        )
        for line in budget.lines
    )
    given = tuple(replace(credit, amount=money.multiply(credit.amount, rate)) for credit in budget.credits)
    return replace(budget, currency=terms.currency, lines=lines, rate=rate, credits=given)


Calendar = tuple[tuple[str, ...], Mapping[str, tuple[str, ...]]]
"""The budget's months, and the months of its phases."""


def _phases(
    written: BudgetFile, months: tuple[str, ...], marks: Marks, problems: list[Problem]
) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    taken: dict[str, str] = {}
    for index, phase in enumerate(written.phases):
        first, _, last = phase.months.partition("..")
        own = months_between(first, last)
        place = marks.place("phases", index)
        outside = [month for month in own if month not in months]
        said = f"{outside[0]} is not in the budget's months {months[0]}..{months[-1]}" if outside else ""
        said = said or next(
            (f"{month} is in the phase `{taken[month]}` already" for month in own if month in taken), ""
        )
        said = said or (f"the phase `{phase.name}` is given twice" if phase.name in found else "")
        if said:
            problems.append(
                Problem("budget-phase", place, said, "Phases follow each other within the budget's months.")
            )
        found[phase.name] = own
        taken.update(dict.fromkeys(own, phase.name))
    return found


def _credits(written: BudgetFile, marks: Marks) -> Iterator[Problem]:
    for index, entry in enumerate(written.credits):
        for key, said in scope.problems(entry.scope):
            yield Problem("budget-scope", marks.place("credits", index, "scope", key), said, WAYS_OUT["scope"])
        if entry.starts and entry.starts > entry.ends:
            said = f"the credit `{entry.name}` ends on {entry.ends}, before it starts on {entry.starts}"
            yield Problem("budget-credit", marks.place("credits", index), said, "Swap the two days.")


def _baseline(written: BudgetFile) -> DayRange | None:
    if written.baseline is None:
        return None
    first, _, last = written.baseline.partition("..")
    return days_of(first)[0], days_of(last)[1]


def _late_baseline(written: BudgetFile, months: tuple[str, ...], marks: Marks) -> Iterator[Problem]:
    last = (written.baseline or "").rpartition("..")[2]
    if last >= months[0]:
        said = f"the baseline ends in {last}, and the budget begins in {months[0]}: it would be held against itself"
        way_out = "Name months before the budget's first, like 2025-10..2025-12."
        yield Problem("budget-baseline", marks.place("baseline"), said, way_out)


def _line(
    entry: LineEntry, written: BudgetFile, calendar: Calendar, default: Tolerance, place: str
) -> tuple[BudgetLine, list[Complaint]]:
    """One line with its meaning, and all that is wrong with it."""
    months, phases = calendar
    complaints: list[Complaint] = [(("scope", key), said) for key, said in scope.problems(entry.scope)]
    if entry.amount is None and entry.assumes is None:
        complaints.append(((), "a line needs an `amount`, or `assumes` from which it follows"))
    given = {} if entry.amount is None else amounts.written(entry.amount, months, complaints, phases)
    found, form = (
        ({}, None) if entry.assumes is None else amounts.assumptions(entry.assumes, written.currency, complaints)
    )
    follows = amounts.derived(found, form, months) if form else {}
    tolerance = default
    try:
        tolerance = entry.tolerance.over(default)
    except ValueError as error:
        complaints.append((("tolerance",), str(error)))
    line = BudgetLine(
        budget=written.budget,
        scope=entry.scope,
        owner=entry.owner,
        amounts=_until(entry.ends, follows if entry.amount is None else given),
        assumes=found,
        derived=follows,
        tolerance=tolerance,
        place=place,
        kind=entry.kind,
        ends=entry.ends,
        flex=entry.flex.unit if entry.flex else None,
        flex_per_month=entry.flex.per_month if entry.flex else None,
        plans=written.plans,
        baseline=_baseline(written),
    )
    complaints += _about_end_and_volume(entry, line, months)
    return line, complaints


def _until(ends: date | None, amounts: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return {month: amount for month, amount in amounts.items() if ends is None or month <= f"{ends:%Y-%m}"}


def _about_end_and_volume(entry: LineEntry, line: BudgetLine, months: tuple[str, ...]) -> Iterator[Complaint]:
    if entry.kind != "product" and entry.ends is None:
        yield ("ends",), f"what is there for a while (`kind: {entry.kind}`) needs its last day"
    if entry.ends and f"{entry.ends:%Y-%m}" < months[0]:
        yield ("ends",), f"{entry.ends} is before the budget's first month; then nothing is planned by this line"
    if line.flex and not line.amounts:
        return
    if line.flex and planned_volume(line, line.flex, next(iter(line.amounts))) is None:
        yield ("flex",), f"how many {line.flex} were planned is not known"


def _problem(marks: Marks, index: int, complaint: Complaint) -> Problem:
    path, sentence = complaint
    part = path[0] if path else "amount"
    return Problem(f"budget-{part}", marks.place("lines", index, *path), sentence, WAYS_OUT[part])


def _same_name(budgets: Sequence[Budget]) -> Iterator[Problem]:
    seen: dict[str, Budget] = {}
    for budget in budgets:
        if budget.name in seen:
            yield Problem(
                "budget-name-twice",
                budget.place,
                f"the budget `{budget.name}` is already at {seen[budget.name].place}",
                "Give it a name of its own, or take one of the files out of `budgets`.",
            )
        seen.setdefault(budget.name, budget)


def _overlapping(lines: Sequence[BudgetLine]) -> Iterator[Problem]:
    for first, second in combinations(lines, 2):
        if not share_months(first, second):
            continue
        match relate(first.constraints, second.constraints):
            case Relation.SAME:
                yield Problem(
                    "budget-line-twice",
                    second.place,
                    f"`{scope.text(second.scope)}` is already planned at {first.place}",
                    "Join the two lines, or give them months that do not meet.",
                )
            case Relation.OVERLAP:
                yield Problem(
                    "budget-overlap",
                    second.place,
                    f"`{scope.text(second.scope)}` may match the same spend as "
                    f"`{scope.text(first.scope)}` at {first.place}",
                    "Make one the part of the other (add the other's columns to it), or keep them "
                    "apart (give both one column with different values).",
                )
            case _:
                pass


def _parts_that_exceed(lines: Sequence[BudgetLine], currency: str) -> Iterator[Problem]:
    """A whole whose parts plan more than it does, by a cent or more; its first such month."""
    told: set[int] = set()
    family = {id(one) for whole, parts in parents_and_parts(lines) for one in (whole, *parts)}
    lines = [line for line in lines if id(line) in family]  # mostly none, and the others need not be tried each month
    for month in sorted({month for line in lines for month in line.amounts}):
        for whole, parts in parents_and_parts(lines, month):
            together = money.total(part.amounts[month] for part in parts)
            if together - whole.amounts[month] < money.CENT or id(whole) in told:
                continue
            told.add(id(whole))
            yield Problem(
                "budget-parts-exceed",
                whole.place,
                f"`{scope.text(whole.scope)}` plans "
                f"{money.show(whole.amounts[month], currency)} for {month}, "
                f"and its parts plan {money.show(together, currency)}",
                "Raise the whole or lower its parts.",
                details=tuple(
                    f"{part.place}: {scope.text(part.scope)}, {money.show(part.amounts[month], currency)}"
                    for part in parts
                ),
            )


def _no_rate(budget: Budget, currency: str, day: str) -> Problem:
    return Problem(
        "fx-rate-missing",
        budget.place,
        f"the budget is in {budget.currency}, reports are in {currency}, "
        f"and no rate from {budget.currency} to {currency} is known on {day}",
        f"Name a file under `fx:` in the configuration (first line date,from,to,rate), with a line"
        f" {day},{budget.currency},{currency},RATE",
    )
