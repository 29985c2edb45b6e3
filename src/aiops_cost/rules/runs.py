"""Training runs as a whole: which lines make one, what it cost, what fed it, whether it failed or was a retry.

A run is what carries one name (`x_Run`); a retry is another attempt at a run: it costs, and is counted apart. Where no
line of a workload's training names a run, stretches of days with spend, with idle days between them, are taken for
runs, and told as inferred; training that never pauses has none. Data preparation without a run's name is of the next
run of its workload that begins within three days, if it is one.
"""

from __future__ import annotations

import re
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal, localcontext
from itertools import pairwise

from aiops_cost import money
from aiops_cost.rules.tags import fold, read_json

WINDOW = timedelta(days=3)
"""How long before a run its data preparation may lie."""
LONGEST = 14
"""A stretch of more days is training that goes on, not a run."""

_RETRY = re.compile(r"[-_.](?:(?:retry|rerun|restart)[-_.]?\d*|attempt[-_.]?(?:[2-9]|[1-9]\d+))$", re.IGNORECASE)
"""`-retry`, `-retry-1`, `-attempt-2`; the first attempt is none."""
_ATTEMPT = re.compile(r"[-_.](?:retry|rerun|restart|attempt)[-_.]?\d*$", re.IGNORECASE)
_FAILED = frozenset({"failed", "failure", "error", "stopped", "cancelled", "canceled", "aborted", "timeout", "killed"})
_STATUS_KEYS = frozenset(map(fold, ("status", "state", "job-status", "run-status", "training-job-status", "result")))
_RETRY_KEYS = frozenset(map(fold, ("retry", "is-retry", "retry-of", "attempt", "attempt-number")))


@dataclass(frozen=True)
class Day:
    """What a run, or training without a name, cost a workload on a day; `preparation` tells the two kinds apart."""

    workload: str
    run: str | None
    day: date
    preparation: bool
    cost: Decimal


@dataclass(frozen=True)
class Run:
    """One run. `found` is named or inferred; `prepared` is preparation that names the run, `fed` what was joined to it
    by time; `failed` and `retry` say how that is known, or are empty."""

    workload: str
    name: str
    first: date
    last: date
    compute: Decimal
    prepared: Decimal
    fed: Decimal = Decimal(0)
    found: str = "named"
    failed: str = ""
    retry: str = ""

    @property
    def cost(self) -> Decimal:
        return money.total([self.compute, self.prepared, self.fed])


def runs(days: Iterable[Day], tags: Mapping[tuple[str, str], Sequence[Mapping[str, str]]]) -> list[Run]:
    """Every run, by workload and first day. `tags` are those of the lines of a (workload, run)."""
    named: dict[tuple[str, str], list[Day]] = defaultdict(list)
    nameless: dict[str, list[Day]] = defaultdict(list)
    for day in days:
        if day.run:
            named[day.workload, day.run].append(day)
        else:
            nameless[day.workload].append(day)
    found = [_run(workload, name, rows) for (workload, name), rows in named.items()]
    found = [_judged(run, tags.get((run.workload, run.name), ())) for run in found if run.compute]
    with_names = {run.workload for run in found}
    for workload, rows in nameless.items():
        if workload not in with_names:
            found += _by_time(workload, [row for row in rows if not row.preparation])
    found = _after_retries(found)
    for workload, rows in nameless.items():
        found = _fed(workload, [row for row in rows if row.preparation], found)
    return sorted(found, key=lambda run: (run.workload, run.first, run.name))


def _run(workload: str, name: str, rows: Sequence[Day], found: str = "named") -> Run:
    compute = [row for row in rows if not row.preparation] or list(rows)
    return Run(
        workload,
        name,
        min(row.day for row in compute),
        max(row.day for row in compute),
        money.total(row.cost for row in rows if not row.preparation),
        money.total(row.cost for row in rows if row.preparation),
        found=found,
    )


def _judged(run: Run, tags: Sequence[Mapping[str, str]]) -> Run:
    """The run with what its tags and its name say of a failure or a retry."""
    said = _said(tags)
    bad = (f"tag {key}: {value}" for known, value, key in said if known in _STATUS_KEYS and value in _FAILED)
    return replace(run, failed=next(bad, ""), retry=_again(run.name, said))


def retries(lines: Iterable[tuple[str | None, str, str | None]]) -> set[tuple[str | None, str]]:
    """Workload and run of every retry, of lines given by their workload, run and tags (JSON text)."""
    return {(workload, run) for workload, run, text in lines if _again(run, _said([read_json(text)] if text else []))}


def _said(tags: Sequence[Mapping[str, str]]) -> list[tuple[str, str, str]]:
    """Key as keys are compared, value in small letters, key as written."""
    return [(fold(key), value.strip().lower(), key) for each in tags for key, value in each.items()]


def _again(name: str, said: Sequence[tuple[str, str, str]]) -> str:
    """How it is known that a run repeats another; empty where nothing says so."""
    again = (f"tag {key}: {value}" for known, value, key in said if known in _RETRY_KEYS and _means_retry(known, value))
    return "its name" if _RETRY.search(name) else next(again, "")


def _means_retry(key: str, value: str) -> bool:
    """A retry is numbered from 2 on, flagged, or names what it repeats."""
    if value.isdigit():
        return int(value) > 1 or (key == "retry" and value == "1")
    return value not in {"", "false", "no", "none"}


def _after_retries(found: Sequence[Run]) -> list[Run]:
    """A run that another repeated had failed, whether or not a tag says so."""
    repeated = {(run.workload, _ATTEMPT.sub("", run.name)) for run in found if _RETRY.search(run.name)}
    return [
        replace(run, failed="a retry followed it")
        if not run.failed and not run.retry and (run.workload, _ATTEMPT.sub("", run.name)) in repeated
        else run
        for run in found
    ]


def _by_time(workload: str, rows: Sequence[Day]) -> list[Run]:
    """Stretches of days with idle days between them; none where training goes on without a pause."""
    stretches: list[list[Day]] = []
    for row in sorted(rows, key=lambda row: row.day):
        if stretches and row.day - stretches[-1][-1].day <= timedelta(days=1):
            stretches[-1].append(row)
        else:
            stretches.append([row])
    if len(stretches) < 2 or max(stretch[-1].day - stretch[0].day for stretch in stretches).days >= LONGEST:
        return []
    return [_run(workload, f"{workload} {part[0].day}", part, "inferred") for part in stretches]


def _fed(workload: str, rows: Sequence[Day], found: Sequence[Run]) -> list[Run]:
    """The runs with the preparation that they were fed by, as far as time tells it plainly."""
    mine = [run for run in found if run.workload == workload]
    gained: dict[str, Decimal] = defaultdict(Decimal)
    with localcontext(money.EXACT):
        for row in rows:
            soon = [run for run in mine if row.day <= run.first <= row.day + WINDOW]
            first = min((run.first for run in soon), default=None)
            nearest = [run for run in soon if run.first == first]
            if len(nearest) == 1:
                gained[nearest[0].name] += row.cost
    return [replace(run, fed=gained[run.name]) if run in mine and run.name in gained else run for run in found]


def cadence(found: Sequence[Run]) -> float | None:
    """The median of days between the beginnings of runs that are no retries; None for fewer than two."""
    firsts = sorted(run.first for run in found if not run.retry)
    gaps = [(after - before).days for before, after in pairwise(firsts)]
    return statistics.median(gaps) if gaps else None
