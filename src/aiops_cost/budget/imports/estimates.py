"""Estimates that other tools leave as JSON: Infracost's breakdown, and the AI estimate of AWS's migration planner.

Infracost: `infracost breakdown --format json`; costs are texts or null, null where a resource depends on use
(https://github.com/infracost/infracost/blob/master/schema/infracost.schema.json).

Migration planner: `estimation-ai.json` of the migration-to-aws plugin (https://github.com/awslabs/agent-plugins), read
are `cost_comparison.projected_bedrock_monthly`, `recommended_model`, `embeddings`, `token_volume`, `one_time_costs`;
always in USD. Its shape is the one that the plugin documents; it has no published schema.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from aiops_cost import money
from aiops_cost.budget.imports.mapping import PlanMapping
from aiops_cost.budget.imports.table import CENT, Line, Plan
from aiops_cost.errors import UserError
from aiops_cost.model import Problem

MAX_BYTES = 64 * 1024 * 1024
TAG = "tags."


def is_estimate(path: Path) -> bool:
    """True for a JSON file."""
    return path.suffix.lower() == ".json"


def read(path: Path, shown: str, mapping: PlanMapping) -> Plan:
    """The estimate as a plan: each month of the mapping's `months` costs the same. Raises UserError."""
    data = _json(path, shown)
    if mapping.months is None:
        raise UserError(
            _problem(shown, "an estimate has no months", "Write it into the mapping:  months: 2026-04..2027-03")
        )
    if isinstance(data.get("projects"), list) and "totalMonthlyCost" in data:
        lines, notes = _infracost(data, shown, mapping)
    elif isinstance(data.get("cost_comparison"), Mapping) and "projected_bedrock_monthly" in data["cost_comparison"]:
        lines, notes = _planner(data, shown, mapping)
    else:
        raise UserError(
            _problem(shown, "neither an Infracost breakdown nor an AI estimate of the migration planner",
                     "They are written by:  infracost breakdown --format json   (or are called estimation-ai.json)")
        )  # fmt: skip
    first, _, last = mapping.months.partition("..")
    return Plan(tuple(lines), (first, last), tuple(notes))


def currency_of(path: Path, shown: str) -> str | None:
    """The currency that an estimate states: Infracost's; USD for the migration planner."""
    found = _json(path, shown).get("currency")
    return str(found) if found else "USD"


def _json(path: Path, shown: str) -> Mapping[str, Any]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UserError(_problem(shown, "too big for an estimate (64 MiB at most)", "Is this the file?"))
        found = json.loads(path.read_text(encoding="utf-8-sig"), parse_float=Decimal, parse_int=Decimal)
    except OSError as error:
        raise UserError(_problem(shown, f"cannot be read: {error.strerror}", "Check the path.")) from None
    except ValueError as error:
        raise UserError(_problem(shown, f"not JSON: {error}", "Let the tool write it again.")) from None
    except RecursionError:
        raise UserError(_problem(shown, "nested too deep for an estimate", "Is this the file?")) from None
    if not isinstance(found, dict):
        raise UserError(_problem(shown, "not an estimate", "An estimate is a JSON object."))
    return found


# --- Infracost ------------------------------------------------------------------------------------------------------


def _infracost(data: Mapping[str, Any], shown: str, mapping: PlanMapping) -> tuple[list[Line], list[str]]:
    """One line per scope that the mapped tags make; what depends on use is named, for it is not free."""
    if data.get("currency") not in (None, mapping.currency):
        said = f"the estimate is in {data['currency']}, and the mapping says {mapping.currency}"
        raise UserError(_problem(shown, said, "Correct `currency:` in the mapping."))
    lines: dict[tuple[tuple[str, Any], ...], Line] = {}
    open_ended: list[str] = []
    problems: list[Problem] = []
    for project, resource in _resources(data):
        place = f"{shown}: {project}/{resource.get('name')}"
        cost = _cost(resource.get("monthlyCost"), place, problems)
        if cost is None:
            open_ended.append(str(resource.get("name")))
            continue
        scope = _scope_of(resource, mapping)
        if not scope and cost:
            tags = ", ".join(mapping.columns.values()) or "none is mapped"
            said = f"costs {money.show(cost, mapping.currency)} a month and has none of the mapped tags ({tags})"
            problems.append(
                _problem(place, said, "Map a tag (`columns: {workload: tags.app}`) or write `scope:` for all.")
            )
            continue
        line = lines.setdefault(tuple(sorted(scope.items())), Line(scope, place, each_month=Decimal(0)))
        line.each_month = money.total([line.each_month or Decimal(0), cost])
        line.comment = "Infracost: what is bought by the hour or month; use comes on top" if open_ended else "Infracost"
    stated = _cost(data.get("totalMonthlyCost"), shown, problems)
    _check_sum(lines.values(), stated, shown, problems)
    if problems:
        raise UserError(problems[:50])
    notes = [f"{shown}: the lines sum to its total, {money.show(stated or Decimal(0), mapping.currency)} a month"]
    if open_ended:
        first = ", ".join(open_ended[:3]) + (" ..." if len(open_ended) > 3 else "")
        notes.append(f"{len(open_ended)} resources depend on use and have no amount: {first}; they are not free")
    counted = (data.get("summary") or {}).get("totalUnsupportedResources")
    if counted:
        notes.append(f"{counted} resources are not priced by Infracost at all; they are not in this plan")
    return list(lines.values()), notes


def _resources(data: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for project in data["projects"]:
        breakdown = project.get("breakdown") or {}
        for resource in breakdown.get("resources") or []:
            yield str(project.get("name", "")), resource


def _scope_of(resource: Mapping[str, Any], mapping: PlanMapping) -> dict[str, str | tuple[str, ...]]:
    tags = resource.get("tags") or {}
    found: dict[str, str | tuple[str, ...]] = dict(mapping.scope)
    for name, header in mapping.columns.items():
        value = tags.get(header.removeprefix(TAG))
        if value:
            found[name] = str(value)
    return found


def _check_sum(lines: Any, stated: Decimal | None, shown: str, problems: list[Problem]) -> None:
    total = money.total(line.each_month or Decimal(0) for line in lines)
    if stated is not None and not problems and abs(total - stated) >= CENT:
        said = f"the resources sum to {money.show(total)}, and its total says {money.show(stated)}"
        problems.append(_problem(shown, said, "Let Infracost write the file again."))


# --- the migration planner's AI estimate ----------------------------------------------------------------------------


def _planner(data: Mapping[str, Any], shown: str, mapping: PlanMapping) -> tuple[list[Line], list[str]]:
    if mapping.currency != "USD":
        raise UserError(
            _problem(shown, "the migration planner estimates in USD", "Write `currency: USD` into the mapping.")
        )
    problems: list[Problem] = []
    stated = _cost(data["cost_comparison"]["projected_bedrock_monthly"], f"{shown}: cost_comparison", problems)
    chosen, embeddings = data.get("recommended_model") or {}, data.get("embeddings") or {}
    parts = [
        cost
        for one, name in ((chosen, "recommended_model"), (embeddings, "embeddings"))
        if (cost := _cost(one.get("monthly_cost"), f"{shown}: {name}", problems)) is not None
    ]
    if stated is None:
        problems.append(_problem(shown, "`projected_bedrock_monthly` is empty", "Let the planner finish its estimate."))
    elif parts and abs(money.total(parts) - stated) >= CENT:
        said = f"model and embeddings sum to {money.show(money.total(parts))}"
        said += f", and the projection says {money.show(stated)}"
        problems.append(_problem(shown, said, "Let the planner write its estimate again, or plan by hand."))
    if problems:
        raise UserError(problems)
    scope = dict(mapping.scope) or {"activity": "serving"}
    line = Line(scope, shown, each_month=stated, comment=_planned_for(data, chosen))
    line.assumes = _tokens(data, stated or Decimal(0))
    notes = [f"{shown}: {said}" for said in _left_out(data)]
    return [line], notes


def _tokens(data: Mapping[str, Any], stated: Decimal) -> dict[str, str]:
    """The tokens that the estimate was made for, and what a million of them comes to."""
    volume = data.get("token_volume") or {}
    names = ("monthly_input_tokens", "monthly_output_tokens")
    counts = [count for name in names if isinstance(count := volume.get(name), Decimal)]
    tokens = money.total(counts)
    if len(counts) < len(names) or not tokens:
        return {}
    price = money.multiply(stated, 10**6, tokens)
    return {"tokens_per_month": f"{tokens.normalize():f}", "usd_per_1m_tokens": f"{price.normalize():f}"}


def _planned_for(data: Mapping[str, Any], chosen: Mapping[str, Any]) -> str:
    accuracy = data.get("accuracy_confidence") or "accuracy not said"
    return f"AI estimate for {chosen.get('model') or 'no named model'}, {accuracy}"


def _left_out(data: Mapping[str, Any]) -> Iterator[str]:
    once = (data.get("one_time_costs") or {}).get("total_one_time")
    if once:
        yield f"one-time costs of {once} are work, not a bill of every month; they are not in this plan"
    optimised = (data.get("optimized_projection") or {}).get("monthly_with_optimizations")
    if optimised:
        yield f"the optimised projection ({optimised} a month) is a hope, not the plan"


def _cost(value: Any, place: str, problems: list[Problem]) -> Decimal | None:
    if value is None or value == "":
        return None
    try:
        found = value if isinstance(value, Decimal) else money.parse(str(value))
    except ValueError as error:
        problems.append(_problem(place, str(error), "Let the tool write it again."))
        return None
    if found < 0:
        problems.append(_problem(place, f"{value} is negative", "A plan's amount is zero or more."))
    return found


def _problem(place: str, sentence: str, way_out: str) -> Problem:
    return Problem("import-estimate", place, sentence, way_out)
