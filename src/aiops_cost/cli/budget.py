"""`aiops-cost budget`: the plan as it is understood."""

from __future__ import annotations

import typer

from aiops_cost.cli import options, output

group = typer.Typer(help="The migration plan: show it, check it.", no_args_is_help=True, rich_markup_mode=None)


@group.command("show", epilog="Example:  aiops-cost budget show --format markdown")
def show(
    config: options.ConfigFile = None,
    format: options.Format = None,
    file: options.Output = None,
) -> int:
    """Every budget line with its amount per month, those that follow from assumptions included."""
    from aiops_cost import run

    return output.write(run.budget(options.config(config)), format, file)


@group.command("check", epilog="Example:  aiops-cost budget check")
def check(config: options.ConfigFile = None) -> int:
    """Read the budgets strictly; problems are told with file, line and column."""
    from aiops_cost import run

    tables = run.budget(options.config(config)).tables
    lines = sum(len(table.rows) for table in tables)
    typer.echo(f"{len(tables)} budget{'s' if len(tables) != 1 else ''}, {lines} lines: no problem found")
    return 0
