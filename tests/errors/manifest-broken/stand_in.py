def lay(payer, front, monkeypatch):
    payer.put("exports/prod/metadata/BILLING_PERIOD=2026-05/prod-Manifest.json", b'{"dataFiles": ["s3://bi')
