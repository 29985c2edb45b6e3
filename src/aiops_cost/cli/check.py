"""`aiops-cost check`: the gate."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aiops_cost.cli import options, output
from aiops_cost.errors import AiopsError, UserError
from aiops_cost.model import Problem, Report

if TYPE_CHECKING:
    from aiops_cost.run.plan import Gate
    from aiops_cost.run.snapshot import Session

EXAMPLE = "Example:  aiops-cost check --fail-on unbudgeted --max-age 36h --format json"

FailOn = Annotated[
    list[str] | None,
    typer.Option(
        "--fail-on",
        help="What fails besides a breach: warning, forecast-breach, unbudgeted, unattributed, unowned, restated, or"
        " a finding code.",
        metavar="WHAT",
    ),
]
Owner = Annotated[
    list[str] | None, typer.Option("--owner", help="Judge only what this owner answers for.", metavar="NAME")
]
Scope = Annotated[
    list[str] | None, typer.Option("--scope", help="Judge only this part, like activity=serving.", metavar="KEY=VALUE")
]
MaxAge = Annotated[
    str | None, typer.Option("--max-age", help="Bills that end longer ago (36h, 2d) cannot be judged.", metavar="SPAN")
]
MinCoverage = Annotated[
    str | None,
    typer.Option(
        "--min-coverage", help="With less of the AI spend attributed (95%) nothing can be judged.", metavar="SHARE"
    ),
]
Baseline = Annotated[
    Path | None, typer.Option("--baseline", help="Only what this file does not know fails.", metavar="FILE")
]
WriteBaseline = Annotated[
    bool, typer.Option("--write-baseline", help="Write the file of --baseline from what is found now.")
]
Changed = Annotated[
    str | None,
    typer.Option(
        "--changed",
        help="Also what changes in money against this budget or rules file, folder or git revision.",
        metavar="OLD",
    ),
]
Comment = Annotated[
    str | None,
    typer.Option(
        "--comment", help="Write the answer on the pull request, or update it: github or gitlab.", metavar="WHERE"
    ),
]
WarnOnly = Annotated[bool, typer.Option("--warn-only", help="Leave 0 instead of 1; never instead of 3, 4 or 5.")]
Also = Annotated[
    list[str] | None,
    typer.Option("--also", help="Also write this format to this file, like junit:report.xml.", metavar="FORMAT:FILE"),
]


def command(
    fail_on: FailOn = None,
    select: options.Select = None,
    ignore: options.Ignore = None,
    owner: Owner = None,
    scope: Scope = None,
    max_age: MaxAge = None,
    min_coverage: MinCoverage = None,
    baseline: Baseline = None,
    write_baseline: WriteBaseline = False,
    changed: Changed = None,
    comment: Comment = None,
    warn_only: WarnOnly = False,
    metric: options.Cost = None,
    config: options.ConfigFile = None,
    as_of: options.AsOf = None,
    as_known_on: options.AsKnownOn = None,
    ledger_version: options.LedgerVersion = None,
    format: options.Format = None,
    file: options.Output = None,
    also: Also = None,
) -> int:
    """Run every check. Leaves 0 when judged and fine, 1 over the line, 3 when the data is not there to judge."""
    from aiops_cost.gate import narrow
    from aiops_cost.run import plan

    more = [_also(text) for text in also or ()]
    asked = plan.Gate(
        select=select or (), ignore=ignore or (), fail_on=fail_on or (), warn_only=warn_only, owners=owner or (),
        scope=narrow.to_scope(scope or ()), max_age=options.span(max_age), min_coverage=options.share(min_coverage),
        now=options.moment(as_of), baseline=_baseline(baseline, write_baseline),
    )  # fmt: skip
    place = _comment_place(comment)
    session = options.session(config, as_of, metric, True, known_on=as_known_on, version=ledger_version)
    report = plan.check_changed(session, asked, changed) if changed else plan.check(session, asked)
    if write_baseline and baseline:
        return _write_baseline(session, report, baseline)
    for name, target in more:
        output.write(report, name, target)
    code = output.write(report, format, file)
    if format == "github":
        output.append_step_summary(report, os.environ)
    return _commented(report, asked, place, code) if place else code


def _also(text: str) -> tuple[str, Path]:
    name, _, target = text.partition(":")
    if not name or not target:
        raise UserError(Problem("also-form", "", f"--also {text}: not FORMAT:FILE", "Write --also junit:report.xml"))
    output.known_format(name, None)
    output.has_place(Path(target))
    return name, Path(target)


def _baseline(file: Path | None, write: bool) -> Any:
    from aiops_cost.gate import baseline

    if file is None:
        if write:
            said = "--write-baseline needs the file"
            raise UserError(Problem("baseline-file", "", said, "Name it:  --baseline baseline.json"))
        return None
    return None if write else baseline.read(file, str(file))


def _write_baseline(session: Session, report: Report, file: Path) -> int:
    from aiops_cost.gate import baseline

    if report.exit_code == 3:
        output.write(report, None, None)
        output.say(f"{file} was not written: what could not be judged is no baseline")
        return 3
    output.write_text(baseline.text(report.findings, session.as_of), file)
    return 0


def _comment_place(where: str | None) -> Any:
    if where is None:
        return None
    from aiops_cost.notify import comments

    return comments.place(where, os.environ)


def _commented(report: Report, asked: Gate, place: Any, code: int) -> int:
    """The exit code: the verdict's; 4 only where the gate is open and the comment could not be written."""
    from aiops_cost import reports
    from aiops_cost.notify import comments

    try:
        comments.write(
            place, reports.render(report, "markdown"), [*asked.owners, *map(str, sorted(asked.scope.items()))]
        )
    except AiopsError as error:
        output.problems(error.problems, error.exit_code, ())
        return code or error.exit_code
    return code
