"""OpenCost's answer about a cluster (its allocation API, Kubecost's likewise), saved as JSON.

    curl 'http://localhost:9003/allocation?window=lastmonth&step=1d&aggregate=namespace&includeIdle=true' > use.json

The answer is `{"code": 200, "data": [{NAME: {"totalCost": .., "window": {"start": .., "end": ..}, ..}, ..}, ..]}`, one
object per step (opencost.io/docs/integrations/api; core/pkg/opencost/allocation.go). A NAME in two underscores is no
workload: `__idle__` is what nobody asked for, `__unallocated__` and `__unmounted__` are nobody's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from aiops_cost import money
from aiops_cost.errors import UserError
from aiops_cost.model import Problem

_ASK = "Ask for whole days:  curl 'http://localhost:9003/allocation?window=lastmonth&step=1d&aggregate=namespace'"
_MOST = Decimal(10) ** 20
"""Amounts of the ledger have 20 digits before the point."""
_LONGEST = timedelta(days=366)


@dataclass(frozen=True)
class Share:
    """What a name cost on a day; `mine` is false for what is no workload's."""

    day: date
    name: str
    cost: Decimal
    mine: bool


def nobodys(name: str) -> bool:
    """True for the names that OpenCost gives to what is no workload's, alone or as a part: `cluster-1/__idle__`."""
    return any(part.startswith("__") and part.endswith("__") for part in name.split("/"))


def shares(path: Path) -> list[Share]:
    """What each name cost, by UTC day; a longer stretch is spread evenly over its time. Raises UserError for a file
    that is no such answer."""
    answer = _read(path)
    code = answer.get("code", 200)
    if code != 200:
        said = str(answer.get("message") or "no message")
        raise _bad(path, f"OpenCost refused with code {code}: {said}", _ASK)
    found = [share for name, entry in _entries(path, answer.get("data")) for share in _of(path, name, entry)]
    if not found:
        raise _bad(path, "it has no allocation", _ASK)
    return found


def _read(path: Path) -> Mapping[str, Any]:
    try:
        answer = json.loads(path.read_text("utf-8-sig"), parse_float=Decimal, parse_int=Decimal, parse_constant=_none)
    except (ValueError, RecursionError) as error:
        raise _bad(path, f"not valid JSON: {error}") from None
    except OSError as error:
        raise UserError(Problem("file-unreadable", str(path), f"cannot be read: {error.strerror}")) from None
    if not isinstance(answer, dict) or "data" not in answer:
        raise _bad(path, "not an answer of OpenCost's allocation API, which has `code` and `data`", _ASK)
    return answer


def _none(text: str) -> None:
    raise ValueError(f"{text} is not a number")


def _entries(path: Path, data: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Name and allocation of each step. Kubecost's summary has its steps under `sets`, `allocations`."""
    steps = data.get("sets", [data]) if isinstance(data, dict) else data
    for step in steps if isinstance(steps, list) else ():
        if not isinstance(step, dict):
            continue
        named = step.get("allocations", step)
        for name, entry in named.items() if isinstance(named, dict) else ():
            if not isinstance(entry, dict):
                raise _bad(path, f"`{name}` is no allocation", _ASK)
            yield name, {"window": step.get("window"), **entry} if named is not step else entry


def _of(path: Path, name: str, entry: Mapping[str, Any]) -> Iterator[Share]:
    cost = entry.get("totalCost")
    if not isinstance(cost, Decimal) or not 0 <= cost < _MOST:
        said = "has no `totalCost`" if cost is None else f"`totalCost` is {cost}, not an amount"
        raise _bad(path, f"`{name}`: {said}")
    days = _days(path, name, entry)
    parts = money.split(money.EXACT.quantize(cost, money.LEDGER_SCALE), [Decimal(seconds) for _, seconds in days])
    for (day, _), part in zip(days, parts, strict=True):
        yield Share(day, _workload(name, entry), part, not nobodys(name))


def _workload(name: str, entry: Mapping[str, Any]) -> str:
    """The namespace where the name is a path to something in it; else the name that was aggregated by."""
    properties = entry.get("properties")
    namespace = properties.get("namespace") if isinstance(properties, dict) else None
    return str(namespace) if "/" in name and namespace else name


def _days(path: Path, name: str, entry: Mapping[str, Any]) -> list[tuple[date, int]]:
    """The UTC days that the window touches, with how many seconds of it are in each."""
    window = entry.get("window")
    try:
        start, end = (_instant((window if isinstance(window, dict) else entry)[key]) for key in ("start", "end"))
    except (KeyError, TypeError, ValueError, OverflowError):
        raise _bad(path, f"`{name}`: `window` has no `start` and `end`", _ASK) from None
    if end - start > _LONGEST:
        raise _bad(path, f"`{name}`: the window from {start} to {end} is longer than a year", _ASK)
    found = []
    while start < end:
        after = min(_midnight(start) + timedelta(days=1), end)
        found.append((start.date(), round((after - start).total_seconds())))
        start = after
    if not found:
        raise _bad(path, f"`{name}`: the window ends on {end}, before it begins", _ASK)
    return found


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _midnight(instant: datetime) -> datetime:
    return instant.replace(hour=0, minute=0, second=0, microsecond=0)


def _bad(path: Path, sentence: str, way_out: str = "Correct the file that `sharing` names.") -> UserError:
    return UserError(Problem("opencost-json", str(path), sentence, way_out))
