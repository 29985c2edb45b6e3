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
    format: options.Format = None,
    file: options.Output = None,
) -> int:
    """Per source and billing period: rows, totals, freshness, settled until, restated by how much, rejected."""
    from aiops_cost import run

    return output.write(run.status(options.config(config), options.today(as_of), detail), format, file)
