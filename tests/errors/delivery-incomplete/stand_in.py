def lay(payer, front, monkeypatch):
    payer.export(
        "2026-05", [payer.rows("2026-05", "1")], named=["exports/prod/data/BILLING_PERIOD=2026-05/prod-00002.csv.gz"]
    )
