"""`aiops-cost doctor`: what is set up, what is missing, and what to type for each thing that is wrong."""

from __future__ import annotations

from typing import Annotated

import typer

from aiops_cost.cli import options, output

EXAMPLE = "Example:  aiops-cost doctor aws-prod --as-of 2026-06-14"


def command(
    sources: Annotated[
        list[str] | None, typer.Argument(help="Names of sources (default: all).", metavar="SOURCE")
    ] = None,
    paper: Annotated[
        str | None,
        typer.Option("--print", help="Only print what an administrator needs: policy, export or template.",
                     metavar="PAPER"),
    ] = None,
    config: options.ConfigFile = None,
    as_of: options.AsOf = None,
    format: options.Format = None,
    file: options.AnyOutput = None,
    quiet: options.Quiet = False,
) -> int:  # fmt: skip
    """Credentials, permissions, exports, deliveries, freshness, configuration. Changes nothing and costs nothing."""
    from aiops_cost.run import bills

    found = options.config(config)
    if paper is not None:
        return output.write_text(bills.paper(found, sources or (), paper), file)
    now = options.clock()
    report = bills.doctor(found, sources or (), options.today(as_of), now, lambda text: output.say(text, quiet))
    return output.write(report, format, file)
