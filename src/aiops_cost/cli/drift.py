"""`aiops-cost drift`: budget against actual."""

from __future__ import annotations

from aiops_cost.cli import options, output

EXAMPLE = "Example:  aiops-cost drift --as-of 2026-06-14"


def command(
    metric: options.Cost = None,
    config: options.ConfigFile = None,
    as_of: options.AsOf = None,
    against: options.Against = "current",
    format: options.Format = None,
    file: options.Output = None,
) -> int:
    """Planned, actual and drift of every budget line on settled days, and spend that nobody planned."""
    from aiops_cost import run

    return output.write(
        run.drift(options.session(config, as_of, metric, with_plan=True, against=against)), format, file
    )
