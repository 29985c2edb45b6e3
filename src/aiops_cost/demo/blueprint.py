"""What the demo company is: `company.yaml`, `skus.csv` and `resources.csv` as frozen values.

The files beside this one are the description; nothing here or in the other modules knows a workload by name.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

START = date(2025, 7, 1)
LAST_DAY = date(2026, 6, 12)
"""The last day in the bills; it was delivered at noon, so it holds half of what it will hold."""
AS_OF = date(2026, 6, 14)
PLAN_START = date(2026, 1, 1)
PLAN_END = date(2026, 12, 31)
DAYS = tuple(START + timedelta(days=i) for i in range((LAST_DAY - START).days + 1))


@dataclass(frozen=True)
class Sku:
    """One thing that a provider sells. `price` is USD per `unit`; a unit holds `size` single things, and
    quantities are billed with `digits` decimals. The last four are what a line of it is for, without tags."""

    sku: str
    cloud: str
    service: str
    code: str
    category: str
    meter: str
    operation: str
    meter_category: str
    meter_subcategory: str
    unit: str
    consumed: str
    size: int
    digits: int
    price: Decimal
    resource: str
    instance: str
    activity: str
    component: str
    model: str
    publisher: str


@dataclass(frozen=True)
class Feed:
    """One billing source: its cloud, who pays, the discount on list prices, its spelling of tag keys."""

    name: str
    cloud: str
    payer: str
    payer_name: str
    discount: Decimal
    keys: Mapping[str, str]


@dataclass(frozen=True)
class Account:
    """An account, subscription or project, and the region it works in."""

    source: str
    id: str
    name: str
    region: str


@dataclass(frozen=True)
class Event:
    """What changes on a day. `share`, `price` and `per` are factors by role; `days` are days of the month."""

    day: date
    kind: str
    planted: str
    driver: float = 1.0
    growth: float | None = None
    days: tuple[int, ...] | None = None
    share: Mapping[str, float] | None = None
    price: Mapping[str, Decimal] | None = None
    per: Mapping[str, float] | None = None


@dataclass(frozen=True)
class Part:
    """How one unit of a driver becomes `per` single things of a SKU, on `split` resources called `name`."""

    sku: str
    per: float
    name: str
    role: str = "main"
    split: int = 1
    hourly: bool = False
    tags: Mapping[str, str] | None = None
    activity: str = ""
    component: str = ""
    commitment: str = ""


@dataclass(frozen=True)
class Driver:
    """What drives a line: requests a day, machines, runs on days of the month, or GB in January 2026."""

    kind: str
    base: float = 1.0
    weekend: float = 1.0
    growth: float = 0.0
    days: tuple[int, ...] = ()


@dataclass(frozen=True)
class Line:
    """One workload's activity in one account, or spend that belongs to none."""

    scope: str
    account: str
    driver: Driver
    parts: tuple[Part, ...]
    owner: str = ""
    planned: bool = True
    start: date = START
    planted: str = ""
    share: Mapping[str, float] | None = None
    events: tuple[Event, ...] = ()

    @property
    def activity(self) -> str:
        return self.scope.partition("/")[0]

    @property
    def workload(self) -> str:
        return self.scope.partition("/")[2]


@dataclass(frozen=True)
class Blueprint:
    """The whole company."""

    company: str
    feeds: Mapping[str, Feed]
    accounts: Mapping[str, Account]
    regions: Mapping[str, Mapping[str, str]]
    lines: tuple[Line, ...]
    hostile: Mapping[str, Mapping[str, str]]
    commitments: Mapping[str, Mapping[str, Any]]
    charges: tuple[Mapping[str, Any], ...]
    never: tuple[Mapping[str, Any], ...]
    skus: Mapping[str, Sku]
    resources: Mapping[str, Mapping[str, str]]

    def feed(self, account: str) -> Feed:
        return self.feeds[self.accounts[account].source]


@cache
def load() -> Blueprint:
    """Read the description that lies beside this file."""
    data = yaml.safe_load(_text("company.yaml"))
    return Blueprint(
        company=data["company"],
        feeds={name: _feed(name, item) for name, item in data["sources"].items()},
        accounts={name: Account(**item) for name, item in data["accounts"].items()},
        regions=data["regions"],
        lines=tuple(_line(item) for item in data["lines"]),
        hostile=data["hostile"],
        commitments=data["commitments"],
        charges=tuple(data["charges"]),
        never=tuple(data["never"]),
        skus={row["sku"]: _sku(row) for row in _table("skus.csv")},
        resources={row["resource"]: row for row in _table("resources.csv")},
    )


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _table(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(_text(name).splitlines()))


def _sku(row: Mapping[str, str]) -> Sku:
    numbers = {"size": int(row["size"]), "digits": int(row["digits"]), "price": Decimal(row["price"])}
    return Sku(**{**row, **numbers})  # type: ignore[arg-type]


def _feed(name: str, item: Mapping[str, Any]) -> Feed:
    return Feed(name=name, **{**item, "discount": Decimal(item["discount"])})


def _line(item: dict[str, Any]) -> Line:
    made = dict(item)
    if "from" in made:
        made["start"] = made.pop("from")
    made["driver"] = _driver(made["driver"])
    made["parts"] = tuple(Part(**part) for part in made["parts"])
    made["events"] = tuple(_event(event) for event in made.get("events", ()))
    return Line(**made)


def _driver(item: Mapping[str, Any]) -> Driver:
    return Driver(**{**item, "days": _days(item.get("days", ()))})


def _event(item: Mapping[str, Any]) -> Event:
    made = dict(item)
    if "days" in made:
        made["days"] = _days(made["days"])
    if "price" in made:
        made["price"] = {role: Decimal(factor) for role, factor in made["price"].items()}
    return Event(**made)


def _days(value: Any) -> tuple[int, ...]:
    return tuple(range(1, 32)) if value == "every" else tuple(value)
