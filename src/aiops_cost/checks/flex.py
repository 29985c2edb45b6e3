"""A plan that moves with volume: allowed = planned unit cost x actual volume.

In words: success is not overspend. If a month planned 12,000 for 1.2 million requests, each thousand was worth 10;
1.5 million requests allow 15,000, and one million 10,000. In symbols, for a month m and the days D of it whose volume
v(d) is known, with the planned amount a(m) and the planned volume V(m):

    allowed = a(m) / V(m) * sum of v(d) over D  +  a(m) / days(m) * (number of the other days)

A day without a value is judged by the fixed plan, never by a volume of zero. GB are a level: a day of g GB is
g / days(m) GB-months.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from aiops_cost import money
from aiops_cost.budget import scope as scopes
from aiops_cost.budget.plan import BudgetLine, DayRange, days_of, joined, planned
from aiops_cost.budget.volumes import planned_volume
from aiops_cost.checks import attempts

if TYPE_CHECKING:
    from aiops_cost.checks.view import View

Volumes = Mapping[date, Decimal]


def allowed(view: View, line: BudgetLine, days: Iterable[DayRange]) -> Decimal:
    """What a line allows on these days, to 18 decimals; its fixed plan where it does not flex."""
    ranges = list(days)
    if not line.flex:
        return money.total(planned(line, first, last) for first, last in ranges)
    return flexed(line, line.flex, ranges, volumes(view, line, line.flex))


def volumes(view: View, line: BudgetLine, metric: str) -> Volumes:
    """Day -> actual volume of a metric within the line's scope; of GB, in GB-months; of runs, those that began."""
    if metric == "runs":
        return runs(view, [line])[0]
    found = view.volume(metric, line.scope)
    if metric != "gb":
        return found
    return {day: money.multiply(value, 1, days_of(f"{day:%Y-%m}")[1].day) for day, value in found.items()}


def runs(view: View, lines: Sequence[BudgetLine]) -> list[Volumes]:
    """For each line, day -> runs that began on it, by the bill where it names them, else by the metric `runs`. A retry
    is no run of its own: it makes the run dearer.

    Runs come on some days only: from the month of the first one to the last billed day, any other day has none. The
    bill is read once for all lines.
    """
    known: dict[str, Volumes] = view.memo.setdefault("runs_by_day", {})
    asked = [line for line in lines if _key(line) not in known]
    known.update(zip(map(_key, asked), _runs(view, asked), strict=True))
    return [known[_key(line)] for line in lines]


def _key(line: BudgetLine) -> str:
    return repr(sorted(line.scope.items()))


def _runs(view: View, lines: Sequence[BudgetLine]) -> list[Volumes]:
    if not lines:
        return []
    firsts, parameters = [], []
    for line in lines:
        condition, values = scopes.where(line.scope)
        firsts.append(f"min(ChargePeriodStart) FILTER (WHERE {condition})")
        parameters += values
    rows = view.fetch(
        f"SELECT {', '.join(firsts)} FROM {view.rows(*firsts)} WHERE {attempts.first_tries(view)} GROUP BY x_Run",
        parameters,
    )
    ((last,),) = view.fetch(f"SELECT max(ChargePeriodStart) FROM {view.spend}", ())
    return [
        _dense(Counter(row[index] for row in rows if row[index]) or view.volume("runs", line.scope), last)
        for index, line in enumerate(lines)
    ]


def _dense(found: Mapping[date, Decimal | int], last: date | None) -> Volumes:
    if not found or last is None:
        return {day: Decimal(count) for day, count in found.items()}
    whole = _days(min(found).replace(day=1), max(last, *found))
    return {day: Decimal(found.get(day, 0)) for day in whole}


def flexed(line: BudgetLine, metric: str, days: Iterable[DayRange], actual: Volumes) -> Decimal:
    """The planned unit cost times the actual volume, month by month; days without a volume at their fixed plan."""
    fixed: list[DayRange] = []
    known: dict[str, Decimal] = {}
    for day in (day for first, last in days for day in _days(first, last)):
        month = f"{day:%Y-%m}"
        if day not in actual or not planned_volume_of(line, metric, month):
            fixed.append((day, day))
        elif line.ends is None or day <= line.ends:
            known[month] = known.get(month, Decimal(0)) + actual[day]
    return money.total(
        [
            *(planned(line, first, last) for first, last in joined(fixed)),
            *(
                money.multiply(amount, line.amounts[month], planned_volume_of(line, metric, month))
                for month, amount in known.items()
            ),
        ]
    )


def planned_volume_of(line: BudgetLine, metric: str, month: str) -> Decimal:
    """The volume that the amount of a month was made for; zero where that month plans none."""
    return (planned_volume(line, metric, month) or Decimal(0)) if month in line.amounts else Decimal(0)


def _days(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))
