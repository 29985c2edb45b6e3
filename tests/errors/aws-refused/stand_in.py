def lay(payer, front, monkeypatch):
    front.fails("list-type=2", "MethodNotAllowed", 405, message="The specified method is not allowed")
