def lay(payer, front, monkeypatch):
    part = payer.rows("2026-05", "1")
    payer.export("2026-05", [part, part])
