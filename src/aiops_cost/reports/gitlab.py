"""GitLab code quality of findings: JSON that a merge request shows at the lines of the budget or the rules.

The fields are those of https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format; GitLab compares the
fingerprints of two branches, so only what a merge request brings is shown as new. What is accepted is left out.
"""

from __future__ import annotations

import json
from typing import Any

from aiops_cost.model import Finding, Report, Severity
from aiops_cost.reports._cells import clean, scope_text
from aiops_cost.reports._findings import worst_first
from aiops_cost.reports._places import place_of
from aiops_cost.reports.json import harmless

SUFFIXES = ()

_SEVERITIES = {
    Severity.UNJUDGED: "blocker",
    Severity.BREACH: "critical",
    Severity.WARNING: "minor",
    Severity.INFO: "info",
}


def render(report: Report, *, width: int = 100, color: bool = False) -> str:
    """One list; width and colour do not apply."""
    issues = [_issue(finding) for finding in worst_first(report.findings) if finding.accepted is None]
    return harmless(json.dumps(issues, indent=2, ensure_ascii=False)) + "\n"


def _issue(finding: Finding) -> dict[str, Any]:
    place = place_of(finding)
    minor = finding.severity is Severity.WARNING
    return {
        "description": f"{scope_text(finding.scope)}: {clean(finding.message)}",
        "check_name": clean(finding.code),
        "fingerprint": finding.fingerprint,
        "severity": "major" if finding.fails and minor else _SEVERITIES[finding.severity],
        "location": {"path": clean(place.file).removeprefix("./"), "lines": {"begin": place.line}},
    }
