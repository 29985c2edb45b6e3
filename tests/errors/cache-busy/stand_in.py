def lay(payer, front, monkeypatch):
    payer.export("2026-05", [payer.rows("2026-05", "1")])
    payer.lock("ledger/downloads/aws-prod/lock")
