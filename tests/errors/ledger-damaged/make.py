from datetime import UTC, datetime
from pathlib import Path

from aiops_cost.ledger.load import Options, load
from aiops_cost.model import Source
from aiops_cost.providers.focus.fetch import fetch

bill = Path("bill.csv")
whole = bill.read_text(encoding="utf-8")
for cost in ("9.00", "10.00"):
    bill.write_text(whole.replace("10.00", cost), encoding="utf-8")
    load(
        Path("ledger"), fetch(Source("aws", "focus", "bill.csv"), Path()), Options(now=datetime(2026, 6, 1, tzinfo=UTC))
    )
Path("ledger/lines/_delta_log/00000000000000000000.json").unlink()
