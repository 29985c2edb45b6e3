def lay(payer, front, monkeypatch):
    payer.export("2026-05", [payer.rows("2026-05", *["1"] * 28)])
    front.cuts(r"GET .*csv.gz", 20, times=10**6)
    payer.hurry(monkeypatch)
