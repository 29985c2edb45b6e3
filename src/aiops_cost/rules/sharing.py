"""Sharing: what several workloads use together, split over them so that every total stays what it was.

Shared cost is divided in stages. A stage takes a pool of cost (those rows its scope fits and no earlier stage took) and
divides it day by day: by fixed shares, by a metric, by what ran on a cluster, or in proportion to each workload's
direct AI cost of that day. Shares and metrics may name another stage, whose pool then grows by that part; a cycle is
refused. What cannot be divided stays in a row of its own, and so does what was idle. Parts are exact: they sum to the
cost, to the last digit, the units left over going to the largest remainders (Hamilton's method).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, localcontext

from aiops_cost import money
from aiops_cost.errors import UserError
from aiops_cost.model import Problem, Scope
from aiops_cost.rules.weights import Weights

DIRECT = ("serving", "training", "storage")
"""The activities whose cost weighs how much of the shared cost a workload bears."""

SHARED: Scope = {"activity": "shared"}
"""What a stage divides when it does not say."""


@dataclass(frozen=True)
class Stage:
    """One step: what it divides, and by what. Without shares and weights it goes by direct cost."""

    name: str
    of: Scope = field(default_factory=lambda: SHARED)
    shares: Mapping[str, Decimal] = field(default_factory=dict)
    weights: Weights | None = None

    @property
    def how(self) -> str:
        if self.shares:
            return "by fixed shares"
        if self.weights:
            return "by what ran" if self.weights.capacity or self.weights.are_costs else "by a metric"
        return "in proportion to direct cost, day by day"

    @property
    def targets(self) -> set[str]:
        """The names that it can give to, where they are fixed."""
        return set(self.shares) | (self.weights.names if self.weights else set())


@dataclass(frozen=True)
class Part:
    """What a stage gave to a workload on a day; without a workload it is `idle` or `undivided`."""

    day: date
    stage: str
    workload: str | None
    kind: str
    amount: Decimal


def shares(written: Mapping[str, str], place: str = "") -> dict[str, Decimal]:
    """Fixed shares as a person writes them: `{chat: 60%, search: 40%}`.

    Raises UserError for what is not a percentage, and when they do not sum to 100%.
    """
    try:
        parsed = {workload: money.parse_share(text) for workload, text in written.items()}
    except ValueError as error:
        raise UserError(Problem("sharing-not-a-share", place, str(error))) from None
    total = sum(parsed.values(), Decimal(0))
    if parsed and total != 1:
        raise UserError(
            Problem("sharing-not-whole", place, f"the shares sum to {(total * 100).normalize():f}%, not to 100%",
                    "Change one of them, so that every part of the shared cost has a place.")
        )  # fmt: skip
    return parsed


def ordered(stages: Sequence[Stage], place: str = "") -> tuple[Stage, ...]:
    """The stages so that each comes after those that give to it, else as written. Raises UserError for a cycle."""
    names = {stage.name for stage in stages}
    waiting = {stage.name: {giver.name for giver in stages if stage.name in giver.targets} & names for stage in stages}
    placed: list[str] = []
    while waiting:
        ready = next((name for name, givers in waiting.items() if givers <= set(placed)), None)
        if ready is None:
            loop = _cycle(waiting)
            raise UserError(
                Problem("sharing-cycle", place, f"shared cost would go round: {' to '.join(loop)}",
                        "Take one of these stages out of the shares of another.")
            )  # fmt: skip
        placed.append(ready)
        del waiting[ready]
    return tuple(sorted(stages, key=lambda stage: placed.index(stage.name)))


def _cycle(waiting: Mapping[str, set[str]]) -> list[str]:
    """Names from a stage back to itself, in the direction in which the money goes."""
    path = [next(iter(waiting))]
    while path[-1] not in path[:-1]:
        path.append(next(name for name in sorted(waiting[path[-1]]) if name in waiting))
    return path[path.index(path[-1]) :][::-1]


def divide(
    day: date, pools: Mapping[str, Decimal], direct: Mapping[str, Decimal], stages: Sequence[Stage]
) -> list[Part]:
    """Divide the pools of one day, given per stage; `direct` is each workload's direct AI cost, of which negative
    amounts (credits) weigh nothing. `stages` are as `ordered` gives them. The parts sum to the pools, exactly."""
    open_pools = {stage.name: pools.get(stage.name, Decimal(0)) for stage in stages}
    parts: list[Part] = []
    for stage in stages:
        amount = open_pools[stage.name]
        if not amount:
            continue
        for name, kind, part in _split(stage, day, amount, direct):
            if name in open_pools and kind == "part":
                with localcontext(money.EXACT):
                    open_pools[name] += part
            elif part:
                parts.append(Part(day, stage.name, name, kind, part))
    return parts


def _split(
    stage: Stage, day: date, amount: Decimal, direct: Mapping[str, Decimal]
) -> list[tuple[str | None, str, Decimal]]:
    """Name, kind and amount of each part of a pool."""
    bearing = sorted((name, weight) for name, weight in _weights(stage, day, direct).items() if weight > 0)
    if not bearing:
        return [(None, "undivided", amount)]
    idle = _idle(stage, day, amount, sum((weight for _, weight in bearing), Decimal(0)))
    named: list[tuple[str | None, str, Decimal]] = [(name, "part", weight) for name, weight in bearing]
    named += [(None, "idle", idle)] if idle > 0 else []
    parts = money.split(amount, [weight for *_, weight in named])
    return [(name, kind, part) for (name, kind, _), part in zip(named, parts, strict=True)]


def _weights(stage: Stage, day: date, direct: Mapping[str, Decimal]) -> Mapping[str, Decimal]:
    if stage.shares:
        return stage.shares
    if stage.weights is None:
        return direct
    key = stage.weights.key(day)
    return {} if key is None else stage.weights.by[key]


def _idle(stage: Stage, day: date, amount: Decimal, used: Decimal) -> Decimal:
    """What weighs as idle: the capacity that nobody asked for, or the cost that no pod accounts for."""
    if stage.weights is None:
        return Decimal(0)
    told = stage.weights.capacity.get(stage.weights.key(day) or "")
    whole = (amount if stage.weights.are_costs else Decimal(0)) if told is None else told
    return max(Decimal(0), whole - used)
