"""Versions of a budget: what changed, who approved it when and why; the old ones are kept, line by line.

Beside the budget file, in `history/`: `NAME.v1.yaml`, `NAME.v2.yaml`, ... are the versions that were replaced, byte for
byte, and `NAME.csv` has a row per change. Version 1 is the original.
"""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from aiops_cost import documents, money
from aiops_cost.budget import scope
from aiops_cost.budget.plan import Budget, BudgetLine
from aiops_cost.budget.read import read_budget
from aiops_cost.budget.values import Tolerance, percent
from aiops_cost.errors import UserError
from aiops_cost.model import Problem

FOLDER = "history"
HEADER = ("version", "on", "by", "why", "scope", "what", "before", "after")


@dataclass(frozen=True)
class Change:
    """One thing that differs: of a line (by its scope) or of the budget as a whole (`everything` has its own)."""

    scope: str
    what: str
    before: str
    after: str


@dataclass(frozen=True)
class Revision:
    """A new version, not yet written: the text of the file, and its changes."""

    budget: str
    version: int
    current: Path
    text: str
    changes: tuple[Change, ...]
    by: str
    on: date
    why: str


def propose(current: Path, text: str, approval: tuple[str, date, str], shown: str, new: str) -> Revision:
    """What replacing the budget at `current` by `text` would change. `approval` is who, when, why; `shown` and `new`
    are what messages call the two. Raises UserError."""
    old = read_budget(current, Tolerance(), shown)
    by, on, why = approval
    version = old.version + 1
    dressed = _dressed(text, version, approval, new)
    found = _read(dressed, current, new)
    if found.name != old.name:
        said = f"this is the budget `{found.name}`, and the one to revise is `{old.name}`"
        raise UserError(Problem("revise-other", new, said, "A revision keeps the name of its budget."))
    changes = tuple(differences(old, found))
    if not changes:
        raise UserError(Problem("revise-nothing", new, "nothing is different from the version in force",
                                "Change an amount, an end, an owner; then revise."))  # fmt: skip
    return Revision(old.name, version, current, dressed, changes, by, on, why)


def differences(old: Budget, new: Budget) -> Iterator[Change]:
    """Every difference between two versions, in the order of the new one; lines are known by their scope."""
    for what, before, after in (
        ("months", f"{old.months[0]}..{old.months[-1]}", f"{new.months[0]}..{new.months[-1]}"),
        ("currency", old.currency, new.currency),
        ("plans", old.lines[0].plans, new.lines[0].plans),
        ("baseline", _baseline(old), _baseline(new)),
        ("credits", _credits(old), _credits(new)),
        ("phases", str(dict(old.phases)), str(dict(new.phases))),
    ):
        if before != after:
            yield Change("the budget", what, before, after)
    former = {_key(line): line for line in old.lines}
    for line in new.lines:
        before_line = former.pop(_key(line), None)
        yield from _of_line(before_line, line) if before_line else [_came(line)]
    for line in former.values():
        yield Change(scope.text(line.scope), "line", money.exact(money.total(line.amounts.values())), "")


def _baseline(budget: Budget) -> str:
    days = budget.lines[0].baseline
    return f"{days[0]:%Y-%m}..{days[1]:%Y-%m}" if days else ""


def _key(line: BudgetLine) -> str:
    return str(sorted((column, sorted(values)) for column, values in line.constraints.items()))


def _came(line: BudgetLine) -> Change:
    return Change(scope.text(line.scope), "line", "", money.exact(money.total(line.amounts.values())))


def _of_line(old: BudgetLine, new: BudgetLine) -> Iterator[Change]:
    of = scope.text(new.scope)
    months = sorted({*old.amounts, *new.amounts})
    for month in months:
        before, after = old.amounts.get(month), new.amounts.get(month)
        if before != after:
            yield Change(of, f"amount {month}", _amount(before), _amount(after))
    for name in sorted({*old.assumes, *new.assumes}):
        if old.assumes.get(name) != new.assumes.get(name):
            yield Change(of, f"assumes {name}", _amount(old.assumes.get(name)), _amount(new.assumes.get(name)))
    for what in ("owner", "kind", "ends", "flex", "flex_per_month"):
        if getattr(old, what) != getattr(new, what):
            yield Change(of, what, str(getattr(old, what) or ""), str(getattr(new, what) or ""))
    if old.tolerance != new.tolerance:
        yield Change(of, "tolerance", _tolerance(old), _tolerance(new))


def _amount(value: Decimal | None) -> str:
    return "" if value is None else money.exact(value)


def _tolerance(line: BudgetLine) -> str:
    limits = line.tolerance
    return f"{percent(limits.warn)}/{percent(limits.breach)}/{limits.at_least}"


def _credits(budget: Budget) -> str:
    return "; ".join(f"{one.name} {one.amount} until {one.ends}" for one in budget.credits)


def write(revision: Revision) -> Path:
    """Keep the version in force, add its audit rows, put the new one in place. Returns the kept file.

    The new version appears last and at once; what fails before leaves the budget as it was.
    """
    folder = revision.current.parent / FOLDER
    folder.mkdir(exist_ok=True)
    kept = folder / f"{revision.budget}.v{revision.version - 1}.yaml"
    shutil.copyfile(revision.current, kept)
    log = folder / f"{revision.budget}.csv"
    rows = io.StringIO(newline="")
    writer = csv.writer(rows, lineterminator="\n")
    if not log.exists():
        writer.writerow(HEADER)
    for one in revision.changes:
        writer.writerow(
            (revision.version, revision.on, revision.by, revision.why, one.scope, one.what, one.before, one.after)
        )
    with log.open("a", encoding="utf-8", newline="") as file:
        file.write(rows.getvalue())
    part = revision.current.with_suffix(".part")
    part.write_text(revision.text, encoding="utf-8", newline="\n")
    part.replace(revision.current)
    return kept


def history(current: Path, name: str) -> list[tuple[str, ...]]:
    """The audit rows of a budget, oldest first; none where it was never revised."""
    log = current.parent / FOLDER / f"{name}.csv"
    if not log.is_file():
        return []
    with log.open(encoding="utf-8", newline="") as file:
        return [tuple(row) for row in list(csv.reader(file))[1:]]


def of_version(current: Path, version: str, shown: str) -> Path:
    """The file of a version: `original`, `current`, or a number. Raises UserError where it is not there."""
    written = read_budget(current, Tolerance(), shown)
    if version == "current":
        return current
    number = "1" if version == "original" else version
    if number == str(written.version):
        return current
    kept = current.parent / FOLDER / f"{written.name}.v{number}.yaml"
    if number.isdigit() and kept.is_file():
        return kept
    raise UserError(
        Problem("revise-version", shown, f"there is no version `{version}` of the budget `{written.name}`",
                f"It has versions 1 to {written.version}; write --against original, current, or a number.")
    )  # fmt: skip


def _read(text: str, current: Path, shown: str) -> Budget:
    """The new version, read strictly; its includes are its own, so a copy elsewhere means the same."""
    part = current.with_suffix(".check")
    try:
        part.write_text(text, encoding="utf-8", newline="\n")
        return read_budget(part, Tolerance(), shown)
    finally:
        part.unlink(missing_ok=True)


def _dressed(text: str, version: int, approval: tuple[str, date, str], shown: str) -> str:
    """The text with its version and approval put in; everything else, comments too, stays as it is."""
    data, marks = documents.parse(text, shown, "budget")
    lines = text.splitlines()
    starts = sorted(line for path, (line, _) in marks.lines.items() if len(path) == 1)
    gone: set[int] = set()
    for key in ("version", "approved"):
        if key in data:
            start = marks.lines[key,][0]
            end = next((line for line in starts if line > start), len(lines) + 1)
            gone |= {n for n in range(start, end) if n == start or not _apart(lines[n - 1])}
    if "budget" not in data:
        return text
    by, on, why = approval
    head = [f"version: {version}", f"approved: {{by: {documents.quoted(by)}, on: {on}, why: {documents.quoted(why)}}}"]
    at = marks.lines["budget",][0]
    kept = [(n, line) for n, line in enumerate(lines, start=1) if n not in gone]
    return "\n".join([*(x for n, x in kept if n <= at), *head, *(x for n, x in kept if n > at)]) + "\n"


def _apart(line: str) -> bool:
    """A comment or an empty line that belongs to what follows."""
    return not line.strip() or line.startswith("#")


def rows(changes: Sequence[Change]) -> list[tuple[str, str, str, str]]:
    """The changes as rows of a table."""
    return [(one.scope, one.what, one.before, one.after) for one in changes]
