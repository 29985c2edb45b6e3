"""How much of the money is attributed, by provider: stated, named, inferred, or not at all."""

from __future__ import annotations

from decimal import Decimal

import duckdb

from aiops_cost import money
from aiops_cost.answers.window import Window
from aiops_cost.model import AI_ACTIVITIES, Column, Report, Table

_COLUMNS = (
    Column("provider"),
    *(Column(activity, "money") for activity in AI_ACTIVITIES),
    Column("other", "money", "other (not AI)"),
    Column("unattributed", "money"),
    Column("attributed", "percent", "attributed AI"),
)
_SURE = (
    Column("provider"),
    Column("stated", "money", "stated (bill, tag)"),
    Column("named", "money", "named"),
    Column("inferred", "money", "inferred"),
    Column("unattributed", "money"),
    Column("certain", "percent", "stated of all"),
)
_RULES = (
    Column("rule"),
    Column("activity"),
    Column("component"),
    Column("confidence"),
    Column("lines", "count"),
    Column("cost", "money"),
)


def answer(con: duckdb.DuckDBPyConnection, window: Window, cost: str, currency: str, by_rule: bool) -> Report:
    """Money by provider and activity, and by the rule that decided. `attributed AI` is the share of serving,
    training, storage and shared in those and unattributed; spend known not to be AI does not count."""
    rows = con.execute(
        "SELECT coalesce(ProviderName, 'unknown'), x_Activity, coalesce(sum(Cost), 0) FROM spend"
        " WHERE ChargePeriodStart BETWEEN ? AND ? GROUP BY 1, 2",
        [window.first, window.last],
    ).fetchall()
    by: dict[str, dict[str, Decimal]] = {}
    for provider, activity, amount in rows:
        by.setdefault(provider, {})[activity] = amount
    whole: dict[str, Decimal] = {}
    for found in by.values():
        for activity, amount in found.items():
            whole[activity] = money.EXACT.add(whole.get(activity, Decimal(0)), amount)
    tables = [
        Table(
            "providers", "By provider", _COLUMNS, tuple(_row(n, by[n]) for n in sorted(by)), total=_row("total", whole)
        )
    ]
    tables.append(_how_sure(con, window))
    if by_rule:
        tables.append(Table("rules", "By the rule that decided", _RULES, _by_rule(con, window)))
    return Report(
        name="coverage",
        title="How much is attributed",
        facts={"cost": cost, "currency": currency, "period": str(window)},
        tables=tuple(tables),
    )


def _how_sure(con: duckdb.DuckDBPyConnection, window: Window) -> Table:
    """AI spend by the strength of its evidence, and what has none."""
    marks = ", ".join("?" for _ in AI_ACTIVITIES)
    rows = con.execute(
        "SELECT coalesce(ProviderName, 'unknown'), if(x_Activity = 'unattributed', x_Activity, x_Confidence), sum(Cost)"
        f" FROM spend WHERE x_Activity IN ({marks}, 'unattributed') AND ChargePeriodStart BETWEEN ? AND ?"
        " GROUP BY 1, 2 HAVING sum(Cost) IS NOT NULL",
        [*AI_ACTIVITIES, window.first, window.last],
    ).fetchall()
    by: dict[str, dict[str, Decimal]] = {}
    for provider, evidence, amount in rows:
        by.setdefault(provider, {})[evidence] = amount
    found = [(name, *_evidence(by[name])) for name in sorted(by)]
    sums = {key: money.total(each.get(key, Decimal(0)) for each in by.values()) for key in _EVIDENCE}
    title = "How sure it is: AI spend by its evidence"
    return Table("evidence", title, _SURE, tuple(found), total=("total", *_evidence(sums)))


_EVIDENCE = ("stated", "named", "inferred", "unattributed")


def _evidence(found: dict[str, Decimal]) -> tuple[Decimal | None, ...]:
    amounts = [found.get(key, Decimal(0)) for key in _EVIDENCE]
    whole = money.total(amounts)
    return (*amounts, amounts[0] / whole if min(amounts) >= 0 and whole else None)


def _by_rule(con: duckdb.DuckDBPyConnection, window: Window) -> tuple[tuple[object, ...], ...]:
    rows = con.execute(
        "SELECT x_RuleId, x_Activity, x_Component, x_Confidence, count(DISTINCT x_LineId), sum(Cost) FROM spend"
        " WHERE ChargePeriodStart BETWEEN ? AND ? GROUP BY 1, 2, 3, 4 ORDER BY 6 DESC NULLS LAST, 1, 3",
        [window.first, window.last],
    ).fetchall()
    return tuple(tuple(row) for row in rows)


def _row(name: str, found: dict[str, Decimal]) -> tuple[object, ...]:
    zero = Decimal(0)
    ai = money.total(found.get(activity, zero) for activity in AI_ACTIVITIES)
    unknown = found.get("unattributed", zero)
    # Credits can make either side negative, and a share of that means nothing.
    share = ai / (ai + unknown) if min(ai, unknown) >= 0 and ai + unknown else None
    return (name, *(found.get(activity, zero) for activity in AI_ACTIVITIES), found.get("other", zero), unknown, share)
