"""The nouns of the house: frozen values that every room may use. Imports nothing of ours.

Amounts are `Decimal` in the currency that travels beside them; days are UTC `date`s; ranges of days
include both ends unless a name says `end`, which is exclusive as in FOCUS.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any

Scope = Mapping[str, str | tuple[str, ...]]
"""What a budget line, a finding or a report is about: short names (`activity`, `workload`) or FOCUS
columns, each with one value or several; empty means everything."""

ACTIVITIES = ("serving", "training", "storage", "shared", "other", "unattributed")
"""What spend is for. `other` is known not to be AI; `unattributed` is not known yet."""

AI_ACTIVITIES = ("serving", "training", "storage", "shared")
"""The activities that a migration budget plans."""


@dataclass(frozen=True)
class Problem:
    """Something wrong with what we were given: place, sentence, way out.

    `code` is the slug under which `docs/errors.md` lists it; `place` is `file:line:column`, a source and
    period, or empty; `money` maps a currency to the amount that the problem touches.
    """

    code: str
    place: str
    sentence: str
    way_out: str = ""
    details: tuple[str, ...] = ()
    money: Mapping[str, Decimal] = field(default_factory=dict)

    def __str__(self) -> str:
        head = f"{self.place}: {self.sentence}" if self.place else self.sentence
        lines = [head, *(f"  {detail}" for detail in self.details)]
        if self.way_out:
            lines += [f"  {line}" for line in self.way_out.splitlines()]
        return "\n".join(lines)


class Severity(StrEnum):
    """How bad a finding is, mildest first. `unjudged` means: not known whether it is bad."""

    INFO = "info"
    WARNING = "warning"
    BREACH = "breach"
    UNJUDGED = "unjudged"


@dataclass(frozen=True)
class Finding:
    """An answer: what is over the line, by how much, whose it is, and what to do."""

    code: str
    severity: Severity
    message: str
    advice: str
    scope: Scope = field(default_factory=dict)
    owner: str | None = None
    period: str | None = None
    currency: str | None = None
    planned: Decimal | None = None
    actual: Decimal | None = None
    amount: Decimal | None = None
    bridge: Mapping[str, Decimal] | None = None
    cause: str | None = None
    onset: date | None = None
    evidence: tuple[str, ...] = ()
    place: str | None = None
    """File and line of the budget or rule that the finding is about."""
    fails: bool | None = None
    """Whether it keeps the gate closed; None where no gate has looked at it."""
    accepted: str | None = None
    """Why it does not count at the gate: the reason of an acceptance and its end, or that a baseline knows it."""

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that stay the same from run to run: only code and scope enter them.

        A scope is a set of values per name: neither the order of names nor of values matters.
        """
        values = {k: [v] if isinstance(v, str) else sorted(v) for k, v in self.scope.items()}
        identity = json.dumps([self.code, sorted(values.items())], separators=(",", ":"))
        return sha256(identity.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Amounts:
    """The four FOCUS costs of one currency, exact."""

    BilledCost: Decimal = Decimal(0)
    EffectiveCost: Decimal = Decimal(0)
    ListCost: Decimal = Decimal(0)
    ContractedCost: Decimal = Decimal(0)


@dataclass(frozen=True)
class Moved:
    """One service whose cost in a month that was delivered again is not what it was."""

    period: str
    currency: str
    service: str
    billed_before: Decimal
    billed: Decimal
    effective_before: Decimal
    effective: Decimal


@dataclass(frozen=True)
class Deviation:
    """A way in which an export differs from the specification, and what we did about it: in so many rows of these
    billing periods (none named: of the whole export). `unknown` is the cost that such rows do not say."""

    code: str
    sentence: str
    rows: int
    periods: tuple[str, ...] = ()
    unknown: str = ""


@dataclass(frozen=True)
class Reject:
    """One row that could not be kept: where it stands, what is wrong, the money it carries."""

    file: str
    row: int
    column: str
    value: str
    reason: str
    currency: str | None
    billed: Decimal | None


@dataclass(frozen=True)
class Column:
    """One column of a table. `kind` is text, money, price (of a unit), number, percent, chance (a probability), count
    or date; or, drawn and never read as a number, `bar` (a share from 0 to 1) and `spark` (amounts over time, a tuple,
    oldest first)."""

    name: str
    kind: str = "text"
    title: str = ""


@dataclass(frozen=True)
class Table:
    """Rows for a person or a program. Money cells are `Decimal`, unknown cells are `None`."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    total: tuple[Any, ...] | None = None
    note: str = ""


@dataclass(frozen=True)
class Chart:
    """A picture as data: formats that can draw do, the others leave it to the tables. Money cells are `Decimal`.

    `kind` and its columns: `timeline` (series, day, amount, low, high: the two bound an interval and may be None),
    `waterfall` (part, amount: from the first, which is a level, by steps to the last, which is one), `bars` (label,
    group, amount). `description` says in words what the picture shows, for those who cannot see it.
    """

    name: str
    title: str
    kind: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    description: str


@dataclass(frozen=True)
class Report:
    """What a command has to say, before anyone has decided how it looks.

    `name` is the schema's (`aiops-cost/<name>/1`); `facts` are the short truths that every format shows
    (currency, cost, period, settled until, ...); `verdict` is the gate's sentence, where there is one.
    """

    name: str
    title: str
    facts: Mapping[str, str | None] = field(default_factory=dict)
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    verdict: str | None = None
    exit_code: int | None = None
    paste: str | None = None
    """Lines to copy into a file as they are, such as a rule."""
    headline: str | None = None
    """The answer in one sentence, where there is one."""


@dataclass(frozen=True)
class Source:
    """One configured billing feed. `settles_after` is the number of days a day may still change."""

    name: str
    provider: str
    location: str
    settles_after: int = 2
    max_age: int = 3
    sparse: bool = False
    settings: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Keys that only this source's provider knows, such as `role_arn`; secrets are never among them."""


@dataclass(frozen=True)
class Errand:
    """What a provider is sent with: where it may keep what it downloads (None: nowhere), the months that are asked
    for (none: all), the time, and how to tell the person who waits."""

    cache: Path | None = None
    periods: tuple[str, ...] = ()
    now: datetime | None = None
    say: Callable[[str], None] = lambda _: None


Stamp = tuple[int, int, int, int]
"""What a file system changes with the content of a file: inode, size in bytes, and in nanoseconds the time of its
content (mtime) and of its entry (ctime, which nobody can set)."""


def stamp(found: os.stat_result) -> Stamp:
    """The stamp of a file that was looked at."""
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


@dataclass(frozen=True)
class ExportFile:
    """One delivered file: where it lies, how messages call it, and the hash of its bytes. `stamp` is the file's as it
    was hashed; without one, only its bytes can tell whether it is still the same."""

    path: Path
    name: str
    digest: str
    size: int
    stamp: Stamp | None = None


@dataclass(frozen=True)
class Export:
    """What a source delivered: files that belong together. All of them are the source's current word."""

    source: Source
    files: tuple[ExportFile, ...]


@dataclass(frozen=True)
class Diagnosis:
    """One thing that was tried or looked at, and how it is. `state` is ok, note, wrong, or unknown (could not be
    tried); `exit_code` is what it leads to; `paste` holds lines to copy as they are."""

    subject: str
    what: str
    state: str
    says: str
    way_out: str = ""
    exit_code: int = 0
    paste: str = ""


@dataclass(frozen=True)
class ProviderAmount:
    """What a provider says a service cost: `kind` is usage, tax, credit, refund or support."""

    service: str
    kind: str
    billed: Decimal
    effective: Decimal


@dataclass(frozen=True)
class ProviderTotal:
    """A provider's own word on one billing period, asked at `asked_at`, in one currency. `account` is whose credentials
    asked; an `estimated` period may still change."""

    source: str
    period: str
    account: str
    currency: str
    asked_at: datetime
    estimated: bool
    amounts: tuple[ProviderAmount, ...]


@dataclass(frozen=True)
class PeriodState:
    """What the ledger holds of one source and billing period. Amounts are per currency.

    `before` is what the period's amounts were before its last reload, when that changed them.
    """

    source: str
    period: str
    loaded_at: datetime
    version: int
    rows: int
    rejected: int
    amounts: Mapping[str, Amounts]
    before: Mapping[str, Amounts] | None
    first_day: date | None
    last_day: date | None
    deviations: tuple[Deviation, ...] = ()

    def unknown(self, cost: str) -> tuple[Deviation, ...]:
        """What keeps this cost of the period from being known."""
        return tuple(d for d in self.deviations if d.unknown == cost and (not d.periods or self.period in d.periods))


@dataclass(frozen=True)
class SourceState:
    """What the ledger knows of a source at `as_of`; `periods` is empty when nothing was ever loaded.

    `first_day` and `last_day` bound the usage delivered; `settled_until` is the last day that is complete and
    no longer expected to change, or None; `gaps` are days within without a single row; `lost_columns` were
    filled in the load before the last one and are empty now, with the money that rows then carried.
    """

    source: Source
    periods: tuple[PeriodState, ...] = ()
    first_day: date | None = None
    last_day: date | None = None
    settled_until: date | None = None
    gaps: tuple[date, ...] = ()
    lost_columns: tuple[str, ...] = ()
