"""What `accept` shows and writes: the findings with their fingerprints, and an acceptance of one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from pydantic import ValidationError

from aiops_cost.errors import UserError
from aiops_cost.gate import accepted
from aiops_cost.gate.accepted import AcceptedEntry
from aiops_cost.model import Column, Finding, Problem, Report, Severity, Table

_COLUMNS = (
    Column("fingerprint"),
    Column("code"),
    Column("severity"),
    Column("scope"),
    Column("owner"),
    Column("amount", "money"),
    Column("accepted"),
)


def listed(findings: Sequence[Finding], currency: str) -> Report:
    """The findings that can be accepted, and those that are."""
    rows = tuple(
        (one.fingerprint, one.code, str(one.severity), _scope(one), one.owner, one.amount, one.accepted)
        for one in findings
        if one.severity is not Severity.UNJUDGED
    )
    return Report(
        name="accept",
        title="Findings that can be accepted",
        facts={"currency": currency},
        tables=(Table("findings", "", _COLUMNS, rows),),
        notes=("Accept one:  aiops-cost accept FINGERPRINT --reason TEXT --until DATE",),
    )


def add(path: Path, shown: str, findings: Sequence[Finding], wanted: str, given: dict[str, object], as_of: date) -> str:
    """Write the acceptance; returns a sentence. Raises UserError where the finding is not there, cannot be accepted,
    or the reason or the day is missing, or over."""
    found = [one for one in findings if one.fingerprint == wanted]
    problem = _refused(found, wanted, given, as_of)
    if problem:
        raise UserError(problem)
    what = f"{found[0].code} {_scope(found[0])}"
    try:
        entry = AcceptedEntry.model_validate({"finding": wanted, "what": what, **given})
    except ValidationError as error:
        said = str(error.errors()[0]["msg"]).removeprefix("Value error, ")
        name = str(error.errors()[0]["loc"][0]).replace("_", "-")
        raise UserError(Problem("accept-form", "", f"--{name}: {said}", "See:  aiops-cost accept --help")) from None
    accepted.add(path, shown, entry)
    return f"accepted until {entry.until}: {what}\nwrote {shown}; commit it, so that the gate sees it everywhere"


def _refused(found: Sequence[Finding], wanted: str, given: dict[str, object], as_of: date) -> Problem | None:
    if not found:
        return Problem("accept-unknown", "", f"there is no finding {wanted} now", "List them:  aiops-cost accept")
    if found[0].severity is Severity.UNJUDGED:
        said = f"{found[0].code} says that something could not be judged, and that cannot be accepted"
        return Problem("accept-unjudged", "", said, "Load what is missing:  aiops-cost status")
    if not given.get("reason") or not given.get("until"):
        way_out = f'Write:  aiops-cost accept {wanted} --reason "..." --until 2026-12-31'
        return Problem("accept-form", "", "an acceptance needs a reason and a last day", way_out)
    if str(given["until"]) < as_of.isoformat():
        return Problem("accept-form", "", f"--until {given['until']} is over", "Choose a day that is still to come.")
    return None


def _scope(finding: Finding) -> str:
    return (
        ", ".join(f"{k}={v if isinstance(v, str) else '|'.join(v)}" for k, v in finding.scope.items()) or "everything"
    )
