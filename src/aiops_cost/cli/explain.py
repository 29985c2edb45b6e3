"""`aiops-cost explain`: why a line is what it is, or what a finding code means."""

from __future__ import annotations

from typing import Annotated

import typer

from aiops_cost.cli import options, output

EXAMPLE = "Example:  aiops-cost explain DRF001"


def command(
    what: Annotated[
        str,
        typer.Argument(
            help="A line's id (x_LineId), a budget line's scope, a finding code or a rule's id.", metavar="WHAT"
        ),
    ],
    config: options.ConfigFile = None,
    as_of: options.AsOf = None,
    format: options.Format = None,
    file: options.Output = None,
) -> int:
    """A line: the row, the rule that decided and why, the arithmetic. A scope of the budget: planned, actual, and every
    step between them. A code or rule: what it means, what to do."""
    from aiops_cost.run import explanations

    if what.lstrip("-").isdigit():
        report = explanations.explain_line(options.session(config, as_of), int(what))
        return output.write(report, format, file)
    known = options.config_if_any(config)
    if known is None or not known.budgets or explanations.is_word(known, what):
        report = explanations.explain_word(known, what)
    else:
        report = explanations.explain_scope(options.session(config, as_of, with_plan=True), what)
    return output.write(report, format, file)
