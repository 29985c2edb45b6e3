def lay(payer, front, monkeypatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    front.fails("list-type=2", "SlowDown", 503, message="Please reduce your request rate.")
