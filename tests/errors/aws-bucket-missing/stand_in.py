def lay(payer, front, monkeypatch):
    pass
