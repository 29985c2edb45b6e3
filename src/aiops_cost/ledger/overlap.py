"""Refuses files that hold the same rows: daily month-to-date snapshots, a copy, two exports of one account.

Adding them up would double the month. Rows are compared by what they are about (period, time, resource, SKU, account,
tags), not by their amounts, since a later snapshot may carry a corrected amount.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from aiops_cost.errors import UserError
from aiops_cost.ledger.part import Part
from aiops_cost.model import Export, Problem

ABOUT = (
    "BillingPeriodStart",
    "ChargePeriodStart",
    "BillingAccountId",
    "SubAccountId",
    "ServiceName",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ResourceId",
    "SkuId",
    "SkuPriceId",
    "CommitmentDiscountId",
    "Tags",
)
SAMPLE = 16
"""One row in so many is looked at, chosen by its hash, so equal rows are always chosen together."""
LIMIT = 0.5
"""The share of the smaller file's rows from which on two files are the same data."""


def refuse(con: duckdb.DuckDBPyConnection, export: Export, parts: Mapping[int, Part], view: str) -> None:
    """Raise UserError when two of `parts` (indexed by x_part in `view`) share most of their rows."""
    about = ", ".join(f'"{name}"' for name in ABOUT)
    pairs = con.execute(
        f"WITH keys AS (SELECT DISTINCT x_part, key FROM (SELECT x_part, hash({about}) AS key FROM {view})"
        f" WHERE key % {SAMPLE} = 0 OR (SELECT count(*) FROM {view}) < 10000),"
        " sizes AS (SELECT x_part, count(*) AS n FROM keys GROUP BY x_part)"
        " SELECT a.x_part, b.x_part, count(*) / least(any_value(m.n), any_value(o.n)) AS share"
        " FROM keys a JOIN keys b ON a.key = b.key AND a.x_part < b.x_part"
        " JOIN sizes m ON m.x_part = a.x_part JOIN sizes o ON o.x_part = b.x_part"
        f" GROUP BY 1, 2 HAVING share >= {LIMIT} ORDER BY 3 DESC, 1, 2"
    ).fetchall()
    if pairs:
        first, second, share = pairs[0]
        raise UserError(
            Problem(
                "files-overlap",
                export.source.name,
                f"{parts[first].file.name} and {parts[second].file.name} hold the same rows"
                f" ({share:.0%} of the smaller file)",
                "Adding both would count that money twice. Leave the newer one at `location` and move the other away,\n"
                f"or, if they really are separate charges:  aiops-cost pull {export.source.name} --allow-overlap",
            )
        )
