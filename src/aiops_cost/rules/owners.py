"""Who owns what, from `owners.yaml`: used where no tag names an owner.

owners:
  - scope: {workload: support-chat}
    owner: chat-platform
  - scope: {account: /^ml-/}
    owner: ml-platform
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aiops_cost.documents import Strict, near, read
from aiops_cost.errors import UserError
from aiops_cost.ledger import schema
from aiops_cost.model import Problem
from aiops_cost.rules import evidence, match
from aiops_cost.rules.coded import Column
from aiops_cost.rules.evidence import Lines


class OwnerDocument(Strict):
    """One owner as written: the scope is a mapping of columns to matchers, as in a rule."""

    scope: dict[str, Any]
    owner: str


class OwnersDocument(Strict):
    """The file as written."""

    owners: list[OwnerDocument]


@dataclass(frozen=True)
class Owners:
    """Scopes and their owners, in order; the first that fits a line names its owner."""

    entries: tuple[tuple[tuple[tuple[str, match.Matcher], ...], str], ...]

    def of(self, lines: Lines, decided: Mapping[str, Column]) -> Column:
        """The owner per line; `decided` are the attribution columns, which scopes may name too."""
        codes = np.full(lines.size, -1, dtype=np.int32)
        names = list(dict.fromkeys(owner for _, owner in self.entries))
        for scope, owner in self.entries:
            fits = codes < 0
            for name, matcher in scope:
                column, test = decided.get(name) or lines.column(name), matcher.test()
                fits &= np.array([*map(test, column.values), test(None)], dtype=bool)[column.codes]
            codes[fits] = names.index(owner)
        return Column(codes, names)


def load_owners(path: Path) -> Owners:
    """Read the file. Raises UserError with every unknown column and bad matcher, each at its line."""
    document, marks = read(path, OwnersDocument, what="owners")
    problems, entries = [], []
    for index, item in enumerate(document.owners):
        scope = []
        for name, value in item.scope.items():
            place = marks.place("owners", index, "scope", name)
            if name == "name" or not (evidence.known(name) or evidence.canonical(name) in schema.ATTRIBUTION):
                hint = near(name, [*schema.SHORT, *schema.IDENTITY])
                problems.append(
                    Problem("owners-unknown-column", place, f"unknown column `{name}`" + (f"; {hint}" if hint else ""))
                )
                continue
            try:
                scope.append((evidence.canonical(name), match.parse(value)))
                match.compile_regexes(scope[-1][1])
            except ValueError as error:
                problems.append(Problem("owners-bad-matcher", place, f"`{name}`: {error}"))
        entries.append((tuple(scope), item.owner))
    if problems:
        raise UserError(problems)
    return Owners(tuple(entries))
