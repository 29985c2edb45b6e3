"""From drivers to billed rows: every line of the company with its quantities and unit prices, day by day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np

from aiops_cost.demo import series
from aiops_cost.demo.blueprint import DAYS, Blueprint, Line, Part, Sku
from aiops_cost.demo.lines import BillLine, resource_name, usage_line
from aiops_cost.demo.series import Ints

PRICE_SCALE = 12
"""Unit prices are whole numbers of 1E-12 USD, so that quantity times price has 18 decimals, exactly."""


@dataclass(frozen=True)
class Prices:
    """Unit prices per row, one array for each FOCUS cost, int64 in 1E-12 USD."""

    list: Ints
    contracted: Ints
    effective: Ints
    billed: Ints

    def on(self, days: Ints) -> Prices:
        """The prices of those days, from prices per day."""
        return Prices(self.list[days], self.contracted[days], self.effective[days], self.billed[days])


@dataclass(frozen=True)
class Charge:
    """A line with its rows: `slot` is the hour since the first day began, `hours` how long a row lasts."""

    line: BillLine
    slot: Ints
    hours: int
    quantity: Ints
    prices: Prices
    period: str = ""
    """The billing period as YYYY-MM where it is not the month of the row."""


def usage(plan: Blueprint, seed: int) -> Iterator[Charge]:
    """Everything that a driver drives."""
    for line in plan.lines:
        for part in line.parts:
            if line.driver.kind == "runs":
                yield from _runs(plan, line, part, seed)
            else:
                yield from _steady(plan, line, part, seed)


def price_units(price: Decimal) -> int:
    """A price in 1E-12 USD. Raises ValueError when it has more decimals than that."""
    units = price.scaleb(PRICE_SCALE)
    if units != units.to_integral_value():
        raise ValueError(f"{price} has more than {PRICE_SCALE} decimals")
    return int(units)


def _steady(plan: Blueprint, line: Line, part: Part, seed: int) -> Iterator[Charge]:
    sku, prices = plan.skus[part.sku], _prices(plan, line, part)
    use = series.levels(line, seed) * series.factor(line, part) * part.per
    for index, weight in enumerate(series.weights(part, line.driver.kind)):
        bill_line = usage_line(plan, line, part, resource_name(part, index))
        yield _charge(bill_line, part, sku, series.quantities(use * weight, sku), prices)


def _charge(line: BillLine, part: Part, sku: Sku, quantity: Ints, prices: Prices) -> Charge:
    if part.hourly:
        hourly = series.by_hour(quantity, sku).reshape(-1)
        slot, amount, hours = np.arange(len(hourly)), hourly, 1
        there = (amount > 0) & (slot < (len(DAYS) - 1) * 24 + 12)
    else:
        slot, amount, hours = np.arange(len(DAYS)) * 24, _halve_last(quantity, sku), 24
        there = amount > 0
    slot, amount = slot[there], amount[there]
    return Charge(line, slot, hours, amount, prices.on(slot // 24))


def _halve_last(quantity: Ints, sku: Sku) -> Ints:
    """The last day was delivered at noon."""
    lot = series.lot(sku)
    halved = quantity.copy()
    halved[-1] = quantity[-1] // (2 * lot) * lot
    return halved


def _runs(plan: Blueprint, line: Line, part: Part, seed: int) -> Iterator[Charge]:
    sku, prices = plan.skus[part.sku], _prices(plan, line, part)
    use = series.factor(line, part) * part.per
    for run in runs_billed(line, seed):
        day = DAYS[run.day]
        bill_line = usage_line(plan, line, part, f"{part.name}-{day:%Y%m%d}-0300", run_name(line, day))
        quantity = series.quantities(np.array([use[run.day] * run.level]), sku)
        days = np.array([run.day])
        yield Charge(bill_line, days * 24, 24, quantity, prices.on(days))


def runs_billed(line: Line, seed: int) -> Iterator[series.Run]:
    """The runs in the bills: one of the last day has not ended at noon, and is billed when it has."""
    return (run for run in series.runs(line, seed) if run.day < len(DAYS) - 1)


def run_name(line: Line, day: date) -> str:
    """The id that the tags of a run carry, on its training and its data preparation alike."""
    return f"{line.workload}-{day:%Y%m%d}"


def _prices(plan: Blueprint, line: Line, part: Part) -> Prices:
    """The four unit prices per day: on demand, or covered by a commitment at a share of the list price."""
    sku, discount = plan.skus[part.sku], plan.feed(line.account).discount
    listed = _by_day(line, part, sku.price, Decimal(1))
    contracted = _by_day(line, part, sku.price, 1 - discount)
    if not part.commitment:
        return Prices(listed, contracted, contracted, contracted)
    effective = _by_day(line, part, sku.price, Decimal(plan.commitments[part.commitment]["factor"]))
    return Prices(listed, contracted, effective, np.zeros_like(effective))


def _by_day(line: Line, part: Part, listed: Decimal, paid: Decimal) -> Ints:
    """A price per day, with what events did to it; `paid` is the share of the list price."""
    price = listed * paid
    made = np.full(len(DAYS), price_units(price), dtype=np.int64)
    for event in line.events:
        if event.price is not None and part.role in event.price:
            price *= event.price[part.role]
            made[series.since(event.day) :] = price_units(price)
    return made


def planned_cost(plan: Blueprint, line: Line, part: Part) -> Decimal:
    """What one unit of the driver was planned to cost in a part: per x the price that would be paid."""
    sku, feed = plan.skus[part.sku], plan.feed(line.account)
    paid = 1 - feed.discount
    if part.commitment:
        paid = Decimal(plan.commitments[part.commitment]["factor"])
    share = Decimal(str((line.share or {}).get(part.role, 1)))
    return Decimal(str(part.per)) * share * sku.price * paid / sku.size
