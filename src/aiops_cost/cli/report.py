"""`aiops-cost report`: spend by anything, over any days."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from aiops_cost.cli import options, output

EXAMPLE = "Example:  aiops-cost report --by activity,workload --last 30d --where provider=AWS --top 10"


def command(
    by: Annotated[
        str | None,
        typer.Option(
            "--by",
            help="Columns, comma-separated: activity (without it), workload, model, owner, run, service, tags.KEY ...",
        ),
    ] = None,
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
        bool, typer.Option("--share", help="With shared cost divided (see `sharing`): by workload, or --by.")
    ] = False,
    runs: Annotated[
        bool, typer.Option("--runs", help="Training runs by workload and month, and the most expensive one by one.")
    ] = False,
    unit: Annotated[
        str | None,
        typer.Option(
            "--unit", help="Cost per unit of a metric: requests, tokens, runs, gb, orders ...", metavar="METRIC"
        ),
    ] = None,
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
    from aiops_cost.run import questions

    other = {"--top": top, "--granularity": granularity, "--compare-to": compare_to}
    if full:
        days_asked = {"--month": month, "--last": last, "--from": first_day, "--to": last_day}
        views: dict[str, object] = {"--by": by, "--where": where, "--runs": runs, "--share": share, "--unit": unit}
        _refuse("--full", {**views, **other, **days_asked})
    elif runs:
        _refuse("--runs", {"--by": by, "--share": share, "--unit": unit, **other, "--top": None})
    elif share and by is None:
        _refuse("--share without --by", {"--unit": unit, **other})
    elif unit:
        _refuse("--unit", {"--share": share, **other})
    on_plan = compare_to == "plan"
    session = options.session(config, as_of, metric, on_plan or full, known_on=as_known_on, version=ledger_version)
    if full:
        return output.write(questions.overview(session), format, file)
    days = options.days(session, month, last, first_day, last_day)
    if share and by is None:
        return output.write(questions.shared(session, days, where or ()), format, file)
    if runs:
        return output.write(questions.training_runs(session, days, where or (), top or 20), format, file)
    names = [name.strip() for name in (by or "activity").split(",") if name.strip()]
    if unit:
        return output.write(questions.per_unit(session, unit, names, days, where or ()), format, file)
    question = questions.Question(
        tuple(names), days, tuple(where or ()), top,
        compare=None if on_plan else questions.compared(compare_to, days),
        granularity=granularity,
        relation="allocated" if share else "spend",
    )  # fmt: skip
    report = questions.report_on_plan(session, question) if on_plan else questions.report(session, question)
    return output.write(report, format, file)


def _refuse(view: str, others: Mapping[str, object]) -> None:
    """What a view would not look at is not taken in silence."""
    unused = [name for name, given in others.items() if given]
    if unused:
        raise typer.BadParameter(f"{view} cannot be combined with {', '.join(unused)}")
