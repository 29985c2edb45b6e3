"""What moved on the day of an onset: the services, models, SKUs and resources whose cost per day changed then.

Compared are the days before the onset (at most 28) and the days since, per what stays the same when tags and columns
come and go. Training jobs have a resource for each run, so they are named by their SKU.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from aiops_cost import money
from aiops_cost.checks import cells, study
from aiops_cost.checks.view import View, both, charges, days_in, either, in_days
from aiops_cost.checks.why import Asked
from aiops_cost.drift.onset import Change

DAY = timedelta(days=1)
DAYS_BEFORE = 28
MOST = 3
_METER = "coalesce(x_UsageType, SkuMeter, x_SkuDescription, ChargeDescription)"
_RESOURCE = "CASE WHEN x_Run IS NULL THEN coalesce(ResourceName, ResourceId) END"
_COARSE = ("ServiceName", "x_Model", "x_LatencyTier", "meter", "NULL", "SubAccountId", "RegionId")
_FINE = ("ServiceName", "x_Model", "x_LatencyTier", _METER, _RESOURCE, "SubAccountId", "RegionId")
COLUMNS = ("service", "model", "tier", "meter", "resource", "account", "region")


@dataclass(frozen=True)
class Moved:
    """One thing, and its cost per day before and since; exact to 18 decimals."""

    what: tuple[str | None, ...]
    before: Decimal
    since: Decimal

    @property
    def change(self) -> Decimal:
        return money.EXACT.subtract(self.since, self.before)

    @property
    def is_new(self) -> bool:
        return not self.before and self.since > 0

    @property
    def ended(self) -> bool:
        return self.before > 0 and not self.since

    @property
    def name(self) -> str:
        """Model and tier where there are, the resource, the SKU."""
        service, model, tier, meter, resource, *_ = self.what
        told = [part for part in (model or service, tier if tier != "on-demand" else None, resource, meter) if part]
        return ", ".join(told) or "no name"


def things(view: View, asked: Asked, onset: Change, resources: bool = True) -> list[Moved]:
    """What moved, the largest change in the direction of the drift first; by resource, too, where that is asked."""
    last = asked.days[-1][1]
    before, since = (onset.day - DAYS_BEFORE * DAY, onset.day - DAY), (onset.day, last)
    sides = [both(charges(asked.line), in_days([days])) for days in (before, since)]
    keys, table = (_FINE, "spend") if resources else (_COARSE, cells.prepared(view))
    order = ", ".join(str(index + 1) for index in range(len(keys)))
    rows = view.fetch(
        f"SELECT {', '.join(keys)}, coalesce(sum(Cost) FILTER (WHERE {sides[0].sql}), 0),"
        f" coalesce(sum(Cost) FILTER (WHERE {sides[1].sql}), 0) FROM {table}"
        f" WHERE {either(*sides).sql} GROUP BY {order} ORDER BY {order}",
        [*sides[0].parameters, *sides[1].parameters, *either(*sides).parameters],
    )
    found = [Moved(tuple(row[:-2]), _a_day(row[-2], before), _a_day(row[-1], since)) for row in rows]
    way = 1 if asked.amount >= 0 else -1
    return sorted((one for one in found if one.change), key=lambda one: -way * one.change)


def _a_day(amount: Decimal, days: tuple[date, date]) -> Decimal:
    return money.multiply(Decimal(amount), 1, days_in([days]))


def sentence(onset: Change) -> str:
    """The onset in words."""
    if onset.kind == study.FROM_THE_START:
        return f"so {onset.kind} of the plan, {onset.day}: {onset.size:+.0%} against it"
    how = {
        "step": "a new level", "slope": "a new slope", "cost per run": "runs cost something else",
        "frequency": "runs come at another pace",
    }[onset.kind]  # fmt: skip
    return f"since {onset.day}: {how}, {onset.size:+.0%} ({onset.certainty:.0%} sure of the day, give or take three)"


def sentences(view: View, asked: Asked, onset: Change) -> Iterator[str]:
    """What moved most, in words."""
    way = 1 if asked.amount >= 0 else -1
    for one in things(view, asked, onset, resources=False)[:MOST]:
        if one.change * way <= 0:
            return
        began = "new: " if one.is_new else "ended: " if one.ended else ""
        yield (
            f"{began}{one.name}: {money.show(one.before)} a day before,"
            f" {money.show(one.since, view.currency)} a day since"
        )
