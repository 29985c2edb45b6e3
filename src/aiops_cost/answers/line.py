"""Explains one line of the ledger: the row, the rule that decided and why, and the arithmetic of its cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb

from aiops_cost import money
from aiops_cost.errors import UserError
from aiops_cost.ledger import schema
from aiops_cost.model import Column, Problem, Report, Table
from aiops_cost.rules import storage, training
from aiops_cost.rules.explain import explain
from aiops_cost.rules.modules import DRIVERS

if TYPE_CHECKING:
    from aiops_cost.rules.engine import Explanation, Owners, RuleSet, TagMap
    from aiops_cost.rules.sharing import Stage

_PAIRS = (Column("what"), Column("value"))


def answer(
    con: duckdb.DuckDBPyConnection, line_id: int, rules: RuleSet, tags: TagMap, owners: Owners | None, currency: str
) -> Report:
    """The line `x_LineId = line_id`. Raises UserError when the ledger has no such line."""
    columns = (*schema.IDENTITY, "x_FirstDay", "x_LastDay")
    row = con.execute(f"SELECT {', '.join(columns)} FROM described WHERE x_LineId = ?", [line_id]).fetchone()
    if row is None:
        raise UserError(
            Problem("line-unknown", "", f"the ledger has no line {line_id}",
                    'Line ids:  aiops-cost query "SELECT x_LineId, sum(Cost) FROM spend GROUP BY 1 ORDER BY 2 DESC"')
        )  # fmt: skip
    line = {name: None if value is None else str(value) for name, value in zip(columns, row, strict=True)}
    told = explain(line, rules, tags, owners, _siblings(con, line_id, line))
    cells = tuple((name, line[name]) for name in schema.IDENTITY if line[name] is not None)
    return Report(
        name="line",
        title=f"Line {line_id}",
        facts={"currency": currency, "activity": told.fields["x_Activity"], "rule": told.fields["x_RuleId"]},
        tables=(
            Table("row", "What the bill says", _PAIRS, cells),
            Table(
                "decision",
                "What it is for",
                _PAIRS,
                (*_decision(told), *_details(line, told.fields["x_Activity"], told.fields["x_Run"])),
            ),
            *_evidence(told),
            _cost(con, line_id),
        ),
        notes=_notes(told),
    )


_SPEAKING = ("ResourceId", "SubAccountId", "Tags", "x_CostCategories", "SkuPriceDetails", "x_FirstDay", "x_LastDay")
"""What a line's resource can say for it on other lines."""


def _siblings(
    con: duckdb.DuckDBPyConnection, line_id: int, line: Mapping[str, str | None]
) -> list[dict[str, str | None]]:
    """The other lines of the line's resource, as far as they can speak for it."""
    rows = con.execute(
        f"SELECT DISTINCT {', '.join(_SPEAKING)} FROM described WHERE x_LineId <> ? AND ResourceId = ?"
        " AND SubAccountId IS NOT DISTINCT FROM ?",
        [line_id, line["ResourceId"], line["SubAccountId"]],
    ).fetchall()
    return [
        {name: None if value is None else str(value) for name, value in zip(_SPEAKING, row, strict=True)}
        for row in rows
    ]


def _decision(told: Explanation) -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for name in schema.ATTRIBUTION:
        value = told.fields[name]
        source = told.sources.get(name.removeprefix("x_").lower())
        if value is not None:
            rows.append((name.removeprefix("x_"), f"{value}  ({source})" if source else value))
    rows += [("Owner", f"{owner}  ({_days(first, last)}, by the owners file)") for first, last, owner in told.owned]
    driver = _driver(told.fields["x_Activity"], told.fields["x_Component"])
    if driver:
        rows.append(("driver", driver))
    if told.rule:
        rows += [("why", told.rule.why), ("the rule stands in", told.rule.place)]
    return rows


def _days(first: date, last: date) -> str:
    if first == date.min:
        return f"until {last}"
    return f"from {first}" if last == date.max else f"{first} to {last}"


def _details(line: Mapping[str, str | None], activity: str | None, run: str | None) -> list[tuple[str, str]]:
    """What the rule module of the activity reads besides: the run of a training, the class of a storage."""
    if activity == "training":
        return [("runs of", training.series(run))] if run else []
    if activity == "storage":
        kind = storage.storage_class(
            line.get("x_UsageType") or line.get("SkuMeter") or line.get("ChargeDescription") or ""
        )
        return [("storage class", kind)] if kind else []
    return []


def _driver(activity: str | None, component: str | None) -> str | None:
    """What makes the cost of such a line larger or smaller, where its rule module knows."""
    known = DRIVERS.get(activity or "", ())
    found = next((driver for driver in known if component in driver.components), None)
    return f"{found.name}: {found.formula}" if found else None


def _evidence(told: Explanation) -> list[Table]:
    columns = (Column("column"), Column("asked"), Column("value"))
    found = tuple((item.column, item.asked, item.value) for item in told.evidence)
    tables = (
        [Table("evidence", "Evidence: every condition of the rule, and what answered it", columns, found)]
        if found
        else []
    )
    if told.nearly:
        asked = (Column("rule"), Column("did_not_fit"))
        tables.append(Table("tried", "Tried before, for the same service", asked, told.nearly))
    return tables


def _cost(con: duckdb.DuckDBPyConnection, line_id: int) -> Table:
    rows = con.execute(
        "SELECT strftime(ChargePeriodStart, '%Y-%m'), count(DISTINCT ChargePeriodStart), sum(x_RowCount),"
        " sum(ConsumedQuantity), any_value(ConsumedUnit), sum(BilledCost), sum(EffectiveCost), sum(ListCost),"
        " sum(Cost), sum(Cost) / nullif(sum(ConsumedQuantity), 0) FROM spend WHERE x_LineId = ? GROUP BY 1 ORDER BY 1",
        [line_id],
    ).fetchall()
    columns = (
        Column("month"),
        Column("days", "count"),
        Column("rows", "count"),
        Column("quantity", "number"),
        Column("unit"),
        *(Column(name, "money") for name in ("BilledCost", "EffectiveCost", "ListCost")),
        Column("cost", "money", "cost in reports"),
        Column("per_unit", "number", "cost per unit"),
    )
    return Table(
        "cost", "What it cost, by month of use", columns, tuple(rows), note="cost per unit is cost divided by quantity"
    )


def sharing(con: duckdb.DuckDBPyConnection, line_id: int, stages: Sequence[Stage]) -> tuple[Table, ...]:
    """How the line's cost is divided in the last month that it has, where a stage takes it: each workload's part of
    the pool, and the same part of this line. Needs the view `allocated`."""
    taken = con.execute("SELECT stage FROM pooled WHERE x_LineId = ?", [line_id]).fetchone()
    month = con.execute(
        "SELECT max(x_BillingPeriod) FROM spend WHERE x_LineId = ? AND Cost IS NOT NULL", [line_id]
    ).fetchone()
    if not taken or not month:
        return ()
    stage = stages[taken[0]]
    rows = con.execute(
        "WITH mine AS (SELECT ChargePeriodStart AS day, sum(Cost) AS cost FROM spend WHERE x_LineId = $line"
        " AND strftime(ChargePeriodStart, '%Y-%m') = $month GROUP BY 1), pool AS (SELECT ChargePeriodStart AS day,"
        " sum(Cost) AS whole FROM allocated WHERE x_SharedBy = $stage GROUP BY 1)"
        " SELECT coalesce(x_Workload, x_SharedAs), a.ChargePeriodStart, sum(a.Cost), whole, mine.cost FROM allocated a"
        " JOIN mine ON mine.day = a.ChargePeriodStart JOIN pool ON pool.day = a.ChargePeriodStart"
        " WHERE x_SharedBy = $stage GROUP BY ALL ORDER BY 1, 2",
        {"line": line_id, "month": month[0], "stage": stage.name},
    ).fetchall()
    parts: dict[str, tuple[Decimal, Decimal]] = {}
    for name, _, part, whole, cost in rows:
        of_pool, of_line = parts.get(name, (Decimal(0), Decimal(0)))
        gained = money.multiply(cost, part, whole) if whole else Decimal(0)
        parts[name] = money.EXACT.add(of_pool, part), money.EXACT.add(of_line, gained)
    columns = (
        Column("to"),
        Column("pool", "money", "part of the pool"),
        Column("line", "money", "of it from this line"),
    )
    largest = sorted(((name, *both) for name, both in parts.items()), key=lambda row: (-row[2], row[0]))
    title = f"How it is shared in {month[0]}: stage {stage.name}, {stage.how}"
    return (Table("sharing", title, columns, tuple(largest)),) if largest else ()


def _notes(told: Explanation) -> tuple[str, ...]:
    if told.rule is None:
        return (
            "No rule knows this line. Tag the resource, or add a rule:  aiops-cost rules list shows how they look.",
        )
    shown = ", those for the same service are shown" if told.nearly else ""
    tried = f"{told.tried:,} rules were tried before it{shown}"
    refined = (f"Before it was refined, rule {told.refines.id} decided: {told.refines.why}",) if told.refines else ()
    return (*refined, f"{tried}.") if told.tried else refined
