"""What is billed without a driver: commitments (bought, unused), taxes, support, credits, corrections."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np

from aiops_cost.demo import series
from aiops_cost.demo.blueprint import DAYS, Blueprint
from aiops_cost.demo.lines import BillLine, expand, sku_id
from aiops_cost.demo.series import Ints
from aiops_cost.demo.usage import PRICE_SCALE, Charge, Prices, price_units

ONE = 10**series.QUANTITY_SCALE
MONTH = 0
"""`Charge.hours` of a row that lasts until the end of its month."""


def fixed(plan: Blueprint, used: Sequence[Charge]) -> Iterator[Charge]:
    """Everything that no driver drives; `used` is all usage, from which the unused commitment follows."""
    for entry in plan.charges:
        yield _entry(plan, entry)
    yield from _savings_plan(plan, "sp-compute", used)
    yield from _reservation(plan, "ri-a100", used)


def _entry(plan: Blueprint, entry: Mapping[str, Any]) -> Charge:
    days = _days(entry)
    amount = _each(price_units(Decimal(entry["amount"])), len(days))
    line = _line(plan, entry["account"], entry["service"], entry["description"], entry["category"])
    line = replace(
        line,
        service_code=entry["code"],
        charge_class=entry.get("class", ""),
        frequency={"month": "Recurring"}.get(entry["every"], "One-Time"),
        pricing="" if entry["category"] == "Tax" else "Standard",
        activity=entry.get("activity", "other"),
        component=entry.get("component", _COMPONENTS.get(entry["category"], "compute")),
    )
    hours = MONTH if entry["every"] == "month" else 24
    period = entry["billed_on"].strftime("%Y-%m") if "billed_on" in entry else ""
    return Charge(line, days * 24, hours, _each(ONE, len(days)), Prices(*[amount] * 4), period)


_COMPONENTS = {"Tax": "tax", "Credit": "credit", "Adjustment": "adjustment", "Purchase": "support"}


def _days(entry: Mapping[str, Any]) -> Ints:
    until: date = entry.get("until", DAYS[-1])
    if entry["every"] == "once":
        return np.array([DAYS.index(entry["day"])])
    monthly = entry["every"] == "month"
    return np.array([i for i, day in enumerate(DAYS) if day <= until and (day.day == 1 or not monthly)])


def _savings_plan(plan: Blueprint, name: str, used: Sequence[Charge]) -> Iterator[Charge]:
    """The hourly fee, a row a day, and what of it no machine used."""
    terms = plan.commitments[name]
    fee = price_units(Decimal(terms["per_hour"]))
    hours = _each(24 * ONE, len(DAYS))
    hours[-1] = 12 * ONE
    slots = np.arange(len(DAYS)) * 24
    service = "Savings Plans for AWS Compute usage"
    line = _line(plan, terms["account"], service, "1 year No Upfront Compute Savings Plan", "Purchase")
    line = replace(
        line, service_code="ComputeSavingsPlans", meter="ComputeSP:1yrNoUpfront", unit="Hrs", commitment=name,
        frequency="Recurring", component="compute",
    )  # fmt: skip
    price = _each(fee, len(DAYS))
    yield Charge(line, slots, 24, hours, Prices(price, price, np.zeros_like(price), price))
    left = hours // ONE * fee - _spent(name, used)
    unused = replace(line, category="Usage", status="Unused", pricing="Committed", frequency="Usage-Based")
    yield _unused(unused, slots, _each(ONE, len(DAYS)), (left, left, left))


def _spent(name: str, used: Iterable[Charge]) -> Ints:
    """What a commitment's covered usage cost per day, in 1E-12 USD. Raises ValueError if that is not exact."""
    total = [0] * len(DAYS)
    for charge in used:
        if charge.line.commitment == name:
            costs = charge.quantity.astype(object) * charge.prices.effective.astype(object)
            for slot, cost in zip(charge.slot, costs, strict=True):
                total[int(slot) // 24] += int(cost)
    if any(cost % ONE for cost in total):
        raise ValueError(f"the usage covered by {name} has more than {PRICE_SCALE} decimals")
    return np.array([cost // ONE for cost in total], dtype=np.int64)


def _reservation(plan: Blueprint, name: str, used: Sequence[Charge]) -> Iterator[Charge]:
    """Machines for a year, paid at once, and the hours of them that nothing ran on."""
    terms, sku = plan.commitments[name], plan.skus[plan.commitments[name]["sku"]]
    feed = plan.feed(terms["account"])
    rate = sku.price * Decimal(terms["factor"])
    upfront = price_units(rate * 24 * terms["days"])
    description = f"Reserved VM Instance, {sku.instance}, US East, 1 Year"
    bought = replace(
        _line(plan, terms["account"], sku.service, description, "Purchase"),
        meter_category="Virtual Machines", unit="1", commitment=name, frequency="One-Time", instance=sku.instance,
        activity="unattributed", component="accelerated-compute",
    )  # fmt: skip
    price = np.array([upfront])
    yield Charge(bought, np.array([0]), 24, np.array([terms["machines"] * ONE]), Prices(price, price, price * 0, price))
    meter = expand(sku.meter, plan.regions["eastus"])
    unused = replace(
        bought, category="Usage", status="Unused", pricing="Committed", frequency="Usage-Based", meter=meter,
        meter_subcategory=sku.meter_subcategory, unit=sku.unit, consumed=sku.consumed,
        description=f"{sku.meter_subcategory} - {meter} - US East",
        sku_id=sku_id("azure", meter + sku.service + "unused"),
    )  # fmt: skip
    hours = _each(24 * terms["machines"] * ONE, len(DAYS))
    hours[-1] //= 2
    for charge in used:
        if charge.line.commitment == name:
            np.subtract.at(hours, charge.slot // 24, charge.quantity)
    each = [_each(price_units(value), len(DAYS)) for value in (sku.price, sku.price * (1 - feed.discount), rate)]
    yield _unused(unused, np.arange(len(DAYS)) * 24, hours, (each[0], each[1], each[2]))


def _unused(line: BillLine, slots: Ints, quantity: Ints, prices: tuple[Ints, Ints, Ints]) -> Charge:
    """What was committed and not used, on the days that have some."""
    there = (quantity > 0) & (prices[2] > 0)
    at_list, contracted, effective = (price[there] for price in prices)
    return Charge(line, slots[there], 24, quantity[there], Prices(at_list, contracted, effective, effective * 0))


def _each(value: int, count: int) -> Ints:
    return np.full(count, value, dtype=np.int64)


def _line(plan: Blueprint, account_name: str, service: str, description: str, category: str) -> BillLine:
    """A line without resource, meter and tags."""
    feed, account = plan.feed(account_name), plan.accounts[account_name]
    return BillLine(
        source=feed.name,
        payer=feed.payer,
        payer_name=feed.payer_name,
        account=account.id,
        account_name=account.name,
        region="",
        region_name="",
        place="",
        service=service,
        service_code="",
        service_category="Compute" if "Comput" in service or "Virtual" in service else "Other",
        meter="",
        operation="",
        meter_category="",
        meter_subcategory="",
        instance="",
        publisher={"aws": "AWS", "azure": "Microsoft", "gcp": "Google"}[feed.cloud],
        unit="Units",
        consumed="",
        size=1,
        sku_id=sku_id(feed.cloud, service + description + category),
        resource_id="",
        resource_name="",
        resource_type="",
        tags="",
        category=category,
        charge_class="",
        frequency="Recurring",
        pricing="Standard",
        description=description,
        commitment="",
        status="",
        activity="other",
        component="",
        workload="",
        model="",
    )
