"""`aiops-cost drift`: budget against actual."""

from __future__ import annotations

from typing import Annotated

import typer

from aiops_cost.cli import options, output

EXAMPLE = "Example:  aiops-cost drift --why 'serving support-chat' --as-of 2026-06-14"


def command(
    why: Annotated[
        str | None,
        typer.Option("--why", help="One line in all its parts: its scope as tables show it.", metavar="SCOPE"),
    ] = None,
    metric: options.Cost = None,
    config: options.ConfigFile = None,
    as_of: options.AsOf = None,
    against: options.Against = "current",
    as_known_on: options.AsKnownOn = None,
    ledger_version: options.LedgerVersion = None,
    format: options.Format = None,
    file: options.Output = None,
) -> int:
    """Every budget line on settled days: planned, actual, drift; why, since when, where it ends; and what nobody
    planned."""
    from aiops_cost.run import plan

    session = options.session(config, as_of, metric, True, against, as_known_on, ledger_version)
    return output.write(plan.drift(session, why, against), format, file)
