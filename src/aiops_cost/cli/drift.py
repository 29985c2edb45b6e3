"""`aiops-cost drift`: budget against actual."""

from __future__ import annotations

from aiops_cost.cli import options, output

EXAMPLE = "Example:  aiops-cost drift --as-of 2026-06-14"


def command(
    metric: options.Cost = None,
    config: options.ConfigFile = None,
    as_of: options.AsOf = None,
    as_known_on: options.AsKnownOn = None,
    ledger_version: options.LedgerVersion = None,
    format: options.Format = None,
    file: options.Output = None,
) -> int:
    """Planned, actual and drift of every budget line on settled days, and spend that nobody planned."""
    from aiops_cost import run

    return output.write(
        run.drift(options.session(config, as_of, metric, True, as_known_on, ledger_version)), format, file
    )
