"""The most expensive unattributed lines, grouped by what a rule could match, with a rule to paste for each."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal

import duckdb

from aiops_cost.answers.window import Window
from aiops_cost.model import Column, Report, Table

IDENTIFIERS = ("x_UsageType", "SkuMeter", "x_SkuMeterName", "x_SkuDescription", "SkuId", "ChargeDescription")
"""What names the thing that is billed, best first; a group is told by the first of them that is filled."""
ADVICE = (
    "Better than a rule is a tag on the resource. Where that cannot be, paste this into a file named under `rules:`"
    " in the configuration, and choose the activity."
)
_COLUMNS = (
    Column("provider"),
    Column("service"),
    Column("identifier"),
    Column("account"),
    Column("lines", "count"),
    Column("cost", "money"),
)


def answer(con: duckdb.DuckDBPyConnection, window: Window, top: int, cost: str, currency: str) -> Report:
    """The `top` groups of unattributed spend on these days. Each comes with a rule that would decide it: its
    activity is for the reader to choose, as only they know what the machine is for."""
    chosen = ", ".join(f"WHEN {name} IS NOT NULL THEN '{name}'" for name in IDENTIFIERS).replace(", WHEN", " WHEN")
    value = f"coalesce({', '.join(IDENTIFIERS)})"
    rows = con.execute(
        f"SELECT ProviderName, ServiceName, CASE {chosen} END, {value}, coalesce(SubAccountName, SubAccountId),"
        " count(DISTINCT x_LineId), sum(Cost),"
        " if(SubAccountName IS NULL, 'SubAccountId', 'SubAccountName') FROM spend"
        " WHERE x_Activity = 'unattributed' AND ChargePeriodStart BETWEEN ? AND ?"
        " GROUP BY ALL HAVING sum(Cost) > 0 ORDER BY 7 DESC, 1, 2, 4, 5 LIMIT ?",
        [window.first, window.last, top],
    ).fetchall()
    groups = tuple((row[0], row[1], *row[3:7]) for row in rows)
    rules = [
        _rule({"ServiceName": service, name: text, column: account}, amount, currency)
        for _, service, name, text, account, _, amount, column in rows
    ]
    return Report(
        name="suggest",
        title="What no rule knows, most expensive first",
        facts={"cost": cost, "currency": currency, "period": str(window)},
        tables=(Table("groups", "", _COLUMNS, groups),),
        notes=(ADVICE if rules else "Nothing is unattributed.",),
        paste="pack: ours\nrules:\n" + "".join(rules) if rules else None,
    )


def _rule(line: Mapping[str | None, str | None], amount: Decimal, currency: str) -> str:
    """One rule as YAML text; its examples are the line itself, and the line in another account."""
    when = {name: value for name, value in line.items() if name and value}
    words = re.sub(r"[^a-z0-9]+", "-", " ".join(reversed(list(when.values()))).lower()).strip("-")[:60].strip("-")
    other = {**when, list(when)[-1]: "something else"}
    return (
        f"  - id: ours-{words}\n"
        f"    when: {_flow(when)}\n"
        "    activity: training   # or serving, storage, shared, other\n"
        "    component: training-cluster\n"
        f"    why: WHO says what it is for ({amount.quantize(Decimal('0.01'))} {currency} on these days)\n"
        f"    fires: [{_flow(when)}]\n"
        f"    quiet: [{_flow(other)}]\n"
    )


def _flow(pairs: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in pairs.items()) + "}"
