"""The small filter language of `--where`. A filter is a key, a sign and a value; several filters must all hold.

    activity=serving        is it; letter case counts
    workload=chat,search    is one of them
    account!=sandbox        is not it (nor any of them); also true where nothing is known
    service~bedrock         contains it, in any letter case
    resource!~tmp           does not contain it; also true where nothing is known
    owner=                  is not known
    owner!=                 is known

Keys are short names (`activity`, `workload`, ...), columns of the ledger, `tags.KEY`, `categories.KEY` (cost
categories, folders, resource groups), or `day`, `week` (its Monday) and `month`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from aiops_cost.documents import near
from aiops_cost.errors import UserError
from aiops_cost.ledger import schema
from aiops_cost.model import Problem

_FILTER = re.compile(r"\s*([^=~!]*[^=~!\s])\s*(!=|!~|=|~)\s*(.*?)\s*\Z", re.DOTALL)
MAPS = {"tags": "Tags", "categories": "x_CostCategories"}
"""Columns that hold many values by key, and how a key of them is named: `tags.KEY`."""

DIMENSIONS = (*schema.PARTITION, *schema.KEY, *schema.IDENTITY, *schema.ATTRIBUTION)
"""Columns that a report may group by and a filter may look at."""

MONTH = "strftime(ChargePeriodStart, '%Y-%m')"
WEEK = "CAST(date_trunc('week', ChargePeriodStart) AS DATE)"


def column(key: str) -> tuple[str, list[str]]:
    """SQL, with its parameters, for the column that `key` names. Raises UserError with the near miss."""
    found = name(key)
    if found in MAPS.values() and found != key:
        member = key.partition(".")[2].replace("~", "~0").replace("/", "~1")
        return f"json_extract_string({found}, ?)", [f"/{member}"]
    if key in {"month", "week"}:
        return (MONTH if key == "month" else WEEK), []
    return found, []


def name(key: str) -> str:
    """The column that `key` is read from. Raises UserError with the near miss."""
    of, _, member = key.partition(".")
    if of in MAPS and member:
        return MAPS[of]
    if key in {"month", "week"}:
        return "ChargePeriodStart"
    found = schema.SHORT.get(key, key)
    if found not in DIMENSIONS:
        hint = (
            f"Name one of them:  {key.lower()}.KEY"
            if key.lower() in MAPS
            else near(key, [*schema.SHORT, "month", "week", *DIMENSIONS])
        )
        way_out = (
            hint
            or "Short names: "
            + ", ".join([*schema.SHORT, "month", "week"])
            + "; any ledger column, tags.KEY or categories.KEY"
        )
        raise UserError(Problem("dimension-unknown", "", f"there is no column `{key}`", way_out))
    return found


def where(filters: Sequence[str]) -> tuple[str, list[str]]:
    """SQL that is true where every filter holds, and its parameters. Raises UserError for what is not a filter."""
    sql, parameters = ["true"], []
    for text in filters:
        key, operator, value = parsed(text)
        read, given = column(key)
        parameters += given
        said, wanted = _test(f"CAST({read} AS VARCHAR)", operator, value)
        sql.append(said)
        parameters += wanted
    return " AND ".join(sql), parameters


def parsed(text: str) -> tuple[str, str, str]:
    """Key, sign and value of a filter. Raises UserError for what is none."""
    match = _FILTER.match(text)
    if not match or match[3].startswith("="):
        way_out = "Write key=value, key!=value, key~text or key!~text."
        raise UserError(Problem("filter-syntax", "", f"`{text}` is not a filter", way_out))
    return match[1], match[2], match[3]


def _test(name: str, operator: str, value: str) -> tuple[str, list[str]]:
    negated = "NOT " if operator.startswith("!") else ""
    if operator.endswith("~"):
        return f"{negated}coalesce(contains(lower({name}), lower(?)), false)", [value]
    if not value:
        return f"{negated}({name} IS NULL)", []
    values = [part.strip() for part in value.split(",")]
    marks = ", ".join("?" for _ in values)
    return f"{negated}coalesce({name} IN ({marks}), false)", values
