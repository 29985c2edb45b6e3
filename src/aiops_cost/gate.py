"""The gate: findings in, one exit code and one sentence out.

    3  something could not be judged, whatever else was found
    1  over the line: a breach, or what `fail_on` adds to it
    0  judged and fine

A breach always fails. `fail_on` adds to that: `warning` every warning, `unbudgeted` spend that no
budget line plans (UNB001, which by itself is a warning). `warn_only` turns 1 into 0 and never 3.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from aiops_cost.errors import UserError
from aiops_cost.model import Finding, Problem, Severity

FAIL_ON: dict[str, Callable[[Finding], bool]] = {
    "breach": lambda finding: finding.severity is Severity.BREACH,
    "warning": lambda finding: finding.severity is Severity.WARNING,
    "unbudgeted": lambda finding: finding.code == "UNB001",
}
"""The words of `--fail-on`, and the findings that each makes fail."""
_SAME = {"warn": "warning"}


@dataclass(frozen=True)
class Verdict:
    """0, 1 or 3, and why."""

    exit_code: int
    sentence: str


def judge(
    findings: Collection[Finding],
    fail_on: Collection[str] = ("breach",),
    warn_only: bool = False,
) -> Verdict:
    """The verdict on findings. Raises UserError for a word that `fail_on` does not know."""
    words = {"breach", *(_SAME.get(word, word) for word in fail_on)}
    unknown = sorted(words - FAIL_ON.keys())
    if unknown:
        raise UserError([_unknown(word) for word in unknown])
    unjudged = [f for f in findings if f.severity is Severity.UNJUDGED]
    failing = [f for f in findings if any(FAIL_ON[word](f) for word in words)]
    if unjudged:
        return Verdict(3, _could_not(unjudged, failing))
    if failing and warn_only:
        return Verdict(0, f"over the line: {_told(failing)}; passed, for this is warn-only")
    if failing:
        return Verdict(1, f"over the line: {_told(failing)}")
    return Verdict(0, _fine(findings))


def _could_not(unjudged: Collection[Finding], failing: Collection[Finding]) -> str:
    also = f"; what could be judged is over the line: {_told(failing)}" if failing else ""
    return f"could not judge: {_told(unjudged)}{also}"


def _fine(findings: Collection[Finding]) -> str:
    warnings = [f for f in findings if f.severity is Severity.WARNING]
    return "within the line" + (f"; {_told(warnings)}" if warnings else "")


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
    return Problem(
        "fail-on-unknown",
        "",
        f"`{word}` is nothing that a check can fail on",
        f"Choose from {', '.join(FAIL_ON)}.",
    )
