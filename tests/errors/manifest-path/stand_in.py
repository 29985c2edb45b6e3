def lay(payer, front, monkeypatch):
    payer.export("2026-05", [], named=["exports/prod/data/BILLING_PERIOD=2026-05/../../../../etc/passwd"])
