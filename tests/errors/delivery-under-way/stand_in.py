def lay(payer, front, monkeypatch):
    payer.export("2026-05", [payer.rows("2026-05", "1"), payer.rows("2026-05", "2", part="2")])
    payer.then(lambda: payer.half("2026-05"))
