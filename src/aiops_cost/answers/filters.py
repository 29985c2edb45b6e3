"""The small filter language of `--where`: `activity=serving`, `account!=sandbox`, `service~bedrock`, `owner=`.

    key = value      equal          key = a,b   one of several       key =    empty (unknown)
    key != value     unequal        key ~ text  contains, in any letter case

Keys are the short names (`activity`, `workload`, ...), ledger columns, or `tags.KEY`. Values travel as parameters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from aiops_cost.documents import near
from aiops_cost.errors import UserError
from aiops_cost.ledger import schema
from aiops_cost.model import Problem

_FILTER = re.compile(r"\s*([^=~!]*[^=~!\s])\s*(!=|=|~)\s*(.*?)\s*\Z", re.DOTALL)
_TAG = "tags."

DIMENSIONS = (*schema.PARTITION, *schema.KEY, *schema.IDENTITY, *schema.ATTRIBUTION)
"""Columns that a report may group by and a filter may look at."""

MONTH = "strftime(ChargePeriodStart, '%Y-%m')"
WEEK = "CAST(date_trunc('week', ChargePeriodStart) AS DATE)"


def column(key: str) -> tuple[str, list[str]]:
    """SQL, with its parameters, for the column that `key` names. Raises UserError with the near miss."""
    if key.startswith(_TAG) and len(key) > len(_TAG):
        return "json_extract_string(Tags, ?)", ["/" + key[len(_TAG) :].replace("~", "~0").replace("/", "~1")]
    if key in {"month", "week"}:
        return (MONTH if key == "month" else WEEK), []
    name = schema.SHORT.get(key, key)
    if name not in DIMENSIONS:
        hint = near(key, [*schema.SHORT, "month", "week", *DIMENSIONS])
        way_out = (
            hint
            or "Short names: " + ", ".join([*schema.SHORT, "month", "week"]) + "; or any ledger column, or tags.KEY"
        )
        raise UserError(Problem("dimension-unknown", "", f"there is no column `{key}`", way_out))
    return name, []


def where(filters: Sequence[str]) -> tuple[str, list[str]]:
    """SQL that is true where every filter holds, and its parameters. Raises UserError for what is not a filter."""
    sql, parameters = ["true"], []
    for text in filters:
        match = _FILTER.match(text)
        if not match:
            raise UserError(
                Problem("filter-syntax", "", f"`{text}` is not a filter", "Write key=value, key!=value or key~text.")
            )
        key, operator, value = match[1], match[2], match[3]
        name, given = column(key)
        parameters += given
        said, wanted = _test(f"CAST({name} AS VARCHAR)", operator, value)
        sql.append(said)
        parameters += wanted
    return " AND ".join(sql), parameters


def _test(name: str, operator: str, value: str) -> tuple[str, list[str]]:
    if operator == "~":
        return f"coalesce(contains(lower({name}), lower(?)), false)", [value]
    negated = "NOT " if operator == "!=" else ""
    if not value:
        return f"{negated}({name} IS NULL)", []
    values = [part.strip() for part in value.split(",")]
    marks = ", ".join("?" for _ in values)
    return f"{negated}coalesce({name} IN ({marks}), false)", values
