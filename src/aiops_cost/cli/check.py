"""`aiops-cost check`: the gate."""

from __future__ import annotations

from typing import Annotated

import typer

from aiops_cost.cli import options, output

EXAMPLE = "Example:  aiops-cost check --fail-on unbudgeted --format json"


def command(
    fail_on: Annotated[
        list[str] | None,
        typer.Option("--fail-on", help="What fails besides a breach: warning, unbudgeted.", metavar="WHAT"),
    ] = None,
    select: options.Select = None,
    ignore: options.Ignore = None,
    warn_only: Annotated[
        bool, typer.Option("--warn-only", help="Leave 0 instead of 1; never instead of 3, 4 or 5.")
    ] = False,
    metric: options.Cost = None,
    config: options.ConfigFile = None,
    as_of: options.AsOf = None,
    as_known_on: options.AsKnownOn = None,
    ledger_version: options.LedgerVersion = None,
    format: options.Format = None,
    file: options.Output = None,
) -> int:
    """Run every check. Leaves 0 when judged and fine, 1 over the line, 3 when the data is not there to judge."""
    from aiops_cost import run

    session = options.session(config, as_of, metric, True, known_on=as_known_on, version=ledger_version)
    return output.write(run.check(session, select or (), ignore or (), fail_on or (), warn_only), format, file)
