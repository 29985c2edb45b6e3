"""The drift of each budget line over both stretches that are judged: the month to date and the budget to date.

A finding tells of the worse of the two, which may be another one than a week ago. Two weeks are compared by a stretch
that both know, for a month of drift and a whole budget of it are no before and after.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from aiops_cost.budget import scope
from aiops_cost.checks.drift import drifts
from aiops_cost.checks.view import View
from aiops_cost.model import Finding

CODE = "DRF001"
Stretches = Mapping[str, Mapping[str, Decimal]]
"""Scope of a budget line, as text -> the first day of a stretch -> its drift, in the report currency."""


def of(view: View) -> Stretches:
    """Of every line that plans a settled day; worked out once per view."""
    if "stretches" not in view.memo:
        view.memo["stretches"] = {
            scope.text(whole.line.scope): {
                drift.days[0][0].isoformat(): drift.amount for drift in (month, whole) if drift is not None
            }
            for month, whole in drifts(view)
        }
    found: Stretches = view.memo["stretches"]
    return found


def amounts(finding: Finding, known: Stretches) -> dict[str, Decimal]:
    """What a finding can be measured by: its own amount, and where it is a drift, that of the other stretch too."""
    first = first_day(finding)
    own = {first: finding.amount} if first is not None and finding.amount is not None else {}
    return {**known.get(scope.text(finding.scope), {}), **own} if finding.code == CODE else own


def first_day(finding: Finding) -> str | None:
    """The first day of what a finding is about, or its month or day as it stands."""
    return (finding.period or "").partition("..")[0] or None
