"""Explains one line of the ledger: the row, the rule that decided and why, and the arithmetic of its cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb

from aiops_cost.errors import UserError
from aiops_cost.ledger import schema
from aiops_cost.model import Column, Problem, Report, Table
from aiops_cost.rules import storage, training
from aiops_cost.rules.engine import Owners, RuleSet, TagMap
from aiops_cost.rules.explain import Explanation, explain
from aiops_cost.rules.modules import DRIVERS

_PAIRS = (Column("what"), Column("value"))


def answer(
    con: duckdb.DuckDBPyConnection, line_id: int, rules: RuleSet, tags: TagMap, owners: Owners | None, currency: str
) -> Report:
    """The line `x_LineId = line_id`. Raises UserError when the ledger has no such line."""
    cursor = con.execute(f"SELECT {', '.join(schema.IDENTITY)} FROM described WHERE x_LineId = ?", [line_id])
    row = cursor.fetchone()
    if row is None:
        raise UserError(
            Problem("line-unknown", "", f"the ledger has no line {line_id}",
                    'Line ids:  aiops-cost query "SELECT x_LineId, sum(Cost) FROM spend GROUP BY 1 ORDER BY 2 DESC"')
        )  # fmt: skip
    line: Mapping[str, str | None] = dict(zip(schema.IDENTITY, row, strict=True))
    told = explain(line, rules, tags, owners)
    cells = tuple((name, value) for name, value in line.items() if value is not None)
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


def _decision(told: Explanation) -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for name in schema.ATTRIBUTION:
        value = told.fields[name]
        source = told.sources.get(name.removeprefix("x_").lower())
        if value is not None:
            rows.append((name.removeprefix("x_"), f"{value}  ({source})" if source else value))
    driver = _driver(told.fields["x_Activity"], told.fields["x_Component"])
    if driver:
        rows.append(("driver", driver))
    if told.rule:
        rows += [("why", told.rule.why), ("the rule stands in", told.rule.place)]
    return rows


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


def _notes(told: Explanation) -> tuple[str, ...]:
    if told.rule is None:
        return (
            "No rule knows this line. Tag the resource, or add a rule:  aiops-cost rules list shows how they look.",
        )
    return (f"Before it was refined, rule {told.refines.id} decided: {told.refines.why}",) if told.refines else ()
