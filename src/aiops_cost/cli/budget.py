"""`aiops-cost budget`: the plan as it is understood, imported, and revised."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from aiops_cost.cli import options, output
from aiops_cost.errors import UserError
from aiops_cost.model import Problem

group = typer.Typer(
    help="The migration plan: show it, check it, import it, revise it.", no_args_is_help=True, rich_markup_mode=None
)


@group.command("show", epilog="Example:  aiops-cost budget show --format markdown")
def show(
    months: Annotated[bool, typer.Option("--months", help="Every month, also in a table for the terminal.")] = False,
    config: options.ConfigFile = None,
    format: options.Format = None,
    file: options.Output = None,
) -> int:
    """Every budget line with its amount per month, those that follow from assumptions included."""
    from aiops_cost.run import budgets

    narrow = format in {None, "table"} and file is None
    return output.write(budgets.shown(options.config(config), by_month=months or not narrow), format, file)


@group.command("check", epilog="Example:  aiops-cost budget check")
def check(config: options.ConfigFile = None) -> int:
    """Read the budgets strictly; problems are told with file, line and column."""
    from aiops_cost.run import budgets

    tables = budgets.shown(options.config(config)).tables
    lines = sum(len(table.rows) for table in tables)
    said = f"{len(tables)} budget{'s' if len(tables) != 1 else ''}, {lines} line{'s' if lines != 1 else ''}"
    typer.echo(f"{said}: no problem found")
    return 0


@group.command("history", epilog="Example:  aiops-cost budget history --format csv")
def history(config: options.ConfigFile = None, format: options.Format = None, file: options.Output = None) -> int:
    """Every change of the budgets: version, day, who approved it, why, what it was and is."""
    from aiops_cost.run import budgets

    return output.write(budgets.history(options.config(config)), format, file)


@group.command("import", epilog="Example:  aiops-cost budget import plan-2026.xlsx --guess --dry-run")
def import_(
    plan: Annotated[Path, typer.Argument(help="XLSX, CSV, Infracost JSON, or estimation-ai.json.", metavar="FILE")],
    target: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The budget to write (else budgets/NAME.yaml).", metavar="FILE"),
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option("--mapping", help="How the plan is read (else asked once, and kept beside it).", metavar="FILE"),
    ] = None,
    months: Annotated[
        str | None, typer.Option("--months", help="The months of a plan that names none.", metavar="FROM..TO")
    ] = None,
    guess: Annotated[bool, typer.Option("--guess", help="Take what the headers seem to mean, unasked.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a budget that exists, without a revision.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the budget, write nothing.")] = False,
    config: options.ConfigFile = None,
) -> int:
    """Make a budget file from a plan as it came; what cannot be read for certain is refused by its cell."""
    from aiops_cost.config import shown
    from aiops_cost.run import budgets

    known = options.config_if_any(config, plan=False)
    beside = Path(shown(known.folder if known else Path.cwd(), Path.cwd()))
    goal = target or beside / "budgets" / f"{_slug(plan.stem)}.yaml"
    if goal.exists() and not force and not dry_run:
        raise _exists(goal, plan)
    wishes = budgets.ImportWishes(
        target=goal,
        currency=known.currency if known else "USD",
        mapping=mapping,
        months=months,
        guess=guess,
        ask=_ask if sys.stdin.isatty() and not guess else None,
        shown=lambda path: shown(path, Path.cwd()),
    )
    made = budgets.imported(plan, wishes)
    for note in made.notes:
        output.say(note)
    if dry_run:
        return output.write_text(made.text, None)
    kept = budgets.kept_mapping(goal)
    goal.parent.mkdir(parents=True, exist_ok=True)
    if made.new_mapping:
        output.write_text(made.new_mapping, kept)
    output.write_text(made.text, goal)
    typer.echo(f"{made.lines} line{'s' if made.lines != 1 else ''} imported; see:  aiops-cost budget show")
    return 0


def _exists(goal: Path, plan: Path) -> UserError:
    said = "this budget exists, and changing it is a revision that somebody approves"
    way_out = f"Revise it:  aiops-cost budget revise {goal} {plan} --by NAME --why TEXT\nor replace it:  --force"
    return UserError(Problem("import-exists", str(goal), said, way_out))


@group.command(
    "revise",
    epilog="Example:  aiops-cost budget revise budgets/migration.yaml new.yaml --by steering --why 'launch in May'",
)
def revise(
    current: Annotated[Path, typer.Argument(help="The budget in force.", metavar="BUDGET")],
    new: Annotated[
        Path, typer.Argument(help="Its new version: YAML, or the plan it was imported from.", metavar="NEW")
    ],
    by: Annotated[str, typer.Option("--by", help="Who approved it.", metavar="NAME")],
    why: Annotated[str, typer.Option("--why", help="The reason.", metavar="TEXT")],
    on: Annotated[
        str | None, typer.Option("--on", help="The day of the approval (default: today).", metavar="DATE")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, write nothing.")] = False,
    format: options.Format = None,
) -> int:
    """Put a new version of a budget in place; the old one is kept, with a line per change in its history."""
    from aiops_cost.run import budgets

    day = options.day(on, "--on") or options.clock().date()
    found = budgets.revised(current, new, by, day, why)
    code = output.write(budgets.revision(found, dry_run), format, None)
    if not dry_run:
        output.say(f"the version before is kept as {budgets.put_revision(found)}")
    return code


def _ask(question: str, default: str) -> str:
    return str(typer.prompt(question, default=default, show_default=bool(default), err=True))


def _slug(text: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in text.lower()).strip("-") or "plan"
