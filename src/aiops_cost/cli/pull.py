"""`aiops-cost pull`: fetch what changed and load it."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from aiops_cost.cli import options, output
from aiops_cost.errors import UserError
from aiops_cost.model import Problem

EXAMPLE = "Example:  aiops-cost pull aws-prod --dry-run"
PEOPLE_KEY = "AIOPS_COST_PEOPLE_KEY"


def command(
    sources: Annotated[
        list[str] | None, typer.Argument(help="Names of sources (default: all).", metavar="SOURCE")
    ] = None,
    period: Annotated[
        list[str] | None, typer.Option("--period", help="Only this billing month.", metavar="MONTH")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and prove everything, write nothing.")] = False,
    allow_rejects: Annotated[
        int, typer.Option("--allow-rejects", help="Load even though up to N rows cannot be kept.", metavar="N", min=0)
    ] = 0,
    allow_overlap: Annotated[
        bool, typer.Option("--allow-overlap", help="Add up files that hold the same rows.")
    ] = False,
    config: options.ConfigFile = None,
    format: options.Format = None,
    file: options.Output = None,
    quiet: options.Quiet = False,
) -> int:
    """Load what the sources deliver now. Unchanged files are left alone; changed months are replaced whole."""
    from aiops_cost import run

    found = options.config(config)
    chosen = run.PullOptions(
        now=options.clock(),
        allow_rejects=allow_rejects,
        allow_overlap=allow_overlap,
        periods=tuple(_month(text) for text in period or ()),
        dry_run=dry_run,
        keep_people=found.people == "keep",
        people_key=os.environ.get(PEOPLE_KEY, ""),
        memory_limit=found.memory_limit,
        spill=found.spill,
    )
    results, errors = run.pull(found, sources or (), chosen, lambda text: output.say(text, quiet))
    notes: tuple[str, ...] = ()
    if not sources:
        measured = run.measure(found, chosen.now.date(), os.environ, dry_run, lambda text: output.say(text, quiet))
        notes, errors = measured.notes, [*errors, *measured.errors]
    if errors and not results:
        for error in errors:
            output.cause(error)
        worst = max(errors, key=lambda error: error.exit_code)
        raise type(worst)(problem for error in errors for problem in error.problems)
    code = output.write(run.loads(results, errors, dry_run, notes), format, file)
    for error in errors:
        output.cause(error)
        output.problems(error.problems, error.exit_code, ())
    return code


def _month(text: str) -> str:
    year, _, month = text.partition("-")
    if not (len(year) == 4 and year.isdigit() and len(month) == 2 and month.isdigit() and 1 <= int(month) <= 12):
        raise UserError(Problem("window-month", "", f"--period {text}: not a month", "Write it as 2026-05."))
    return text
