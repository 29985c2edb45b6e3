"""Decides every field of every line: the rules in two passes, then what the tags say, then the owners file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from aiops_cost.ledger import schema
from aiops_cost.model import AI_ACTIVITIES
from aiops_cost.rules import models, stated, training
from aiops_cost.rules.answers import Mask
from aiops_cost.rules.coded import Codes, Column, recode
from aiops_cost.rules.evidence import Lines
from aiops_cost.rules.match import Matcher
from aiops_cost.rules.modules import READERS, Reader
from aiops_cost.rules.owners import Owners
from aiops_cost.rules.pack import CONFIDENCE, Rule, RuleSet
from aiops_cost.rules.tags import TagMap, fold
from aiops_cost.rules.winners import winners

if TYPE_CHECKING:
    import pandas as pd

_FROM_TAGS = {"x_Workload": "workload", "x_Environment": "environment", "x_Owner": "owner", "x_Model": "model"}


_REFINABLE = "x_Refinable"


@dataclass(frozen=True)
class Owned:
    """The owner of a line (by its row) from the first to the last day, where it was not always the same."""

    row: int
    first: date
    last: date
    owner: str


@dataclass(frozen=True)
class Decision:
    """Per line, the rule of the first pass and the rule that refined it (indices, -1 for none); and the owners of
    lines that passed from one to another."""

    lines: Lines
    by: Codes
    refined: Codes
    fields: dict[str, Column]
    owned: tuple[Owned, ...] = ()


def decide(frame: pd.DataFrame, rules: RuleSet, tags: TagMap, owners: Owners | None) -> Decision:
    """Decide every field of every line, and keep what decided it."""
    lines = Lines(frame, tags)
    by = winners(lines, rules.rules)
    fields = _Fields(lines)
    fields.fill(rules.rules, by)
    for name in ("x_Activity", "x_Component"):
        lines.add(name, fields.column(name))
    lines.add(_REFINABLE, _refinable(fields, rules, by))
    refined = winners(lines, [replace(rule, when=(*rule.when, _may_refine(rule))) for rule in rules.refining])
    fields.fill(rules.refining, refined)
    _weaken(lines, fields, "activity", refined >= 0)
    for name, said in _FROM_TAGS.items():
        fields.put_column(name, lines.column(f"stated.{said}"))
    _weaken(lines, fields, "workload", np.ones(lines.size, dtype=bool))
    _name_runs(lines, fields)
    for name, said in _FROM_TAGS.items():
        fields.spell(name, tags.values.get(said, {}))
    fields.derive("x_ModelFamily", "x_Model", models.family)
    fields.derive("x_ModelVersion", "x_Model", models.version)
    by_day = _own(lines, fields, owners) if owners else ()
    return Decision(lines, by, refined, {name: fields.column(name) for name in schema.ATTRIBUTION}, by_day)


def _own(lines: Lines, fields: _Fields, owners: Owners) -> tuple[Owned, ...]:
    """Fill in the owners that no tag names; a line that passed from one to another is returned with its days."""
    found = owners.of(lines, {name: fields.column(name) for name in schema.ATTRIBUTION})
    same = (found.codes == found.codes[0]).all(axis=0)
    fields.put_where_null("x_Owner", Column(found.codes[0][found.combos], found.names), same[found.combos])
    rows = np.flatnonzero(~same[found.combos] & ~fields.filled("x_Owner"))
    stretches = {unit: found.stretches(unit) for unit in np.unique(found.combos[rows]).tolist()}
    return tuple(
        Owned(row, first, last, owner)
        for row, unit in zip(rows.tolist(), found.combos[rows].tolist(), strict=True)
        for first, last, owner in stretches[unit]
    )


def _refinable(fields: _Fields, rules: RuleSet, by: Codes) -> Column:
    """Per line the weakest evidence that may still change what it is for: any, where nobody said more than that it is
    a machine or a bucket; as good as the rule's own, where the bill says it; better than that, where a user's rule
    does; null for none."""
    ranks = np.array([CONFIDENCE.index(rule.confidence) - (not rule.builtin) for rule in rules.rules] + [2])
    weakest = np.where(fields.having("x_Activity", AI_ACTIVITIES), ranks[by], 2)
    users = np.array([not rule.builtin for rule in rules.rules] + [False])[by]
    return Column(np.where(users, ranks[by], weakest).astype(np.int8), list(CONFIDENCE))


def _may_refine(rule: Rule) -> tuple[str, Matcher]:
    """The condition under which evidence as strong as this rule's is not outweighed by what is there."""
    strong = CONFIDENCE[CONFIDENCE.index(rule.confidence) :]
    return _REFINABLE, Matcher("any", parts=tuple(Matcher("exact", (one,)) for one in strong))


def _weaken(lines: Lines, fields: _Fields, field: str, among: Mask) -> None:
    """An attribution is as sure as the weakest of what it rests on."""
    lines.column(f"stated.{field}")
    origins = lines.origins[field]
    for weak in (stated.NAME, stated.ACCOUNT, stated.LATE):
        strength = stated.STRENGTH[weak]
        stronger = fields.having("x_Confidence", CONFIDENCE[: CONFIDENCE.index(strength)])
        fields.put("x_Confidence", np.flatnonzero((origins == weak) & stronger & among), strength)


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
        self.put("x_Activity", slice(None), "unattributed")

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
            self.put(name, rows, value)
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
            self.put("x_Component", rows, stem)
            return
        directions = self._values["x_TokenDirection"]
        self.put("x_Component", rows, stem)
        self._put_values(
            "x_Component", rows, self._codes["x_TokenDirection"][rows], [f"{stem}-{one}" for one in directions]
        )

    def put_column(self, name: str, column: Column) -> None:
        """Overwrite where the column has a value."""
        rows = np.flatnonzero(column.codes >= 0)
        self._put_values(name, rows, column.codes[rows], list(column.values))

    def spell(self, name: str, table: Mapping[str, str]) -> None:
        """Replace the spellings that the table knows by the value that counts."""
        if table:
            column = self.column(name)
            self.put_column(name, recode(column.codes, [table.get(fold(value), value) for value in column.values]))

    def having(self, name: str, values: Sequence[str]) -> Mask:
        """The lines whose field is one of these values."""
        wanted = [self._values[name][value] for value in values if value in self._values[name]]
        return np.isin(self._codes[name], wanted)

    def filled(self, name: str) -> Mask:
        """The lines that have the field."""
        return self._codes[name] >= 0

    def put_where_null(self, name: str, column: Column, among: Mask | None = None, read: Reader | None = None) -> None:
        """Fill only the lines that have nothing yet, with the column's value or what `read` finds in it."""
        if not column.values:
            return
        rows = np.flatnonzero(self._codes[name] < 0 if among is None else (self._codes[name] < 0) & among)
        if read:
            self._read(name, rows, column, read)
        else:
            self._put_values(name, rows, column.codes[rows], list(column.values))

    def put(self, name: str, rows: Codes | slice, value: str) -> None:
        """Write one value on these lines."""
        self._codes[name][rows] = self._values[name].setdefault(value, len(self._values[name]))

    def _put_values(self, name: str, rows: Codes, codes: Codes, values: list[str | None] | list[str]) -> None:
        known = self._values[name]
        new = [-1 if value is None else known.setdefault(value, len(known)) for value in values]
        found = np.array([*new, -1], dtype=np.int32)[codes]
        self._codes[name][rows[found >= 0]] = found[found >= 0]

    def derive(self, name: str, source: str, read: Callable[[str], str | None]) -> None:
        """Fill a field with what `read` makes of another one; where a rule filled it itself, that stays."""
        empty = np.flatnonzero(self._codes[name] < 0)
        self._put_values(name, empty, self._codes[source][empty], [read(value) for value in self._values[source]])


def _runs(ordered: Codes) -> list[tuple[int, int, int]]:
    """(value, start, end) of each run in a sorted array."""
    values, starts = np.unique(ordered, return_index=True)
    ends = [*starts[1:].tolist(), len(ordered)]
    return list(zip(values.tolist(), starts.tolist(), ends, strict=False))
