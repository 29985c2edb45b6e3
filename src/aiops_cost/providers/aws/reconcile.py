"""Asks Cost Explorer what AWS itself says each month cost. Every call, and every page of an answer, costs 0.01 USD.

https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_GetCostAndUsage.html: the end of a period is
exclusive; an answer of many groups comes in pages. Unblended cost is what the bill charges (BilledCost); net amortized
cost spreads commitments over what they cover, after discounts (EffectiveCost).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from aiops_cost.errors import ProviderError
from aiops_cost.model import Errand, Problem, ProviderAmount, ProviderTotal, Source
from aiops_cost.providers.aws.account import Account

PRICE = Decimal("0.01")
"""USD for each request, https://aws.amazon.com/aws-cost-management/aws-cost-explorer/pricing/."""
HISTORY = 13
"""Months before the current one that Cost Explorer answers for without further settings."""

_METRICS = ("UnblendedCost", "NetAmortizedCost")
_KINDS = {"Tax": "tax", "Credit": "credit", "Refund": "refund"}
_Key = tuple[str, str, str]


def totals(source: Source, periods: Sequence[str], errand: Errand) -> tuple[ProviderTotal, ...]:
    """AWS's own totals of the billing periods (`YYYY-MM`), by service and kind. Says what it costs before it asks.

    Raises ProviderError when AWS refuses, is not reached, or answers for fewer months than it was asked for.
    """
    account = Account(source)
    who = account.whoami().split(":")[4]
    found: list[ProviderTotal] = []
    for first, last in _stretches(periods):
        span = first if first == last else f"{first}..{last}"
        errand.say(f"{source.name}: asking Cost Explorer for {span}; each call costs {PRICE} USD")
        pages = _pages(account, first, last)
        calls = "1 call" if len(pages) == 1 else f"{len(pages)} calls"
        errand.say(f"{source.name}: {calls}, {len(pages) * PRICE} USD")
        found += _read(source, who, pages, errand)
    missing = sorted(set(periods) - {one.period for one in found})
    if missing:
        raise ProviderError(
            Problem("reconcile-no-answer", source.name, f"Cost Explorer said nothing about {', '.join(missing)}",
                    "No answer is not a cost of zero. Check in the console that Cost Explorer is on for this account.")
        )  # fmt: skip
    return tuple(found)


def _pages(account: Account, first: str, last: str) -> list[Mapping[str, Any]]:
    client = account.client("ce", account.home)
    asked: dict[str, Any] = {
        "TimePeriod": {"Start": f"{first}-01", "End": f"{_next(last)}-01"},
        "Granularity": "MONTHLY",
        "Metrics": list(_METRICS),
        "GroupBy": [{"Type": "DIMENSION", "Key": "SERVICE"}, {"Type": "DIMENSION", "Key": "RECORD_TYPE"}],
    }
    pages: list[Mapping[str, Any]] = []
    while True:
        with account.asking("ce:GetCostAndUsage", "*"):
            pages.append(client.get_cost_and_usage(**asked))
        token = pages[-1].get("NextPageToken")
        if not token:
            return pages
        asked["NextPageToken"] = token


def _read(source: Source, account: str, pages: Sequence[Mapping[str, Any]], errand: Errand) -> Iterator[ProviderTotal]:
    """One total per month and currency; a month may go on over pages."""
    sums: dict[tuple[str, str], dict[tuple[str, str], list[Decimal]]] = {}
    estimated: dict[str, bool] = {}
    for result in (result for page in pages for result in page["ResultsByTime"]):
        period = result["TimePeriod"]["Start"][:7]
        estimated[period] = estimated.get(period, False) or bool(result.get("Estimated"))
        if not result.get("Groups"):
            units = [total["Unit"] for total in result.get("Total", {}).values()]
            sums.setdefault((period, units[0] if units else "USD"), {})
        for group in result.get("Groups", ()):
            service, record = group["Keys"]
            amounts = [group["Metrics"][metric] for metric in _METRICS]
            key = (_services().get(service, service), _kind(service, record))
            into = sums.setdefault((period, amounts[0]["Unit"]), {}).setdefault(key, [Decimal(0), Decimal(0)])
            for index, amount in enumerate(amounts):
                into[index] += Decimal(amount["Amount"])
    assert errand.now is not None  # noqa: S101 - the command line has the clock
    for (period, currency), groups in sorted(sums.items()):
        listed = tuple(ProviderAmount(*key, *amounts) for key, amounts in sorted(groups.items()))
        yield ProviderTotal(source.name, period, account, currency, errand.now, estimated[period], listed)


def _kind(service: str, record: str) -> str:
    if record in _KINDS:
        return _KINDS[record]
    return "support" if "Support" in service and service.startswith("AWS") else "usage"


@cache
def _services() -> dict[str, str]:
    """Cost Explorer's name of a service -> the bill's."""
    text = files(__package__).joinpath("cost_explorer_services.csv").read_text(encoding="utf-8")
    return {row["cost_explorer"]: row["bill"] for row in csv.DictReader(text.splitlines())}


def _stretches(periods: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Months without a gap, so that one call answers for many."""
    run: list[str] = []
    for period in sorted(set(periods)):
        if run and period != _next(run[-1]):
            yield run[0], run[-1]
            run = []
        run.append(period)
    if run:
        yield run[0], run[-1]


def _next(period: str) -> str:
    """
    >>> _next("2026-12")
    '2027-01'
    """
    year, month = map(int, period.split("-"))
    return f"{year + month // 12}-{month % 12 + 1:02}"


def askable(periods: Sequence[str], as_of: date) -> list[str]:
    """The periods that Cost Explorer still answers for."""
    oldest = as_of.year * 12 + as_of.month - 1 - HISTORY
    return [p for p in periods if oldest <= int(p[:4]) * 12 + int(p[5:]) - 1 <= as_of.year * 12 + as_of.month - 1]
