"""A baseline: the findings that were there when a team adopted the gate, so that only what is new fails.

A finding that has become worse than its baseline knows it, a warning that is a breach now, is new. What could not be
judged is in no baseline.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from aiops_cost.errors import UserError
from aiops_cost.model import Finding, Problem, Severity
from aiops_cost.money import exact

SCHEMA = "aiops-cost/baseline/1"
_RANK = {severity: rank for rank, severity in enumerate(Severity)}


@dataclass(frozen=True)
class Baseline:
    """The day it was made, and the severity of each finding by its fingerprint."""

    as_of: str
    known: Mapping[str, Severity]


def read(path: Path, shown: str) -> Baseline:
    """The baseline in a file. Raises UserError where it is missing, or not one."""
    way_out = f"Write it again:  aiops-cost check --baseline {shown} --write-baseline"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            raise ValueError
        known = {str(one["fingerprint"]): Severity(one["severity"]) for one in document["findings"]}
        return Baseline(str(document["as_of"]), known)
    except OSError as error:
        said = f"the baseline cannot be read: {error.strerror}"
        raise UserError(Problem("baseline-unreadable", shown, said, way_out)) from None
    except (ValueError, KeyError, TypeError):
        raise UserError(Problem("baseline-unreadable", shown, "this is not a baseline", way_out)) from None


def text(findings: Sequence[Finding], as_of: date) -> str:
    """The findings as a baseline: one line each, so that a change of it can be reviewed."""
    listed = [
        json.dumps(
            {
                "fingerprint": finding.fingerprint,
                "code": finding.code,
                "severity": str(finding.severity),
                "scope": {
                    key: value if isinstance(value, str) else list(value) for key, value in finding.scope.items()
                },
                "amount": None if finding.amount is None else exact(finding.amount),
                "currency": finding.currency,
            }
        )
        for finding in sorted(findings, key=lambda one: (one.code, one.fingerprint))
        if finding.severity in {Severity.WARNING, Severity.BREACH}
    ]
    rows = ",\n  ".join(listed)
    return f'{{"schema": "{SCHEMA}", "as_of": "{as_of}", "findings": [\n  {rows}\n]}}\n'


def apply(findings: Sequence[Finding], baseline: Baseline) -> tuple[list[Finding], list[str]]:
    """The findings, those that the baseline knows marked; and a word on those that are gone or worse."""
    marked: list[Finding] = []
    worse = 0
    for finding in findings:
        known = baseline.known.get(finding.fingerprint)
        if known is None or finding.accepted is not None or finding.severity is Severity.UNJUDGED:
            marked.append(finding)
        elif _RANK[finding.severity] > _RANK[known]:
            worse += 1
            marked.append(finding)
        else:
            marked.append(replace(finding, accepted=f"known: in the baseline of {baseline.as_of}"))
    gone = len(baseline.known.keys() - {finding.fingerprint for finding in findings})
    notes = [f"{worse} findings are worse than the baseline of {baseline.as_of} knows them"] if worse else []
    notes += [f"{gone} findings of the baseline of {baseline.as_of} are gone; write it again"] if gone else []
    return marked, notes
