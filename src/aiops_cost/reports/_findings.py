"""Findings, in the order and with the parts that every format shows."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from aiops_cost.model import Column, Finding, Severity, Table
from aiops_cost.reports._cells import scope_text

_RANK = {severity: rank for rank, severity in enumerate(Severity)}

_COLUMNS = (
    Column("code"),
    Column("severity"),
    Column("scope"),
    Column("owner"),
    Column("period"),
    Column("currency"),
    Column("planned", "money"),
    Column("actual", "money"),
    Column("amount", "money"),
    Column("cause"),
    Column("onset", "date"),
    Column("message"),
    Column("advice"),
    Column("fingerprint"),
    Column("place"),
    Column("accepted"),
)


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """By severity (the last of the enum first), then the larger amount, then code and scope."""

    def key(finding: Finding) -> tuple[int, Decimal, str, str]:
        size = abs(finding.amount) if finding.amount is not None else Decimal(-1)
        return -_RANK[finding.severity], -size, finding.code, scope_text(finding.scope)

    return sorted(findings, key=key)


def said(finding: Finding) -> str:
    """The message; of a finding that does not count also why."""
    return f"{finding.message} ({finding.accepted})" if finding.accepted is not None else finding.message


def as_table(findings: Iterable[Finding]) -> Table:
    """One row per finding, worst first; the bridge and the evidence are in JSON only."""
    rows = tuple(tuple(_cell(finding, column.name) for column in _COLUMNS) for finding in findings)
    return Table("findings", "Findings", _COLUMNS, rows)


def _cell(finding: Finding, name: str) -> Any:
    return scope_text(finding.scope) if name == "scope" else getattr(finding, name)
