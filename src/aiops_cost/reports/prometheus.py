"""Prometheus text of findings, for node_exporter's textfile collector or a Pushgateway.

Amounts are gauges in the currency that their label names; Prometheus keeps numbers as floats, so they are for
dashboards and alerts, not for books. What is accepted has the label `state="accepted"`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime

from aiops_cost.model import Finding, Report
from aiops_cost.money import exact
from aiops_cost.reports._cells import clean, no_commands, scope_text
from aiops_cost.reports._findings import worst_first

SUFFIXES = (".prom",)


def render(report: Report, *, width: int = 100, color: bool = False) -> str:
    """Four metrics with their help; width and colour do not apply."""
    return no_commands("\n".join(_lines(report))) + "\n"


def _lines(report: Report) -> Iterator[str]:
    findings = worst_first(report.findings)
    yield from _head("aiops_cost_findings", "Findings by code, severity and what the gate makes of them.")
    counted = Counter((finding.code, str(finding.severity), _state(finding)) for finding in findings)
    for (code, severity, state), count in sorted(counted.items()):
        yield _sample("aiops_cost_findings", {"code": code, "severity": severity, "state": state}, str(count))
    if any(finding.amount is not None for finding in findings):
        yield from _head("aiops_cost_finding_amount", "The amount of a finding in the currency of its label.")
    for finding in findings:
        if finding.amount is not None:
            yield _sample("aiops_cost_finding_amount", _labels(finding), exact(finding.amount))
    if report.exit_code is not None:
        yield from _head("aiops_cost_gate_exit_code", "0 within the line, 1 over it, 3 could not be judged.")
        yield f"aiops_cost_gate_exit_code {report.exit_code}"
    settled = report.facts.get("settled_until")
    if settled and _is_day(settled):
        yield from _head("aiops_cost_settled_until_timestamp_seconds", "The end of the last settled day.")
        yield f"aiops_cost_settled_until_timestamp_seconds {_seconds(settled)}"


def _head(name: str, sentence: str) -> Iterator[str]:
    yield f"# HELP {name} {sentence}"
    yield f"# TYPE {name} gauge"


def _labels(finding: Finding) -> dict[str, str]:
    return {
        "code": finding.code,
        "severity": str(finding.severity),
        "state": _state(finding),
        "scope": scope_text(finding.scope),
        "owner": finding.owner or "",
        "currency": finding.currency or "",
        "fingerprint": finding.fingerprint,
    }


def _state(finding: Finding) -> str:
    if finding.accepted is not None:
        return "accepted"
    return "fails" if finding.fails else "open"


def _sample(name: str, labels: dict[str, str], value: str) -> str:
    given = ",".join(f'{key}="{_label(text)}"' for key, text in labels.items())
    return f"{name}{{{given}}} {value}"


def _label(text: str) -> str:
    return clean(text).replace("\\", "\\\\").replace('"', '\\"')


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _seconds(day: str) -> int:
    """Seconds since 1970 at the end of the day, in UTC."""
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) + 24 * 60 * 60
