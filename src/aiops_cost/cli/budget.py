"""`aiops-cost budget`: the plan as it is understood."""

from __future__ import annotations

from typing import Annotated

import typer

from aiops_cost.cli import options, output

group = typer.Typer(help="The migration plan: show it, check it.", no_args_is_help=True, rich_markup_mode=None)


@group.command("show", epilog="Example:  aiops-cost budget show --format markdown")
def show(
    months: Annotated[bool, typer.Option("--months", help="Every month, also in a table for the terminal.")] = False,
    config: options.ConfigFile = None,
    format: options.Format = None,
    file: options.Output = None,
) -> int:
    """Every budget line with its amount per month, those that follow from assumptions included."""
    from aiops_cost import run

    narrow = format in {None, "table"} and file is None
    return output.write(run.budget(options.config(config), by_month=months or not narrow), format, file)


@group.command("check", epilog="Example:  aiops-cost budget check")
def check(config: options.ConfigFile = None) -> int:
    """Read the budgets strictly; problems are told with file, line and column."""
    from aiops_cost import run

    tables = run.budget(options.config(config)).tables
    lines = sum(len(table.rows) for table in tables)
    said = f"{len(tables)} budget{'s' if len(tables) != 1 else ''}, {lines} line{'s' if lines != 1 else ''}"
    typer.echo(f"{said}: no problem found")
    return 0
