"""JUnit XML of findings for a CI server: one test case per finding, and one for the gate itself.

What keeps the gate closed is a failure, what could not be judged an error, what somebody has accepted is skipped. The
schema is the one that Jenkins publishes (junit-10.xsd of its xunit plugin); GitLab and others read the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from aiops_cost.model import Finding, Report, Severity
from aiops_cost.reports._cells import UNKNOWN, clean, facts_line, no_commands, scope_text
from aiops_cost.reports._findings import worst_first

SUFFIXES = (".xml",)

_GATE = {1: "failure", 3: "error"}


def render(report: Report, *, width: int = 100, color: bool = False) -> str:
    """One `testsuites` element; width and colour do not apply."""
    cases = [_case(finding) for finding in worst_first(report.findings)]
    cases.append(_gate(report))
    kinds = [child.tag for case in cases for child in case]
    counted: Any = {
        "tests": str(len(cases)), "failures": str(kinds.count("failure")), "errors": str(kinds.count("error")),
    }  # fmt: skip
    root = ElementTree.Element("testsuites", name="aiops-cost", **counted)
    suite = ElementTree.SubElement(
        root, "testsuite", name=clean(report.title), skipped=str(kinds.count("skipped")), time="0.000", **counted
    )
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in report.facts.items():
        ElementTree.SubElement(properties, "property", name=clean(name), value=clean(value or "unknown"))
    suite.extend(cases)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return no_commands(f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n')


def _case(finding: Finding) -> ElementTree.Element:
    name = f"{finding.code} {scope_text(finding.scope)}"
    case = ElementTree.Element("testcase", name=name, classname=f"aiops-cost.{clean(finding.code)}", time="0.000")
    said = clean(finding.message)
    if finding.severity is Severity.UNJUDGED:
        kind, message = "error", said
    elif finding.fails:
        kind, message = "failure", said
    elif finding.accepted is not None:
        kind, message = "skipped", clean(finding.accepted)
    else:
        ElementTree.SubElement(case, "system-out").text = _text(finding)
        return case
    child = ElementTree.SubElement(case, kind, message=message)
    if kind != "skipped":
        child.set("type", str(finding.severity))
        child.text = _text(finding)
    return case


def _text(finding: Finding) -> str:
    return "\n".join(_lines(finding))


def _lines(finding: Finding) -> Iterator[str]:
    yield clean(finding.message)
    yield from (clean(line) for line in finding.advice.splitlines())
    yield f"owner: {clean(finding.owner or UNKNOWN)}"
    yield f"fingerprint: {finding.fingerprint}"
    if finding.place:
        yield f"place: {clean(finding.place)}"


def _gate(report: Report) -> ElementTree.Element:
    """The verdict as a case of its own, so that a gate without findings is one test that passed, not none."""
    case = ElementTree.Element("testcase", name="the gate", classname="aiops-cost.gate", time="0.000")
    said = clean(report.verdict or report.title)
    kind = _GATE.get(report.exit_code or 0)
    if kind:
        ElementTree.SubElement(case, kind, message=said, type="verdict").text = "\n".join(facts_line(report.facts))
    else:
        ElementTree.SubElement(case, "system-out").text = said
    return case
