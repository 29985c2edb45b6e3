def lay(payer, front, monkeypatch):
    payer.export("2026-05", [payer.rows("2026-05", "1")])
    front.fails(
        r"GET .*csv.gz",
        "AccessDenied",
        403,
        message=(
            "User: arn:aws:iam::123456789012:user/reader is not authorized to perform: s3:GetObject on resource: "
            '"arn:aws:s3:::billing-exports/exports/prod/data/x" because no identity-based policy allows it'
        ),
    )
