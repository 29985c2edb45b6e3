"""The ledger beside what AWS itself says: asked once for a closed month, paid for knowingly, never taken as 0."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.providers.aws.cloud import SECRET, Desk, Front, Payer, rows

MAY, JUNE = "2026-05", "2026-06"
JULY_20 = datetime(2026, 7, 20, 5, tzinfo=UTC)
AFTER = datetime(2027, 1, 5, tzinfo=UTC)
Group = tuple[str, str, str]


def month(period: str, *groups: Group, estimated: bool = False) -> dict[str, Any]:
    """A month of Cost Explorer's answer: (service, record type, amount), both costs the same."""
    year, number = map(int, period.split("-"))
    after = f"{year + number // 12}-{number % 12 + 1:02}-01"
    found = [
        {"Keys": [service, record], "Metrics": {name: {"Amount": amount, "Unit": "USD"} for name in COSTS}}
        for service, record, amount in groups
    ]
    return {"TimePeriod": {"Start": f"{period}-01", "End": after}, "Total": {}, "Groups": found, "Estimated": estimated}


COSTS = ("UnblendedCost", "NetAmortizedCost")


def says(front: Front, *pages: Sequence[dict[str, Any]]) -> None:
    """Queue the pages of one answer of Cost Explorer."""
    results = []
    for number, page in enumerate(pages):
        more = {"NextPageToken": f"page-{number + 1}"} if number + 1 < len(pages) else {}
        results.append({"ResultsByTime": list(page), "GroupDefinitions": [], "DimensionValueAttributes": [], **more})
    request = urllib.request.Request(
        f"{front.moto}/moto-api/static/ce/cost-and-usage-results", json.dumps({"results": results}).encode(),
        {"Content-Type": "application/json"}, method="POST",
    )  # fmt: skip
    urllib.request.urlopen(request, timeout=60)


def asked(front: Front) -> int:
    return [operation for *_, operation in front.asked].count("GetCostAndUsage")


def reconciled(found: Any) -> dict[tuple[str, str], tuple[str, str, str, str | None, str]]:
    return {
        (row["period"], row["cost"]): (
            row["provider"],
            row["ledger"],
            row["difference"],
            row["explained"],
            row["unexplained"],
        )
        for row in found.rows("reconciled")
    }


def test_a_bill_that_is_the_providers_own_leaves_nothing(desk: Desk, payer: Payer, front: Front) -> None:
    payer.export(MAY, [rows(MAY, "7.5"), rows(MAY, "2.5", part="2", ServiceName="Amazon Elastic Compute Cloud")])
    payer.export(JUNE, [rows(JUNE, "1")])
    says(
        front,
        [month(MAY, ("Amazon SageMaker", "Usage", "7.5"), ("EC2 - Other", "Usage", "1.5"))],
        [
            month(MAY, ("Amazon Elastic Compute Cloud - Compute", "Usage", "1")),
            month(JUNE, ("Amazon SageMaker", "Usage", "1")),
        ],
    )
    found = desk("pull", "--reconcile", "--format", "json", at=AFTER)
    assert found.code == 0, found.err
    assert "asking Cost Explorer for 2026-05..2026-06; each call costs 0.01 USD" in found.err
    assert "2 calls, 0.02 USD" in found.err
    assert set(reconciled(found)) == {(m, c) for m in (MAY, JUNE) for c in ("BilledCost", "EffectiveCost")}
    assert all(float(difference) == 0 for _, _, difference, *_ in reconciled(found).values())
    assert "services" not in found.json["tables"]


def test_a_closed_month_is_asked_for_once_and_again_when_the_bill_changed(
    desk: Desk, payer: Payer, front: Front
) -> None:
    payer.export(MAY, [rows(MAY, "7.5")])
    says(front, [month(MAY, ("Amazon SageMaker", "Usage", "7.5"))])
    assert desk("pull", "--reconcile", at=JULY_20).code == 0
    assert asked(front) == 1
    again = desk("pull", "--reconcile", at=AFTER)
    assert again.code == 0
    assert asked(front) == 1
    assert "Cost Explorer" not in again.err
    payer.export(MAY, [rows(MAY, "8.5")])
    assert desk("pull", at=datetime(2027, 1, 6, tzinfo=UTC)).code == 0
    assert asked(front) == 1, "only where it is asked for"
    assert desk("pull", "--reconcile", at=datetime(2027, 1, 7, tzinfo=UTC)).code == 0
    assert asked(front) == 2


def test_an_estimated_month_is_explained_and_asked_for_again(desk: Desk, payer: Payer, front: Front) -> None:
    payer.export(MAY, [rows(MAY, "7.5")])
    says(front, [month(MAY, ("Amazon SageMaker", "Usage", "9"), estimated=True)])
    found = desk("pull", "--reconcile", "--format", "json")
    assert reconciled(found)[MAY, "BilledCost"][3] == "estimated"
    assert "DAT007" not in desk("check", "--format", "json", "--as-of", "2026-06-02").out
    desk("pull", "--reconcile")
    assert asked(front) == 2


def test_what_is_missing_from_the_bill_is_a_finding_that_stops_the_gate(desk: Desk, payer: Payer, front: Front) -> None:
    payer.export(MAY, [rows(MAY, *["1"] * 31)])
    says(front, [month(MAY, ("Amazon SageMaker", "Usage", "31"), ("Amazon Bedrock", "Usage", "12.34"))])
    found = desk("pull", "--reconcile", "--format", "json")
    assert found.code == 0, "the load is as it should be; judging is what check does"
    services = {row["service"]: row["difference"] for row in found.rows("services") if row["cost"] == "BilledCost"}
    assert {name: float(amount) for name, amount in services.items()} == {"Amazon Bedrock": 12.34}
    checked = desk("check", "--format", "json", "--as-of", "2026-06-02", "--select", "DAT007")
    assert checked.code == 3
    (billed,) = [one for one in checked.json["findings"] if one["scope"].get("cost") == "BilledCost"]
    assert (billed["code"], billed["severity"], float(billed["amount"])) == ("DAT007", "unjudged", -12.34)
    assert billed["evidence"] == ["Amazon Bedrock: provider 12.34 USD, ledger -"]
    status = desk("status", "--format", "json")
    assert reconciled(status) == reconciled(found)
    assert asked(front) == 1, "status and check ask nobody"


@pytest.mark.parametrize(
    ("service", "record", "kind"),
    [("Tax", "Tax", "tax"), ("AWS Support (Business)", "Usage", "support"), ("Amazon SageMaker", "Credit", "credit"),
     ("Amazon SageMaker", "Refund", "refund")],
)  # fmt: skip
def test_what_the_export_does_not_carry_at_all_explains_the_difference(
    desk: Desk, payer: Payer, front: Front, service: str, record: str, kind: str
) -> None:
    payer.export(MAY, [rows(MAY, *["1"] * 31)])
    amount = "-5" if kind in {"credit", "refund"} else "5"
    says(front, [month(MAY, ("Amazon SageMaker", "Usage", "31"), (service, record, amount))])
    found = desk("pull", "--reconcile", "--format", "json")
    _, _, difference, explained, rest = reconciled(found)[MAY, "BilledCost"]
    assert (float(difference), explained, float(rest)) == (float(amount), f"{kind} {amount}.00 USD", 0)
    assert "DAT007" not in desk("check", "--format", "json", "--as-of", "2026-06-02").out


def test_tax_that_the_bill_carries_explains_nothing(desk: Desk, payer: Payer, front: Front) -> None:
    payer.export(MAY, [rows(MAY, *["1"] * 31), rows(MAY, "3", part="2", ChargeCategory="Tax")])
    says(front, [month(MAY, ("Amazon SageMaker", "Usage", "31"), ("Tax", "Tax", "5"))])
    found = desk("pull", "--reconcile", "--format", "json")
    assert reconciled(found)[MAY, "BilledCost"][3] is None
    assert float(reconciled(found)[MAY, "BilledCost"][4]) == 2


def test_a_member_account_sees_its_own_part(desk: Desk, payer: Payer, front: Front) -> None:
    theirs = rows(MAY, "100", part="2", BillingAccountId="999999999999", SubAccountId="888888888888")
    mine = rows(MAY, "7", BillingAccountId="999999999999", SubAccountId="123456789012")
    payer.export(MAY, [theirs, mine])
    says(front, [month(MAY, ("Amazon SageMaker", "Usage", "7"))])
    found = desk("pull", "--reconcile", "--format", "json")
    assert float(reconciled(found)[MAY, "BilledCost"][1]) == 7
    assert float(reconciled(found)[MAY, "BilledCost"][4]) == 0


def test_no_answer_is_not_a_cost_of_zero(desk: Desk, payer: Payer, front: Front) -> None:
    payer.export(MAY, [rows(MAY, "7.5")])
    says(front, [])
    found = desk("pull", "--reconcile")
    assert found.code == 4
    assert "Cost Explorer said nothing about 2026-05" in found.err
    assert desk.months() == {MAY: "7.5"}, "the bill is loaded all the same"
    denied = {
        "__status": 400,
        "__type": "AccessDeniedException",
        "Message": "User: x is not authorized to perform: ce:GetCostAndUsage",
    }
    front.answers["GetCostAndUsage"] = lambda _: dict(denied)
    found = desk("pull", "--reconcile")
    assert found.code == 4
    assert "may not do ce:GetCostAndUsage" in found.err
    assert "DAT007" not in desk("check", "--format", "json", "--as-of", "2026-06-02").out


def test_months_that_cost_explorer_has_forgotten_are_not_asked_for(desk: Desk, payer: Payer, front: Front) -> None:
    payer.export(MAY, [rows(MAY, "7.5")])
    assert desk("pull", "--reconcile", at=datetime(2028, 1, 1, tzinfo=UTC)).code == 0
    assert asked(front) == 0


def test_what_is_kept_is_private_and_a_damaged_file_is_not_zero(desk: Desk, payer: Payer, front: Front) -> None:
    payer.export(MAY, [rows(MAY, "7.5")])
    says(front, [month(MAY, ("Amazon SageMaker", "Usage", "7.5"))])
    assert desk("pull", "--reconcile").code == 0
    path = desk.folder / "ledger" / "totals" / "aws-prod.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert SECRET not in path.read_text()
    path.write_text('{"totals": [{}]}')
    found = desk("check")
    assert found.code == 3
    assert "cannot be understood" in found.err
