"""`aiops-cost summary`: the weekly overspend summary, printed or sent, once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from aiops_cost.cli import delivery, options, output
from aiops_cost.errors import CouldNotJudge
from aiops_cost.model import Problem

if TYPE_CHECKING:
    from aiops_cost.run.snapshot import Session
    from aiops_cost.summary.report import Summary

EXAMPLE = "Example:  aiops-cost summary --dry-run"
PRINTED = "-"
"""The target under which the record keeps what was printed."""

SLACK = timedelta(hours=1)
"""Two machines' clocks may differ by this much."""


ByOwner = Annotated[bool, typer.Option("--by-owner", help="Each owner's part by itself.")]
Owner = Annotated[list[str] | None, typer.Option("--owner", help="Only the part of this owner.", metavar="NAME")]
OnlyIfFindings = Annotated[
    bool, typer.Option("--only-if-findings", help="Print or send nothing where there is nothing to tell.")
]
Notify = Annotated[bool, typer.Option("--notify", help="Send it to the targets under `notify:`, each once a week.")]
TargetName = Annotated[list[str] | None, typer.Option("--target", help="Send to this target only.", metavar="NAME")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show all of it, send and record nothing.")]
SendUnjudged = Annotated[
    bool, typer.Option("--send-unjudged", help="Send although bills are missing, too old or incomplete; it says so.")
]
Resend = Annotated[
    list[str] | None,
    typer.Option("--resend", help="Send again to a target whose sending was interrupted.", metavar="NAME"),
]
WasSent = Annotated[
    list[str] | None,
    typer.Option("--was-sent", help="An interrupted sending to this target has arrived.", metavar="NAME"),
]


def command(
    by_owner: ByOwner = False,
    owner: Owner = None,
    only_if_findings: OnlyIfFindings = False,
    notify: Notify = False,
    target: TargetName = None,
    dry_run: DryRun = False,
    unjudged: SendUnjudged = False,
    resend: Resend = None,
    was_sent: WasSent = None,
    metric: options.Cost = None,
    config: options.ConfigFile = None,
    as_of: options.AsOf = None,
    format: options.Format = None,
    file: options.Output = None,
) -> int:
    """The ISO week before today: what is new, worse, better, resolved since the last summary; what moved; forecast.

    With --notify it is sent; running that again is harmless. Leaves 3 and sends nothing where bills are missing, 4
    where a target was not reached: run it again, and only what is missing is sent.
    """
    from aiops_cost.run import snapshot, weekly

    found = options.config(config, metric)
    now = options.clock()
    session = snapshot.attribute(found, options.today(as_of))
    if as_of is None:
        _not_from_the_future(session, now)
    asked = delivery.Asked(
        by_owner, tuple(owner or ()), only_if_findings, unjudged, tuple(target or ()), tuple(resend or ()),
        tuple(was_sent or ()), now.isoformat(), dry_run,
    )  # fmt: skip
    if notify or target or resend or was_sent:
        report, bodies = delivery.deliver(session, asked, os.environ)
        for body in bodies:
            typer.echo(body)
        return output.write(report, format, file)
    told = _printed(session, asked)
    if not told:
        return 0
    return output.write(told[0].report if len(told) == 1 else weekly.by_owner(told), format, file)


def _printed(session: Session, asked: delivery.Asked) -> list[Summary]:
    """The summaries to print; each is compared with the one that was printed last, and remembered."""
    from aiops_cost.notify import journal
    from aiops_cost.run import weekly

    parts = _parts(session, asked.by_owner, asked.owners)
    folder = session.config.summaries
    weeks = weekly.weeks(session, parts)
    with journal.read_only(folder) if asked.dry_run else journal.opened(folder) as record:
        told = [delivery.summarized(record, PRINTED, part, week) for part, week in weeks.items()]
        if not asked.dry_run:
            for one, (part, week) in zip(told, weeks.items(), strict=True):
                if not week.unjudged:
                    record.tell(PRINTED, delivery.key(part), delivery.told(week, one))
    return [one for one in told if not (asked.only_if_findings and one.quiet)]


def _parts(session: Session, by_owner: bool, owners: Sequence[str]) -> list[tuple[str, ...]]:
    from aiops_cost.run import weekly

    if by_owner:
        return [(name,) for name in (owners or weekly.owners(session))] or [()]
    return [tuple(owners)]


def _not_from_the_future(session: Session, now: object) -> None:
    """A clock behind the ledger would tell of a week that is long over."""
    newest = max((period.loaded_at for state in session.states for period in state.periods), default=None)
    if newest is not None and isinstance(now, type(newest)) and newest > now + SLACK:
        said = (
            f"bills were loaded at {newest:%Y-%m-%d %H:%M} UTC, and the clock of this machine says {now:%Y-%m-%d %H:%M}"
        )
        raise CouldNotJudge(Problem("clock-behind", "", said, "Set the clock, or choose a day:  --as-of DATE"))
