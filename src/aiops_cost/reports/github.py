"""GitHub annotations of findings: commands to the runner, which shows each at its line of the budget or the rules.

The command line adds the same findings as Markdown to the page of the job (GITHUB_STEP_SUMMARY). GitHub shows ten
annotations of a kind per step, so the worst come first. This is the one format that prints commands, and each is ours:
what a bill says is escaped as the runner's own toolkit does it.
"""

from __future__ import annotations

from aiops_cost.model import Finding, Report, Severity
from aiops_cost.reports._cells import clean, no_commands, scope_text
from aiops_cost.reports._findings import said as said_of
from aiops_cost.reports._findings import worst_first
from aiops_cost.reports._places import place_of

SUFFIXES = ()

_COMMANDS = {
    Severity.UNJUDGED: "error",
    Severity.BREACH: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "notice",
}


def render(report: Report, *, width: int = 100, color: bool = False) -> str:
    """One command per finding and one for the verdict; width and colour do not apply."""
    lines = [_annotation(finding) for finding in worst_first(report.findings)]
    closed = report.exit_code not in {None, 0}
    lines.append(_command("error" if closed else "notice", {"title": report.title}, report.verdict or "no verdict"))
    return "\n".join(lines) + "\n"


def _annotation(finding: Finding) -> str:
    place = place_of(finding)
    title = f"{finding.code} {scope_text(finding.scope)}"
    where = {"file": place.file, "line": str(place.line), "col": str(place.column), "title": title}
    kind = "error" if finding.fails else _COMMANDS[finding.severity]
    said = finding.message
    if finding.accepted is not None:
        kind, said = "notice", said_of(finding)
    return _command(kind, where, said)


def _command(kind: str, properties: dict[str, str], message: str) -> str:
    given = ",".join(f"{name}={_property(text)}" for name, text in properties.items())
    return f"::{kind} {given}::{_data(message)}"


def _data(text: str) -> str:
    return no_commands(clean(text)).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
