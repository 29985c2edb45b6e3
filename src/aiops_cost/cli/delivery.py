"""Who gets which part of the summary, in which form, and what became of it: `summary --notify`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiops_cost.errors import CouldNotJudge, UserError
from aiops_cost.model import Column, Problem, Report, Table

if TYPE_CHECKING:
    from aiops_cost.notify.journal import Journal, Told, Unit
    from aiops_cost.notify.send import Message, Receiver
    from aiops_cost.notify.targets import Target
    from aiops_cost.run.snapshot import Session
    from aiops_cost.summary.report import Summary
    from aiops_cost.summary.week import Week

Part = tuple[str, ...]
_COLUMNS = (Column("target"), Column("part"), Column("receiver", "count"), Column("outcome"), Column("why"))
_UNKNOWN = (
    "it was interrupted; whether it arrived is not known. Look, then:  aiops-cost summary --resend NAME  or"
    "  aiops-cost summary --was-sent NAME"
)


@dataclass(frozen=True)
class Asked:
    """How the summary is to be sent. `now` is written into the record."""

    by_owner: bool
    owners: Part
    only_if_findings: bool
    unjudged: bool
    targets: Part
    resend: Part
    was_sent: Part
    now: str
    dry_run: bool


@dataclass(frozen=True)
class Letter:
    """One part for one target; one message for each receiver, rendered when it is first needed."""

    target: Target
    part: str
    week: Week
    summary: Summary
    format: str
    is_mail: bool

    @cached_property
    def message(self) -> Message:
        """What is sent. A run in which everything was sent before draws no picture."""
        from aiops_cost import reports
        from aiops_cost.notify.send import Message as Made

        report = self.summary.report
        body = reports.render(report, self.format)
        if self.format == "chat":  # its first line is the title, which travels by itself
            body = body.partition("\n")[2]
        wanted = self.is_mail if self.target.picture is None else self.target.picture
        return Made(report.title, body, self.format, _picture(report) if wanted else None)


def deliver(session: Session, asked: Asked, env: Mapping[str, str]) -> tuple[Report, list[str]]:
    """Send what has not been sent; returns what became of each, and for a dry run the texts.

    Raises UserError for a target that is not there or cannot be resolved, before anything is sent; CouldNotJudge where
    something could not be judged and nobody said to send all the same.
    """
    from aiops_cost.notify import journal, send
    from aiops_cost.run import weekly

    chosen = _chosen(session, asked)
    ends = {target.name: send.receivers(target, env) for target in chosen}
    parts = {target.name: _parts(session, target, asked) for target in chosen}
    weeks = weekly.weeks(session, sorted({part for found in parts.values() for part in found}))
    if not asked.unjudged:
        _judged(next(iter(weeks.values())))
    rows: list[tuple[Any, ...]] = []
    bodies: list[str] = []
    with ExitStack() as stack:
        folder = session.config.summaries
        record = stack.enter_context(journal.read_only(folder) if asked.dry_run else journal.opened(folder))
        for target in chosen:
            for part in parts[target.name]:
                letter = _letter(record, target, part, weeks[part], ends[target.name][0])
                if asked.dry_run:
                    bodies.append(_shown(letter))
                rows += _handed(record, letter, ends[target.name], asked)
    return _report(session, rows, next(iter(weeks.values())).name, asked.dry_run), bodies


def key(part: Part) -> str:
    """A part as the record names it."""
    return ",".join(part)


def summarized(record: Journal, target: str, part: Part, week: Week) -> Summary:
    """The summary of a part, compared with the last one that this target has had."""
    from aiops_cost.run import weekly

    base, later = record.before(target, key(part), week.name)
    return weekly.summary(week, base.week if base else None, base.findings if base else (), later)


def told(week: Week, summary: Summary) -> Told:
    """What the record keeps of a summary, for the next one to compare with."""
    from aiops_cost.notify.journal import Told as Kept

    return Kept(week.name, week.as_of.isoformat(), summary.told)


def _chosen(session: Session, asked: Asked) -> list[Target]:
    from aiops_cost.config import shown
    from aiops_cost.documents import near

    targets = {target.name: target for target in session.config.notify}
    names = dict.fromkeys([*asked.targets, *asked.resend, *asked.was_sent])
    if not targets:
        raise UserError(
            Problem("notify-none", shown(session.config.file, Path.cwd()), "no target is configured",
                    'Name one under `notify:`, like  - {name: finops, url: "${SLACK_URL}"}')
        )  # fmt: skip
    unknown = [name for name in names if name not in targets]
    if unknown:
        known = list(targets)
        raise UserError(
            Problem("target-unknown", "", f"there is no target `{name}`",
                    near(name, known) or f"The targets are: {', '.join(known)}.")
            for name in unknown
        )  # fmt: skip
    return [targets[name] for name in names] if names else list(targets.values())


def _parts(session: Session, target: Target, asked: Asked) -> list[Part]:
    """The owners of a target bind it; `--by-owner` makes a message of each."""
    from aiops_cost.run import weekly

    owners = target.owners or asked.owners
    if asked.owners and target.owners:
        owners = tuple(owner for owner in target.owners if owner in asked.owners)
        if not owners:
            return []
    if asked.by_owner:
        return [(owner,) for owner in (owners or weekly.owners(session))]
    return [tuple(owners)]


def _judged(week: Week) -> None:
    if week.unjudged:
        details = tuple(f"{one.code}: {one.message}" for one in week.unjudged)
        said = "could not judge, so nothing was sent"
        way_out = (
            "Load what is missing:  aiops-cost pull\nor send it as it is, which the text then says:  --send-unjudged"
        )
        raise CouldNotJudge(Problem("summary-unjudged", "", said, way_out, details))


def _letter(record: Journal, target: Target, part: Part, week: Week, end: Receiver) -> Letter:
    summary = summarized(record, target.name, part, week)
    return Letter(target, key(part), week, summary, target.format or _format_of(target, end), end.is_mail)


def _format_of(target: Target, end: Receiver) -> str:
    """Mail gets HTML, a file what its suffix says, everything else a short text."""
    from aiops_cost import reports

    if target.file is None:
        return "mail" if end.is_mail else "chat"
    try:
        return reports.format_for(target.file, "table")
    except ValueError as error:
        raise UserError(Problem("format-name", target.place, str(error), "Say it:  format: markdown")) from None


def _picture(report: Report) -> bytes | None:
    """The report's first chart as PNG; None where there is none, or the drawing library is not installed."""
    from aiops_cost.reports import _charts

    return _charts.png(report.charts[0]) if report.charts and _charts.can_draw() else None


def _handed(record: Journal, letter: Letter, ends: Sequence[Receiver], asked: Asked) -> Iterator[tuple[Any, ...]]:
    from aiops_cost.notify.journal import Unit

    for end in ends:
        unit = Unit(letter.week.name, letter.target.name, letter.part, end.key)
        if asked.only_if_findings and letter.summary.quiet:
            outcome, why = "nothing to tell", None
        elif asked.dry_run:
            state = record.state(unit)
            outcome, why = ("sent before", None) if state == "sent" else ("would be sent", None)
            if state == "unknown":
                outcome, why = "not known", _UNKNOWN.replace("NAME", letter.target.name)
        else:
            _settled_by_hand(record, unit, letter, asked)
            outcome, why = _once(record, unit, letter, end, asked.now)
        yield (letter.target.name, letter.part or None, end.number if len(ends) > 1 else None, outcome, why)


def _settled_by_hand(record: Journal, unit: Unit, letter: Letter, asked: Asked) -> None:
    """What somebody has looked up about an interrupted sending."""
    if record.state(unit) == "unknown":
        if letter.target.name in asked.resend:
            record.settle(unit, "failed")
        elif letter.target.name in asked.was_sent:
            record.settle(unit, "sent", told(letter.week, letter.summary))


def _once(record: Journal, unit: Unit, letter: Letter, end: Receiver, now: str) -> tuple[str, str | None]:
    """Send, between the line that says so and the line that says how it went."""
    from aiops_cost.notify import send

    if record.state(unit) == "sent":
        return "sent before", None
    message = letter.message  # rendered before the line is written: between the two lines nothing is done but to send
    state = record.begin(unit, now)
    if state == "sent":
        return "sent before", None
    if state == "unknown":
        return "not known", _UNKNOWN.replace("NAME", letter.target.name)
    names = {"week": unit.week, "part": unit.part}
    why = send.send(letter.target, end, message, names)
    record.settle(unit, "failed" if why else "sent", None if why else told(letter.week, letter.summary))
    return ("failed", why) if why else ("sent", None)


def _shown(letter: Letter) -> str:
    """What a dry run shows of a letter; the target by its name, for its URL may hold a secret."""
    part = f", part of {letter.part}" if letter.part else ""
    picture = ", with a picture" if letter.message.picture else ""
    head = f"--- to {letter.target.name}{part} as {letter.message.format}{picture}: {letter.message.title}"
    return f"{head}\n{letter.message.body}"


def _report(session: Session, rows: Sequence[tuple[Any, ...]], week: str, dry_run: bool) -> Report:
    bad = sum(row[3] in {"failed", "not known"} for row in rows)
    sent = sum(row[3] == "sent" for row in rows)
    verdict = (
        "nothing was sent, for this is a dry run" if dry_run else f"{sent} sent, {len(rows) - sent - bad} not needed"
    )
    if bad:
        verdict += f"; {bad} not delivered: run it again, and only those are sent"
    title = f"Summary of {week}"
    facts = {"as_of": session.as_of.isoformat()}
    table = Table("sendings", "", _COLUMNS, tuple(rows))
    return Report("summary-sent", title, facts, (table,), verdict=verdict, exit_code=4 if bad else 0)
