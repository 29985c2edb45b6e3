def lay(payer, front, monkeypatch):
    payer.export("2026-05", [payer.rows("2026-05", "1")])
    payer.export("2026-06", [payer.rows("2026-06", "1")])
    payer.report("2026-05", [payer.rows("2026-05", "1")], root="exports/hourly")
    payer.freeze(front)
