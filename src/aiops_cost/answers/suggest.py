"""The most expensive unattributed lines, grouped by what a rule could match, with a rule to paste for each.

What a rule says follows from evidence: the names of the resources, rules for things of like names, what else its
account does with AI. Where there is none, the rule has gaps marked FILL-IN, which loading it refuses.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import duckdb

from aiops_cost.answers.window import Window
from aiops_cost.model import AI_ACTIVITIES, Column, Report, Table
from aiops_cost.rules import nearest
from aiops_cost.rules.engine import RuleSet
from aiops_cost.rules.pack import FILL_IN

IDENTIFIERS = ("x_UsageType", "SkuMeter", "x_SkuMeterName", "x_SkuDescription", "SkuId", "ChargeDescription")
"""What names the thing that is billed, best first; a group is told by the first of them that is filled."""
_OTHERS = ("x_SkuMeterCategory", "x_SkuMeterSubcategory", *IDENTIFIERS)
ADVICE = (
    "Better than a rule is a tag on the resource. Where that cannot be, paste this into a file named under `rules:`"
    " in the configuration, and check what it says."
)
GAPS = f"{FILL_IN} stands where nothing tells what the money is for: ask whoever owns the account, and write it there."
_COLUMNS = (
    Column("provider"),
    Column("service"),
    Column("identifier"),
    Column("account"),
    Column("names"),
    Column("lines", "count"),
    Column("cost", "money"),
    Column("proposed"),
)


@dataclass(frozen=True)
class _Group:
    """Unattributed lines that one rule could decide: `when` are its columns, `line` all that identifies them."""

    when: Mapping[str, str]
    line: Mapping[str, str]
    provider: str | None
    account: str | None
    component: str | None
    names: tuple[str, ...]
    lines: int
    cost: Decimal


def answer(
    con: duckdb.DuckDBPyConnection, window: Window, top: int, cost: str, currency: str, rules: RuleSet
) -> Report:
    """The `top` groups of unattributed spend on these days. Each comes with a rule that would decide it: proposed by
    evidence, or with gaps for a person who knows what the thing is for."""
    groups = _groups(con, window, top)
    proposed = [_proposal(con, window, group, rules) for group in groups]
    texts = [_rule(con, group, found, currency) for group, found in zip(groups, proposed, strict=True)]
    rows = tuple(_row(group, found) for group, found in zip(groups, proposed, strict=True))
    gaps = (GAPS,) if None in proposed else ()
    return Report(
        name="suggest",
        title="What no rule knows, most expensive first",
        facts={"cost": cost, "currency": currency, "period": str(window)},
        tables=(Table("groups", "", _COLUMNS, rows),),
        notes=(ADVICE, *gaps) if texts else ("Nothing is unattributed.",),
        paste="pack: ours\nrules:\n" + "".join(texts) if texts else None,
    )


def _groups(con: duckdb.DuckDBPyConnection, window: Window, top: int) -> list[_Group]:
    chosen = ", ".join(f"WHEN {name} IS NOT NULL THEN '{name}'" for name in IDENTIFIERS).replace(", WHEN", " WHEN")
    others = ", ".join(f"any_value({name})" for name in _OTHERS)
    rows = con.execute(
        f"SELECT ServiceName, CASE {chosen} END, coalesce({', '.join(IDENTIFIERS)}),"
        " if(SubAccountName IS NULL, 'SubAccountId', 'SubAccountName'), coalesce(SubAccountName, SubAccountId),"
        " ProviderName, x_Component, count(DISTINCT x_LineId), sum(Cost),"
        f" list(DISTINCT coalesce(ResourceName, ResourceId)), {others} FROM spend"
        " WHERE x_Activity = 'unattributed' AND ChargePeriodStart BETWEEN ? AND ?"
        " GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING sum(Cost) > 0 ORDER BY 9 DESC, 6, 1, 3, 5 LIMIT ?",
        [window.first, window.last, top],
    ).fetchall()
    found = []
    for service, kind, value, account_column, account, provider, component, lines, amount, names, *rest in rows:
        named = {"ServiceName": service, kind: value, account_column: account}
        when = {name: text for name, text in named.items() if name and text}
        line = {name: text for name, text in zip(_OTHERS, rest, strict=True) if text}
        called = tuple(sorted(name for name in names if name))
        found.append(_Group(when, {**line, **when}, provider, account, component, called, lines, amount))
    return found


def _proposal(con: duckdb.DuckDBPyConnection, window: Window, group: _Group, rules: RuleSet) -> nearest.Proposal | None:
    """What the evidence speaks for; the AI spend of the account is looked at in the same days."""
    marks = ", ".join("?" for _ in AI_ACTIVITIES)
    rows = con.execute(
        "SELECT x_Activity, CAST(sum(Cost) AS DOUBLE) FROM spend WHERE coalesce(SubAccountName, SubAccountId) = ?"
        f" AND x_Activity IN ({marks}) AND ChargePeriodStart BETWEEN ? AND ? GROUP BY 1 HAVING sum(Cost) > 0",
        [group.account, *AI_ACTIVITIES, window.first, window.last],
    ).fetchall()
    whole = sum(amount for _, amount in rows)
    shares = {activity: amount / whole for activity, amount in rows}
    return nearest.propose(group.line, group.component, group.names, (str(group.account), shares), rules)


def _row(group: _Group, found: nearest.Proposal | None) -> tuple[object, ...]:
    names = ", ".join(group.names[:2]) + (f" and {len(group.names) - 2} more" if len(group.names) > 2 else "")
    identifier = next((group.line[name] for name in IDENTIFIERS if name in group.line), None)
    return (
        group.provider, group.when.get("ServiceName"), identifier, group.account, names or None, group.lines,
        group.cost, f"{found.activity} ({found.confidence})" if found else "ask",
    )  # fmt: skip


def _rule(con: duckdb.DuckDBPyConnection, group: _Group, found: nearest.Proposal | None, currency: str) -> str:
    """One rule as YAML text. Its examples are the line itself, and the line of the ledger that is most like it and
    is none of its business."""
    words = re.sub(r"[^a-z0-9]+", "-", " ".join(reversed(list(group.when.values()))).lower()).strip("-")
    amount = f"{group.cost.quantize(Decimal('0.01'))} {currency} on these days"
    return (
        f"  - id: ours-{words[:60].strip('-')}\n"
        f"    when: {_flow(group.when)}\n"
        f"{_said(found, group, amount)}"
        f"    fires: [{_flow(group.when)}]\n"
        f"    quiet: [{_flow(_neighbour(con, group))}]\n"
    )


def _said(found: nearest.Proposal | None, group: _Group, amount: str) -> str:
    if found is None:
        return (
            f"    activity: {FILL_IN}    # serving, training, storage, shared or other; ask {_whom(group)}\n"
            f"    why: {FILL_IN}    # who says so ({amount})\n"
        )
    component = f"    component: {found.component}\n" if found.component else ""
    why = json.dumps(f"{found.evidence} ({amount})", ensure_ascii=False)
    return f"    activity: {found.activity}\n{component}    confidence: {found.confidence}\n    why: {why}\n"


def _whom(group: _Group) -> str:
    return f"the owner of {json.dumps(group.account)}" if group.account else "its owner"


def _neighbour(con: duckdb.DuckDBPyConnection, group: _Group) -> dict[str, str]:
    """The most expensive line that the rule must leave alone: of the same service where there is one."""
    names = list(group.when)
    same = " AND ".join(f"coalesce({name} = ?, false)" for name in names)
    row = con.execute(
        f"SELECT {', '.join(names)} FROM spend WHERE NOT ({same}) GROUP BY ALL"
        " ORDER BY bool_or(coalesce(ServiceName = ?, false)) DESC, sum(Cost) DESC NULLS LAST,"
        f" {', '.join(names)} LIMIT 1",
        [*group.when.values(), group.when.get("ServiceName")],
    ).fetchone()
    there = {name: str(value) for name, value in zip(names, row or (), strict=False) if value is not None}
    return there or {names[0]: "something else"}


def _flow(pairs: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in pairs.items()) + "}"
