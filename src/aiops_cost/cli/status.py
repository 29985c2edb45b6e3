"""`aiops-cost status`: what the ledger holds and how far it can be trusted."""

from __future__ import annotations

from typing import Annotated

import typer

from aiops_cost.cli import options, output

EXAMPLE = "Example:  aiops-cost status --detail"


def command(
    detail: Annotated[
        bool, typer.Option("--detail", help="Also how each export deviates from its specification.")
    ] = False,
    config: options.ConfigFile = None,
    as_of: options.AsOf = None,
    as_known_on: options.AsKnownOn = None,
    ledger_version: options.LedgerVersion = None,
    format: options.Format = None,
    file: options.Output = None,
) -> int:
    """Per source and billing period: rows, totals, freshness, settled until, restated by how much, rejected."""
    from aiops_cost.run import bills

    known = options.known(as_known_on, ledger_version)
    day = options.today(as_of, as_known_on)
    return output.write(bills.status(options.config(config), day, detail, known), format, file)
