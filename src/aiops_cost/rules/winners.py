"""Which rule decides which line: first match wins, and nothing is asked twice.

Columns with few distinct values are looked at as the distinct combinations of them; columns with many (resource ids,
descriptions, tags) only on the lines where the rest of the rule already holds. A rule that names texts starts from the
rows that have the rarest of them, so a rule costs what it could win, not what the bill is long.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aiops_cost.rules.answers import Answers, Condition, Index, Mask
from aiops_cost.rules.coded import Codes, Column, combinations
from aiops_cost.rules.evidence import Lines
from aiops_cost.rules.pack import Rule

MANY = 4096
"""From this number of distinct values on, a column is looked at last, and only where it matters."""


def winners(lines: Lines, rules: Sequence[Rule], rows: Mask | None = None) -> Codes:
    """Per line, the index of the first rule that matches, or -1; `rows` limits which lines are asked."""
    return _Contest(lines, rules, rows).decide(rules)


class _Contest:
    """Lines, the combinations they fall into, and who has won what so far (-1: nobody yet)."""

    def __init__(self, lines: Lines, rules: Sequence[Rule], rows: Mask | None) -> None:
        self.lines, self.answers = lines, Answers(lines)
        columns = {name: lines.column(name) for rule in rules for name, _ in rule.when if name != "name"}
        self.few = {name: column for name, column in columns.items() if len(column.values) < MANY}
        self.combos, self.first = combinations(list(self.few.values()), lines.size)
        self.shown = {name: column.codes[self.first] for name, column in self.few.items()}
        self.of_combo = np.full(len(self.first), -1, dtype=np.int32)
        self.of_line = np.full(lines.size, -1, dtype=np.int32)
        self.wanted = np.zeros(len(self.first), dtype=bool)
        self.open = np.arange(len(self.first))
        self.closed = 0
        if rows is not None:
            self.of_line[~rows] = -2
        self._by_value: dict[tuple[str, bool], Index] = {}
        self._members: Index | None = None

    def decide(self, rules: Sequence[Rule]) -> Codes:
        """Ask the rules in turn; what one has won, no later one gets."""
        for index, rule in enumerate(rules):
            rest = [condition for condition in rule.when if condition[0] not in self.few]
            candidates = self._candidates([condition for condition in rule.when if condition[0] in self.few])
            if not len(candidates):
                continue
            if rest:
                won = self._lines_of(candidates, rest)
                for name, matcher in rest:
                    if len(won):
                        won = won[self.answers.hold(name, matcher, won)]
                self.of_line[won] = index
            else:
                self.of_combo[candidates] = index
                self.closed += len(candidates)
        decided = np.where(self.of_line == -1, self.of_combo[self.combos] if len(self.first) else -1, self.of_line)
        return np.where(decided < 0, -1, decided)

    def _candidates(self, conditions: Sequence[Condition]) -> Codes:
        """The undecided combinations on which all these conditions hold."""
        start = self._rarest(conditions, self.shown, of_lines=False)
        if start is None:
            if self.closed * 2 > len(self.open):  # leave out what is decided, now and then
                self.open, self.closed = self.open[self.of_combo[self.open] < 0], 0
            start = self.open
        candidates = start[self.of_combo[start] < 0]
        for name, matcher in conditions:
            if not len(candidates):
                break
            candidates = candidates[self.answers.on(name, matcher, self.shown[name][candidates])]
        return candidates

    def _lines_of(self, candidates: Codes, rest: Sequence[Condition]) -> Codes:
        """The undecided lines of these combinations, as few as the other conditions let one know at once."""
        columns = {name: self.lines.column(name).codes for name, _ in rest if name != "name"}
        found = self._rarest([condition for condition in rest if condition[0] in columns], columns, of_lines=True)
        if found is None:
            self._members = self._members or Index(self.combos, len(self.first))
            found = self._members.rows(candidates)
        else:
            self.wanted[candidates] = True
            found = found[self.wanted[self.combos[found]]]
            self.wanted[candidates] = False
        undecided: Codes = found[self.of_line[found] == -1]
        return undecided

    def _rarest(self, conditions: Sequence[Condition], columns: dict[str, Codes], of_lines: bool) -> Codes | None:
        """The rows on which the condition holds that names texts and fits the fewest rows; None when none names any."""
        found: tuple[int, Index, list[int]] | None = None
        for name, matcher in conditions:
            wanted = self.answers.exact(name, matcher)
            if wanted is None:
                continue
            key = (name, of_lines)
            if key not in self._by_value:
                self._by_value[key] = Index(columns[name], len(self._column(name).values))
            count = self._by_value[key].count(wanted)
            if found is None or count < found[0]:
                found = count, self._by_value[key], wanted
        return None if found is None else found[1].rows(found[2])

    def _column(self, name: str) -> Column:
        return self.lines.column(name)
