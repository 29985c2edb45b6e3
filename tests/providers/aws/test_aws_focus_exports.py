"""AWS's FOCUS exports as Parquet: doubles, maps, timestamps without a zone, and AWS's own columns."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import duckdb
import pytest

COMMON = """
    TIMESTAMP '2026-05-03 10:00:00' AS ChargePeriodStart, TIMESTAMP '2026-05-03 11:00:00' AS ChargePeriodEnd,
    TIMESTAMP '2026-05-01' AS BillingPeriodStart, TIMESTAMP '2026-06-01' AS BillingPeriodEnd,
    CAST(0.1 AS DOUBLE) AS BilledCost, CAST(0.2 AS DOUBLE) AS EffectiveCost, CAST(0.3 AS DOUBLE) AS ListCost,
    CAST(0.4 AS DOUBLE) AS ContractedCost, 'USD' AS BillingCurrency, '012345678901' AS BillingAccountId,
    'AWS' AS ProviderName, 'AWS' AS PublisherName, 'AWS' AS InvoiceIssuerName, 'Usage' AS ChargeCategory,
    'AI and Machine Learning' AS ServiceCategory, 'Amazon Bedrock' AS ServiceName, 'us-east-1' AS RegionId,
    MAP {'user:app': 'chat'} AS Tags, MAP {'edp_discount': -0.01} AS x_Discounts,
    'AmazonBedrock' AS x_ServiceCode, 'InvokeModelInference' AS x_Operation"""
VERSIONS = {
    "1.0": "'USE1-NovaLite-input-tokens' AS x_UsageType, MAP {'Team': 'search'} AS x_CostCategories",
    "1.2": "'USE1-NovaLite-input-tokens' AS SkuMeter, 'INV-1' AS InvoiceId, 'USD' AS PricingCurrency",
}


@pytest.mark.parametrize("version", VERSIONS)
def test_an_aws_focus_export_loads_without_a_deviation(bills: Any, version: str) -> None:
    path = bills.folder / "focus.parquet"
    duckdb.connect().execute(f"COPY (SELECT {COMMON}, {VERSIONS[version]}) TO '{path}' (FORMAT parquet)")
    result = bills.load()
    assert result.record["files"][0]["version"] == version
    assert bills.codes(result) == set()
    assert bills.costs() == tuple(map(Decimal, ("0.1", "0.2", "0.3", "0.4")))
    tags, code, usage, meter = bills.ask("SELECT Tags, x_ServiceCode, x_UsageType, SkuMeter FROM ledger")[0]
    assert json.loads(tags) == {"user:app": "chat"}
    assert (code, usage or meter) == ("AmazonBedrock", "USE1-NovaLite-input-tokens")
