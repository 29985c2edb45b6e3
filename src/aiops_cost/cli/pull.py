"""`aiops-cost pull`: fetch what changed and load it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Annotated

import typer

from aiops_cost.cli import options, output
from aiops_cost.errors import AiopsError, UserError
from aiops_cost.model import Problem, Table

EXAMPLE = "Example:  aiops-cost pull aws-prod --dry-run"
PEOPLE_KEY = "AIOPS_COST_PEOPLE_KEY"


Sources = Annotated[list[str] | None, typer.Argument(help="Names of sources (default: all).", metavar="SOURCE")]
Period = Annotated[list[str] | None, typer.Option("--period", help="Only this billing month.", metavar="MONTH")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Read and prove everything, leave the ledger as it is.")]
AllowRejects = Annotated[
    int, typer.Option("--allow-rejects", help="Load even though up to N rows cannot be kept.", metavar="N", min=0)
]
AllowOverlap = Annotated[bool, typer.Option("--allow-overlap", help="Add up files that hold the same rows.")]
Reconcile = Annotated[
    bool,
    typer.Option("--reconcile", help="Also ask the provider for its own totals; AWS takes 0.01 USD for each call."),
]


def command(
    sources: Sources = None,
    period: Period = None,
    dry_run: DryRun = False,
    allow_rejects: AllowRejects = 0,
    allow_overlap: AllowOverlap = False,
    reconcile: Reconcile = False,
    config: options.ConfigFile = None,
    format: options.Format = None,
    file: options.Output = None,
    quiet: options.Quiet = False,
) -> int:
    """Load what the sources deliver now. Unchanged files are left alone; changed months are replaced whole."""
    from aiops_cost.run import bills

    found = options.config(config)
    chosen = bills.PullOptions(
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

    def say(text: str) -> None:
        output.say(text, quiet)

    results, errors = bills.pull(found, sources or (), chosen, say)
    notes: tuple[str, ...] = ()
    beside: list[AiopsError] = []
    if not sources:
        measured = bills.measure(found, chosen.now.date(), os.environ, dry_run, say)
        notes, beside = measured.notes, list(measured.errors)
    if not results:
        _raise_together([*errors, *beside])
    tables: tuple[Table, ...] = ()
    if reconcile and not dry_run:
        tables, refused = bills.reconcile(found, sources or (), chosen.now.date(), chosen.now, say)
        beside += refused
    code = output.write(bills.loads(results, errors, dry_run, tables, notes, beside), format, file)
    for error in [*errors, *beside]:
        output.cause(error)
        output.problems(error.problems, error.exit_code, ())
    return code


def _raise_together(errors: Sequence[AiopsError]) -> None:
    """All problems as one error of the worst kind, where there are any."""
    if not errors:
        return
    for error in errors:
        output.cause(error)
    worst = max(errors, key=lambda error: error.exit_code)
    raise type(worst)(problem for error in errors for problem in error.problems)


def _month(text: str) -> str:
    year, _, month = text.partition("-")
    if not (len(year) == 4 and year.isdigit() and len(month) == 2 and month.isdigit() and 1 <= int(month) <= 12):
        raise UserError(Problem("window-month", "", f"--period {text}: not a month", "Write it as 2026-05."))
    return text
