def lay(payer, front, monkeypatch):
    front.fails(".", "InvalidAccessKeyId", 403, message="The AWS Access Key Id you provided does not exist.")
