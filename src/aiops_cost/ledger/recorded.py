"""The record of a load: what was sent, kept and rejected, per period, currency and cost. It travels in the commit.

{"source", "at", "tool", "schema", "mapping",
 "files":   [{"name", "digest", "size", "format", "version", "periods", "pending"}],
 "periods": {"2026-05": {"rows", "kept", "rejected", "ledger_rows", "lines", "first_day", "last_day", "days",
                         "filled", "money": {"USD": {"BilledCost": {"in", "kept", "rejected", "rounding"}}}}},
 "deviations": [{"code", "sentence", "rows", "periods", "unknown"}]}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from aiops_cost.model import Amounts, Deviation, PeriodState

Record = Mapping[str, Any]


def amounts_of(record: Record, period: str) -> dict[str, Amounts] | None:
    """What a record says was kept of a period, per currency; None when the load did not touch it."""
    entry = record["periods"].get(period)
    if entry is None:
        return None
    return {
        currency: Amounts(**{cost: Decimal(figures["kept"]) for cost, figures in costs.items()})
        for currency, costs in entry["money"].items()
    }


def period_state(history: Sequence[Record], source: str, period: str) -> PeriodState:
    """The state of a period after its last load, and its amounts before that when they were different."""
    loads = [record for record in history if period in record["periods"]]
    last = loads[-1]
    entry = last["periods"][period]
    now = amounts_of(last, period) or {}
    earlier = amounts_of(loads[-2], period) if len(loads) > 1 else None
    return PeriodState(
        source=source,
        period=period,
        loaded_at=datetime.fromisoformat(last["at"]),
        version=int(last["version"]),
        rows=entry["rows"],
        rejected=entry["rejected"],
        amounts=now,
        before=earlier if earlier is not None and earlier != now else None,
        first_day=_day(entry["first_day"]),
        last_day=_day(entry["last_day"]),
        deviations=tuple(_deviation(item) for item in last["deviations"]),
    )


def _deviation(item: Mapping[str, Any]) -> Deviation:
    return Deviation(**{**item, "periods": tuple(item.get("periods", ()))})


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
