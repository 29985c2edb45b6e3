"""What people ask in between: reports by anything, the whole picture, coverage, explanations, SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import duckdb

from aiops_cost import memory
from aiops_cost.answers import against, allocation, filters, window
from aiops_cost.answers import coverage as coverage_answer
from aiops_cost.answers import idle as idle_answer
from aiops_cost.answers import overview as overview_answer
from aiops_cost.answers import query as query_answer
from aiops_cost.answers import report as report_answer
from aiops_cost.answers import runs as runs_answer
from aiops_cost.answers import sharing as sharing_answer
from aiops_cost.answers import unit as unit_answer
from aiops_cost.config import Config
from aiops_cost.errors import CouldNotJudge
from aiops_cost.model import Problem, Report, SourceState
from aiops_cost.rules import sharing, weights
from aiops_cost.run.snapshot import Session, ledger_version, measure

Window = window.Window


Question = report_answer.Question


def refuse(by: Sequence[str], where: Sequence[str], granularity: str | None = None) -> None:
    """Raises UserError for what can be seen to be wrong with a question before the ledger is opened."""
    report_answer.refuse(by, granularity)
    for name in by:
        filters.column(name)
    filters.where(where)


def report(session: Session, question: Question) -> Report:
    """Spend by any columns over any days, beside other days where that is asked; as billed, or after sharing."""
    config = session.config
    after_sharing = question.relation == "allocated"
    notes = allocation.allocate(session.con, stages(config), config.sharing.keep_own) if after_sharing else ()
    found = _asked(session, question)
    return replace(found, notes=(*found.notes, *notes))


def per_unit(
    session: Session, metric: str, by: Sequence[str], days: window.Window, where: Sequence[str] = ()
) -> Report:
    """What a unit costs: per thousand requests, million tokens, run, GB-month, or business unit."""
    money_of, notes = (session.config.cost, session.config.currency), measure(session)
    found = unit_answer.answer(session.con, metric, by, days, where, money_of)
    return _dated(session, replace(found, notes=(*found.notes, *notes)))


def _dated(session: Session, found: Report) -> Report:
    """The same, naming what it was made from: until when the bills are settled, and which ledger."""
    settled = session.view.settled_until
    made_from = {
        "settled_until": settled.isoformat() if settled else None,
        "ledger_version": ledger_version(session),
    }
    return replace(found, facts={**found.facts, **made_from})


def report_on_plan(session: Session, question: Question) -> Report:
    """Spend by any columns beside what the budgets allow for it, on those of the days that are settled and planned.

    The two are those of `drift`: a plan that flexes moves with volume, and credits stay out where the plan is gross.
    What is known not to be AI stays out, unless the filters speak of the activity: no budget plans it.
    Raises CouldNotJudge where there is no such day."""
    view, days = session.view, question.window
    judged = [window.Window(*found) for found in view.judged_days()] if view.budgets else []
    settled = window.within(days, judged)
    if view.budgets and settled is None:
        raise CouldNotJudge(
            Problem("plan-unsettled", "", f"no day of {days} is both settled and planned, so nothing is compared",
                    "Choose other days, or see how far the bills have come:  aiops-cost status")
        )  # fmt: skip
    asks_activity = any(filters.parsed(one)[0] in {"activity", "x_Activity"} for one in question.where)
    where = question.where if asks_activity else (*question.where, *_AI)
    counted = view.counted()
    held = against.Plan(
        view.current,
        lambda line, first, last: view.allowed(line, [(first, last)]),
        (counted.sql, counted.parameters),
    )
    return _asked(session, replace(question, window=settled or days, where=where, plan=held))


def _asked(session: Session, question: report_answer.Question) -> Report:
    """From what is remembered of each day where that has all which is asked for, else from the ledger's rows."""
    config, version = session.config, session.ledger.version
    rest = (question, session.states, config.cost, config.currency, version)
    columns = report_answer.columns(question)
    con = session.attribution.by_day(columns) if columns is not None else None
    if con is not None:
        try:
            found = report_answer.answer(con, *rest)
            if found.tables[0].rows:  # where there are none, the ledger's rows tell why
                return found
        except duckdb.Error:
            con = None  # what was remembered cannot be read
    found = report_answer.answer(session.con, *rest)
    if con is None and columns is not None:
        session.attribution.keep_days()
    return found


def overview(session: Session) -> Report:
    """The whole picture on one page (see `answers.overview`): the plan to date, and the newest month of spend."""
    from aiops_cost.run import plan

    latest = window.choose(session.states, session.as_of)
    before = latest.month_before()
    names = {"Activities": ("activity", ()), "Models": ("model", (*_AI, "model!=")), "Workloads": ("workload", _AI),
             "Owners": ("owner", _AI)}  # fmt: skip
    spent = {
        title: report(session, Question((name,), latest, where, overview_answer.TOP, before))
        for title, (name, where) in names.items()
    }
    moved = report(session, Question(("activity", "workload"), latest, compare=before))
    judged = session.view.judged_days() if session.budgets else ()
    weekly = None
    if judged:
        whole = window.Window(judged[0][0], judged[-1][1])
        weekly = report_on_plan(session, Question((), whole, granularity="week"))
    parts = overview_answer.Parts(
        plan.drift(session), plan.check(session), weekly, spent, moved, coverage(session, latest), session.states
    )
    return overview_answer.answer(parts, session.ledger.version)


_AI = ("activity!=other",)
"""What is known not to be AI has no model, workload or plan."""


def shared(session: Session, days: window.Window, where: Sequence[str] = ()) -> Report:
    """Spend by workload, with shared cost divided as the configuration says."""
    config = session.config
    keep_own = config.sharing.keep_own
    parts, cost, currency = stages(config), config.cost, config.currency
    return _dated(session, sharing_answer.answer(session.con, parts, keep_own, days, where, cost, currency))


def training_runs(session: Session, days: window.Window, where: Sequence[str] = (), top: int = 20) -> Report:
    """Training runs by workload and month, and the most expensive one by one."""
    cost, currency = session.config.cost, session.config.currency
    return _dated(session, runs_answer.answer(session.con, days, where, top, cost, currency))


def idle(session: Session, days: window.Window, where: Sequence[str] = ()) -> Report:
    """Serving capacity that is paid by the hour: used, idle, not known."""
    cost, currency, notes = session.config.cost, session.config.currency, measure(session)
    found = idle_answer.answer(session.con, days, where, cost, currency)
    return _dated(session, replace(found, notes=(*found.notes, *notes)))


def stages(config: Config) -> tuple[sharing.Stage, ...]:
    """The stages of sharing, their files read."""
    wanted, place = config.sharing, config.marks.place
    if not wanted.stages:
        return (sharing.Stage("shared", shares=sharing.shares(wanted.shares, place("sharing", "shares"))),)
    found = []
    for index, entry in enumerate(wanted.stages):
        read = {"metric": weights.metric, "usage": weights.use}
        files = [(key, getattr(entry, key)) for key in read if getattr(entry, key)]
        found.append(
            sharing.Stage(
                entry.name,
                entry.of,
                sharing.shares(entry.shares, place("sharing", "stages", index, "shares")),
                next((read[key](config.folder / name) for key, name in files), None),
            )
        )
    return sharing.ordered(found, place("sharing", "stages"))


def coverage(session: Session, days: window.Window, by_rule: bool = False) -> Report:
    """How much of the money is attributed, by provider, and by rule where that is asked."""
    return coverage_answer.answer(session.con, days, session.config.cost, session.config.currency, by_rule)


def suggest(session: Session, days: window.Window, top: int) -> Report:
    """The costliest unattributed lines, with rules to paste."""
    from aiops_cost.answers import suggest as suggest_answer

    config = session.config
    return suggest_answer.answer(session.con, days, top, config.cost, config.currency, session.book.rules)


def query(session: Session, sql: str) -> Report:
    """The rows of one SELECT over the views."""
    if "allocated" in sql.lower():
        allocation.allocate(session.con, stages(session.config), session.config.sharing.keep_own)
    readable = (*session.ledger.files, *memory.files(session.ledger.location))
    return query_answer.answer(session.con, sql, readable)


def days(
    states: Sequence[SourceState],
    as_of: date,
    month: str | None = None,
    last: str | None = None,
    first_day: date | None = None,
    last_day: date | None = None,
) -> window.Window:
    """The days that a question is about (see `answers.window.choose`)."""
    return window.choose(states, as_of, month, last, first_day, last_day)


def compared(text: str | None, days: window.Window) -> window.Window | None:
    """The days to compare with: `before`, `last-month`, a month `2026-04`, or `2026-04-01..2026-04-30`."""
    return window.compared(text, days) if text else None
