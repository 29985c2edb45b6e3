"""`aiops-cost report`: spend by anything, over any days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from aiops_cost.cli import options, output
from aiops_cost.errors import UserError
from aiops_cost.model import Problem, Report

if TYPE_CHECKING:
    from aiops_cost.run.questions import Window
    from aiops_cost.run.snapshot import Session

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

By = Annotated[
    str | None,
    typer.Option(
        "--by",
        help="Columns, comma-separated: activity (without it), workload, model, owner, run, service, tags.KEY,"
        " categories.KEY ...",
        metavar="COLUMNS",
    ),
]
Top = Annotated[int | None, typer.Option("--top", help="Show N rows and the rest as one.", metavar="N", min=1)]
Granularity = Annotated[
    str | None, typer.Option("--granularity", help="A row per day, week or month.", metavar="STRETCH")
]
CompareTo = Annotated[
    str | None,
    typer.Option(
        "--compare-to",
        help="before (as many days), last-month (the same days), plan, 2026-04, or 2026-04-01..2026-04-30.",
        metavar="WHAT",
    ),
]
Share = Annotated[bool, typer.Option("--share", help="With shared cost divided (see `sharing`): by workload, or --by.")]
Runs = Annotated[
    bool, typer.Option("--runs", help="Training runs by workload and month, and the most expensive one by one.")
]
Idle = Annotated[bool, typer.Option("--idle", help="Serving capacity paid by the hour: used, idle, and not known.")]
Unit = Annotated[
    str | None,
    typer.Option("--unit", help="Cost per unit of a metric: requests, tokens, runs, gb, orders ...", metavar="METRIC"),
]
Full = Annotated[
    bool, typer.Option("--full", help="The whole picture on one page: plan, bridge, spend, findings, data trust.")
]


@dataclass(frozen=True)
class _Asked:
    """What the options ask for, the days apart; `by` is empty where they do not say it."""

    by: tuple[str, ...]
    where: tuple[str, ...]
    top: int | None
    granularity: str | None
    compare_to: str | None
    share: bool
    runs: bool
    idle: bool
    unit: str | None

    @property
    def on_plan(self) -> bool:
        return self.compare_to == "plan"

    @property
    def names(self) -> tuple[str, ...]:
        return self.by or ("activity",)


def command(
    by: By = None,
    month: options.Month = None,
    last: options.Last = None,
    first_day: options.From = None,
    last_day: options.To = None,
    where: options.Where = None,
    top: Top = None,
    granularity: Granularity = None,
    compare_to: CompareTo = None,
    share: Share = False,
    runs: Runs = False,
    idle: Idle = False,
    unit: Unit = None,
    full: Full = False,
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

    given = {
        "--full": full, "--runs": runs, "--idle": idle, "--unit": unit, "--share": share, "--by": by, "--month": month,
        "--last": last, "--from": first_day, "--to": last_day, "--where": where, "--top": top,
        "--granularity": granularity, "--compare-to": compare_to, "--metric": metric,
    }  # fmt: skip
    names = tuple(name.strip() for name in (by or "").split(",") if name.strip())
    asked = _Asked(names, tuple(where or ()), top, granularity, compare_to, share, runs, idle, unit)
    _refuse_what_is_not_honoured({name for name, value in given.items() if value}, asked.on_plan)
    questions.refuse(asked.names, asked.where, granularity)
    with_plan = asked.on_plan or full
    session = options.session(config, as_of, metric, with_plan, known_on=as_known_on, version=ledger_version)
    if full:
        found = questions.overview(session)
        output.write(found, format, file)
        return 0  # the page shows what the gate said, and is no gate: like `drift`, it was asked and has answered
    days = options.days(session, month, last, first_day, last_day)
    return output.write(_answer(session, asked, days), format, file)


def _answer(session: Session, asked: _Asked, days: Window) -> Report:
    from aiops_cost.run import questions

    if asked.share and not asked.by:
        return questions.shared(session, days, asked.where)
    if asked.runs:
        return questions.training_runs(session, days, asked.where, asked.top or 20)
    if asked.idle:
        return questions.idle(session, days, asked.where)
    if asked.unit:
        return questions.per_unit(session, asked.unit, asked.names, days, asked.where)
    question = questions.Question(
        asked.names, days, asked.where, asked.top,
        compare=None if asked.on_plan else questions.compared(asked.compare_to, days),
        granularity=asked.granularity,
        relation="allocated" if asked.share else "spend",
    )  # fmt: skip
    return questions.report_on_plan(session, question) if asked.on_plan else questions.report(session, question)


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
