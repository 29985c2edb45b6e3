def lay(payer, front, monkeypatch):
    payer.export("2026-05", [payer.rows("2026-05", "1")])
    front.fails(
        r"GET .*csv.gz", "InvalidObjectState", 403, message="The operation is not valid for the object's storage class"
    )
