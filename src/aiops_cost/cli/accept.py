"""`aiops-cost accept`: a finding that does not count at the gate until a day, for a reason that is written down."""

from __future__ import annotations

from typing import Annotated

import typer

from aiops_cost.cli import options, output

EXAMPLE = "Example:  aiops-cost accept --as-of 2026-06-14"


def command(
    finding: Annotated[
        str | None, typer.Argument(help="The finding's fingerprint (default: list them).", metavar="FINGERPRINT")
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Why; it is shown with the finding.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="The last day.", metavar="DATE")] = None,
    up_to: Annotated[
        str | None, typer.Option("--up-to", help="It counts again above this amount.", metavar="AMOUNT")
    ] = None,
    by: Annotated[str | None, typer.Option("--by", help="Who accepts it.", metavar="NAME")] = None,
    config: options.ConfigFile = None,
    as_of: options.AsOf = None,
    format: options.Format = None,
    file: options.Output = None,
) -> int:
    """Write down that a finding is accepted; without one, list the findings with their fingerprints."""
    from aiops_cost.run import plan

    session = options.session(config, as_of, with_plan=True)
    if finding is None:
        return output.write(plan.acceptable(session), format, file)
    said = plan.accept(session, finding, reason or "", options.day(until, "--until"), up_to, by)
    typer.echo(said)
    return 0
