"""Scopes: which columns they may name, how two of them relate, and the SQL that matches a row.

A scope's keys are short names (`activity`), column names (`x_Activity`, `ServiceName`) or
`tags.KEY`; its values one text or several. All keys must hold; an empty scope holds for everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum

from aiops_cost import documents
from aiops_cost.ledger import schema
from aiops_cost.model import ACTIVITIES, Scope

TAG = "tags."
_TEXT_COLUMNS = frozenset(
    column.name for column in schema.COLUMNS if column.role == "identity" and column.type == "string"
) | {"x_Source", *schema.ATTRIBUTION}
SHORT_NAMES = {short: name for short, name in schema.SHORT.items() if name in _TEXT_COLUMNS}
"""The short names that a scope may use: those of texts; the months say when, the amounts how
much."""

Constraints = Mapping[str, frozenset[str]]


class Relation(Enum):
    """How two scopes relate, by their wording alone."""

    SAME = "same"
    PARENT = "parent"
    PART = "part"
    DISJOINT = "disjoint"
    OVERLAP = "overlap"


def column_of(key: str) -> str:
    """The column that a key of a scope stands for; `tags.KEY` stays. Raises ValueError for
    another."""
    if key.startswith(TAG) and len(key) > len(TAG):
        return key
    column = SHORT_NAMES.get(key, key)
    if column in _TEXT_COLUMNS:
        return column
    known = [*SHORT_NAMES, *sorted(_TEXT_COLUMNS)]
    hint = documents.near(key, known) or f"short names are {', '.join(SHORT_NAMES)}"
    raise ValueError(f"`{key}` is no column to choose by; {hint}")


def problems(scope: Scope) -> Iterator[tuple[str, str]]:
    """The keys that cannot be used, each with a sentence."""
    seen: dict[str, str] = {}
    for key, wanted in scope.items():
        try:
            column = column_of(key)
        except ValueError as error:
            yield key, str(error)
            continue
        if column in seen:
            yield key, f"`{key}` and `{seen[column]}` are the same column"
        seen[column] = key
        if column == "x_Activity":
            for value in sorted(_values(wanted) - set(ACTIVITIES)):
                hint = documents.near(value, ACTIVITIES) or f"they are {', '.join(ACTIVITIES)}"
                yield key, f"there is no activity `{value}`; {hint}"


def constraints(scope: Scope) -> Constraints:
    """Column -> the values it may have."""
    return {column_of(key): _values(wanted) for key, wanted in scope.items()}


def relation(one: Scope, other: Scope) -> Relation:
    """What `one` is to `other`.

    >>> relation({"activity": "serving"}, {"activity": "serving", "workload": "chat"})
    <Relation.PARENT: 'parent'>
    """
    return relate(constraints(one), constraints(other))


def relate(left: Constraints, right: Constraints) -> Relation:
    """The same, for scopes whose constraints are known."""
    if left == right:
        return Relation.SAME
    if any(not left[column] & right[column] for column in left.keys() & right.keys()):
        return Relation.DISJOINT
    if _implied(left, right):
        return Relation.PARENT
    return Relation.PART if _implied(right, left) else Relation.OVERLAP


def where(scope: Scope) -> tuple[str, list[str]]:
    """A SQL condition on the view `spend`, never null, and its parameters."""
    parts: list[str] = []
    parameters: list[str] = []
    for column, values in constraints(scope).items():
        marks = ", ".join("?" for _ in values)
        if column.startswith(TAG):
            parts.append(f"json_extract_string(Tags, ?) IN ({marks})")
            parameters.append(_pointer(column.removeprefix(TAG)))
        else:
            parts.append(f'"{column}" IN ({marks})')
        parameters += sorted(values)
    return f"coalesce({' AND '.join(parts)}, false)" if parts else "true", parameters


def text(scope: Scope) -> str:
    """A scope for a person: `serving support-chat`, `training account ml-dev`; `everything` when empty."""
    said = []
    for key, wanted in scope.items():
        values = wanted if isinstance(wanted, str) else " or ".join(wanted)
        said.append(values if column_of(key) in {"x_Activity", "x_Workload"} else f"{key} {values}")
    return " ".join(said) or "everything"


def _values(wanted: str | tuple[str, ...]) -> frozenset[str]:
    return frozenset((wanted,) if isinstance(wanted, str) else wanted)


def _implied(general: Constraints, special: Constraints) -> bool:
    """True when every row that meets `special` meets `general`."""
    return all(column in special and special[column] <= general[column] for column in general)


def _pointer(key: str) -> str:
    """A JSON pointer (RFC 6901), which unlike a JSON path can name any key."""
    return "/" + key.replace("~", "~0").replace("/", "~1")
