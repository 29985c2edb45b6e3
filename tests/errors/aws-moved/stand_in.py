def lay(payer, front, monkeypatch):
    payer.export("2026-05", [payer.rows("2026-05", "1")])
    front.fails(r"GET .*csv.gz", "PreconditionFailed", 412, message="At least one of the pre-conditions did not hold")
