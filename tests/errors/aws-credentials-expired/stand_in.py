def lay(payer, front, monkeypatch):
    front.fails(".", "ExpiredToken", 400, message="The provided token has expired.")
