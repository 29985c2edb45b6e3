"""What is true about the company, for tests and judges: `truth.json`. The program that judges never reads it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb

from aiops_cost import money
from aiops_cost.demo.blueprint import AS_OF, DAYS, LAST_DAY, Blueprint, Line
from aiops_cost.demo.budget import PlanLine
from aiops_cost.demo.usage import Charge, runs_billed

WINDOWS = {"month": (date(2026, 6, 1), date(2026, 6, 11)), "year": (date(2026, 1, 1), date(2026, 6, 11))}
"""The current month and the plan's year so far, up to the last day that was delivered whole."""
COSTS = {
    "BilledCost": "billed_cost",
    "EffectiveCost": "effective_cost",
    "ListCost": "list_cost",
    "ContractedCost": "contracted_cost",
}
KEY = ("source", "ResourceId", "SkuId", "ServiceName", "ChargeCategory")
LABELS = ("activity", "component", "workload", "model")
Spent = Mapping[tuple[str, str, str], Decimal]
_ASIDE = ("idle", "credit")
"""Kinds of events that leave a planned line on its plan."""


def truth(
    plan: Blueprint, seed: int, charges: Sequence[Charge], bills: duckdb.DuckDBPyConnection, lines: Sequence[PlanLine]
) -> dict[str, Any]:
    """Everything that was planted, as plain data; amounts are texts, exact."""
    spent = _spent(bills)
    judged = [_judged(plan, line, spent) for line in lines]
    return {
        "company": plan.company,
        "seed": seed,
        "as_of": str(AS_OF),
        "first_day": str(DAYS[0]),
        "half_delivered_day": str(LAST_DAY),
        "windows": {name: [str(day) for day in window] for name, window in WINDOWS.items()},
        "totals": _totals(bills),
        "budget": judged,
        "drifts": [*_drifts(plan, judged), *_unbudgeted(plan, spent)],
        "stable": [line["scope"] for line in judged if line["kind"] == "stable"],
        "unbudgeted": [_scope(line.scope) for line in plan.lines if not line.planned],
        "never_came": [line["scope"] for line in judged if line["kind"] == "never-came"],
        "idle": [{**event, **_sizes(event["scope"], spent)} for event in _events(plan) if event["kind"] == "idle"],
        "credits": [_credit(entry) for entry in plan.charges if entry.get("kind") == "credit"],
        "runs": {line.scope: _runs(line, seed) for line in plan.lines if line.driver.kind == "runs"},
        "lines": {"key": KEY, "labels": LABELS, "rows": _line_rows(charges)},
    }  # fmt: skip


def render(data: Mapping[str, Any]) -> str:
    """As JSON: readable, and one billed line per text line."""
    rows = data["lines"]["rows"]
    head = json.dumps(dict(data) | {"lines": dict(data["lines"]) | {"rows": []}}, indent=1, ensure_ascii=False)
    body = ",\n".join("   " + json.dumps(row, ensure_ascii=False) for row in rows)
    return head.replace('"rows": []', '"rows": [\n' + body + "\n  ]") + "\n"


def _scope(text: str) -> dict[str, str]:
    activity, _, workload = text.partition("/")
    return {"activity": activity, "workload": workload}


def _spent(bills: duckdb.DuckDBPyConnection) -> Spent:
    """(window, activity, workload) -> effective cost, exact."""
    found = {}
    for name, (first, last) in WINDOWS.items():
        rows = bills.execute(
            "SELECT activity, workload, sum(effective_cost) FROM delivered "
            "WHERE started >= $1 AND started < $2 + INTERVAL 1 DAY GROUP BY ALL ORDER BY ALL",
            [first, last],
        ).fetchall()
        found.update({(name, activity, workload): cost for activity, workload, cost in rows})
    return found


def _judged(plan: Blueprint, line: PlanLine, spent: Spent) -> dict[str, Any]:
    activity, _, workload = line.scope.partition("/")
    windows = {}
    for name, (first, last) in WINDOWS.items():
        planned, actual = line.until(first, last), spent.get((name, activity, workload), Decimal(0))
        windows[name] = {
            "planned": money.exact(planned),
            "actual": money.exact(actual),
            "drift": money.exact(actual - planned),
        }
    return {"scope": _scope(line.scope), "owner": line.owner, "kind": _kind(plan, line.scope), **windows}


def _kind(plan: Blueprint, scope: str) -> str:
    if scope in {str(entry["scope"]) for entry in plan.never}:
        return "never-came"
    kinds = [event.kind for line in plan.lines if line.scope == scope for event in line.events]
    return next((kind for kind in kinds if kind not in _ASIDE), "stable")


def _drifts(plan: Blueprint, judged: Iterable[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    by_scope = {tuple(line["scope"].values()): line for line in judged}
    for event in _events(plan):
        if event["kind"] not in _ASIDE:
            line = by_scope[tuple(event["scope"].values())]
            yield {**event, **{name: line[name]["drift"] for name in WINDOWS}}


def _unbudgeted(plan: Blueprint, spent: Spent) -> Iterable[dict[str, Any]]:
    for line in plan.lines:
        if not line.planned:
            planted = _planted(line, "unbudgeted", line.start, line.planted)
            yield {**planted, **_sizes(planted["scope"], spent)}


def _events(plan: Blueprint) -> Iterable[dict[str, Any]]:
    for line in plan.lines:
        for event in line.events:
            yield _planted(line, event.kind, event.day, event.planted)


def _sizes(scope: Mapping[str, str], spent: Spent) -> dict[str, str]:
    """What a scope cost in each window."""
    return {name: money.exact(spent[(name, scope["activity"], scope["workload"])]) for name in WINDOWS}


def _planted(line: Line, kind: str, onset: date, what: str) -> dict[str, Any]:
    return {"scope": _scope(line.scope), "owner": line.owner, "kind": kind, "onset": str(onset), "planted": what}


def _credit(entry: Mapping[str, Any]) -> dict[str, str]:
    return {
        "service": entry["service"],
        "a_day": entry["amount"],
        "last_day": str(entry["until"]),
        "planted": entry["planted"],
    }


def _totals(bills: duckdb.DuckDBPyConnection) -> dict[str, dict[str, dict[str, Any]]]:
    """Source -> billing period -> rows and the four costs."""
    sums = ", ".join(f"sum({column})" for column in COSTS.values())
    found: dict[str, dict[str, dict[str, Any]]] = {}
    query = f"SELECT source, period, count(*), {sums} FROM delivered GROUP BY ALL ORDER BY ALL"
    for source, period, rows, *costs in bills.execute(query).fetchall():
        amounts = dict(zip(COSTS, map(money.exact, costs), strict=True))
        found.setdefault(source, {})[period] = {"rows": rows, **amounts}
    return found


def _runs(line: Line, seed: int) -> dict[str, int]:
    """Month -> number of training runs."""
    counts: dict[str, int] = {}
    for run in runs_billed(line, seed):
        month = f"{DAYS[run.day]:%Y-%m}"
        counts[month] = counts.get(month, 0) + 1
    return counts


def _line_rows(charges: Iterable[Charge]) -> list[list[str | None]]:
    """Each distinct line once, keys first. Raises ValueError when one key would mean two things."""
    found: dict[tuple[str, ...], tuple[str, ...]] = {}
    for charge in charges:
        line = charge.line
        labels = (line.activity, line.component, line.workload, line.model)
        if found.setdefault(line.key, labels) != labels:
            raise ValueError(f"{line.key} is both {found[line.key]} and {labels}")
    return [[value or None for value in (*key, *labels)] for key, labels in sorted(found.items())]
