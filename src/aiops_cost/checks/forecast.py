"""Forecast: where a line ends when it goes on as it does.

What it means: FCT001 is a budget line that is more likely than not to end over its plan by more than its tolerance, at
the end of the month or of the budget. The message says on which day the planned amount is used up, and how sure it is.

Why it matters: it is told while there is still something to decide: before the amount is gone.

What to do: see what drives it (`aiops-cost drift --why SCOPE`), stop it, or revise the plan. `aiops-cost forecast`
shows all lines, with the forecast's errors on the line's own past beside those of two simple rules.

Stays silent: with fewer than ten settled days; when the probability of a breach is below a half; below `at_least` of
the line's tolerance; and at the end of the budget when the backtest of that line is off by more than a third. It is a
warning.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from aiops_cost import money
from aiops_cost.checks import outlook, study
from aiops_cost.checks.outlook import Ending, Outlook
from aiops_cost.checks.view import View, typed
from aiops_cost.config import Config
from aiops_cost.model import Finding, Severity

CODES = {"FCT001": "a plan that will not last"}
_UNRELIABLE = 0.33


def check(view: View, config: Config, as_of: date) -> list[Finding]:
    """FCT001 per budget line, for its month or its budget, whichever is worse."""
    if not view.budgets or view.settled_until is None:
        return []
    found = []
    for one in outlook.outlooks(view).values():
        worst = _worst(one)
        if worst is not None:
            found.append(_told(view, one, worst))
    return found


def _worst(one: Outlook) -> Ending | None:
    """The ending that breaks its plan by most; None where none is likely to."""
    error = max((score.error for score in one.forecast.scores if score.method == one.path.method), default=0.0)
    likely = [
        ending
        for ending in one.endings
        if ending.chance_breach >= 0.5
        and ending.over >= one.line.tolerance.at_least
        and (ending.stretch == "month" or error <= _UNRELIABLE)
    ]
    return max(likely, key=lambda ending: ending.over) if likely else None


def _told(view: View, one: Outlook, ending: Ending) -> Finding:
    line, currency = one.line, view.currency
    gone = f"; the planned amount is used up on {ending.gone}" if ending.gone else ""
    onset = next((f for f in _onsets(view, one)), None)
    return Finding(
        code="FCT001",
        severity=Severity.WARNING,
        message=(
            f"the {ending.stretch} will end on {ending.last} at {money.show(ending.expected, currency)} ({view.cost}),"
            f" {money.show(ending.over, currency)} over its plan of {money.show(ending.planned)}; 80% between"
            f" {money.show(ending.low)} and {money.show(ending.high)}; probability of more than planned"
            f" {money.chance(Decimal(str(ending.chance)))}{gone}"
        ),
        advice=f"See the days ahead:  aiops-cost forecast --line {typed(line.scope)}",
        scope=line.scope,
        owner=line.owner,
        period=f"{one.first}..{ending.last}",
        currency=currency,
        planned=ending.planned,
        actual=ending.expected,
        amount=ending.over,
        cause="forecast",
        onset=onset,
        evidence=tuple(_evidence(view, one)),
        place=line.place,
    )


def _onsets(view: View, one: Outlook) -> Sequence[date]:
    studied = study.studies(view)[study.key(one.line)]
    change = studied.onset(one.first, one.first)
    return [change.day] if change else []


def _evidence(view: View, one: Outlook) -> Sequence[str]:
    endings = [
        f"{ending.stretch} to {ending.last}: {money.show(ending.spent)} so far,"
        f" {money.show(ending.expected, view.currency)} expected, {money.show(ending.planned)} planned"
        for ending in one.endings
    ]
    return [*endings, f"method {one.path.method}: {outlook.beats(one.forecast)}"]
