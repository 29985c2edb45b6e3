"""Decides every field of every line: the rules in two passes, then what the tags say, then the owners file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aiops_cost.ledger import schema
from aiops_cost.rules import training
from aiops_cost.rules.evidence import Codes, Column, Lines
from aiops_cost.rules.modules import READERS, Reader
from aiops_cost.rules.owners import Owners
from aiops_cost.rules.pack import Rule, RuleSet
from aiops_cost.rules.tags import TagMap
from aiops_cost.rules.winners import Mask, winners

if TYPE_CHECKING:
    import pandas as pd

_FROM_TAGS = {"x_Workload": "workload", "x_Environment": "environment", "x_Owner": "owner", "x_Model": "model"}


@dataclass(frozen=True)
class Decision:
    """Per line, the rule of the first pass and the rule that refined it (indices, -1 for none)."""

    lines: Lines
    by: Codes
    refined: Codes
    fields: dict[str, Column]


def decide(frame: pd.DataFrame, rules: RuleSet, tags: TagMap, owners: Owners | None) -> Decision:
    """Decide every field of every line, and keep what decided it."""
    lines = Lines(frame, tags)
    by = winners(lines, rules.rules)
    fields = _Fields(lines)
    fields.fill(rules.rules, by)
    for name in ("x_Activity", "x_Component"):
        lines.add(name, fields.column(name))
    free = np.array([rule.builtin for rule in rules.rules] + [True], dtype=bool)[by]
    refined = winners(lines, rules.refining, free)
    fields.fill(rules.refining, refined)
    for name, said in _FROM_TAGS.items():
        fields.put_column(name, lines.column(f"stated.{said}"))
    _name_runs(lines, fields)
    if owners:
        decided = {name: fields.column(name) for name in schema.ATTRIBUTION}
        fields.put_where_null("x_Owner", owners.of(lines, decided))
    return Decision(lines, by, refined, {name: fields.column(name) for name in schema.ATTRIBUTION})


def _name_runs(lines: Lines, fields: _Fields) -> None:
    """The run that a line of training, or of preparing data, belongs to: by a tag that names runs, by the job that the
    resource id names, by a tag that names jobs. A rule that read a run has the first word."""
    trains = fields.having("x_Activity", ("training",))
    prepares = fields.having("x_Component", training.PREPARATION)
    compute = trains & ~prepares
    fields.put_where_null("x_Run", lines.column("stated.run"), trains | prepares)
    fields.put_where_null("x_Run", lines.column("ResourceId"), compute, training.run)
    for tag in training.JOB_TAGS:
        fields.put_where_null("x_Run", lines.column(f"tags.{tag}"), compute)


class _Fields:
    """The attribution columns while they are being filled: codes per line into a growing list of values."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._codes = {name: np.full(lines.size, -1, dtype=np.int32) for name in schema.ATTRIBUTION}
        self._values: dict[str, dict[str, int]] = {name: {} for name in schema.ATTRIBUTION}
        self._put("x_Activity", slice(None), "unattributed")

    def column(self, name: str) -> Column:
        """The column as it is now; what is filled in later does not change it."""
        return Column(self._codes[name].copy(), list(self._values[name]))

    def fill(self, rules: tuple[Rule, ...], by: Codes) -> None:
        """Write what each rule says on the lines it won."""
        order = np.argsort(by, kind="stable")
        for index, start, end in _runs(by[order]):
            if index >= 0:
                self._fill_rule(rules[index], order[start:end])

    def _fill_rule(self, rule: Rule, rows: Codes) -> None:
        said = {"x_Activity": rule.activity, "x_RuleId": rule.id, **rule.constants}
        if rule.activity != "unattributed":  # how sure can one be of not knowing
            said["x_Confidence"] = rule.confidence
        for name, value in said.items():
            self._put(name, rows, value)
        for extract in rule.extract:
            self._read(extract.field, rows, self._lines.column(extract.column), READERS[extract.reader])
        self._put_component(rule, rows)

    def _read(self, name: str, rows: Codes, column: Column, read: Reader) -> None:
        """Fill the field with what `read` finds in the column, asked once per distinct value on these rows."""
        import pandas as pd

        numbers, codes = pd.factorize(column.codes[rows])
        found = [None if code < 0 else read(column.values[code]) for code in codes.tolist()]
        self._put_values(name, rows, numbers.astype(np.int32), found)

    def _put_component(self, rule: Rule, rows: Codes) -> None:
        """`fm-tokens-{token_direction}` follows the direction; without one the end is left off.

        A rule that refines and names no component keeps the one that it found.
        """
        if rule.component is None:
            return
        stem, placeholder, _ = rule.component.partition("-{token_direction}")
        if not placeholder:
            self._put("x_Component", rows, stem)
            return
        directions = self._values["x_TokenDirection"]
        self._put("x_Component", rows, stem)
        self._put_values(
            "x_Component", rows, self._codes["x_TokenDirection"][rows], [f"{stem}-{one}" for one in directions]
        )

    def put_column(self, name: str, column: Column) -> None:
        """Overwrite where the column has a value."""
        rows = np.flatnonzero(column.codes >= 0)
        self._put_values(name, rows, column.codes[rows], list(column.values))

    def having(self, name: str, values: Sequence[str]) -> Mask:
        """The lines whose field is one of these values."""
        wanted = [self._values[name][value] for value in values if value in self._values[name]]
        return np.isin(self._codes[name], wanted)

    def put_where_null(self, name: str, column: Column, among: Mask | None = None, read: Reader | None = None) -> None:
        """Fill only the lines that have nothing yet, with the column's value or what `read` finds in it."""
        if not column.values:
            return
        rows = np.flatnonzero(self._codes[name] < 0 if among is None else (self._codes[name] < 0) & among)
        if read:
            self._read(name, rows, column, read)
        else:
            self._put_values(name, rows, column.codes[rows], list(column.values))

    def _put(self, name: str, rows: Codes | slice, value: str) -> None:
        self._codes[name][rows] = self._values[name].setdefault(value, len(self._values[name]))

    def _put_values(self, name: str, rows: Codes, codes: Codes, values: list[str | None] | list[str]) -> None:
        known = self._values[name]
        new = [-1 if value is None else known.setdefault(value, len(known)) for value in values]
        found = np.array([*new, -1], dtype=np.int32)[codes]
        self._codes[name][rows[found >= 0]] = found[found >= 0]


def _runs(ordered: Codes) -> list[tuple[int, int, int]]:
    """(value, start, end) of each run in a sorted array."""
    values, starts = np.unique(ordered, return_index=True)
    ends = [*starts[1:].tolist(), len(ordered)]
    return list(zip(values.tolist(), starts.tolist(), ends, strict=False))
