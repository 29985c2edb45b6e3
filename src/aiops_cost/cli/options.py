"""The options that commands share: one spelling, one meaning, one help text each."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aiops_cost.errors import UserError
from aiops_cost.model import Problem

if TYPE_CHECKING:
    from aiops_cost.config import Config
    from aiops_cost.run.questions import Window
    from aiops_cost.run.snapshot import Known, Session

ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="The configuration (else aiops-cost.yaml here or above).", metavar="FILE"),
]
AsOf = Annotated[str | None, typer.Option("--as-of", help="Judge as on this UTC day (default: today).", metavar="DATE")]


def _known_format(name: str | None) -> str | None:
    """A format that is not there is refused before any work is done."""
    from aiops_cost.cli import output

    if name is not None:
        output.known_format(name, None)
    return name


def _writable(context: typer.Context, file: Path | None) -> Path | None:
    """So is a file whose suffix is no format's or whose folder is not there, and a terminal that cannot show it."""
    from aiops_cost.cli import output

    output.can_show(output.known_format(context.params.get("format"), file), file)
    return _in_a_folder(file)


def _in_a_folder(file: Path | None) -> Path | None:
    from aiops_cost.cli import output

    if file is not None:
        output.has_place(file)
    return file


Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        "-f",
        metavar="FORMAT",
        callback=_known_format,
        is_eager=True,  # read before --output, which asks for it
        help="table, json, csv, markdown, html, xlsx or parquet; chat or mail; of findings also junit, sarif, github,"
        " gitlab or prometheus.",
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", help="Write to FILE; its suffix chooses the format.", metavar="FILE", callback=_writable
    ),
]
AnyOutput = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", help="Write to FILE; its suffix chooses the format.", metavar="FILE", callback=_in_a_folder
    ),
]
"""For commands that also write what is no report, whatever the file is called."""
Month = Annotated[str | None, typer.Option("--month", help="One month, like 2026-05.", metavar="MONTH")]
Last = Annotated[
    str | None, typer.Option("--last", help="The last 30d, 4w or 3m up to the last settled day.", metavar="SPAN")
]
From = Annotated[str | None, typer.Option("--from", help="First day.", metavar="DATE")]
To = Annotated[str | None, typer.Option("--to", help="Last day, included.", metavar="DATE")]
Cost = Annotated[
    str | None,
    typer.Option("--metric", help="EffectiveCost (default), BilledCost, ListCost or ContractedCost.", metavar="COST"),
]
Select = Annotated[
    list[str] | None, typer.Option("--select", help="Only these finding codes, or beginnings of codes.", metavar="CODE")
]
Ignore = Annotated[list[str] | None, typer.Option("--ignore", help="Not these finding codes.", metavar="CODE")]
Against = Annotated[
    str,
    typer.Option("--against", help="The version of the budgets: current, original, or a number.", metavar="VERSION"),
]
AsKnownOn = Annotated[
    str | None,
    typer.Option("--as-known-on", help="Use the bills as they were known at the end of this UTC day.", metavar="DATE"),
]
LedgerVersion = Annotated[
    int | None, typer.Option("--ledger-version", help="Use the ledger as it was after this version.", metavar="N")
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        help="key=value, key=a,b, key!=value, key~text, key!~text or key= (not known); all must hold.",
        metavar="FILTER",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Nothing on stderr but problems.")]


def clock() -> datetime:
    """The only place that reads the clock, in UTC."""
    return datetime.now(UTC).replace(microsecond=0)


def day(text: str | None, option: str) -> date | None:
    """A day given on the command line. Raises UserError."""
    if text is None:
        return None
    try:
        found = date.fromisoformat(text)
        if not 1970 <= found.year < 9000:
            raise ValueError
        return found
    except ValueError:
        raise UserError(Problem("not-a-day", "", f"{option} {text}: not a day", "Write it as 2026-06-14.")) from None


def today(as_of: str | None, known_on: str | None = None) -> date:
    """The day to judge as on; with `--as-known-on` and no `--as-of`, that day."""
    return day(as_of, "--as-of") or day(known_on, "--as-known-on") or clock().date()


def known(on: str | None, version: int | None) -> Known:
    """Which of the ledger's snapshots to look at. Raises UserError when both options say so."""
    from aiops_cost.run.snapshot import Known

    if on is not None and version is not None:
        sentence = "--as-known-on and --ledger-version both say which ledger"
        raise UserError(Problem("ledger-version-twice", "", sentence, "Keep one of them."))
    return Known(version, day(on, "--as-known-on"))


def moment(as_of: str | None) -> datetime:
    """The moment to judge at: now, or the beginning of the day that was asked for."""
    asked = day(as_of, "--as-of")
    return datetime.combine(asked, time(), UTC) if asked else clock()


def span(text: str | None) -> timedelta | None:
    """A span of time given on the command line, like 36h. Raises UserError."""
    from aiops_cost.budget import values

    try:
        return None if text is None else values.span(text)
    except ValueError as error:
        raise UserError(Problem("span-form", "", f"--max-age: {error}", "Write --max-age 36h")) from None


def share(text: str | None) -> Decimal | None:
    """A percentage given on the command line, like 95%. Raises UserError."""
    from aiops_cost.budget import values

    try:
        least = None if text is None else values.share(text)
        if least is not None and least > 1:
            raise ValueError(f"{text} is more than all of it")
        return least
    except ValueError as error:
        raise UserError(Problem("share-form", "", f"--min-coverage: {error}", "Write --min-coverage 95%")) from None


def config(file: Path | None, cost: str | None = None) -> Config:
    """The configuration, with `--metric` put in."""
    from dataclasses import replace

    from aiops_cost.config import load_config
    from aiops_cost.documents import near
    from aiops_cost.run.snapshot import COSTS

    found = load_config(file, Path.cwd(), os.environ)
    if cost is None:
        return found
    if cost not in COSTS:
        raise UserError(
            Problem(
                "cost-unknown",
                "",
                f"there is no cost `{cost}`",
                near(cost, list(COSTS)) or f"The costs are {', '.join(COSTS)}.",
            )
        )
    return replace(found, cost=cost)


def config_if_any(file: Path | None, plan: bool = True) -> Config | None:
    """The configuration, or None where there is none and none was asked for; `plan=False` leaves its budgets out."""
    from aiops_cost.config import load_config

    try:
        return load_config(file, Path.cwd(), os.environ, plan)
    except UserError as error:
        if file is None and [problem.code for problem in error.problems] == ["config-missing"]:
            return None
        raise


def days(found: Session, month: str | None, last: str | None, first_day: str | None, last_day: str | None) -> Window:
    """The days that the options of a command ask for."""
    from aiops_cost.run import questions

    return questions.days(found.states, found.as_of, month, last, day(first_day, "--from"), day(last_day, "--to"))


def session(
    file: Path | None,
    as_of: str | None,
    cost: str | None = None,
    with_plan: bool = False,
    against: str = "current",
    known_on: str | None = None,
    version: int | None = None,
) -> Session:
    """Everything a question is asked of; the budgets too where the question is about the plan."""
    from aiops_cost.run import snapshot

    return snapshot.attribute(config(file, cost), today(as_of, known_on), with_plan, against, known(known_on, version))
