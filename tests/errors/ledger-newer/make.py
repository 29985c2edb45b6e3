from datetime import UTC, datetime
from pathlib import Path

from aiops_cost.ledger import schema
from aiops_cost.ledger.load import Options, load
from aiops_cost.model import Source
from aiops_cost.providers.focus.fetch import fetch

version, schema.VERSION = schema.VERSION, schema.VERSION + 1
try:
    load(
        Path("ledger"), fetch(Source("aws", "focus", "bill.csv"), Path()), Options(now=datetime(2026, 6, 1, tzinfo=UTC))
    )
finally:
    schema.VERSION = version
