"""What became of findings from one time to another: new, worse, better, resolved, unchanged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from aiops_cost import money
from aiops_cost.model import Column, Finding, Severity, Table

NOTABLE = (Severity.WARNING, Severity.BREACH)
"""Notes come and go; a summary tells of what somebody should act on. What is unjudged stands on its own."""

LEAST_SHARE = Decimal("0.01")
LEAST_AMOUNT = Decimal(1)
"""An amount that moved by less than 1%, or less than one unit of currency, has not changed."""

WORDS = ("new", "worse", "better", "resolved", "unchanged")
_RANK = {severity: rank for rank, severity in enumerate(Severity)}
_COLUMNS = (
    Column("change"),
    Column("code"),
    Column("scope"),
    Column("owner"),
    Column("severity"),
    Column("before", "money"),
    Column("amount", "money"),
    Column("by", "money"),
    Column("cause"),
    Column("since", "date"),
)


@dataclass(frozen=True)
class Known:
    """A finding as an earlier summary told it; what a later one needs to compare with it."""

    fingerprint: str
    code: str
    severity: Severity
    scope: Mapping[str, Any]
    owner: str | None
    amount: Decimal | None
    currency: str | None
    first_day: str | None

    @classmethod
    def of(cls, finding: Finding) -> Known:
        """What is kept of a finding."""
        return cls(
            finding.fingerprint, finding.code, finding.severity, finding.scope, finding.owner, finding.amount,
            finding.currency, (finding.period or "").partition("..")[0] or None,
        )  # fmt: skip


@dataclass(frozen=True)
class Change:
    """One finding then and now; `by` is the move of its amount, where both are about days from the same first one."""

    word: str
    before: Known | None
    now: Finding | None
    by: Decimal | None = None

    @property
    def known(self) -> Known:
        """Whichever there is, the newer one first."""
        if self.now is not None:
            return Known.of(self.now)
        assert self.before is not None  # noqa: S101 - a change has one of the two
        return self.before


def compare(before: Iterable[Known], now: Iterable[Finding]) -> tuple[Change, ...]:
    """What became of each finding, by its fingerprint: by its severity first, then by its amount.

    Findings that somebody has accepted are left out of both sides by the caller, or of none.
    """
    then = {one.fingerprint: one for one in before}
    present = {one.fingerprint: one for one in notable(now)}
    found = [_change(then.get(name), finding) for name, finding in present.items()]
    found += [Change("resolved", one, None) for name, one in then.items() if name not in present]
    return tuple(sorted(found, key=_order))


def notable(findings: Iterable[Finding]) -> list[Finding]:
    """The findings that somebody should act on."""
    return [finding for finding in findings if finding.severity in NOTABLE]


def counts(changes: Iterable[Change]) -> dict[str, int]:
    """How many there are of each word, in the order of `WORDS`, those without any too."""
    found = dict.fromkeys(WORDS, 0)
    for change in changes:
        found[change.word] += 1
    return found


def table(changes: Sequence[Change], name: str = "changes", title: str = "What changed", note: str = "") -> Table:
    """One row per finding that is not as it was, the worst first."""
    told = [change for change in changes if change.word != "unchanged"]
    return Table(name, title, _COLUMNS, tuple(map(_row, told)), note=note)


def _change(before: Known | None, now: Finding) -> Change:
    if before is None:
        return Change("new", None, now)
    by = _by(before, now)
    rank = _RANK[now.severity] - _RANK[before.severity]
    if rank:
        return Change("worse" if rank > 0 else "better", before, now, by)
    if by is None or abs(by) < LEAST_AMOUNT or abs(by) < LEAST_SHARE * abs(before.amount or Decimal(0)):
        return Change("unchanged", before, now, by)
    return Change("worse" if by > 0 else "better", before, now, by)


def _by(before: Known, now: Finding) -> Decimal | None:
    """A drift of a month and one of a whole budget are not compared, and neither are two currencies."""
    same = before.first_day == Known.of(now).first_day and before.currency == now.currency
    if not same or before.amount is None or now.amount is None:
        return None
    return money.EXACT.subtract(abs(now.amount), abs(before.amount))


def _order(change: Change) -> tuple[int, int, Decimal, str]:
    known = change.known
    size = abs(known.amount) if known.amount is not None else Decimal(0)
    return WORDS.index(change.word), -_RANK[known.severity], -size, known.fingerprint


def _row(change: Change) -> tuple[Any, ...]:
    known, before = change.known, change.before
    return (
        change.word,
        known.code,
        scope_text(known.scope),
        known.owner,
        str(known.severity),
        before.amount if before else None,
        change.now.amount if change.now else None,
        change.by,
        cause_of(change.now),
        change.now.onset if change.now else None,
    )


def cause_of(finding: Finding | None) -> str | None:
    """What moved it most, where that is known."""
    return finding.cause if finding and finding.cause != "not split" else None


def scope_text(of: Mapping[str, Any]) -> str:
    """`serving support-chat`: the values of a scope, which names what people call it."""
    return " ".join(value if isinstance(value, str) else " or ".join(value) for value in of.values()) or "everything"
