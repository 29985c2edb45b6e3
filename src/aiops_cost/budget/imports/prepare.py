"""From a file to the text of a budget: find or make the mapping, read the plan, check what came out of it."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aiops_cost.budget.imports import estimates, mapping, sheet, table, write
from aiops_cost.budget.imports.mapping import SUFFIX, PlanMapping
from aiops_cost.budget.read import read_budget
from aiops_cost.budget.values import Tolerance
from aiops_cost.errors import UserError
from aiops_cost.model import Problem

Ask = Callable[[str, str], str]
"""A question and the answer that Enter gives."""


@dataclass(frozen=True)
class Wishes:
    """What the user said on the command line. `ask` is None where nobody can answer; `guess` takes the guesses."""

    target: Path
    currency: str
    mapping: Path | None = None
    months: str | None = None
    guess: bool = False
    ask: Ask | None = None
    shown: Callable[[Path], str] = str


@dataclass(frozen=True)
class Prepared:
    """What is to be written: the budget, and the mapping that was made for it (None where one was given)."""

    text: str
    mapping: PlanMapping
    new_mapping: str | None
    lines: int
    notes: tuple[str, ...]


def kept_mapping(target: Path) -> Path:
    """Where the mapping of a budget is kept: beside it."""
    return target.with_suffix(SUFFIX)


def prepare(file: Path, wishes: Wishes) -> Prepared:
    """Read the file as a plan. Raises UserError with every problem; nothing is written here."""
    if not file.is_file():
        raise UserError(Problem("file-missing", wishes.shown(file), "there is no such file", "Check the path."))
    found, is_new = _mapping(file, wishes)
    if wishes.months:
        found = _checked(found, months=wishes.months)
    name = wishes.shown(file)
    if estimates.is_estimate(file):
        plan = estimates.read(file, name, found)
    else:
        plan = table.read(sheet.read(file, name, found.sheet), found)
    text = write.render(plan, found, file.name)
    _prove(text, wishes)
    new = mapping.render(found) if is_new or wishes.months else None
    return Prepared(text, found, new, len(plan.lines), plan.notes)


def again(file: Path, target: Path, shown: Callable[[Path], str]) -> str:
    """The text of a budget from a plan whose mapping was kept. Raises UserError where none was."""
    return prepare(file, Wishes(target, "USD", shown=shown)).text


def _mapping(file: Path, wishes: Wishes) -> tuple[PlanMapping, bool]:
    """The mapping that was given, or kept; else a new one, asked for or guessed."""
    kept = kept_mapping(wishes.target)
    given = wishes.mapping or (kept if kept.is_file() else None)
    if given:
        return mapping.read(given, wishes.shown(given)), given != kept
    guessed, columns = _guessed(file, wishes)
    if wishes.ask:
        return _asked(file, guessed, columns, wishes.ask), True
    if wishes.guess:
        return guessed, True
    raise UserError(
        Problem(
            "import-mapping",
            wishes.shown(file),
            "how this plan is to be read is not known, and nobody is here to be asked",
            f"Save these lines as {wishes.shown(kept)}, correct them, and import again; or take them as they are:"
            "  --guess",
            details=tuple(mapping.render(guessed).splitlines()[1:]),
        )
    )


def _guessed(file: Path, wishes: Wishes) -> tuple[PlanMapping, dict[str, str]]:
    """A mapping by the words of the headers, and what each header seems to be."""
    name = wishes.shown(file)
    base = {"budget": _slug(wishes.target.stem), "currency": wishes.currency}
    if estimates.is_estimate(file):
        base["currency"] = estimates.currency_of(file, name) or wishes.currency
        return _checked(None, **base, months=wishes.months), {}
    names = sheet.sheets(file)
    chosen = names[0] if len(names) == 1 else _choose_sheet(names, wishes.ask)
    read = sheet.read(file, name, chosen)
    row = mapping.header_row(read)
    columns = mapping.proposed(read, row)
    meant = {meaning: header for header, meaning in columns.items() if meaning != mapping.SKIP}
    return _checked(None, **base, sheet=chosen, header=row, columns=meant, months=wishes.months), columns


def _choose_sheet(names: list[str], ask: Ask | None) -> str | None:
    if not names or ask is None:
        return None
    while True:
        answer = ask(f"Which sheet is the plan: {', '.join(names)}?", names[0])
        if answer in names:
            return answer


def _asked(file: Path, guessed: PlanMapping, columns: dict[str, str], ask: Ask) -> PlanMapping:
    """The guesses, after each was confirmed or corrected."""
    name = ask("Name of the budget", guessed.budget)
    currency = ask("Currency of its amounts", guessed.currency)
    answers = mapping.asked(columns, ask) if columns else dict(guessed.columns)
    found = _checked(guessed, budget=name, currency=currency, columns=answers)
    if estimates.is_estimate(file) and found.months is None:
        found = _checked(found, months=ask("Months, like 2026-04..2027-03", ""))
    return found


def _checked(base: PlanMapping | None, **changes: object) -> PlanMapping:
    """The mapping with changes, read strictly like one from a file."""
    given = {
        **(base.model_dump(exclude_none=True) if base else {}),
        **{k: v for k, v in changes.items() if v is not None},
    }
    try:
        return PlanMapping.model_validate(given)
    except ValueError as error:
        said = str(error).splitlines()[2].strip() if len(str(error).splitlines()) > 2 else str(error)
        said = re.sub(r"^Value error, | \[type=.*$", "", said)
        raise UserError(Problem("import-mapping", "", said, "Answer again, or write the mapping by hand.")) from None


def _prove(text: str, wishes: Wishes) -> None:
    """What was made must be a budget: it is read like any other before it is put in place."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "budget.yaml"
        path.write_text(text, encoding="utf-8")
        read_budget(path, Tolerance(), wishes.shown(wishes.target))


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "plan"
