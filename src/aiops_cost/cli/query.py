"""`aiops-cost query`: read-only SQL."""

from __future__ import annotations

from typing import Annotated

import typer

from aiops_cost.cli import options, output

EXAMPLE = 'Example:  aiops-cost query "SELECT x_Activity, sum(BilledCost) FROM attributed GROUP BY 1"'


def command(
    sql: Annotated[
        str, typer.Argument(help="One SELECT over ledger, lines, attributed, spend, budget, loads.", metavar="SQL")
    ],
    metric: options.Cost = None,
    config: options.ConfigFile = None,
    as_of: options.AsOf = None,
    as_known_on: options.AsKnownOn = None,
    ledger_version: options.LedgerVersion = None,
    format: options.Format = None,
    file: options.Output = None,
) -> int:
    """Read-only SQL (DuckDB's) over the ledger's views; `spend.Cost` is the chosen cost in the report currency."""
    from aiops_cost.run import questions

    session = options.session(config, as_of, metric, True, known_on=as_known_on, version=ledger_version)
    return output.write(questions.query(session, sql), format, file)
