def lay(payer, front, monkeypatch):
    payer.export("2026-05", [payer.rows("2026-05", "1")])
    front.fails(
        r"GET .*csv.gz",
        "AccessDenied",
        403,
        message=(
            "User: arn:aws:iam::123456789012:user/reader is not authorized to perform: kms:Decrypt on resource: "
            "arn:aws:kms:us-east-1:123456789012:key/0f1e2d3c because no identity-based policy allows it"
        ),
    )
