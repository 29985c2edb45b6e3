"""The one truth of the ledger's columns, read from `schema.csv` beside this file.

Roles: `partition` (source and billing period), `id` (x_LineId), `key` (what tells two rows of one line apart),
`identity` (what makes a line), `amount`, `quantity`, `count`.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib.resources import files

VERSION = 2
"""Raised when a ledger written by an older program would be misread by this one, or the other way round."""

SQL_TYPES = {
    "string": "VARCHAR",
    "json": "VARCHAR",
    "bigint": "BIGINT",
    "date": "DATE",
    "amount": "DECIMAL(38,18)",
    "quantity": "DECIMAL(38,9)",
}


@dataclass(frozen=True)
class LedgerColumn:
    """One column: FOCUS name, kind of value, role, and what it means."""

    name: str
    type: str
    role: str
    description: str

    @property
    def sql_type(self) -> str:
        return SQL_TYPES[self.type]


def _read() -> tuple[LedgerColumn, ...]:
    text = files(__package__).joinpath("schema.csv").read_text(encoding="utf-8")
    return tuple(LedgerColumn(**row) for row in csv.DictReader(text.splitlines()))


COLUMNS = _read()
NAMES = tuple(column.name for column in COLUMNS)


def named(*roles: str) -> tuple[str, ...]:
    """The names of the columns with one of these roles, in the ledger's order."""
    return tuple(column.name for column in COLUMNS if column.role in roles)


PARTITION = named("partition")
IDENTITY = named("identity")
KEY = named("key")
AMOUNTS = named("amount")
QUANTITIES = named("quantity")

ATTRIBUTION = (
    "x_Activity",
    "x_Component",
    "x_StorageClass",
    "x_Model",
    "x_ModelFamily",
    "x_ModelVersion",
    "x_TokenDirection",
    "x_LatencyTier",
    "x_Accelerator",
    "x_Run",
    "x_Workload",
    "x_Environment",
    "x_Owner",
    "x_RuleId",
    "x_Confidence",
)
"""What attribution adds to a line in the view `attributed`."""

FINE = (
    "ResourceId", "ResourceName", "Tags", "SkuPriceDetails", "x_CostCategories", "x_IamRole", "CommitmentDiscountId",
    "CommitmentDiscountName", "CapacityReservationId",
)  # fmt: skip
"""What makes lines many and is seldom asked for: lines that differ in nothing else are alike."""

COARSE = tuple(name for name in (*IDENTITY, *ATTRIBUTION) if name not in FINE)
"""What attribution and the bill say of a line, but for that."""

SHORT = {
    "activity": "x_Activity",
    "component": "x_Component",
    "storage_class": "x_StorageClass",
    "model": "x_Model",
    "model_family": "x_ModelFamily",
    "model_version": "x_ModelVersion",
    "token_direction": "x_TokenDirection",
    "latency_tier": "x_LatencyTier",
    "accelerator": "x_Accelerator",
    "run": "x_Run",
    "workload": "x_Workload",
    "environment": "x_Environment",
    "owner": "x_Owner",
    "rule": "x_RuleId",
    "confidence": "x_Confidence",
    "source": "x_Source",
    "provider": "ProviderName",
    "service": "ServiceName",
    "account": "SubAccountName",
    "region": "RegionId",
    "resource": "ResourceId",
    "period": "x_BillingPeriod",
    "day": "ChargePeriodStart",
    "currency": "BillingCurrency",
}
"""Short names that rules, budgets, filters and `--by` accept, and the column each stands for."""
