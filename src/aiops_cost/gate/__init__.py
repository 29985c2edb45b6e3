"""The gate: findings in, one exit code and one sentence out.

    3  something could not be judged, whatever else was found
    1  over the line: a breach, or what `fail_on` adds to it
    0  judged and fine

A breach always fails. `fail_on` adds words (`FAIL_ON`) or finding codes to that. `warn_only` turns 1 into 0 and never
3. A forecast is no judged breach: it fails only where `forecast-breach` was asked for. A finding that somebody has
accepted does not count, and neither does one that a baseline knows; what could not be judged cannot be accepted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from aiops_cost.documents import near
from aiops_cost.errors import UserError
from aiops_cost.model import Finding, Problem, Severity

FORECAST = "FCT"
_BAD = (Severity.WARNING, Severity.BREACH)
FAIL_ON: dict[str, Callable[[Finding], bool]] = {
    "breach": lambda finding: finding.severity is Severity.BREACH and finding.code[:3] != FORECAST,
    "warning": lambda finding: finding.severity in _BAD,
    "forecast-breach": lambda finding: finding.code[:3] == FORECAST and finding.severity in _BAD,
    "unbudgeted": lambda finding: finding.code == "UNB001",
    "unattributed": lambda finding: finding.code[:3] == "ATR",
    "unowned": lambda finding: finding.code[:3] == "OWN",
    "restated": lambda finding: finding.code == "DAT006",
}
"""The words of `--fail-on`, and the findings that each makes fail."""
_SAME = {"warn": "warning"}
_CODE = re.compile(r"[A-Z]{3}(\d{3})?\Z")


@dataclass(frozen=True)
class Verdict:
    """0, 1 or 3, and why."""

    exit_code: int
    sentence: str


def words(fail_on: Iterable[str]) -> frozenset[str]:
    """What a check fails on, `breach` included: words of `FAIL_ON`, and codes or beginnings of codes.

    Several may stand in one text, with commas between. Raises UserError for another word.
    """
    given = (word.strip() for text in fail_on for word in text.split(","))
    asked = {"breach", *(_SAME.get(word, word) for word in given)}
    unknown = sorted(word for word in asked if word not in FAIL_ON and not _CODE.match(word))
    if unknown:
        raise UserError([_unknown(word) for word in unknown])
    return frozenset(asked)


def fails(finding: Finding, asked: Collection[str]) -> bool:
    """True for a finding that keeps the gate closed: what counts by one of the words, and is not accepted."""
    if finding.accepted is not None or finding.severity is Severity.UNJUDGED:
        return False
    return any(FAIL_ON[word](finding) if word in FAIL_ON else finding.code.startswith(word) for word in asked)


def judge(
    findings: Collection[Finding],
    fail_on: Collection[str] = ("breach",),
    warn_only: bool = False,
) -> Verdict:
    """The verdict on findings. Raises UserError for a word that `fail_on` does not know."""
    asked = words(fail_on)
    unjudged = [f for f in findings if f.severity is Severity.UNJUDGED]
    failing = [f for f in findings if fails(f, asked)]
    if unjudged:
        return Verdict(3, _could_not(unjudged, failing))
    if failing and warn_only:
        return Verdict(0, f"over the line: {_told(failing)}; passed, for this is warn-only")
    if failing:
        return Verdict(1, "; ".join([f"over the line: {_told(failing)}", *_accepted(findings)]))
    return Verdict(0, _fine(findings))


def _could_not(unjudged: Collection[Finding], failing: Collection[Finding]) -> str:
    also = f"; what could be judged is over the line: {_told(failing)}" if failing else ""
    return f"could not judge: {_told(unjudged)}{also}"


def _fine(findings: Collection[Finding]) -> str:
    told = [f for f in findings if f.accepted is None and f.severity in _BAD]
    said = [_told(told)] if told else []
    return "; ".join(["within the line", *said, *_accepted(findings)])


def _accepted(findings: Collection[Finding]) -> list[str]:
    accepted = sum(finding.accepted is not None for finding in findings)
    return [f"{accepted} accepted"] if accepted else []


def _told(findings: Collection[Finding]) -> str:
    """`2 breaches, 1 warning (DRF001, UNB001)`."""
    counts = []
    for severity, one, more in _NAMES:
        count = sum(finding.severity is severity for finding in findings)
        if count:
            counts.append(f"{count} {one if count == 1 else more}")
    return f"{', '.join(counts)} ({', '.join(sorted({f.code for f in findings}))})"


_NAMES = (
    (Severity.UNJUDGED, "finding without an answer", "findings without an answer"),
    (Severity.BREACH, "breach", "breaches"),
    (Severity.WARNING, "warning", "warnings"),
    (Severity.INFO, "note", "notes"),
)


def _unknown(word: str) -> Problem:
    hint = near(word, list(FAIL_ON))
    return Problem(
        "fail-on-unknown",
        "",
        f"`{word}` is nothing that a check can fail on" + (f"; {hint}" if hint else ""),
        f"Choose from {', '.join(FAIL_ON)}; or a finding code, like DRF002.",
    )
