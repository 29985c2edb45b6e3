"""The rules see in a Cost and Usage Report what they see in the FOCUS export of the same bill."""

from __future__ import annotations

import csv
from typing import Any

import pytest
from tests.providers.aws.cur_rows import SAMPLES, Bills, Row, line

from aiops_cost.ledger.frame import Ledger
from aiops_cost.rules.engine import attribute, load_packs

LABELLED = SAMPLES.parent / "ai_skus_dev.csv"
DECIDED = {"x_Activity": "activity", "x_Component": "component", "x_Model": "model"}


def labelled() -> list[dict[str, str]]:
    if not LABELLED.exists():
        pytest.skip(f"no labelled identifiers at {LABELLED}")
    with LABELLED.open(newline="", encoding="utf-8") as handle:
        return [row for row in csv.DictReader(handle) if row["provider"] == "AWS"]


def as_line_item(number: int, row: dict[str, str]) -> Row:
    """A labelled identifier as AWS bills it; `product_sku` carries its number through the ledger."""
    return line(
        line_item_product_code="masked",
        line_item_usage_type=row["usage_type"],
        line_item_operation=row["operation"],
        line_item_resource_id="",
        line_item_line_item_description=row["sku_description"],
        pricing_unit=row["pricing_unit"],
        product_sku=str(number),
        product={"product_name": row["service_name"], "instance_type": row["instance_type"]},
        resource_tags={},
    )


def decided(bills: Bills) -> dict[int, dict[str, str]]:
    """Number of the identifier -> what the built-in rules say of its line."""
    with Ledger.open(bills.location).connect() as con:
        lines = con.execute("SELECT * FROM lines").df()
    answers = attribute(lines, load_packs())
    found = {}
    for sku, *cells in zip(lines["SkuId"], *(answers[name] for name in DECIDED), strict=True):
        said = ["" if cell is None or cell != cell else str(cell) for cell in cells]  # noqa: PLR0124 - NaN
        found[int(sku)] = dict(zip(DECIDED.values(), said, strict=True))
    return found


@pytest.mark.parametrize("spelling", ["legacy-csv", "cur2-parquet"])
def test_labelled_identifiers_are_attributed_from_a_report(bills: Any, spelling: str) -> None:
    rows = labelled()
    bills.write([as_line_item(number, row) for number, row in enumerate(rows)], spelling)
    bills.load()
    answers = decided(bills)
    assert len(answers) == len(rows)
    right = sum(answers[number]["activity"] == row["activity"] for number, row in enumerate(rows))
    assert right >= 0.97 * len(rows)
    alarms = [row["usage_type"] for number, row in enumerate(rows)
              if row["activity"] == "other" and answers[number]["activity"] != "other"]  # fmt: skip
    assert alarms == []


def test_the_role_of_a_call_stands_for_its_workload(bills: Any) -> None:
    model = {"line_item_product_code": "AmazonBedrock", "line_item_usage_type": "USE1-NovaLite-input-tokens",
             "product": {"product_name": "Amazon Bedrock"}}  # fmt: skip
    role = "arn:aws:sts::1:assumed-role/chat-api/s"
    bills.write([line(**model, resource_tags={}, line_item_iam_principal=role),
                 line(**model, resource_tags={"user_app": "ranker"}, line_item_iam_principal=role)])  # fmt: skip
    bills.load()
    with Ledger.open(bills.location).connect() as con:
        answers = attribute(con.execute("SELECT * FROM lines").df(), load_packs())
    assert sorted(answers["x_Workload"]) == ["chat-api", "ranker"]  # a tag says it better


def test_the_tags_column_has_prefixes_that_rules_do_not_see(bills: Any) -> None:
    row = line(tags={"resourceTags/app": "ranker", "accountTag/app": "platform", "costCategory/app": "all"})
    del row["resource_tags"]
    bills.write([row])
    bills.load()
    with Ledger.open(bills.location).connect() as con:
        answers = attribute(con.execute("SELECT * FROM lines").df(), load_packs())
    assert list(answers["x_Workload"]) == ["ranker"]
