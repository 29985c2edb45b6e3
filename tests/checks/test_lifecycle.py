"""STO: growth, class and age of stored data; a price is read, never invented."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

AS_OF = date(2026, 6, 3)
GB = {
    "activity": "storage",
    "workload": "lake",
    "PricingUnit": "GB-Mo",
    "ProviderName": "AWS",
    "x_UsageType": "TimedStorage-ByteHrs",
}


def keep(company, start, step, days=61, price=0.02, **columns):
    """`start` GB on the first day and `step` more on each, billed at `price` per GB-month."""
    for n in range(days):
        day = company.first + timedelta(days=n)
        length = 30 if day.month == 4 else 31
        quantity = (start + n * step) / length
        company.spend(f"{quantity * price:.9f}", first=day, PricingQuantity=f"{quantity:.9f}", **{**GB, **columns})
    return company


def line(company, gb=10000):
    return company.budget(
        "  - {scope: {activity: storage, workload: lake}, owner: data, tolerance: {at_least: 10},"
        f" assumes: {{gb_at_start: {gb}, usd_per_gb_month: 0.02}}}}"
    )


def test_growth_beyond_the_plan(company):
    keep(line(company), 10000, 100)
    [finding] = company.find(AS_OF, "STO001")
    assert "16,000 GB on 2026-05-31, 10,000 planned for 2026-05" in finding.message
    assert finding.amount.quantize(finding.amount.__class__("0.01")) == 120
    assert finding.owner == "data"


def test_growth_within_the_plan_is_silent(company):
    keep(line(company), 10000, 1)
    assert company.find(AS_OF, "STO001") == []


@pytest.mark.parametrize(
    ("settings", "amount"), [("", None), ("checks: {storage: {prices: {AWS: 0.0125}}}\n", "75.00")]
)
def test_data_that_nobody_reads_is_priced_by_the_list_or_not_at_all(company, settings, amount):
    company.settings = settings.replace("{prices", "{at_least: 10, prices")
    keep(line(company), 10000, 0).measure("10000x61", "gb_unread", workload="lake")
    [finding] = company.find(AS_OF, "STO002")
    assert (f"{finding.amount:.2f}" if finding.amount is not None else None) == amount


def test_the_colder_class_is_priced_by_the_bill_where_it_is_there(company):
    company.settings = "checks: {storage: {at_least: 10, prices: {AWS: 0.0199}}}\n"
    keep(line(company), 10000, 0).measure("10000x61", "gb_unread", workload="lake")
    keep(company, 500, 0, price=0.01, workload="archive", x_UsageType="TimedStorage-SIA-ByteHrs")
    [finding] = company.find(AS_OF, "STO002")
    assert f"{finding.amount:.2f}" == "100.00"
    assert "by the bill" in finding.message


def test_checkpoints_that_are_never_deleted(company):
    keep(line(company), 10000, 300, component="checkpoints")
    [finding] = company.find(AS_OF, "STO003")
    assert "9,000 GB of checkpoints were added in 30 days" in finding.message
    assert f"{finding.amount:.2f}" == "180.00"


def test_checkpoints_that_are_deleted_now_and_then_are_silent(company):
    keep(line(company), 10000, 300, days=50, component="checkpoints")
    for n in range(50, 61):
        day = company.first + timedelta(days=n)
        company.spend("8", first=day, PricingQuantity="400", component="checkpoints", **GB)
    assert company.find(AS_OF, "STO003") == []


def test_the_metric_of_expired_checkpoints_counts_before_the_guess(company):
    keep(line(company), 10000, 0, component="checkpoints").measure("9000x61", "gb_checkpoints_expired", workload="lake")
    [finding] = company.find(AS_OF, "STO003")
    assert "9,000 GB of checkpoints are older than 30 days" in finding.message


def test_other_charges_of_storage_are_no_gb(company):
    keep(line(company), 10000, 100, PricingUnit="Requests")
    assert company.find(AS_OF, "STO001", "STO002", "STO003") == []
