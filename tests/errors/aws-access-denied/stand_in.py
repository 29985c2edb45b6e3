def lay(payer, front, monkeypatch):
    front.fails("list-type=2", "AccessDenied", 403, message="Access Denied")
