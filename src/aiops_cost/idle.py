"""Idle against used: what serving capacity that is paid by the hour cost, and how much of that answered requests.

A day of an endpoint is idle where the bill, which names its traffic on other days, names none; or where nobody sent its
workload a request or a token, as measured. Where the metric `utilization_percent` is given for a workload, that share
of its cost is used and the rest is idle. Where neither tells, it is not known: no metric is not a metric of zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from aiops_cost import money

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Hosted:
    """What capacity of one kind cost on days of which the same is known; `percent` of it was used, as `known` says, or
    that is not known. Amounts are in the currency of the view."""

    workload: str | None
    component: str
    owner: str | None
    cost: Decimal
    percent: Decimal | None
    known: str | None

    @property
    def used(self) -> Decimal:
        return Decimal(0) if self.percent is None else money.multiply(self.cost, self.percent, 100)

    @property
    def idle(self) -> Decimal:
        return Decimal(0) if self.percent is None else money.EXACT.subtract(self.cost, self.used)

    @property
    def unknown(self) -> Decimal:
        return self.cost if self.percent is None else Decimal(0)


@dataclass(frozen=True)
class Idle:
    """A resource that is paid for and has not been called from `since` on: for `days` paid days, which cost `cost`;
    `known` is what tells."""

    workload: str | None
    resource: str | None
    account: str | None
    owner: str | None
    since: date
    days: int
    cost: Decimal
    known: str


def hosted(
    con: duckdb.DuckDBPyConnection, spend: str, first: date, last: date, where: str = "true", values: Sequence[str] = ()
) -> list[Hosted]:
    """Serving capacity paid by the hour on these days, by workload; `where` is SQL on the columns of `spend`."""
    rows = con.execute(
        f"WITH {_sql(spend, where)} SELECT workload, component, max(owner), sum(cost), percent, known FROM hosted"
        " WHERE day BETWEEN ? AND ? GROUP BY workload, component, percent, known ORDER BY ALL NULLS FIRST",
        [*values, first, last],
    ).fetchall()
    return [Hosted(*row) for row in rows]


def still_idle(con: duckdb.DuckDBPyConnection, spend: str, until: date) -> list[Idle]:
    """Resources that were paid for on the day `until` and idle then, with all that they cost since they are."""
    rows = con.execute(
        f"WITH {_sql(spend)},"
        " calls AS (SELECT workload, account, resource, max(day) FILTER (percent IS NULL OR percent > 0) AS last,"
        "  max(day) AS paid FROM hosted WHERE day <= $until GROUP BY ALL)"
        " SELECT h.workload, any_value(name), any_value(account_name), max(owner), min(day), count(DISTINCT day),"
        "  sum(cost), arg_max(known, day) FROM hosted h JOIN calls c ON c.workload IS NOT DISTINCT FROM h.workload"
        "  AND c.account IS NOT DISTINCT FROM h.account AND c.resource IS NOT DISTINCT FROM h.resource"
        " WHERE c.paid = $until AND day <= $until AND (c.last IS NULL OR day > c.last)"
        " GROUP BY h.workload, h.account, h.resource ORDER BY sum(cost) DESC, 1, 2, 3",
        {"until": until},
    ).fetchall()
    return [Idle(*row) for row in rows]


def combined(found: Iterable[Hosted]) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    """Cost, used, idle and not known, which sum to the cost."""
    every = list(found)
    return (
        money.total(one.cost for one in every),
        money.total(one.used for one in every),
        money.total(one.idle for one in every),
        money.total(one.unknown for one in every),
    )


def _sql(spend: str, where: str = "true") -> str:
    from aiops_cost.rules.serving import HOURLY, TRAFFIC

    hourly, traffic = (", ".join(f"'{name}'" for name in names) for names in (HOURLY, TRAFFIC))
    return _text().format(spend=spend, hourly=hourly, traffic=traffic, where=where)


@cache
def _text() -> str:
    text = files("aiops_cost").joinpath("idle.sql").read_text("utf-8")
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))
