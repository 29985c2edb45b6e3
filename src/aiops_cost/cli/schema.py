"""`aiops-cost schema`: JSON Schemas, and the ledger's columns."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from aiops_cost.cli import options, output

EXAMPLE = "Example:  aiops-cost schema budget"


def command(
    name: Annotated[
        str,
        typer.Argument(
            help="config, budget, rules, owners, accepted, report (the JSON output) or ledger.", metavar="NAME"
        ),
    ],
    format: options.Format = None,
    file: options.AnyOutput = None,
) -> int:
    """The JSON Schema of a file you write or of the JSON we print; `ledger` lists the ledger's columns."""
    from aiops_cost.run import rules

    if name == "ledger":
        return output.write(rules.columns(), format, file)
    return output.write_text(json.dumps(rules.schema(name), indent=2) + "\n", file)
