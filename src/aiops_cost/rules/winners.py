"""Which rule decides which line: first match wins, and nothing is asked twice.

A condition is evaluated on a column's distinct values. Columns with few distinct values are looked at as the
distinct combinations of them; columns with many (resource ids, descriptions, tags) only on the lines where the
rest of the rule already holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from aiops_cost.rules.evidence import NAME_SOURCES, Codes, Lines, combinations
from aiops_cost.rules.match import Matcher
from aiops_cost.rules.pack import Rule

MANY = 4096
"""From this number of distinct values on, a column is looked at last, and only where it matters."""

Mask = np.ndarray[Any, np.dtype[np.bool_]]
Condition = tuple[str, Matcher]


class Answers:
    """Each condition's answer per distinct value, found on demand and kept."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._known: dict[Condition, np.ndarray[Any, np.dtype[np.int8]]] = {}

    def on(self, condition: Condition, codes: Codes) -> Mask:
        """Whether the condition holds for each of these codes of its column."""
        name, matcher = condition
        values = self._lines.column(name).values
        known = self._known.setdefault(condition, np.full(len(values) + 1, -1, dtype=np.int8))
        answer = known[codes]
        if (answer < 0).any():
            test = matcher.test()
            for code in np.unique(codes[answer < 0]):
                known[code] = test(None if code < 0 else values[code])
            answer = known[codes]
        return answer.astype(bool)


def winners(lines: Lines, rules: Sequence[Rule], rows: Mask | None = None) -> Codes:
    """Per line, the index of the first rule that matches, or -1; `rows` limits which lines are asked."""
    answers = Answers(lines)
    columns = {name: lines.column(name) for rule in rules for name, _ in rule.when if name != "name"}
    few = [name for name, column in columns.items() if len(column.values) < MANY]
    combos, first = combinations([columns[name] for name in few], lines.size)
    shown = {name: columns[name].codes[first] for name in few}
    open_combos = np.arange(len(first))
    of_combo = np.full(len(first), -1, dtype=np.int32)
    of_line = np.full(lines.size, -1, dtype=np.int32)
    if rows is not None:
        of_line[~rows] = -2
    for index, rule in enumerate(rules):
        if not len(open_combos):
            break
        candidates = open_combos
        for condition in rule.when:
            if condition[0] in shown and len(candidates):
                candidates = candidates[answers.on(condition, shown[condition[0]][candidates])]
        if not len(candidates):
            continue
        rest = [condition for condition in rule.when if condition[0] not in shown]
        if rest:
            _settle_lines(lines, answers, rest, index, (combos, candidates, of_line))
        else:
            of_combo[candidates] = index
            open_combos = np.setdiff1d(open_combos, candidates, assume_unique=True)
    decided = np.where(of_line == -1, of_combo[combos] if len(first) else -1, of_line)
    return np.where(decided < 0, -1, decided)


def _settle_lines(
    lines: Lines, answers: Answers, rest: Sequence[Condition], index: int, state: tuple[Codes, Codes, Codes]
) -> None:
    """Give the undecided lines of the candidate combinations to a rule, where its other conditions hold."""
    combos, candidates, of_line = state
    wanted = np.zeros(int(combos.max(initial=-1)) + 1, dtype=bool)
    wanted[candidates] = True
    rows = np.flatnonzero(wanted[combos] & (of_line == -1))
    for name, matcher in rest:
        if len(rows):
            rows = rows[_holds(lines, answers, (name, matcher), rows)]
    of_line[rows] = index


def _holds(lines: Lines, answers: Answers, condition: Condition, rows: Codes) -> Mask:
    name, matcher = condition
    if name != "name":
        return answers.on(condition, lines.column(name).codes[rows])
    if matcher.kind == "not":
        return ~_holds(lines, answers, (name, matcher.parts[0]), rows)
    holds = np.zeros(len(rows), dtype=bool)
    for source in NAME_SOURCES:
        column = lines.column(source)
        if column.values:
            holds |= answers.on((source, matcher), column.codes[rows])
    return holds
