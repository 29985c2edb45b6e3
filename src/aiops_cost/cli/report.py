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
        list[str] | None,
        typer.Option(
            "--where", help="key=value, key=a,b, key!=value, key~text, key!~text or key= (not known); all must hold."
        ),
    ] = None,
    top: Annotated[int | None, typer.Option("--top", help="Show N rows and the rest as one.", metavar="N")] = None,
    granularity: Annotated[
        str | None, typer.Option("--granularity", help="A row per day, week or month.", metavar="STRETCH")
    ] = None,
    compare_to: Annotated[
        str | None,
        typer.Option(
            "--compare-to",
            help="before (as many days), last-month (the same days), plan, 2026-04, or 2026-04-01..2026-04-30.",
            metavar="WHAT",
        ),
    ] = None,
    share: Annotated[
        bool, typer.Option("--share", help="By workload, with shared cost divided over the workloads (see `sharing`).")
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="The whole picture on one page: plan, bridge, spend, findings, data trust.")
    ] = False,
    metric: options.Cost = None,
    config: options.ConfigFile = None,
    as_of: options.AsOf = None,
    as_known_on: options.AsKnownOn = None,
    ledger_version: options.LedgerVersion = None,
    format: options.Format = None,
    file: options.Output = None,
) -> int:
    """Spend by any columns over any days; cost, currency, settled days and ledger version are always named."""
    from aiops_cost import run

    on_plan = compare_to == "plan"
    session = options.session(config, as_of, metric, on_plan or full, as_known_on, ledger_version)
    if full:
        return output.write(run.overview(session), format, file)
    days = options.days(session, month, last, first_day, last_day)
    if share:
        return output.write(run.shared(session, days, where or ()), format, file)
    names = [name.strip() for name in by.split(",") if name.strip()]
    if on_plan:
        report = run.report_on_plan(session, names, days, where or (), top, granularity)
    else:
        compared = run.compared(compare_to, days)
        report = run.report(session, names, days, where or (), top, compared, granularity)
    return output.write(report, format, file)
