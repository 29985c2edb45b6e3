"""Things that were attributed otherwise before: a tag that was switched on, a rule or an owner that changed.

The money did not move, its name did; so it must not look like a drift that began on that day. A thing is what stays the
same: account, service, SKU, region and resource. For a budget line it is one of

    late     it was nobody's before, or the line's before and another's now: it counts as the line's on all days, and
             what the line's actual lacks is the part `attribution` of the bridge, a negative one
    gained   it was another workload's before: it is left out of the line's drivers, and what it brought is the part
             `attribution`, a positive one

Spend without a resource id is not followed: many workloads share such a line of the bill.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiops_cost.budget.plan import BudgetLine
from aiops_cost.checks import view as views
from aiops_cost.checks.view import Condition

if TYPE_CHECKING:
    from aiops_cost.checks.view import View

THING = "hash(SubAccountId, ServiceName, coalesce(SkuId, SkuMeter, x_UsageType, ServiceName), RegionId, ResourceId)"
_NOBODYS = "(x_Workload IS NULL OR x_Activity = 'unattributed')"


@dataclass(frozen=True)
class Followed:
    """The conditions of a line on the table `cells`: `all` is what counts as its own on every day, `late` what of it
    its actual lacks, `gained` what its actual has besides."""

    all: Condition
    late: Condition = views.NEVER
    gained: Condition = views.NEVER


def column(view: View) -> str:
    """SQL for the column `wander` of `cells`: the thing, where its attribution changed, else null."""
    label = "coalesce(x_Activity, '') || '/' || coalesce(x_Workload, '')"
    found = view.fetch(
        f"SELECT {THING} FROM {view.described} WHERE ResourceId IS NOT NULL AND x_Activity <> 'other' GROUP BY 1"
        f" HAVING count(DISTINCT {label}) > 1 ORDER BY 1",
        [],
    )
    view.memo["wandering"] = [row[0] for row in found]
    if not found:
        return "CAST(NULL AS UBIGINT) AS wander"
    listed = ", ".join(str(row[0]) for row in found)
    return f"CASE WHEN ResourceId IS NOT NULL AND {THING} IN ({listed}) THEN {THING} END AS wander"


def followed(view: View, line: BudgetLine) -> Followed:
    """What counts as a line's; `cells` must have been made."""
    own = views.charges(line)
    if not view.memo.get("wandering"):
        return Followed(own)
    rows = view.fetch(
        f"SELECT wander, coalesce(bool_and({_NOBODYS}) FILTER (WHERE NOT ({own.sql})), false),"
        f" min(ChargePeriodStart) FILTER (WHERE {own.sql}), min(ChargePeriodStart) FILTER (WHERE NOT ({own.sql}))"
        " FROM cells WHERE wander IS NOT NULL GROUP BY wander ORDER BY wander",
        [*own.parameters * 3],
    )
    mine = [(thing, nobodys or (other is not None and since < other)) for thing, nobodys, since, other in rows if since]
    late = [thing for thing, is_late in mine if is_late]
    gained = [thing for thing, is_late in mine if not is_late]
    if not mine:
        return Followed(own)
    lacking = views.both(views.negated(own), _one_of(late))
    besides = views.both(own, _one_of(gained))
    return Followed(views.either(views.both(own, views.negated(_one_of(gained))), lacking), lacking, besides)


def _one_of(things: list[int]) -> Condition:
    if not things:
        return views.NEVER
    listed = ", ".join(str(thing) for thing in things)
    return Condition(f"coalesce(wander IN ({listed}), false)", (), frozenset({"wander"}))
