def lay(payer, front, monkeypatch):
    payer.put("exports/prod/data/BILLING_PERIOD=2026-05/prod-00001.csv.gz", payer.rows("2026-05", "1"))
