"""Findings that somebody has accepted, with a reason and an end: a file in the repository, reviewed like a budget.

accepted:
  - finding: 44d38fa34b15396a                       # the fingerprint
    what: DRF001 activity=serving, workload=chat    # for people; it decides nothing
    reason: the launch moved to July, agreed with finance
    until: 2026-07-31                               # the last day, in UTC
    up_to: 20000                                    # optional: counts again above this amount

What could not be judged cannot be accepted: that would be a gate without data.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from aiops_cost import documents, money
from aiops_cost.budget.values import Amount
from aiops_cost.documents import Marks, Strict
from aiops_cost.errors import UserError
from aiops_cost.model import Finding, Problem, Severity

HEAD = "# Findings that do not count at the gate, each with a reason and a last day. Written by:  aiops-cost accept\n"
_FINGERPRINT = re.compile(r"[0-9a-f]{16}\Z")


def fingerprint(text: str) -> str:
    """A finding's fingerprint, by its form. Raises ValueError."""
    if not _FINGERPRINT.match(text):
        raise ValueError(f"{text!r} is not a fingerprint (16 hexadecimal digits; aiops-cost accept lists them)")
    return text


def _day(value: object) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"{value!r} is not a day (write 2026-07-31)") from None


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("say why; an acceptance without a reason cannot be reviewed")
    return text


class AcceptedEntry(Strict):
    """One acceptance: `finding` is the fingerprint, `until` its last day, `up_to` an amount in the report currency."""

    finding: Annotated[
        str, AfterValidator(fingerprint), WithJsonSchema({"type": "string", "pattern": "^[0-9a-f]{16}$"})
    ]
    reason: Annotated[str, AfterValidator(_said)]
    until: Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
    what: str | None = None
    by: str | None = None
    up_to: Amount | None = None


class AcceptedFile(Strict):
    """The file as written."""

    accepted: tuple[AcceptedEntry, ...] = Field(default=())


@dataclass(frozen=True)
class Acceptance:
    """One acceptance and where it stands."""

    finding: str
    reason: str
    until: date
    what: str | None
    up_to: Decimal | None
    place: str


def read(path: Path, shown: str) -> tuple[Acceptance, ...]:
    """The acceptances of the file; none where there is no file. Raises UserError, also for a finding named twice."""
    return _read(path, shown)[0] if path.exists() else ()


def _read(path: Path, shown: str) -> tuple[tuple[Acceptance, ...], Marks]:
    document, marks = documents.read(path, AcceptedFile, what="accepted", shown=shown)
    found: dict[str, Acceptance] = {}
    problems = []
    for index, entry in enumerate(document.accepted):
        place = marks.place("accepted", index, "finding")
        if entry.finding in found:
            first = found[entry.finding].place
            said = f"finding {entry.finding} is accepted twice (first at {first})"
            problems.append(Problem("accepted-twice", place, said, "Keep one of the two."))
            continue
        found[entry.finding] = Acceptance(entry.finding, entry.reason, entry.until, entry.what, entry.up_to, place)
    if problems:
        raise UserError(problems)
    return tuple(found.values()), marks


def apply(
    findings: Sequence[Finding], acceptances: Iterable[Acceptance], as_of: date, whole: bool = True
) -> tuple[list[Finding], list[str]]:
    """The findings, those accepted on `as_of` marked; and what is to be told of acceptances that do not hold.

    `whole` is False where only a part of the findings was looked at, so that an acceptance without one says nothing.
    """
    known = {one.finding: one for one in acceptances}
    seen = {finding.fingerprint for finding in findings}
    notes = [note for finding in findings if (note := _broken(finding, known.get(finding.fingerprint), as_of))]
    if whole:
        notes += [
            f"{one.place}: nothing is found any more for {one.what or one.finding}; the acceptance can go"
            for one in known.values()
            if one.finding not in seen
        ]
    return [_marked(finding, known.get(finding.fingerprint), as_of) for finding in findings], notes


def _marked(finding: Finding, one: Acceptance | None, as_of: date) -> Finding:
    if one is None or _broken(finding, one, as_of):
        return finding
    return replace(finding, accepted=f"accepted until {one.until}: {one.reason}")


def _broken(finding: Finding, one: Acceptance | None, as_of: date) -> str | None:
    """Why an acceptance does not hold for the finding; None where it does, or there is none."""
    if one is None:
        return None
    if finding.severity is Severity.UNJUDGED:
        return f"{one.place}: {finding.code} could not be judged, and that cannot be accepted"
    if one.until < as_of:
        return f"{one.place}: the acceptance of {finding.code} ended on {one.until} ({one.reason}); it counts again"
    if one.up_to is not None and (finding.amount is None or abs(finding.amount) > one.up_to):
        amount = "an unknown amount" if finding.amount is None else money.show(abs(finding.amount), finding.currency)
        return (
            f"{one.place}: {finding.code} was accepted up to {money.show(one.up_to)}, and is {amount}; it counts again"
        )
    return None


def add(path: Path, shown: str, entry: AcceptedEntry) -> None:
    """Write an acceptance into the file, which is made where there is none; one of the same finding is replaced.

    Everything else in the file stays as it was, comments too. Raises UserError where the file is not written in a
    way that a line can be added to; nothing is changed then.
    """
    text = path.read_text(encoding="utf-8") if path.exists() else f"{HEAD}accepted:\n"
    lines = text.splitlines(keepends=True)
    if path.exists():
        present, marks = _read(path, shown)
        lines = _without(lines, marks, [one.finding for one in present], entry.finding)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    new = "".join(lines).replace("accepted: []\n", "accepted:\n") + _lines(entry)
    try:
        read_back = AcceptedFile.model_validate(documents.parse(new, shown, "accepted")[0])
        if entry not in read_back.accepted:
            raise ValueError
    except (UserError, ValueError):
        way_out = f"Put these lines there yourself:\n{_lines(entry)}"
        said = "this file is written in a way that lines cannot be added to"
        raise UserError(Problem("accepted-not-appendable", shown, said, way_out)) from None
    part = path.with_name(f".{path.name}.new")
    part.write_text(new, encoding="utf-8", newline="")
    part.replace(path)


def _without(lines: list[str], marks: Marks, present: Sequence[str], finding: str) -> list[str]:
    """The lines but those of the finding's old acceptance."""
    if finding not in present:
        return lines
    index = present.index(finding)
    first = marks.lines["accepted", index][0] - 1
    after = marks.lines.get(("accepted", index + 1))
    return lines[:first] + (lines[after[0] - 1 :] if after else [])


def _lines(entry: AcceptedEntry) -> str:
    parts = [("finding", f'"{entry.finding}"')]
    parts += [
        (key, json.dumps(text, ensure_ascii=False)) for key in ("what", "reason", "by") if (text := getattr(entry, key))
    ]
    parts.append(("until", entry.until.isoformat()))
    if entry.up_to is not None:
        parts.append(("up_to", money.exact(entry.up_to)))
    return "".join(f"  {'- ' if not i else '  '}{key}: {text}\n" for i, (key, text) in enumerate(parts))
