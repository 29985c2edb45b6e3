"""Answers of matchers on coded columns: asked once per distinct value, found on demand and kept.

A text or a list of texts is looked up; a pattern is searched in the values that occur on the rows in question, and in
each of them once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from aiops_cost.rules.coded import Codes
from aiops_cost.rules.evidence import NAME_SOURCES, Lines
from aiops_cost.rules.match import Matcher

Mask = np.ndarray[Any, np.dtype[np.bool_]]
Condition = tuple[str, Matcher]


class Answers:
    """What conditions say of the codes of their columns."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._codes: dict[str, dict[str, int]] = {}
        self._searched: dict[Condition, np.ndarray[Any, np.dtype[np.int8]]] = {}

    def on(self, name: str, matcher: Matcher, codes: Codes) -> Mask:
        """Whether the matcher holds for each of these codes of the column."""
        if matcher.kind == "not":
            return ~self.on(name, matcher.parts[0], codes)
        if matcher.kind == "present":
            return (codes >= 0) if matcher.texts[0] == "true" else (codes < 0)
        wanted = self.exact(name, matcher)
        if wanted is None:
            return self._search(name, matcher, codes)
        fits: Mask = np.zeros(len(self._lines.column(name).values) + 1, dtype=bool)
        fits[wanted] = True
        found: Mask = fits[codes]
        return found

    def exact(self, name: str, matcher: Matcher) -> list[int] | None:
        """The codes of the texts that the matcher lists; None when it is no text and no list of texts."""
        parts = matcher.parts if matcher.kind == "any" else (matcher,)
        if any(part.kind != "exact" for part in parts):
            return None
        if name not in self._codes:
            self._codes[name] = {value: code for code, value in enumerate(self._lines.column(name).values)}
        known = self._codes[name]
        return sorted({known[part.texts[0]] for part in parts if part.texts[0] in known})

    def _search(self, name: str, matcher: Matcher, codes: Codes) -> Mask:
        values = self._lines.column(name).values
        known = self._searched.get((name, matcher))
        if known is None:
            known = self._searched[name, matcher] = np.full(len(values) + 1, -1, dtype=np.int8)
        answer = known[codes]
        if (answer < 0).any():
            test = matcher.test()
            for code in _distinct(codes[answer < 0], len(values)):
                known[code] = test(None if code < 0 else values[code])
            answer = known[codes]
        return answer.astype(bool)

    def hold(self, name: str, matcher: Matcher, rows: Codes) -> Mask:
        """Whether the condition holds on these lines; `name` holds when one of a line's names fulfils it."""
        if name != "name":
            return self.on(name, matcher, self._lines.column(name).codes[rows])
        if matcher.kind == "not":
            return ~self.hold(name, matcher.parts[0], rows)
        holds = np.zeros(len(rows), dtype=bool)
        for source in NAME_SOURCES:
            column = self._lines.column(source)
            if column.values:
                holds |= self.on(source, matcher, column.codes[rows])
        return holds


def _distinct(codes: Codes, width: int) -> list[int]:
    """The distinct codes, -1 among them when a null is there."""
    if len(codes) * 4 < width:
        return [int(code) for code in np.unique(codes)]
    seen = np.zeros(width + 1, dtype=bool)
    seen[codes] = True
    return [int(code) if code < width else -1 for code in np.flatnonzero(seen)]


class Index:
    """The rows of each code of a column, side by side."""

    def __init__(self, codes: Codes, width: int) -> None:
        self._order = np.argsort(codes, kind="stable")
        counts = np.bincount(codes.astype(np.int64) + 1, minlength=width + 1)
        self._starts = np.concatenate(([0], np.cumsum(counts)))

    def count(self, wanted: Sequence[int]) -> int:
        """How many rows have one of these codes."""
        return int(sum(self._starts[code + 2] - self._starts[code + 1] for code in wanted))

    def rows(self, wanted: Sequence[int] | Codes) -> Codes:
        """The rows that have one of these codes, ascending within each code."""
        slices = [self._order[self._starts[code + 1] : self._starts[code + 2]] for code in wanted]
        return np.concatenate(slices) if slices else self._order[:0]
