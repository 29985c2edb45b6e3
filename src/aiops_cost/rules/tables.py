"""Two small tables that bring order into names: how values are spelled, and what an account is for.

Values:    {workload: {chat-bot: support-chat}}, or a CSV with the columns field, from, to.
Accounts:  {nf-ml-dev: {workload: lab, owner: ml}}, or a CSV with the column account and one per field.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import RootModel

from aiops_cost.documents import near, read
from aiops_cost.errors import UserError
from aiops_cost.model import Problem
from aiops_cost.rules.tags import fold

NORMAL = ("workload", "owner", "environment", "model")
"""The fields whose values a table can bring together, and which an account can have."""

Table = Mapping[str, Mapping[str, str]]
Entry = tuple[str, str, str, str]
"""Outer key, inner key, value, and the place they stand at."""


class _Document(RootModel[dict[str, dict[str, str]]]):
    """A mapping of mappings of texts."""


def values(written: Table | Path, place: str = "") -> dict[str, dict[str, str]]:
    """Field -> folded spelling -> the value that counts. Raises UserError for unknown fields and contradictions."""
    problems: list[Problem] = []
    found: dict[str, dict[str, str]] = {}
    targets: dict[str, dict[str, str]] = {}
    for field, spelled, value, where in _entries(written, ("field", "from", "to"), place):
        if field not in NORMAL:
            hint = near(field, NORMAL) or f"The fields are: {', '.join(NORMAL)}."
            problems.append(Problem("values-unknown-field", where, f"there is no field `{field}` to spell", hint))
            continue
        known = found.setdefault(field, {})
        if known.setdefault(fold(spelled), value) != value:
            sentence = f"`{spelled}` of `{field}` becomes both `{known[fold(spelled)]}` and `{value}`"
            problems.append(Problem("values-contradict", where, sentence, "Keep one of the two."))
        targets.setdefault(field, {})[value] = where
    for field, ends in targets.items():
        for value, where in ends.items():
            onward = found[field].setdefault(fold(value), value)
            if onward != value:
                sentence = f"`{value}` of `{field}` is a target, and itself becomes `{onward}`"
                problems.append(Problem("values-chain", where, sentence, f"Write `{onward}` here."))
    if problems:
        raise UserError(problems)
    return found


def accounts(written: Table | Path, place: str = "") -> dict[str, dict[str, str]]:
    """Account id or name -> field -> value. Raises UserError for unknown fields and an account given twice."""
    problems: list[Problem] = []
    found: dict[str, dict[str, str]] = {}
    for account, field, value, where in _entries(written, ("account",), place):
        if field not in NORMAL:
            hint = near(field, NORMAL) or f"The fields are: {', '.join(NORMAL)}."
            problems.append(Problem("accounts-unknown-field", where, f"an account has no field `{field}`", hint))
        elif found.setdefault(account, {}).setdefault(field, value) != value:
            sentence = f"the account `{account}` has two values for `{field}`"
            problems.append(Problem("accounts-contradict", where, sentence, "Keep one of the two."))
    if problems:
        raise UserError(problems)
    return found


def _entries(written: Table | Path, columns: tuple[str, ...], place: str) -> Iterator[Entry]:
    if not isinstance(written, Path):
        for outer, inside in written.items():
            for inner, value in inside.items():
                yield outer, inner, value, place
    elif written.suffix.lower() == ".csv":
        yield from _rows(written, columns)
    else:
        document, marks = read(written, _Document, what="table")
        for outer, inside in document.root.items():
            for inner, value in inside.items():
                yield outer, inner, value, marks.place(outer, inner)


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[Entry]:
    """The rows of a CSV: three columns as they are, or one column and all others."""
    for number, row in csv_rows(path, columns):
        where = f"{path}:{number}"
        if len(columns) == 3:
            yield row[columns[0]], row[columns[1]], row[columns[2]], where
            continue
        for name, value in row.items():
            if name != columns[0] and value:
                yield row[columns[0]], name, value, where


def csv_rows(path: Path, needed: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells of each row, without the white space around them. Raises UserError for a missing column,
    a row of another width, or a file that is not UTF-8 text."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            missing = [name for name in needed if name not in (reader.fieldnames or ())]
            if missing:
                there = ", ".join(reader.fieldnames or ()) or "none"
                raise UserError(Problem("csv-column", f"{path}:1", f"the column `{missing[0]}` is missing",
                                        f"It has: {there}. It needs: {', '.join(needed)}."))  # fmt: skip
            for row in reader:
                if None in row or None in row.values():
                    raise UserError(Problem("csv-width", f"{path}:{reader.line_num}",
                                            "this row has more or fewer cells than the head",
                                            "Put quotes around a cell that has a comma in it."))  # fmt: skip
                yield reader.line_num, {name: value.strip() for name, value in row.items()}
    except UnicodeDecodeError as error:
        raise UserError(Problem("csv-not-utf8", str(path), f"byte {error.start} is not UTF-8 text",
                                "Save the file as UTF-8.")) from None  # fmt: skip
    except csv.Error as error:
        raise UserError(Problem("csv-malformed", str(path), f"not valid CSV: {error}")) from None
    except OSError as error:
        raise UserError(Problem("file-unreadable", str(path), f"cannot be read: {error.strerror}")) from None
