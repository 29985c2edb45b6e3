"""The application object and the order in which `--help` lists the commands."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

import typer

COMMANDS = (
    "demo", "init", "doctor", "pull", "status", "report", "drift", "forecast", "check", "accept", "summary", "explain",
    "budget", "rules", "query", "render", "schema",
)  # fmt: skip


def app(arguments: Sequence[str] = ()) -> typer.Typer:
    """The application. For a command line that begins with a command it has that one only: reading the others and all
    their options would take longer than many an answer."""
    found = typer.Typer(
        name="aiops-cost",
        help="AI cloud spend against the migration plan: where it left it, by how much, since when, whose it is.",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        epilog="Exit codes: 0 judged and fine, 1 over the line, 2 asked wrongly, 3 could not judge,"
        " 4 a provider refused or was not reached, 5 our bug.",
    )
    found.callback(invoke_without_command=True)(_version)
    for name in arguments[:1] if arguments and arguments[0] in COMMANDS else COMMANDS:
        module = importlib.import_module(f"aiops_cost.cli.{name}")
        if hasattr(module, "group"):
            found.add_typer(module.group, name=name)
        else:
            found.command(name, epilog=module.EXAMPLE)(module.command)
    return found


def _version(
    version: bool = typer.Option(False, "--version", help="Print the version and leave.", is_eager=True),
) -> None:
    if version:
        from aiops_cost import __version__

        typer.echo(f"aiops-cost {__version__}")
        raise typer.Exit
