"""Who owns what, and from when to when: used where no tag names an owner.

owners:
  - {scope: {workload: support-chat}, owner: chat-platform, until: 2026-04-30}
  - {scope: {workload: support-chat}, owner: service-desk, from: 2026-05-01}
  - {scope: {account: /^ml-/}, owner: ml-platform}

The first entry whose scope fits a line and whose days hold the charge's day names its owner. `rules.owner_files` reads
other forms of the same: a CSV, a Backstage catalog, a CODEOWNERS file.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from aiops_cost.documents import Strict, near, read
from aiops_cost.errors import UserError
from aiops_cost.ledger import schema
from aiops_cost.model import Problem
from aiops_cost.rules import evidence, match
from aiops_cost.rules.coded import Codes, Column, combinations
from aiops_cost.rules.evidence import Lines
from aiops_cost.rules.owner_files import Written, others


class OwnerDocument(Strict):
    """One owner as written: the scope is a mapping of columns to matchers, as in a rule; both days are included."""

    scope: dict[str, Any]
    owner: str = Field(min_length=1)
    first: date | None = Field(alias="from", default=None)
    until: date | None = None


class OwnersDocument(Strict):
    """The file as written."""

    owners: list[OwnerDocument]


@dataclass(frozen=True)
class Entry:
    """One owner of what fits all matchers, from the first to the last day; None is open."""

    scope: tuple[tuple[str, match.Matcher], ...]
    owner: str
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True)
class Owned:
    """Per period (a row of `codes`) and combination of what scopes name (`combos` says which a line has), the number of
    the owner's name, or -1."""

    combos: Codes
    codes: Codes
    periods: list[tuple[date, date]]
    names: list[str]

    def stretches(self, combo: int) -> list[tuple[date, date, str]]:
        """First day, last day and owner of each stretch of periods in which a combination has the same owner."""
        found: list[tuple[date, date, int]] = []
        for (first, last), code in zip(self.periods, self.codes[:, combo].tolist(), strict=True):
            if found and found[-1][2] == code:
                found[-1] = (found[-1][0], last, code)
            else:
                found.append((first, last, code))
        return [(first, last, self.names[code]) for first, last, code in found if code >= 0]


@dataclass(frozen=True)
class Owners:
    """Entries in order; the first that fits a line on a day names its owner."""

    entries: tuple[Entry, ...]

    def periods(self) -> list[tuple[date, date]]:
        """Stretches of days on which the same entries hold, without a gap from the first day to the last there is."""
        starts = {entry.first for entry in self.entries if entry.first}
        starts |= {entry.last + timedelta(days=1) for entry in self.entries if entry.last and entry.last < date.max}
        firsts = sorted({date.min, *starts})
        return list(zip(firsts, [day - timedelta(days=1) for day in firsts[1:]] + [date.max], strict=True))

    def of(self, lines: Lines, decided: Mapping[str, Column]) -> Owned:
        """The owners of the lines in every period; `decided` are the attribution columns, which scopes may name too.

        Each scope is asked once, of the distinct combinations of the columns that scopes name.
        """
        asked = dict.fromkeys(name for entry in self.entries for name, _ in entry.scope)
        columns = {name: decided.get(name) or lines.column(name) for name in asked}
        combos, members = combinations(list(columns.values()), lines.size)
        names = list(dict.fromkeys(entry.owner for entry in self.entries))
        numbers = {name: number for number, name in enumerate(names)}
        periods = self.periods()
        firsts = [first for first, _ in periods]
        codes = np.full((len(periods), len(members)), -1, dtype=np.int32)
        for entry in self.entries:
            fit = np.ones(len(members), dtype=bool)
            for name, matcher in entry.scope:
                column, test = columns[name], matcher.test()
                fit &= np.array([*map(test, column.values), test(None)], dtype=bool)[column.codes[members]]
            found = np.flatnonzero(fit)
            start = bisect_left(firsts, entry.first or date.min)
            end = bisect_right(firsts, entry.last or date.max)
            there = codes[start:end, found]
            codes[start:end, found] = np.where(there < 0, numbers[entry.owner], there)
        return Owned(combos, codes, periods, names)


def load_owners(path: Path) -> Owners:
    """Read the file. Raises UserError with every unknown column, bad matcher and overlap, each at its line."""
    problems: list[Problem] = []
    places: list[str] = []
    entries: list[Entry] = []
    for written in _written(path):
        entries.append(_entry(written, problems))
        places.append(written.place("scope"))
    problems += _overlaps(entries, places)
    if problems:
        raise UserError(problems)
    return Owners(tuple(entries))


def _written(path: Path) -> Sequence[Written]:
    found = others(path)
    if found is not None:
        return found
    document, marks = read(path, OwnersDocument, what="owners")
    return [
        Written(item.scope, item.owner, item.first, item.until, lambda *keys, i=index: marks.place("owners", i, *keys))
        for index, item in enumerate(document.owners)
    ]


def _entry(written: Written, problems: list[Problem]) -> Entry:
    scope = []
    for name, value in written.scope.items():
        place = written.place("scope", name)
        if name == "name" or not (evidence.known(name) or evidence.canonical(name) in schema.ATTRIBUTION):
            hint = near(name, [*schema.SHORT, *schema.IDENTITY])
            sentence = f"unknown column `{name}`" + (f"; {hint}" if hint else "")
            problems.append(Problem("owners-unknown-column", place, sentence))
            continue
        try:
            matcher = match.parse(value)
            match.compile_regexes(matcher)
            scope.append((evidence.canonical(name), matcher))
        except ValueError as error:
            problems.append(
                Problem("owners-bad-matcher", place, f"`{name}`: {error}", "Write a value, or a /pattern/.")
            )
    if written.first and written.last and written.last < written.first:
        sentence = f"it ends on {written.last}, before it begins on {written.first}"
        problems.append(Problem("owners-days-reversed", written.place("until"), sentence, "Swap the two days."))
    return Entry(tuple(scope), written.owner, written.first, written.last)


def _overlaps(entries: Sequence[Entry], places: Sequence[str]) -> list[Problem]:
    """Entries of one scope that hold on the same day: one thing has one owner at a time."""
    by_scope: dict[frozenset[tuple[str, match.Matcher]], list[int]] = {}
    for index, entry in enumerate(entries):
        by_scope.setdefault(frozenset(entry.scope), []).append(index)
    problems = []
    for same in by_scope.values():
        for one, two in itertools.combinations(same, 2):
            first = max(entries[one].first or date.min, entries[two].first or date.min)
            last = min(entries[one].last or date.max, entries[two].last or date.max)
            if first <= last:
                days = f"from {first} on" if last == date.max and first > date.min else f"until {last}"
                days = "on all days" if (first, last) == (date.min, date.max) else days
                days = f"from {first} to {last}" if first > date.min and last < date.max else days
                sentence = f"{entries[two].owner} and {entries[one].owner} (at {places[one]}) own the same {days}"
                way_out = "Say with `from:` and `until:` (both days included) when it passed from one to the other."
                problems.append(Problem("owners-overlap", places[two], sentence, way_out))
    return problems
