"""Spend against the budget: findings, the gate, drift and where it ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from aiops_cost import checks, money, spend
from aiops_cost.answers import budget_changes, rule_changes, window
from aiops_cost.gate import accepted as accepted_file
from aiops_cost.gate import accepting, narrow
from aiops_cost.gate.decide import Asked, decide
from aiops_cost.history import earlier
from aiops_cost.model import Report, Table
from aiops_cost.run.snapshot import Session, attribute, facts, place_of
from aiops_cost.summary import changes, stretches

Gate = Asked


def check(session: Session, asked: Asked | None = None, view: checks.View | None = None) -> Report:
    """All checks, and the gate's verdict on what they found. A `view` is given by who goes on to ask it."""
    config = session.config
    acceptances = accepted_file.read(config.accepted, place_of(config.accepted))
    found = decide(view or session.view, config, session.as_of, asked or Asked(), acceptances)
    return Report(
        name="check",
        title="Bills against the plan",
        facts=facts(session),
        findings=found.findings,
        notes=(*(str(problem) for problem in session.tag_problems), *session.metric_notes, *found.notes),
        verdict=found.verdict.sentence,
        exit_code=found.verdict.exit_code,
    )


def acceptable(session: Session) -> Report:
    """The findings with their fingerprints, and which of them are accepted."""
    return accepting.listed(check(session).findings, session.config.currency)


def accept(session: Session, finding: str, reason: str, until: date | None, up_to: str | None, by: str | None) -> str:
    """Write down that a finding is accepted; returns what was done."""
    given = {"reason": reason, "until": until, "up_to": up_to, "by": by}
    present: dict[str, object] = {key: value for key, value in given.items() if value is not None}
    path = session.config.accepted
    return accepting.add(path, place_of(path), check(session).findings, finding, present, session.as_of)


def check_changed(session: Session, asked: Asked, what: str) -> Report:
    """The same, and what going from the budget and rules that `what` names to those in force changes in money."""
    view = session.view
    report = check(session, asked, view)
    with earlier(what, session.config, Path.cwd()) as then:
        old = attribute(then, session.as_of)
        viewed = old.view
        before = checks.run(viewed, then, session.as_of, asked.select, asked.ignore)
        lines = spend.decided(old.con, *session.book.read())
        days = viewed.judged_days() or view.judged_days()
        whole = window.Window(days[0][0], days[-1][1]) if days else None
        cost, currency = session.config.cost, session.config.currency
        moved = rule_changes.answer(old.con, lines, whole, cost, currency).tables if whole else ()
    before, _ = narrow.to_part(before, asked.owners, asked.scope)
    known = [changes.Known.of(one, stretches.of(viewed)) for one in changes.notable(before)]
    changed = changes.compare(known, report.findings, stretches.of(view))
    findings = changes.table(changed, "finding_changes", "What the gate would say otherwise")
    plan = budget_changes.table(old.budgets, session.budgets)
    tables = (plan, *(replace(table, title="What the rules would move") for table in moved), findings)
    title = f"What changes against {what}, and what the gate says"
    first = () if old.budgets or not session.budgets else (f"There was no budget at {what}: all of it is new.",)
    headline = _in_one_sentence(plan, changed, session.config.currency)
    return replace(report, title=title, tables=tables, notes=(*first, *report.notes), headline=headline)


def _in_one_sentence(plan: Table, changed: Sequence[changes.Change], currency: str) -> str:
    """What a change does, for who reads no further."""
    at = [column.name for column in plan.columns].index("change")
    more = plan.total[at] if plan.total else Decimal(0)
    word = "larger" if more > 0 else "smaller"
    moved = f"The plan would be {money.show(abs(more), currency)} {word}" if more else "The plan would be as large"
    number = changes.counts(changed)
    told = [f"{number[name]} {name}" for name in ("new", "worse", "better", "resolved") if number[name]]
    return f"{moved}; of the findings {', '.join(told)}." if told else f"{moved}, and the findings the same."


def drift(session: Session, why: str | None = None, against: str = "current") -> Report:
    """Budget against actual on settled days, line by line, why and since when, and what nobody planned; with `why`,
    one line in all its parts. A version of the plan other than the `current` one is named."""
    view = session.view
    named = ", ".join(f"{budget.name}, version {budget.version}" for budget in view.current)
    said = {**facts(session), **({"compared_with": named} if against != "current" else {})}
    if why is not None:
        return checks.answers.one(view, why, said)
    found = checks.answers.drift(view, session.config, session.as_of, said)
    beside = tuple(one for one in (checks.net_table(view), checks.beside_table(view)) if one)
    return replace(found, tables=(*found.tables, *beside), notes=session.metric_notes)


def forecast(session: Session, lines: str | None = None) -> Report:
    """Where every line of the budget ends, with the interval, and how such forecasts did before."""
    return checks.answers.forecast(session.view, lines, facts(session))
