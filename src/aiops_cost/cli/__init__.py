"""The command line: each module is one command; it parses, calls `run` once, prints, and leaves an exit code.

Heavy rooms are imported inside the commands, so that `--help` and a mistyped option answer at once.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Sequence

import typer
from typer.exceptions import TyperException

from aiops_cost.cli import output
from aiops_cost.cli.app import app
from aiops_cost.errors import AiopsError
from aiops_cost.model import Problem

ASKED_WRONGLY = 2
OUR_BUG = 5
INTERRUPTED = 130


def run_cli(arguments: Sequence[str]) -> int:
    """Run one command line; returns its exit code. Nothing but the code comes back: output is on stdout, all else
    on stderr."""
    command = typer.main.get_command(app)
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
    if os.environ.get("AIOPS_COST_DEBUG"):
        traceback.print_exception(error)
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{os.path.basename(last.filename)}:{last.lineno}"  # noqa: PTH119 - a name for a message, no path to open
    problem = Problem(
        "our-bug",
        place,
        f"this is a defect of aiops-cost ({type(error).__name__})",
        "Please report it with the command and the output of:  AIOPS_COST_DEBUG=1 aiops-cost ...",
    )
    output.problems((problem,), OUR_BUG, arguments)
    return OUR_BUG
