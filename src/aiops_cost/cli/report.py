"""`aiops-cost report`: spend by anything, over any days."""

from __future__ import annotations

from typing import Annotated

import typer

from aiops_cost.cli import options, output
from aiops_cost.errors import UserError
from aiops_cost.model import Problem

_DAYS = ("--month", "--last", "--from", "--to")
_TAKES = {
    "--full": ("--metric",),
    "--runs": ("--metric", *_DAYS, "--where", "--top"),
    "--idle": ("--metric", *_DAYS, "--where"),
    "--unit": ("--metric", *_DAYS, "--where", "--by"),
    "--share": ("--metric", *_DAYS, "--where", "--by", "--top", "--granularity", "--compare-to"),
}
"""What a kind of report can be asked with, the first kind that is asked for being the one that is made. None of the
others is left out in silence. `--share` without `--by` is a table of its own, and takes days and filters only."""

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
    idle: Annotated[
        bool, typer.Option("--idle", help="Serving capacity paid by the hour: used, idle, and not known.")
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

    asked = {
        "--full": full, "--runs": runs, "--idle": idle, "--unit": unit, "--share": share, "--by": by, "--month": month,
        "--last": last, "--from": first_day, "--to": last_day, "--where": where, "--top": top,
        "--granularity": granularity, "--compare-to": compare_to, "--metric": metric,
    }  # fmt: skip
    on_plan = compare_to == "plan"
    _refuse_what_is_not_honoured({name for name, value in asked.items() if value}, on_plan)
    session = options.session(config, as_of, metric, on_plan or full, known_on=as_known_on, version=ledger_version)
    if full:
        return output.write(questions.overview(session), format, file)
    days = options.days(session, month, last, first_day, last_day)
    if share and by is None:
        return output.write(questions.shared(session, days, where or ()), format, file)
    if runs:
        return output.write(questions.training_runs(session, days, where or (), top or 20), format, file)
    if idle:
        return output.write(questions.idle(session, days, where or ()), format, file)
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


def _refuse_what_is_not_honoured(asked: set[str], on_plan: bool) -> None:
    """Raises UserError for options that the kind of report which is asked for would have to ignore. Budgets plan what
    is billed, before sharing."""
    kind = next((name for name in _TAKES if name in asked), None)
    if kind is None:
        return
    takes = set(_TAKES[kind])
    bare = kind == "--share" and "--by" not in asked
    if bare:
        takes -= {"--top", "--granularity", "--compare-to"}
    if on_plan:
        takes.discard("--compare-to")
    over = sorted(asked - takes - {kind})
    if over:
        named = " and ".join("--compare-to plan" if on_plan and name == "--compare-to" else name for name in over)
        hint = "; or say by what, like --by workload" if bare and not on_plan else ""
        way_out = f"Leave {named} out, or ask without {kind}{hint}."
        raise UserError(Problem("report-options", "", f"a report with {kind} cannot be asked with {named}", way_out))
