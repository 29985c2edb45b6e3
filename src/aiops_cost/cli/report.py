"""`aiops-cost report`: spend by anything, over any days."""

from __future__ import annotations

from typing import Annotated

import typer

from aiops_cost.cli import options, output

EXAMPLE = "Example:  aiops-cost report --by activity,workload --last 30d --where provider=AWS --top 10"


def command(
    by: Annotated[
        str,
        typer.Option("--by", help="Columns, comma-separated: activity, workload, model, owner, service, tags.KEY ..."),
    ] = "activity",
    month: options.Month = None,
    last: options.Last = None,
    first_day: options.From = None,
    last_day: options.To = None,
    where: Annotated[
        list[str] | None, typer.Option("--where", help="key=value, key!=value or key~text; may be repeated.")
    ] = None,
    top: Annotated[int | None, typer.Option("--top", help="Show N rows and the rest as one.", metavar="N")] = None,
    compare_to: Annotated[
        str | None, typer.Option("--compare-to", help="before, 2026-04, or 2026-04-01..2026-04-30.")
    ] = None,
    share: Annotated[
        bool, typer.Option("--share", help="By workload, with shared cost divided over the workloads (see `sharing`).")
    ] = False,
    unit: Annotated[
        str | None,
        typer.Option(
            "--unit", help="Cost per unit of a metric: requests, tokens, runs, gb, orders ...", metavar="METRIC"
        ),
    ] = None,
    metric: options.Cost = None,
    config: options.ConfigFile = None,
    as_of: options.AsOf = None,
    format: options.Format = None,
    file: options.Output = None,
) -> int:
    """Spend by any columns over any days; cost, currency and settled days are always named."""
    from aiops_cost import run

    session = options.session(config, as_of, metric)
    days = options.days(session, month, last, first_day, last_day)
    if share:
        return output.write(run.shared(session, days, where or ()), format, file)
    names = [name.strip() for name in by.split(",") if name.strip()]
    if unit:
        return output.write(run.per_unit(session, unit, names, days, where or ()), format, file)
    report = run.report(session, names, days, where or (), top, run.compared(compare_to, days))
    return output.write(report, format, file)
