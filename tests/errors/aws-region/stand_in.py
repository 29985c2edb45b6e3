def lay(payer, front, monkeypatch):
    front.fails(
        "list-type=2",
        "AuthorizationHeaderMalformed",
        400,
        message=("The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-3'"),
    )
