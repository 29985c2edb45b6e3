"""What the company measured: requests, tokens and GB from the drivers that make its bills, and what `metrics.csv`
says of latency and quality. Up to the last day that was whole."""

from __future__ import annotations

import calendar
import csv
from collections.abc import Iterator
from datetime import date
from importlib.resources import files

from aiops_cost.demo import series
from aiops_cost.demo.blueprint import DAYS, Blueprint, Line

HEADER = "day,name,activity,workload,value"
_TOKENS = {"in": "input_tokens", "out": "output_tokens"}
_SOLVED = 0.031
"""Tickets that support-chat solves per request: a business unit."""


def use(plan: Blueprint, seed: int) -> str:
    """Requests, tokens, GB and solved tickets a day, as CSV."""
    rows = [row for line in plan.lines if line.workload for row in _used(plan, line, seed)]
    return "\n".join([HEADER, *rows]) + "\n"


def service(seed: int) -> str:
    """Latency, quality, delay and unread data a day, as CSV with one column per metric."""
    entries = list(csv.DictReader(files(__package__).joinpath("metrics.csv").read_text("utf-8").splitlines()))
    names = list(dict.fromkeys(entry["metric"] for entry in entries))
    values = {(entry["workload"], entry["metric"]): _measured(entry, seed) for entry in entries}
    text = [",".join(("day", "workload", *names))]
    for index, day in enumerate(DAYS[:-1]):
        for workload in dict.fromkeys(entry["workload"] for entry in entries):
            cells = [values[workload, name][index] if (workload, name) in values else "" for name in names]
            text.append(",".join((str(day), workload, *cells)))
    return "\n".join(text) + "\n"


def _used(plan: Blueprint, line: Line, seed: int) -> Iterator[str]:
    levels = series.levels(line, seed)
    begin = series.since(line.start)
    for index, day in enumerate(DAYS[:-1]):
        if index < begin:
            continue
        if line.driver.kind == "gb":
            yield f"{day},gb,{line.activity},{line.workload},{levels[index] * _month(day):.3f}"
        elif line.driver.kind == "requests" and line.activity == "serving":
            requests = round(float(levels[index]))
            yield f"{day},requests,{line.activity},{line.workload},{requests}"
            for name, each in _tokens(plan, line, index).items():
                yield f"{day},{name},{line.activity},{line.workload},{round(levels[index] * each)}"
            if line.workload == "support-chat":
                yield f"{day},tickets_solved,{line.activity},{line.workload},{round(requests * _SOLVED)}"


def _tokens(plan: Blueprint, line: Line, index: int) -> dict[str, float]:
    """Tokens per request, into the model and out of it; empty for what is not paid by token."""
    found: dict[str, float] = {}
    for part in line.parts:
        if plan.skus[part.sku].component.startswith(("fm-tokens", "fm-embeddings")):
            name = _TOKENS["out" if part.sku.endswith("-out") else "in"]
            found[name] = found.get(name, 0.0) + part.per * float(series.factor(line, part)[index])
    return found


def _measured(entry: dict[str, str], seed: int) -> list[str]:
    """A level with a little noise, and a factor from a day on."""
    chance = series.generator(seed, f"{entry['workload']} {entry['metric']}").random(len(DAYS))
    places = 4 if float(entry["base"]) < 1 else 1
    since = date.fromisoformat(entry["from"]) if entry["from"] else None
    base, spread = float(entry["base"]), float(entry["spread"])
    return [
        f"{base * (1 + spread * (2 * chance[index] - 1)) * _factor(entry, since, day):.{places}f}"
        for index, day in enumerate(DAYS)
    ]


def _factor(entry: dict[str, str], since: date | None, day: date) -> float:
    return float(entry["factor"]) if since and day >= since else 1.0


def _month(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]
