"""`aiops-cost forecast`: where the budget lines end."""

from __future__ import annotations

from typing import Annotated

import typer

from aiops_cost.cli import options, output

EXAMPLE = "Example:  aiops-cost forecast --line 'serving support-chat' --as-of 2026-06-14"


def command(
    line: Annotated[
        str | None,
        typer.Option("--line", help="Only this budget line: its scope as tables show it.", metavar="SCOPE"),
    ] = None,
    metric: options.Cost = None,
    config: options.ConfigFile = None,
    as_of: options.AsOf = None,
    as_known_on: options.AsKnownOn = None,
    ledger_version: options.LedgerVersion = None,
    format: options.Format = None,
    file: options.Output = None,
) -> int:
    """Month end and budget end of every line, with an 80% interval, the day a budget is used up, and how such
    forecasts did on the line's own past."""
    from aiops_cost.run import plan

    session = options.session(config, as_of, metric, True, known_on=as_known_on, version=ledger_version)
    return output.write(plan.forecast(session, line), format, file)
