"""A week as a report: the paragraph, what changed, what stands, what moved, the forecast, and how far to trust it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from aiops_cost import checks
from aiops_cost.model import Chart, Column, Finding, Report, Severity, SourceState, Table
from aiops_cost.money import exact
from aiops_cost.summary import changes, words
from aiops_cost.summary.changes import Change, Known
from aiops_cost.summary.week import Week

DAY = Column("day", "date")
_STANDING = (
    Column("code"),
    Column("what"),
    Column("scope"),
    Column("owner"),
    Column("severity"),
    Column("amount", "money"),
)
_MOVERS = (
    Column("activity"),
    Column("workload"),
    Column("owner"),
    Column("before", "money", "week before"),
    Column("now", "money", "this week"),
    Column("by", "money", "moved by"),
    Column("cause"),
    Column("onset", "date", "since"),
)
_FORECAST = (
    Column("scope"),
    Column("owner"),
    Column("ends", "date"),
    Column("planned", "money"),
    Column("expected", "money"),
    Column("over", "money"),
)
_TRUST = (
    Column("source"),
    Column("settled_until", "date", "settled until"),
    Column("loaded", "date", "last load"),
    Column("rejected", "count", "rejected rows"),
    Column("restated", "count", "months restated"),
)


@dataclass(frozen=True)
class Summary:
    """A week, compared with an earlier summary: the report, whether there is anything to tell, and what it told."""

    report: Report
    quiet: bool
    told: tuple[dict[str, Any], ...]


def of(week: Week, last: str | None, findings: Sequence[Mapping[str, Any]], later: Sequence[str] = ()) -> Summary:
    """The summary of a week. `last` is the week of the earlier summary, None for the first; `findings` what it told;
    `later` the weeks of summaries that claim to come after this one."""
    counted = [one for one in changes.notable(week.findings) if one.accepted is None and one.code[:3] != words.FORECAST]
    changed = changes.compare(map(_known, findings), counted, week.stretches)
    number = changes.counts(changed)
    quiet = not counted and not number["resolved"] and not week.unjudged and not _forecasts(week)
    text = words.silent(week) if quiet else words.paragraph(week, changed, number, last)
    part = f", {' and '.join(week.owners)}" if week.owners else ""
    report = Report(
        name="summary",
        title=f"AI spend, week {week.name}{part}",
        facts=_facts(week),
        tables=() if quiet else tuple(_tables(week, changed, last)),
        charts=() if quiet else tuple(_charts(week)),
        findings=() if quiet else tuple(_to_act_on(week, changed, last)),
        notes=tuple(_notes(week, last, later)),
        headline=text,
        exit_code=3 if week.unjudged else 0,
    )
    return Summary(report, quiet, tuple(_plain(Known.of(one, week.stretches)) for one in counted))


def merged(summaries: Sequence[Summary]) -> Report:
    """The summaries of several owners as one report: each with its paragraph, its tables named after its owner."""
    first = summaries[0].report
    tables = [
        replace(table, name=f"{table.name}_{number}", title=f"{one.report.title.rpartition(', ')[2]}: {table.title}")
        for number, one in enumerate(summaries, 1)
        for table in one.report.tables
        if table.name != "trust"
    ]
    trust = next((table for one in summaries for table in one.report.tables if table.name == "trust"), None)
    return replace(
        first,
        title=f"{first.title.rpartition(', ')[0]}, by owner",
        tables=(*tables, *([trust] if trust else [])),
        charts=(),
        findings=tuple({f.fingerprint: f for one in summaries for f in one.report.findings}.values()),
        notes=tuple(dict.fromkeys(note for one in summaries for note in one.report.notes)),
        headline="\n\n".join(" ".join((one.report.headline or "").split()) for one in summaries),
        exit_code=max(one.report.exit_code or 0 for one in summaries),
    )


def _facts(week: Week) -> dict[str, str | None]:
    return {
        "cost": week.cost,
        "currency": week.currency,
        "period": f"{week.first}..{week.last}",
        "as_of": week.as_of.isoformat(),
        "settled_until": week.until.isoformat() if week.until else None,
        **({"ledger_version": week.ledger} if week.ledger else {}),
    }


def _tables(week: Week, changed: Sequence[Change], last: str | None) -> Iterator[Table]:
    if last is not None:
        yield changes.table(changed, note="" if _moved(changed) else f"Nothing has changed since {last}.")
    standing = [c.now for c in changed if c.now and (last is None or c.word == "unchanged")]
    if standing:
        title = "Still standing" if last is not None else "What stands"
        yield Table("standing", title, _STANDING, tuple(map(_standing, standing)))
    if week.movers:
        yield Table("movers", "What moved most", _MOVERS, tuple(map(_mover, week.movers)), note=_compared(week))
    forecasts = _forecasts(week)
    if forecasts:
        note = "The interval, and the day the plan is used up:  aiops-cost forecast"
        yield Table("forecast", "Will end over the plan", _FORECAST, tuple(map(_ending, forecasts)), note=note)
    yield Table("trust", "How far the bills have come", _TRUST, tuple(map(_source, week.states)))


def _standing(finding: Finding) -> tuple[Any, ...]:
    about = (changes.scope_text(finding.scope), finding.owner, str(finding.severity), finding.amount)
    return (finding.code, checks.codes()[finding.code], *about)


def _ending(finding: Finding) -> tuple[Any, ...]:
    """A forecast in figures; its sentence is `check`'s."""
    last = (finding.period or "").rpartition("..")[2]
    ends = date.fromisoformat(last) if last else None
    about = (changes.scope_text(finding.scope), finding.owner)
    return (*about, ends, finding.planned, finding.actual, finding.amount)


def _moved(changed: Sequence[Change]) -> bool:
    return any(change.word != "unchanged" for change in changed)


def _forecasts(week: Week) -> list[Finding]:
    return [one for one in week.findings if one.code[:3] == words.FORECAST and one.accepted is None]


def _mover(mover: Any) -> tuple[Any, ...]:
    about = mover.finding
    cause = changes.cause_of(about)
    onset = about.onset if about else None
    return (mover.activity, mover.workload, mover.owner, mover.before, mover.now, mover.by, cause, onset)


def _compared(week: Week) -> str:
    assert week.settled is not None  # noqa: S101 - without a settled day nothing has moved
    first, last = week.settled
    return f"{first} to {last}, the settled days, against the same weekdays a week before"


def _source(state: SourceState) -> tuple[Any, ...]:
    loaded = max((period.loaded_at for period in state.periods), default=None)
    rejected = sum(period.rejected for period in state.periods)
    restated = sum(period.before is not None for period in state.periods)
    return (state.source.name, state.settled_until, loaded.date() if loaded else None, rejected, restated)


def _charts(week: Week) -> Iterator[Chart]:
    if week.trend:
        columns = (Column("series"), DAY, Column("amount", "money"), Column("low", "money"), Column("high", "money"))
        rows = [row for day, spent, plan in week.trend for row in _points(day, spent, plan)]
        first, last = week.trend[0][0], week.trend[-1][0]
        said = f"AI spend per day from {first} to {last} in {week.currency}, against the plan of each day."
        yield Chart("trend", "AI spend per day", "timeline", columns, tuple(rows), said)


def _points(day: date, spent: Decimal, plan: Decimal) -> Iterator[tuple[Any, ...]]:
    yield ("actual", day, spent, None, None)
    if plan:
        yield ("budget", day, plan, None, None)


def _to_act_on(week: Week, changed: Sequence[Change], last: str | None) -> Iterator[Finding]:
    """In full only what is new or worse, and what could not be judged: with what to do."""
    yield from week.unjudged
    yield from (c.now for c in changed if c.now and last is not None and c.word in {"new", "worse"})


def _notes(week: Week, last: str | None, later: Sequence[str]) -> Iterator[str]:
    if later:
        yield (
            f"There is a summary of {', '.join(sorted(later))}, which is after this one: a clock was wrong."
            f" It is not compared with; {last or 'nothing'} is."
        )
    if last is not None and (missing := _weeks_between(last, week)) > 0:
        yield f"The last summary is that of {last}; {missing} between {'was' if missing == 1 else 'were'} not sent."
    accepted = sum(one.accepted is not None for one in week.findings)
    if accepted:
        yield f"{accepted} accepted {'finding is' if accepted == 1 else 'findings are'} not told here."
    yield from week.notes


def _weeks_between(last: str, week: Week) -> int:
    year, _, number = last.partition("-W")
    return (week.first - date.fromisocalendar(int(year), int(number), 1)).days // 7 - 1


def _plain(known: Known) -> dict[str, Any]:
    return {
        "fingerprint": known.fingerprint,
        "code": known.code,
        "severity": str(known.severity),
        "scope": {key: value if isinstance(value, str) else list(value) for key, value in known.scope.items()},
        "owner": known.owner,
        "amount": None if known.amount is None else exact(known.amount),
        "currency": known.currency,
        "first_day": known.first_day,
        "amounts": {day: exact(amount) for day, amount in known.amounts.items()},
    }


def _known(plain: Mapping[str, Any]) -> Known:
    amount = plain["amount"]
    return Known(
        plain["fingerprint"], plain["code"], Severity(plain["severity"]), plain["scope"], plain["owner"],
        None if amount is None else Decimal(amount), plain["currency"], plain["first_day"],
        {day: Decimal(value) for day, value in plain["amounts"].items()},
    )  # fmt: skip
