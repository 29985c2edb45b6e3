"""Attribution: what each line of the ledger is for. Knows no rule, no provider and no price.

    attribute(lines, rules)  ->  x_LineId, x_Activity, x_Component, ... x_RuleId, x_Confidence

The rules decide in two passes: first by what the bill says about a line, then the rules that refine, by what people
said about it (tags, names). A line that no rule knows stays `unattributed`. Workload, owner and environment come
from the tag map; a model in a tag goes before a model in the bill.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aiops_cost.ledger import schema
from aiops_cost.model import Problem
from aiops_cost.rules.coded import Column
from aiops_cost.rules.decide import decide
from aiops_cost.rules.evidence import Lines
from aiops_cost.rules.examples import ExampleResult, run_examples
from aiops_cost.rules.explain import Evidence, Explanation, explain
from aiops_cost.rules.owners import Owners, load_owners
from aiops_cost.rules.pack import Rule, RuleSet, load_packs
from aiops_cost.rules.tags import DEFAULT_TAGS, TagMap, tag_map

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "DEFAULT_TAGS",
    "Evidence",
    "ExampleResult",
    "Explanation",
    "Owners",
    "Rule",
    "RuleSet",
    "TagMap",
    "attribute",
    "explain",
    "load_owners",
    "load_packs",
    "run_examples",
    "tag_map",
]


def attribute(
    lines: pd.DataFrame, rules: RuleSet, tags: TagMap = DEFAULT_TAGS, owners: Owners | None = None
) -> pd.DataFrame:
    """What each line is for.

    `lines` has one row per `x_LineId` (int64) and identity columns of the ledger, best as categoricals; columns may
    be absent. Returns `x_LineId` and `schema.ATTRIBUTION`, every one a categorical, null where unknown; x_Activity
    is never null. `result.attrs["problems"]` holds a tuple of Problems: tags that contradict each other;
    `result.attrs["owned"]`, for lines that passed from one owner to another, tuples of x_LineId, first day, last day
    and owner (x_Owner is null there).
    """
    import pandas as pd

    decision = decide(lines, rules, tags, owners)
    frame = pd.DataFrame({"x_LineId": lines["x_LineId"].to_numpy()})
    for name in schema.ATTRIBUTION:
        column = _compact(decision.fields[name])
        frame[name] = pd.Categorical.from_codes(column.codes, categories=pd.Index(column.values, dtype="str"))
    frame.attrs["problems"] = _conflicts(decision.lines)
    ids = frame["x_LineId"].to_numpy()
    frame.attrs["owned"] = tuple((int(ids[one.row]), one.first, one.last, one.owner) for one in decision.owned)
    return frame


def _compact(column: Column) -> Column:
    """The column without values that no line has."""
    used = np.zeros(len(column.values) + 1, dtype=bool)
    used[column.codes] = True
    used[-1] = False
    new = np.where(used, np.cumsum(used) - 1, -1)
    return Column(new[column.codes], [value for value, keep in zip(column.values, used[:-1], strict=True) if keep])


def _conflicts(lines: Lines) -> tuple[Problem, ...]:
    """Tag keys that differ only in spelling and disagree on a line: which was read, and how many lines."""
    problems = []
    for name, count in sorted(lines.conflicts.items()):
        lines_have = "line has" if count == 1 else "lines have"
        sentence = f"{count:,} {lines_have} several spellings of `{name}` with different values"
        key = name.partition(".")[2]
        way_out = f"The key spelled exactly as asked was read, else the first by name. Keep one spelling of {key}."
        problems.append(Problem("tags-disagree", "", sentence, way_out))
    return tuple(problems)
