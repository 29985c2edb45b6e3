"""The provider's own total: whether the bill that was loaded is the bill that the provider shows.

What it means: DAT007, the provider itself says that a month cost another amount than the ledger holds, and neither tax,
credits, refunds nor support that the export does not carry explain the difference.

Why it matters: an export may lack accounts, services or lines and still look whole. Drift against a plan would then be
as wrong as the bill. A difference in BilledCost cannot be judged (exit 3); one in EffectiveCost is a warning, since
providers spread commitments in ways of their own.

What to do: `aiops-cost status` shows both sides by service. Look for a linked account or a service that the export
leaves out, and for a second export of another view of the bill. Ask again with `aiops-cost pull SOURCE --reconcile`.

Stays silent: until `pull --reconcile` has asked (each question costs money), for months that the provider calls
estimated, and for differences below `checks.reconcile.at_least`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from aiops_cost import money, reconcile
from aiops_cost.checks.view import View
from aiops_cost.config import Config
from aiops_cost.model import Finding, Severity

CODES = {"DAT007": "a month that the provider says cost another amount"}
_SHOWN = 3


def check(view: View, config: Config, _as_of: date) -> list[Finding]:
    """One finding per source, month and cost that does not add up."""
    if not view.totals:
        return []
    sql, parameters = reconcile.sums_of("spend", view.totals)
    sums = [reconcile.Sum(*row) for row in view.connection.execute(sql, parameters).fetchall()]
    compared = reconcile.compare(view.totals, sums)
    least = config.checks.reconcile.at_least
    return [_finding(one) for one in compared if abs(one.rest) >= least and not one.estimated]


def _finding(one: reconcile.Compared) -> Finding:
    explained = ", ".join(_explained(one))
    return Finding(
        code="DAT007",
        severity=Severity.UNJUDGED if one.cost == "BilledCost" else Severity.WARNING,
        message=(
            f"{one.source} {one.period}: the provider says {money.show(one.theirs, one.currency)}, the ledger holds"
            f" {money.show(one.ours, one.currency)} ({one.cost}); {money.show(one.rest, one.currency)} is unexplained"
            + (f", beside {explained}" if explained else "")
        ),
        advice=f"See both sides by service:  aiops-cost status\nAsk again:  aiops-cost pull {one.source} --reconcile",
        scope={"source": one.source, "period": one.period, "currency": one.currency, "cost": one.cost},
        period=one.period,
        currency=one.currency,
        planned=one.theirs,
        actual=one.ours,
        amount=money.EXACT.minus(one.rest),
        evidence=tuple(_evidence(one)),
    )


def _explained(one: reconcile.Compared) -> Iterator[str]:
    for kind, amount in one.explained.items():
        yield f"{money.show(amount, one.currency)} of {kind}"


def _evidence(one: reconcile.Compared) -> Iterator[str]:
    differing = sorted((diff for diff in one.services if diff.amount), key=lambda diff: -abs(diff.amount))
    for diff in differing[:_SHOWN]:
        theirs = "-" if diff.theirs is None else money.show(diff.theirs, one.currency)
        ours = "-" if diff.ours is None else money.show(diff.ours, one.currency)
        yield f"{diff.service}: provider {theirs}, ledger {ours}"
