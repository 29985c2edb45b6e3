"""The command line: each module is one command; it parses, calls `run` once, prints, and leaves an exit code.

Heavy rooms are imported inside the commands, so that `--help` and a mistyped option answer at once.
"""

from __future__ import annotations

from collections.abc import Sequence

import typer
from typer.exceptions import TyperException

from aiops_cost.cli import output
from aiops_cost.cli.app import app
from aiops_cost.errors import AiopsError, defect
from aiops_cost.model import Problem

ASKED_WRONGLY = 2
INTERRUPTED = 130


def run_cli(arguments: Sequence[str]) -> int:
    """Run one command line; returns its exit code. Nothing but the code comes back: output is on stdout, all else
    on stderr."""
    command = typer.main.get_command(app(arguments))
    try:
        result = command.main(args=list(arguments), prog_name="aiops-cost", standalone_mode=False)
    except TyperException as error:
        way_out = "Commands and options are described by:  aiops-cost --help"
        output.problems((Problem("usage", "", error.format_message(), way_out),), ASKED_WRONGLY, arguments)
        return ASKED_WRONGLY
    except AiopsError as error:
        output.problems(error.problems, error.exit_code, arguments)
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        result = INTERRUPTED
    except Exception as error:
        if not _interrupted_query(error):
            return _bug(error, arguments)
        result = INTERRUPTED
    if result == INTERRUPTED:
        output.say("Interrupted. The ledger is as its last whole load left it.")
    return result if isinstance(result, int) else 0


def _interrupted_query(error: Exception) -> bool:
    """Ctrl-C while DuckDB works reaches us as a RuntimeError of these words, not as a KeyboardInterrupt."""
    return isinstance(error, RuntimeError) and str(error) == "Query interrupted"


def _bug(error: Exception, arguments: Sequence[str]) -> int:
    found = defect(error)
    output.cause(found)
    output.problems(found.problems, found.exit_code, arguments)
    return found.exit_code
