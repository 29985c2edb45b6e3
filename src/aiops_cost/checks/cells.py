"""Spend by the day as drift looks at it: the table `cells`, made once, and the questions asked of it.

A row is a day and what stays the same when tags come and go: account, service, SKU, region, and what attribution made
of them; never `x_LineId`, which changes with every column that a bill gains. `sort` tells usage apart from what use
does not drive: `fee` (tax, support, what is charged once or by the month), `credit`, `correction` (of a period that
was closed).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from aiops_cost.budget.plan import joined
from aiops_cost.checks import attempts, by_day, wandering
from aiops_cost.checks import view as views
from aiops_cost.drift.weekly import Floats

if TYPE_CHECKING:
    from aiops_cost.checks.view import Condition, View

USAGE, FEE, CREDIT, CORRECTION = "usage", "fee", "credit", "correction"
_SORT = f"""CASE WHEN ChargeClass = 'Correction' THEN '{CORRECTION}'
 WHEN ChargeCategory = 'Credit' THEN '{CREDIT}'
 WHEN ChargeCategory IN ('Tax', 'Purchase', 'Adjustment') OR ChargeFrequency IN ('Recurring', 'One-Time') THEN '{FEE}'
 ELSE '{USAGE}' END"""
_SKU = "coalesce(SkuId, SkuMeter, x_UsageType, x_SkuDescription, ChargeDescription, ServiceName)"
_METER = "coalesce(x_UsageType, SkuMeter, x_SkuDescription, ChargeDescription)"
_ALWAYS = (
    "ChargePeriodStart", "x_Activity", "x_Workload", "x_Component", "x_Model", "x_LatencyTier", "ServiceName",
    "SubAccountId", "RegionId", "BillingCurrency", "ChargeCategory",
)  # fmt: skip
LOOK_BACK = timedelta(days=400)
COLUMNS = ("x_Activity", "x_Component", "x_Model", "x_LatencyTier", "sku", "meter", "unit", "BillingCurrency")
"""What a bridge is made of."""
SORTED = ("sort", *COLUMNS)
_SUMS = ("sum(quantity)", "sum(Cost)", "sum(native)")
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Daily:
    """One scope, day by day. `usage` is what use drives, `other` fees, credits and corrections; both in the report
    currency, as floats for statistics."""

    first: date
    usage: Floats
    other: Floats

    @property
    def last(self) -> date:
        return self.first + timedelta(days=len(self.usage) - 1)

    def since(self, day: date) -> Daily:
        """The days from `day` on."""
        skipped = max(0, (day - self.first).days)
        return Daily(self.first + timedelta(days=skipped), self.usage[skipped:], self.other[skipped:])


def prepared(view: View) -> str:
    """Make the table `cells` of all settled days worth looking at, once per view, and return its name."""
    if "cells" not in view.memo:
        until = view.settled_until or view.as_of
        scoped = [views.charges(line) for line in view.lines]
        names = sorted({*_ALWAYS, *(name for condition in scoped for name in condition.columns)})
        named = {line.baseline for line in view.lines if line.baseline}
        days = views.in_days(joined([(until - LOOK_BACK, until), *named]))
        worth = views.both(days, views.either(views.watched(), *scoped))
        columns = ", ".join(f'"{name}"' for name in names)
        view.memo["cell_columns"] = (
            f"{columns}, {wandering.column(view)}, {_SKU} AS sku, {_METER} AS meter, {_SORT} AS sort,"
            " coalesce(ConsumedUnit, PricingUnit) AS unit,"
            " sum({sign} * CASE WHEN ConsumedUnit IS NULL THEN PricingQuantity ELSE ConsumedQuantity END) AS quantity,"
            f" sum({{sign}} * Cost) AS Cost, sum({{sign}} * {view.cost}) AS native"
        )
        selected = view.memo["cell_columns"].format(sign=1)
        view.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE cells AS SELECT {selected} FROM {view.rows(selected, worth.sql)}"
            f" WHERE {worth.sql} GROUP BY ALL",
            worth.parameters,
        )
        view.memo["cells"] = "cells"
    return "cells"


def restated(view: View, columns: Iterable[str], condition: Condition) -> list[tuple[Any, ...]]:
    """As `rows`, for what closed months that were delivered again became, less what they had been; usage only."""
    if "spend_before" not in view.memo:
        sql = "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'spend_before'"
        view.memo["spend_before"] = bool(view.fetch(sql, [])[0][0])
    if not view.memo["spend_before"]:
        return []
    prepared(view)
    if "restated" not in view.memo:
        now, then = (view.memo["cell_columns"].format(sign=sign) for sign in (1, -1))
        view.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE restated AS SELECT {now} FROM spend"
            " SEMI JOIN reloaded USING (x_Source, x_BillingPeriod) GROUP BY ALL"
            f" UNION ALL SELECT {then} FROM spend_before GROUP BY ALL"
        )
        view.memo["restated"] = "restated"
    keys = ", ".join(columns)
    found: list[tuple[Any, ...]] = view.connection.execute(
        f"SELECT {keys}, sum(quantity), sum(Cost), sum(native) FROM restated WHERE sort = '{USAGE}' AND {condition.sql}"
        f" GROUP BY {keys} HAVING sum(Cost) <> 0 OR sum(quantity) <> 0 ORDER BY ALL",
        condition.parameters,
    ).fetchall()
    return found


def rate(view: View, currency: str) -> Decimal:
    """The exchange rate of the day nearest to the plan's first."""
    first = min((budget.first_day for budget in view.current), default=view.as_of)
    (row,) = view.connection.execute(
        "SELECT rate FROM rates WHERE code = ? ORDER BY abs(day - CAST(? AS DATE)), day LIMIT 1", [currency, first]
    ).fetchall()
    return Decimal(row[0])


def daily(view: View, conditions: Sequence[Condition]) -> list[Daily | None]:
    """What each condition's rows cost by day, from its first day with a charge to the last settled day; one scan.

    None for a condition that no row meets.
    """
    until = view.settled_until
    if not conditions or until is None:
        return [None] * len(conditions)
    table = prepared(view)
    since = f"(SELECT * FROM {table} WHERE ChargePeriodStart >= DATE '{until - LOOK_BACK}')"
    used = f"CAST(sum(day.Cost) FILTER (day.sort = '{USAGE}') AS DOUBLE)"
    other = f"CAST(sum(day.Cost) FILTER (day.sort <> '{USAGE}') AS DOUBLE)"
    return [_series(days, until) for days in by_day.summed(view.connection, since, conditions, used, other)]


def _series(days: by_day.Days, until: date) -> Daily | None:
    if not days:
        return None
    first = days[0][0]
    usage, other = (np.zeros((until - first).days + 1) for _ in range(2))
    for day, used, besides in days:
        usage[(day - first).days] = used or 0.0
        other[(day - first).days] = besides or 0.0
    return Daily(first, usage, other)


def rows(view: View, columns: tuple[str, ...], condition: Condition) -> list[Row]:
    """Rows of (columns, quantity, cost, native cost) of the cells that meet a condition, in order of the columns; asked
    once per view."""
    known = _known(view)
    if (columns, condition) not in known:
        keys = ", ".join(columns)
        known[columns, condition] = view.connection.execute(
            f"SELECT {keys}, {', '.join(_SUMS)} FROM {prepared(view)} WHERE {condition.sql}"
            f" GROUP BY {keys} ORDER BY {keys}",
            condition.parameters,
        ).fetchall()
    return known[columns, condition]


def gather(view: View, columns: tuple[str, ...], conditions: Iterable[Condition]) -> None:
    """Ask in one statement what `rows` will be asked of each condition."""
    every = [condition for condition in dict.fromkeys(conditions) if (columns, condition) not in _known(view)]
    found = by_day.met(view.connection, prepared(view), every, columns, _SUMS)
    _known(view).update(((columns, condition), rows) for condition, rows in zip(every, found, strict=True))


def _known(view: View) -> dict[tuple[tuple[str, ...], Condition], list[Row]]:
    known: dict[tuple[tuple[str, ...], Condition], list[Row]] = view.memo.setdefault("rows_of_cells", {})
    return known


def by_sort(view: View, condition: Condition) -> Mapping[str, Sequence[Row]]:
    """Sort (`usage`, `fee` and so on) -> the rows of COLUMNS that meet a condition."""
    found: dict[str, list[Row]] = {}
    for sort, *row in rows(view, SORTED, condition):
        found.setdefault(sort, []).append(tuple(row))
    return found


def runs(view: View, condition: Condition) -> list[date]:
    """The first day of each training run that meets the condition, in order; a retry is no run of its own."""
    if "runs" not in view.memo:
        names = sorted({"x_Activity", *(name for line in view.lines for name in views.charges(line).columns)})
        columns = ", ".join(f'"{name}"' for name in names)
        view.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE runs AS SELECT {columns}, x_Run, min(ChargePeriodStart) AS day"
            f" FROM {view.rows(columns)} WHERE {attempts.first_tries(view)} GROUP BY ALL"
        )
        view.memo["runs"] = "runs"
    known: dict[Condition, list[date]] = view.memo.setdefault("runs_of", {})
    if condition not in known:
        sql = f"SELECT min(day) AS day FROM runs WHERE {condition.sql} GROUP BY x_Run ORDER BY day"
        known[condition] = [row[0] for row in view.fetch(sql, condition.parameters)]
    return known[condition]


def amount(view: View, condition: Condition) -> Decimal:
    """What the cells that meet a condition cost, exact."""
    table = prepared(view)
    (row,) = view.connection.execute(
        f"SELECT coalesce(sum(Cost), 0) FROM {table} WHERE {condition.sql}", condition.parameters
    ).fetchall()
    return Decimal(row[0])
