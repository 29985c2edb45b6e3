"""init sees a delivery of AWS as the one source that it is."""

from __future__ import annotations

import json


def test_a_synced_delivery_is_one_source_and_not_one_per_run(cli, tmp_path):
    for run in ("1", "2"):
        data = tmp_path / f"bucket/exports/prod/data/BILLING_PERIOD=2026-05/{run}/prod-00001.csv"
        data.parent.mkdir(parents=True)
        data.write_text("BilledCost,ChargePeriodStart\n")
    manifest = tmp_path / "bucket/exports/prod/metadata/BILLING_PERIOD=2026-05/prod-Manifest.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text(json.dumps({"dataFiles": []}))
    assert cli("init", cwd=tmp_path).code == 0
    text = (tmp_path / "aiops-cost.yaml").read_text()
    assert '{name: prod, provider: aws, location: "./bucket/exports/prod"}' in text
    assert text.count("provider:") == 1


def test_an_address_in_s3_needs_no_look(cli, tmp_path):
    found = cli("init", "--location", "s3://billing/exports/prod", cwd=tmp_path)
    assert found.code == 0
    assert (
        '{name: prod, provider: aws, location: "s3://billing/exports/prod"}'
        in (tmp_path / "aiops-cost.yaml").read_text()
    )
    assert "aiops-cost doctor prod" in found.out
    assert cli("status", cwd=tmp_path).code == 0
