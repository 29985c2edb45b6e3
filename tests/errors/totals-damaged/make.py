from pathlib import Path

Path("ledger/totals").mkdir(parents=True)
Path("ledger/totals/aws-prod.json").write_text('{"totals": [{"period"')
