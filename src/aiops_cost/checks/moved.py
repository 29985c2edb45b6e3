"""What moved on the day of an onset: the services, models, SKUs and resources whose cost per day changed then.

Compared are the days before the onset (at most 28) and the days since, per what stays the same when tags and columns
come and go. Training jobs have a resource for each run, so they are named by their SKU.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from aiops_cost import money
from aiops_cost.budget.plan import DayRange
from aiops_cost.checks import cells, study
from aiops_cost.checks.view import Condition, View, both, charges, days_in, either, in_days
from aiops_cost.checks.why import Asked
from aiops_cost.drift.onset import Change

DAY = timedelta(days=1)
DAYS_BEFORE = 28
MOST = 3
_METER = "coalesce(x_UsageType, SkuMeter, x_SkuDescription, ChargeDescription)"
_RESOURCE = "CASE WHEN x_Run IS NULL THEN coalesce(ResourceName, ResourceId) END"
_COARSE = ("ServiceName", "x_Model", "x_LatencyTier", "meter", "SubAccountId", "RegionId")
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


def things(view: View, asked: Asked, onset: Change) -> list[Moved]:
    """What moved, by resource, too: the largest change in the direction of the drift first."""
    before, since = _sides(asked, onset)
    sides = _conditions(asked, onset)
    order = ", ".join(str(index + 1) for index in range(len(_FINE)))
    rows = view.fetch(
        f"SELECT {', '.join(_FINE)}, coalesce(sum(Cost) FILTER (WHERE {sides[0].sql}), 0),"
        f" coalesce(sum(Cost) FILTER (WHERE {sides[1].sql}), 0) FROM spend"
        f" WHERE {either(*sides).sql} GROUP BY {order} ORDER BY {order}",
        [*sides[0].parameters, *sides[1].parameters, *either(*sides).parameters],
    )
    return _largest_first(
        asked, [Moved(tuple(row[:-2]), _a_day(row[-2], before), _a_day(row[-1], since)) for row in rows]
    )


def kinds(view: View, asked: Asked, onset: Change) -> list[Moved]:
    """The same without resources, which needs no reading of the ledger's rows."""
    costs: dict[tuple[str | None, ...], list[Decimal]] = {}
    days = _sides(asked, onset)
    for at, side in enumerate(_conditions(asked, onset)):
        for service, model, tier, meter, account, region, _, cost, _ in cells.rows(view, _COARSE, side):
            what = (service, model, tier, meter, None, account, region)
            costs.setdefault(what, [Decimal(0), Decimal(0)])[at] = _a_day(cost, days[at])
    found = [Moved(what, *costs[what]) for what in sorted(costs, key=_nulls_last)]
    return _largest_first(asked, found)


def gather(view: View, asked: Iterable[Asked]) -> None:
    """Ask at once what `kinds` will ask of each."""
    conditions = (side for one in asked if one.onset for side in _conditions(one, one.onset))
    cells.gather(view, _COARSE, conditions)


def _sides(asked: Asked, onset: Change) -> tuple[DayRange, DayRange]:
    return (onset.day - DAYS_BEFORE * DAY, onset.day - DAY), (onset.day, asked.days[-1][1])


def _conditions(asked: Asked, onset: Change) -> list[Condition]:
    return [both(charges(asked.line), in_days([days])) for days in _sides(asked, onset)]


def _nulls_last(what: tuple[str | None, ...]) -> list[tuple[bool, str]]:
    return [(value is None, value or "") for value in what]


def _largest_first(asked: Asked, found: Sequence[Moved]) -> list[Moved]:
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
    for one in kinds(view, asked, onset)[:MOST]:
        if one.change * way <= 0:
            return
        began = "new: " if one.is_new else "ended: " if one.ended else ""
        yield (
            f"{began}{one.name}: {money.show(one.before)} a day before,"
            f" {money.show(one.since, view.currency)} a day since"
        )
