"""The plan itself: what in the budget cannot be right.

What it means: BUD001 is a budget line that not one row matched in its settled months. BUD002 says
that no budget plans the day of the check: a note where the plan has ended and nothing was billed
since, and no answer where there is spend that it does not cover. BUD003 is a line whose amount is not what its own
assumptions come to. BUD004 is a line that goes on being billed after its last day (`ends`): the scaffolding of the
migration that nobody took down. BUD005 is the same of an old platform: a decommissioning that did not happen.

Why it matters: a line that matches nothing is not "within budget"; mostly its scope is misspelt or
a tag was renamed, and its spend shows elsewhere. A plan that contradicts itself explains no drift. A migration pays
for two platforms as long as the old one runs, and the savings it was approved for do not come.

What to do: for BUD001 compare the scope with `aiops-cost report --by activity,workload`. For BUD002
write the next budget. For BUD003 correct the amount or the assumptions; the message has both. For BUD004 and BUD005
take down what is left (the evidence names it), or move `ends` with a new approval (`aiops-cost budget revise`).

Stays silent: BUD001 until a whole month of the line is settled, and for lines that plan nothing in
it; BUD003 up to 1% of difference; BUD004 and BUD005 below the line's `at_least`, and until a day after the end is
settled.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from aiops_cost import money
from aiops_cost.budget import scope
from aiops_cost.budget.plan import BudgetLine, days_of
from aiops_cost.checks.view import View, both, charges, days_in, in_days, report_of
from aiops_cost.config import Config
from aiops_cost.model import Finding, Severity

CODES = {
    "BUD001": "a budget line that matches nothing",
    "BUD002": "no budget for this day",
    "BUD003": "amount and assumptions disagree",
    "BUD004": "spend after the planned end of a line",
    "BUD005": "a decommissioning that did not happen",
}
DISAGREEMENT = Decimal("0.01")
"""The share by which an amount may differ from its assumptions: plans are rounded by hand."""


def check(view: View, config: Config, as_of: date) -> list[Finding]:
    """BUD001, BUD003, BUD004 and BUD005 per line, BUD002 once."""
    return [*_matching_nothing(view), *_without_plan(view, as_of), *_contradicting(view), *_after_the_end(view)]


def _after_the_end(view: View) -> Iterator[Finding]:
    over = view.ended()
    for (line, since), spent in zip(over, view.spent_by([(line, [since]) for line, since in over]), strict=True):
        if not spent.rows or spent.amount <= 0 or spent.amount < line.tolerance.at_least:
            continue
        left = view.spend_by(["ServiceName", "ResourceId"], both(charges(line), in_days([since])), limit=3)
        old = line.kind == "old-platform"
        what = {"old-platform": "the old platform", "scaffolding": "scaffolding of the migration"}
        yield Finding(
            code="BUD005" if old else "BUD004",
            severity=Severity.WARNING,
            message=(
                f"{what.get(line.kind, 'this line')} was planned to end on {line.ends} and cost"
                f" {money.show(spent.amount, view.currency)} ({view.cost}) on the"
                f" {days_in([since])} settled days since"
            ),
            advice="Take down what is left, or move `ends` with a new approval:  aiops-cost budget revise --help"
            f"\nWhat is left:  {report_of(line.scope, *since)}",
            scope=line.scope,
            owner=line.owner,
            period=f"{since[0]}..{since[1]}",
            currency=view.currency,
            planned=Decimal(0),
            actual=spent.amount,
            amount=spent.amount,
            cause="still running",
            onset=since[0],
            evidence=tuple(
                f"{service or 'no service name'} {resource or ''}".strip() + f": {money.show(amount, view.currency)}"
                for service, resource, amount in left
            ),
            place=line.place,
        )


def _matching_nothing(view: View) -> Iterator[Finding]:
    until = view.settled_until
    asked = [
        (line, [month for month in sorted(line.amounts) if until and days_of(month)[1] <= until]) for line in view.lines
    ]
    asked = [(line, months) for line, months in asked if any(line.amounts[m] for m in months)]
    charged = view.spent_by([(line, [*map(days_of, months)]) for line, months in asked])
    asked = [one for one, found in zip(asked, charged, strict=True) if not found.rows]
    every = view.spent([(line.scope, [*map(days_of, months)]) for line, months in asked])  # credits are rows, too
    for (line, months), found in zip(asked, every, strict=True):
        if not found.rows:
            yield Finding(
                code="BUD001",
                severity=Severity.WARNING,
                message=(f"not one row matches this budget line in {months[0]} to {months[-1]}"),
                advice="Compare its scope with what there is:  aiops-cost report --by activity,workload",
                scope=line.scope,
                owner=line.owner,
                period=f"{days_of(months[0])[0]}..{days_of(months[-1])[1]}",
                currency=view.currency,
                planned=sum((line.amounts[month] for month in months), Decimal(0)),
                place=line.place,
            )


def _without_plan(view: View, as_of: date) -> Iterator[Finding]:
    if not view.budgets or any(b.first_day <= as_of <= b.last_day for b in view.budgets):
        return
    # A plan that has ended is judged to its end; it is no answer for what was spent since.
    end = max(budget.last_day for budget in view.budgets)
    since = any(state.last_day and state.last_day > end for state in view.states)
    ended = end < as_of and not since
    months = ", ".join(f"{b.name} plans {b.months[0]}..{b.months[-1]}" for b in view.budgets)
    yield Finding(
        code="BUD002",
        severity=Severity.WARNING if ended else Severity.UNJUDGED,
        message=f"no budget plans {as_of}: {months}",
        advice="Write the next budget and name it under `budgets`, or choose a day:  --as-of DATE",
    )


def _contradicting(view: View) -> Iterator[Finding]:
    for line in view.lines:
        wrong = [
            month
            for month, amount in sorted(line.amounts.items())
            if month in line.derived and abs(amount - line.derived[month]) > DISAGREEMENT * line.derived[month]
        ]
        if wrong:
            yield _disagreement(view, line, wrong)


def _disagreement(view: View, line: BudgetLine, months: list[str]) -> Finding:
    month = months[0]
    amount, follows = line.amounts[month], line.derived[month]
    more = f" (and {len(months) - 1} more months)" if len(months) > 1 else ""
    return Finding(
        code="BUD003",
        severity=Severity.WARNING,
        message=(
            f"{scope.text(line.scope)}: {month} plans {money.show(amount, view.currency)}, and its "
            f"assumptions come to {money.show(follows, view.currency)}{more}"
        ),
        advice="Correct the amount or the assumptions; or leave `amount` out, and it follows.",
        scope=line.scope,
        owner=line.owner,
        period=month,
        currency=view.currency,
        planned=amount,
        amount=amount - follows,
        place=line.place,
    )
