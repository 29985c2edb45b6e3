"""The migration plan that the steering group approved: what each workload was expected to need and to cost.

It follows from the same description as the bills, without the events: what is planned is what would have been
billed had nothing happened.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, localcontext

from aiops_cost.demo.blueprint import PLAN_END, PLAN_START, Blueprint, Line
from aiops_cost.demo.usage import planned_cost

CENT = Decimal("0.01")
PRICE = Decimal("0.000001")
MILLION = 10**6
_TOKENS = ("fm-tokens", "fm-embeddings")


@dataclass(frozen=True)
class PlanLine:
    """One line of the budget. `months` is the amount of each month of the plan, `amount` how the file says it."""

    scope: str
    owner: str
    months: Mapping[str, Decimal]
    amount: str
    assumes: Mapping[str, str]

    def until(self, first: date, last: date) -> Decimal:
        """What is planned from `first` to `last`, both included: months spread evenly over their days."""
        total, day = Decimal(0), first
        while day <= last:
            month_days = calendar.monthrange(day.year, day.month)[1]
            total += self.months[f"{day:%Y-%m}"] / month_days
            day += timedelta(days=1)
        return total.quantize(CENT)


def plan_lines(plan: Blueprint) -> list[PlanLine]:
    """The budget's lines, in the order of the description; at the end what was planned and never came."""
    planned = [line for line in plan.lines if line.planned and line.workload]
    return [*(_plan(plan, line) for line in planned), *(_never(entry) for entry in plan.never)]


def months() -> list[str]:
    """The months of the plan as YYYY-MM."""
    return [f"{PLAN_START.year}-{month:02d}" for month in range(PLAN_START.month, PLAN_END.month + 1)]


def render(lines: list[PlanLine]) -> str:
    """The budget file."""
    text = [
        "# What moving to the cloud was expected to cost, line by line, with what was assumed.",
        "budget: migration-2026",
        "currency: USD",
        "approved: {by: AI platform steering, on: 2025-12-18}",
        f"months: {months()[0]}..{months()[-1]}",
        "lines:",
    ]
    for line in lines:
        activity, _, workload = line.scope.partition("/")
        text.append(f"  - scope: {{activity: {activity}, workload: {workload}}}")
        text.append(f"    owner: {line.owner}")
        text.append(f"    amount: {line.amount}")
        if line.assumes:
            text.append(f"    assumes: {_flow(line.assumes)}")
        text.append("    tolerance: {warn: 5%, breach: 10%, at_least: 200}")
    return "\n".join(text) + "\n"


def _plan(plan: Blueprint, line: Line) -> PlanLine:
    if line.driver.kind == "runs":
        return _runs(plan, line)
    if line.driver.kind == "gb":
        return _storage(plan, line)
    return _daily(plan, line)


def _runs(plan: Blueprint, line: Line) -> PlanLine:
    cost = {
        role: sum((planned_cost(plan, line, part) for part in line.parts if part.role == role), Decimal(0))
        for role in ("compute", "prep")
    }
    assumes = {
        "runs_per_month": str(min(len(line.driver.days), 30)),
        "usd_per_run": str(cost["compute"].quantize(CENT)),
    }
    if cost["prep"]:
        assumes["usd_data_prep_per_run"] = str(cost["prep"].quantize(CENT))
    return _from_runs(line.scope, line.owner, assumes)


def _from_runs(scope: str, owner: str, assumes: Mapping[str, str]) -> PlanLine:
    each = Decimal(assumes["usd_per_run"]) + Decimal(assumes.get("usd_data_prep_per_run", "0"))
    amount = (Decimal(assumes["runs_per_month"]) * each).quantize(CENT)
    return PlanLine(scope, owner, dict.fromkeys(months(), amount), str(amount), assumes)


def _storage(plan: Blueprint, line: Line) -> PlanLine:
    price = sum((planned_cost(plan, line, part) for part in line.parts), Decimal(0)).quantize(PRICE).normalize()
    growth = Decimal(str(line.driver.growth))
    base = Decimal(str(line.driver.base))
    start = base * price
    with localcontext() as context:
        context.prec = 50
        by_month = {month: start * (1 + growth) ** index for index, month in enumerate(months())}
    rate = f"{(growth * 100).normalize():f}%/month"
    assumes = {"gb_at_start": f"{base:f}", "growth": rate, "usd_per_gb_month": f"{price:f}"}
    return PlanLine(line.scope, line.owner, by_month, f"{{start: {start.normalize():f}, growth: {rate}}}", assumes)


def _daily(plan: Blueprint, line: Line) -> PlanLine:
    """A plan per day: tokens, machine hours, or, where neither says it, an amount without assumptions."""
    cost = sum((planned_cost(plan, line, part) for part in line.parts), Decimal(0))
    base = Decimal(str(line.driver.base))
    if line.driver.kind == "hours" and line.activity in ("serving", "training"):
        assumes = {"instance_hours_per_day": f"{base * 24:f}", "usd_per_hour": f"{cost.quantize(PRICE).normalize():f}"}
        return _by_month(line.scope, line.owner, assumes, base * 24 * cost.quantize(PRICE))
    tokens = _tokens_per_request(plan, line)
    if tokens:
        price = (cost / tokens * MILLION).quantize(PRICE).normalize()
        return _from_tokens(line, f"{base:f}", f"{tokens.normalize():f}", f"{price:f}")
    hours = 24 if line.driver.kind == "hours" else 1
    amount = (base * hours * cost * 365 / 12).quantize(Decimal(10))
    return PlanLine(line.scope, line.owner, dict.fromkeys(months(), amount), f"{amount:f}", {})


def _from_tokens(line: Line, requests: str, tokens: str, price: str) -> PlanLine:
    assumes = {"requests_per_day": requests, "tokens_per_request": tokens, "usd_per_1m_tokens": price}
    a_day = Decimal(requests) * Decimal(tokens) * Decimal(price) / MILLION
    return _by_month(line.scope, line.owner, assumes, a_day)


def _by_month(scope: str, owner: str, assumes: Mapping[str, str], a_day: Decimal) -> PlanLine:
    amounts = {
        month: (a_day * calendar.monthrange(int(month[:4]), int(month[5:]))[1]).quantize(CENT) for month in months()
    }
    return PlanLine(scope, owner, amounts, _flow({m: str(a) for m, a in amounts.items()}), assumes)


def _tokens_per_request(plan: Blueprint, line: Line) -> Decimal:
    shares = line.share or {}
    return sum(
        (
            Decimal(str(part.per)) * Decimal(str(shares.get(part.role, 1)))
            for part in line.parts
            if plan.skus[part.sku].component.startswith(_TOKENS)
        ),
        Decimal(0),
    )


def _never(entry: Mapping[str, object]) -> PlanLine:
    scope, owner, assumes = str(entry["scope"]), str(entry["owner"]), dict(entry["assumes"])  # type: ignore[call-overload]
    if "runs_per_month" in assumes:
        return _from_runs(scope, owner, assumes)
    a_day = Decimal(assumes["requests_per_day"]) * Decimal(assumes["tokens_per_request"])
    return _by_month(scope, owner, assumes, a_day * Decimal(assumes["usd_per_1m_tokens"]) / MILLION)


def _flow(items: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{key}: {value}" for key, value in items.items()) + "}"
