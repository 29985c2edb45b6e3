"""Runs the examples that stand in the rules: `fires` must be decided by that very rule, `quiet` must not."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiops_cost.rules.decide import decide
from aiops_cost.rules.evidence import canonical
from aiops_cost.rules.pack import Line, Rule, RuleSet
from aiops_cost.rules.tags import DEFAULT_TAGS, JSON_COLUMNS

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ExampleResult:
    """One example: `kind` is fires or quiet; `decided_by` is the rule that won the line, or None."""

    rule: Rule
    kind: str
    line: Line
    decided_by: str | None
    passed: bool

    def __str__(self) -> str:
        expected = "decided by" if self.kind == "fires" else "left alone by"
        said = f"{dict(self.line)} should be {expected} {self.rule.id}"
        return f"{self.rule.place}: {said}; {self.decided_by or 'no rule'} decides it"


def run_examples(rules: RuleSet) -> list[ExampleResult]:
    """Every example of every rule, in the order of the rules, against all rules together."""
    asked = [(rule, kind, line) for rule in rules for kind in ("fires", "quiet") for line in getattr(rule, kind)]
    if not asked:
        return []
    decision = decide(frame_of([line for _, _, line in asked]), rules, DEFAULT_TAGS, None)
    by = decision.fields["x_RuleId"]
    results = []
    for row, (rule, kind, line) in enumerate(asked):
        winner = by.value(row)
        results.append(ExampleResult(rule, kind, line, winner, (winner == rule.id) is (kind == "fires")))
    return results


def frame_of(lines: Sequence[Mapping[str, str | bool | None]]) -> pd.DataFrame:
    """Lines as a person writes them (short names, `tags.KEY`) as a frame of ledger columns."""
    import pandas as pd

    rows = [_row(line) for line in lines]
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: pd.Categorical([row.get(name) for row in rows]) for name in names}
    return pd.DataFrame({"x_LineId": range(len(rows)), **columns})


def _row(line: Mapping[str, str | bool | None]) -> dict[str, str]:
    row: dict[str, str] = {}
    inside: dict[str, dict[str, str]] = {}
    for name, value in line.items():
        if value is None:
            continue
        said = str(value).lower() if isinstance(value, bool) else str(value)
        head, dot, key = name.partition(".")
        if dot and head in JSON_COLUMNS:
            inside.setdefault(JSON_COLUMNS[head], {})[key] = said
        else:
            row[canonical(name)] = said
    return {**row, **{column: json.dumps(pairs) for column, pairs in inside.items()}}
