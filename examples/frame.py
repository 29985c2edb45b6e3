"""The normalized bills as a pandas DataFrame:  python frame.py [LEDGER]

Text columns are categoricals, days are datetime64, amounts `Decimal` (exact) or float64, as asked. Floats are for
statistics; money that is printed is summed as decimals.
"""

# ruff: noqa: T201
from __future__ import annotations

import sys

from aiops_cost.ledger.frame import Ledger

COLUMNS = ["ChargePeriodStart", "ServiceName", "EffectiveCost"]


def main(location: str) -> None:
    """Print the costliest services, and how much the spend of the last month varies from day to day."""
    ledger = Ledger.open(location)
    exact = ledger.frame(COLUMNS, where="ChargeCategory = 'Usage'")
    by_service = exact.groupby("ServiceName", observed=True)["EffectiveCost"].agg("sum")
    print(by_service.sort_values(ascending=False).head(5).to_string())

    floats = ledger.frame(COLUMNS, where="ChargeCategory = 'Usage'", amounts="float")
    daily = floats.groupby("ChargePeriodStart")["EffectiveCost"].sum()
    print(daily.tail(31).describe().to_string())


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "ledger")
