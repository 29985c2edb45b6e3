"""The weekly summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aiops_cost.gate import accepted as accepted_file
from aiops_cost.gate.decide import Asked, decide
from aiops_cost.model import Report
from aiops_cost.run.snapshot import Session, ledger_version, place_of
from aiops_cost.summary import report as summary_report
from aiops_cost.summary import week as summary_week
from aiops_cost.summary.report import Summary
from aiops_cost.summary.week import Week


def weeks(session: Session, parts: Sequence[Sequence[str]]) -> dict[tuple[str, ...], Week]:
    """The ISO week before the session's day, for each part: its owners, or nobody for everything."""
    config, as_of, view = session.config, session.as_of, session.view
    acceptances = accepted_file.read(config.accepted, place_of(config.accepted))
    found = decide(view, config, as_of, Asked(), acceptances)
    notes = [*map(str, session.tag_problems), *session.metric_notes, *found.notes]
    return {
        tuple(part): summary_week.of(view, as_of, found.findings, notes, part, ledger_version(session))
        for part in parts
    }


def owners(session: Session) -> list[str]:
    """Everyone who has something of their own in the summary, by name."""
    return summary_week.owners(session.view)


def summary(week: Week, last: str | None, told: Sequence[Mapping[str, Any]], later: Sequence[str] = ()) -> Summary:
    """The week compared with an earlier summary: its week (None for the first one), and what it told."""
    return summary_report.of(week, last, told, later)


def by_owner(summaries: Sequence[Summary]) -> Report:
    """The summaries of several owners as one report."""
    return summary_report.merged(summaries)
