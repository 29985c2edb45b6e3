"""What became of findings from one time to another: new, worse, better, resolved, unchanged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from aiops_cost import money
from aiops_cost.model import Column, Finding, Severity, Table
from aiops_cost.summary import stretches
from aiops_cost.summary.stretches import Stretches

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
_OTHER = "Where a finding is now told of another stretch of days, its amounts are those of the budget to date."


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
    amounts: Mapping[str, Decimal] = field(default_factory=dict)
    """First day of a stretch -> amount: all that it can be measured by, its own stretch among them."""

    @classmethod
    def of(cls, finding: Finding, known: Stretches | None = None) -> Known:
        """What is kept of a finding."""
        return cls(
            finding.fingerprint, finding.code, finding.severity, finding.scope, finding.owner, finding.amount,
            finding.currency, stretches.first_day(finding), stretches.amounts(finding, known or {}),
        )  # fmt: skip


@dataclass(frozen=True)
class Change:
    """One finding then and now. `by` is the move of its amount over a stretch that begins on one day (`stretch`),
    where both know such a one; `then` and `amount` are those of that stretch, else of each finding itself."""

    word: str
    before: Known | None
    now: Finding | None
    then: Decimal | None = None
    amount: Decimal | None = None
    stretch: str | None = None

    @property
    def by(self) -> Decimal | None:
        return None if self.stretch is None else _grown(self.then, self.amount)

    @property
    def known(self) -> Known:
        """Whichever there is, the newer one first."""
        if self.now is not None:
            return Known.of(self.now)
        assert self.before is not None  # noqa: S101 - a change has one of the two
        return self.before


def compare(before: Iterable[Known], now: Iterable[Finding], known: Stretches | None = None) -> tuple[Change, ...]:
    """What became of each finding, by its fingerprint: by its severity first, then by its amount.

    A drift that is told of another stretch than before (a month that is over, the whole budget) is compared by its
    amount alone, over the stretch that both know: its severity was that of other days. `known` has the drift of now
    over both stretches. Findings that somebody has accepted are left out of both sides by the caller, or of none.
    """
    then = {one.fingerprint: one for one in before}
    present = {one.fingerprint: one for one in notable(now)}
    found = [_change(then.get(name), finding, known or {}) for name, finding in present.items()]
    found += [Change("resolved", one, None, one.amount) for name, one in then.items() if name not in present]
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
    other = any(one.stretch and one.before and one.stretch != one.before.first_day for one in told)
    note = " ".join(filter(None, [note, _OTHER if other else ""]))
    return Table(name, title, _COLUMNS, tuple(map(_row, told)), note=note)


def _change(before: Known | None, now: Finding, known: Stretches) -> Change:
    if before is None:
        return Change("new", None, now, None, now.amount)
    then, amount, stretch = _beside(before, Known.of(now, known))
    rank = _RANK[now.severity] - _RANK[before.severity]
    by = _grown(then, amount) if stretch is not None else None
    if rank and (by is None or before.first_day == stretches.first_day(now)):
        word = "worse" if rank > 0 else "better"
    elif by is None or abs(by) < LEAST_AMOUNT or abs(by) < LEAST_SHARE * abs(then or Decimal(0)):
        word = "unchanged"
    else:
        word = "worse" if by > 0 else "better"
    return Change(word, before, now, then, amount, stretch)


def _beside(before: Known, now: Known) -> tuple[Decimal | None, Decimal | None, str | None]:
    """Both amounts over one stretch, and its first day: the finding's own, else the longest that both know."""
    shared = sorted(set(before.amounts) & set(now.amounts)) if before.currency == now.currency else []
    stretch = now.first_day if now.first_day in shared else next(iter(shared), None)
    if stretch is None:
        return before.amount, now.amount, None
    return before.amounts[stretch], now.amounts[stretch], stretch


def _grown(then: Decimal | None, now: Decimal | None) -> Decimal | None:
    """By how much more it is off than it was, to whichever side."""
    return None if then is None or now is None else money.EXACT.subtract(abs(now), abs(then))


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
        change.then if before else None,
        change.amount if change.now else None,
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
