"""`aiops-cost init`: a first configuration, from what lies here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aiops_cost.cli import options

EXAMPLE = "Example:  aiops-cost init --location ./bills"


def command(
    folder: Annotated[Path, typer.Argument(help="Where to write it.", metavar="DIR")] = Path(),
    location: Annotated[
        list[str] | None,
        typer.Option(
            "--location", help="A file, folder, glob or s3:// address (else: what is found below DIR).", metavar="WHERE"
        ),
    ] = None,
    currency: Annotated[
        str | None, typer.Option("--currency", help="The report currency (else: the bills').", metavar="CODE")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
) -> int:
    """Write a commented aiops-cost.yaml and a budget to fill in, from the FOCUS files that lie here."""
    from aiops_cost import starter

    year = options.clock().year
    made = starter.write(folder, location or (), currency, (f"{year}-01", f"{year}-12"), force)
    for line in made.said:
        typer.echo(line)
    return 0
