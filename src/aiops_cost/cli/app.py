"""The application object and the order in which `--help` lists the commands."""

from __future__ import annotations

import importlib

import typer

app = typer.Typer(
    name="aiops-cost",
    help="AI cloud spend against the migration plan: where it left it, by how much, since when, whose it is.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 judged and fine, 1 over the line, 2 asked wrongly, 3 could not judge,"
    " 4 a provider refused or was not reached, 5 our bug.",
)

COMMANDS = (
    "demo", "init", "doctor", "pull", "status", "report", "drift", "forecast", "check", "accept", "summary", "explain",
    "budget", "rules", "query", "render", "schema",
)  # fmt: skip

for _name in COMMANDS:
    _module = importlib.import_module(f"aiops_cost.cli.{_name}")
    if hasattr(_module, "group"):
        app.add_typer(_module.group, name=_name)
    else:
        app.command(_name, epilog=_module.EXAMPLE)(_module.command)


@app.callback(invoke_without_command=True)
def _version(
    version: bool = typer.Option(False, "--version", help="Print the version and leave.", is_eager=True),
) -> None:
    if version:
        from aiops_cost import __version__

        typer.echo(f"aiops-cost {__version__}")
        raise typer.Exit
