"""SARIF 2.1.0 of findings, for code scanning: each points at its line of the budget or the rules.

What somebody has accepted is there, suppressed, with the reason.
"""

from __future__ import annotations

import json
from typing import Any

from aiops_cost.model import Finding, Report, Severity
from aiops_cost.reports._cells import clean, plain, scope_text
from aiops_cost.reports._findings import worst_first
from aiops_cost.reports._places import place_of
from aiops_cost.reports.json import harmless

SUFFIXES = (".sarif",)

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {
    Severity.UNJUDGED: "error",
    Severity.BREACH: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "note",
}


def render(report: Report, *, width: int = 100, color: bool = False) -> str:
    """One log with one run; width and colour do not apply."""
    findings = worst_first(report.findings)
    codes = sorted({finding.code for finding in findings})
    document = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "aiops-cost", "rules": [_rule(code) for code in codes]}},
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, codes) for finding in findings],
                "invocations": [
                    {
                        "executionSuccessful": report.exit_code != 3,
                        "exitCode": report.exit_code or 0,
                        "exitCodeDescription": clean(report.verdict or report.title),
                    }
                ],
                "properties": {clean(name): value for name, value in report.facts.items()},
            }
        ],
    }
    return harmless(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)) + "\n"


def _rule(code: str) -> dict[str, Any]:
    explained = f"What it means and what to do: aiops-cost explain {clean(code)}"
    return {"id": clean(code), "shortDescription": {"text": f"aiops-cost {clean(code)}"}, "help": {"text": explained}}


def _result(finding: Finding, codes: list[str]) -> dict[str, Any]:
    place = place_of(finding)
    said = f"{scope_text(finding.scope)}: {clean(finding.message)}\n{_lines(finding.advice)}".strip()
    found: dict[str, Any] = {
        "ruleId": clean(finding.code),
        "ruleIndex": codes.index(finding.code),
        "level": "error" if finding.fails else _LEVELS[finding.severity],
        "message": {"text": said},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": place.uri},
                    "region": {"startLine": place.line, "startColumn": place.column},
                }
            }
        ],
        "partialFingerprints": {"aiopsCostFinding/v1": finding.fingerprint},
        "properties": {
            "severity": str(finding.severity),
            "owner": finding.owner and clean(finding.owner),
            "period": finding.period,
            "currency": finding.currency,
            "planned": plain(finding.planned, "money"),
            "actual": plain(finding.actual, "money"),
            "amount": plain(finding.amount, "money"),
        },
    }
    if finding.accepted is not None:
        found["suppressions"] = [{"kind": "external", "status": "accepted", "justification": clean(finding.accepted)}]
    return found


def _lines(text: str) -> str:
    return "\n".join(clean(line) for line in text.splitlines())
