from datetime import UTC, datetime
from pathlib import Path

from aiops_cost.ledger.load import Options, load
from aiops_cost.model import Source
from aiops_cost.providers.focus.fetch import fetch

load(Path("ledger"), fetch(Source("all", "focus", "bill.csv"), Path()), Options(now=datetime(2026, 6, 1, tzinfo=UTC)))
