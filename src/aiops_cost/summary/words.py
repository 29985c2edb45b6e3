"""The paragraph of a summary that can be read aloud: whole sentences, whole amounts, no signs and no codes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal

from aiops_cost import money
from aiops_cost.checks.view import days_in
from aiops_cost.model import Finding, Severity
from aiops_cost.summary.changes import Change, scope_text
from aiops_cost.summary.week import Week

FORECAST = "FCT"
_RANK = {Severity.BREACH: 0, Severity.WARNING: 1}


def paragraph(week: Week, changes: Sequence[Change], counts: Mapping[str, int], last: str | None) -> str:
    """What a person would say at the weekly meeting."""
    return " ".join(_sentences(week, changes, counts, last))


def silent(week: Week) -> str:
    """The one line of a week in which there is nothing to tell."""
    return f"{_named(week)}: nothing is over the plan, and nothing is new, worse or resolved. {_spend(week)}"


def _sentences(week: Week, changes: Sequence[Change], counts: Mapping[str, int], last: str | None) -> Iterator[str]:
    yield f"{_named(week)}. {_spend(week)}"
    if last is None:
        standing = len([change for change in changes if change.now])
        yield f"This is the first summary, so nothing can be new or resolved; {_findings(standing)} to be looked at."
    else:
        moved = ", ".join(f"{counts[word]} {word}" for word in ("new", "worse", "better", "resolved"))
        yield f"Since the summary of week {_number(last)}: {moved}; {counts['unchanged']} unchanged."
    worst = _worst(changes, first=last is None)
    if worst is not None:
        yield _about(worst)
    yield from _forecast(week)
    yield _trust(week)


def _named(week: Week) -> str:
    part = f" of {' and '.join(week.owners)}" if week.owners else ""
    return f"Week {_number(week.name)} of {week.name[:4]}{part}, {_day(week.first)} to {_day(week.last)}"


def _number(name: str) -> str:
    return name.partition("W")[2].lstrip("0")


def _day(day: date) -> str:
    return f"{day.day} {day:%B}"


def _spend(week: Week) -> str:
    if week.settled is None:
        return "No day of it is settled, so nothing can be said of its spend."
    days = days_in([week.settled])
    on = "its 7 days" if days == 7 else f"{days} settled days of it" if days > 1 else "1 settled day of it"
    difference = money.EXACT.subtract(week.actual, week.planned)
    said = f"AI spend was {_amount(week.actual, week)} on {on}"
    if not week.planned:
        return f"{said}; nothing was planned for them."
    word = "more" if difference > 0 else "less"
    share = abs(difference) / week.planned * 100
    return f"{said}, {_amount(abs(difference), week)} {word} than planned ({share:.0f} per cent)."


def _amount(value: Decimal, week: Week) -> str:
    return money.show(value, week.currency, places=0)


def _findings(count: int) -> str:
    return f"{count} finding is" if count == 1 else f"{count} findings are"


def _worst(changes: Sequence[Change], first: bool) -> Finding | None:
    """The finding to name: the worst of what is new or worse, or of all in the first summary."""
    told = [c.now for c in changes if c.now and c.now.amount and (first or c.word in {"new", "worse"})]
    return min(told, key=lambda f: (_RANK[f.severity], -abs(f.amount or Decimal(0)))) if told else None


def _about(finding: Finding) -> str:
    owner = f", owned by {finding.owner}" if finding.owner else ", which nobody owns"
    size = money.show(abs(finding.amount or Decimal(0)), finding.currency, places=0)
    plan = (
        "over the plan" if finding.code == "DRF001" else "that no budget line plans" if finding.code == "UNB001" else ""
    )
    since = f", since {_day(finding.onset)}" if finding.onset else ""
    cause = f", mostly because of {finding.cause}" if finding.cause not in {None, "not split", "unbudgeted"} else ""
    return f"The largest is {scope_text(finding.scope)}{owner}: {size} {plan}".rstrip() + f"{since}{cause}."


def _forecast(week: Week) -> Iterator[str]:
    over = [f for f in week.findings if f.code[:3] == FORECAST and f.severity in _RANK]
    if over:
        names = ", ".join(scope_text(f.scope) for f in over[:3])
        more = f" and {len(over) - 3} more" if len(over) > 3 else ""
        yield f"By the forecast {len(over)} will end over the plan: {names}{more}."


def _trust(week: Week) -> str:
    bad = len(week.unjudged)
    if bad:
        why = "because bills are missing, too old or incomplete"
        return f"These numbers are not whole: {_findings(bad)} without an answer, {why}."
    until = f"The bills are settled until {_day(week.until)}" if week.until else "No bill is settled"
    share = (
        "" if week.attributed is None else f", and of {week.attributed * 100:.0f} per cent it is known what it is for"
    )
    return f"{until}{share}."
