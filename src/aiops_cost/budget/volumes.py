"""How much of something a line plans: the volume behind its amount, from its assumptions.

In words: what is planned a day, times the days of the month; runs a month as they are; GB grown month by month. In
symbols, for a month m of d days, n months after the budget's first:

    requests(m) = requests_per_day * d          tokens(m) = requests(m) * tokens_per_request
    runs(m)     = runs_per_month                gb(m)     = gb_at_start * (1 + growth)^n     (GB-months)
"""

from __future__ import annotations

from decimal import Decimal, localcontext

from aiops_cost import money
from aiops_cost.budget.plan import BudgetLine, days_of

METRICS = ("requests", "runs", "gb", "tokens")
"""The metrics whose volume can follow from assumptions, the first that a line has being the one it is judged by."""


def planned_volume(line: BudgetLine, metric: str, month: str) -> Decimal | None:
    """The volume that the line's amount of that month was made for; None where the plan does not say it."""
    if metric == line.flex and line.flex_per_month is not None:
        return line.flex_per_month
    known = line.assumes
    with localcontext(money.EXACT):
        if metric in ("requests", "tokens") and "requests_per_day" in known:
            requests = known["requests_per_day"] * days_of(month)[1].day
            return requests * known["tokens_per_request"] if metric == "tokens" else requests
        if metric == "runs":
            return known.get("runs_per_month")
        if metric == "gb" and "gb_at_start" in known:
            since = list(line.derived).index(month)
            return known["gb_at_start"] * (1 + known.get("growth", Decimal(0))) ** since
    return None


def judged_by(line: BudgetLine) -> str | None:
    """The metric that the line's unit cost is per: what it flexes with, else the first its assumptions plan."""
    if line.flex:
        return line.flex
    month = next(iter(line.amounts), None)
    if month is None:
        return None
    return next((metric for metric in METRICS if planned_volume(line, metric, month) is not None), None)
