"""Folders, resource groups and cost centres, for which FOCUS has no column: kept as categories, and lost nowhere."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aiops_cost.rules.engine import attribute, load_packs, tag_map

ANCESTORS = [
    {"resource_name": "projects/1", "display_name": "chat-prod"},
    {"resource_name": "folders/2", "display_name": "ml-chat"},
    {"resource_name": "folders/3", "display_name": "platform"},
    {"resource_name": "organizations/4", "display_name": "acme.example"},
]
PROJECT = json.dumps({"id": "p", "name": "chat-prod", "ancestors": ANCESTORS})


def kept(books: Any) -> list[dict[str, str] | None]:
    rows = books.ask("SELECT x_CostCategories FROM ledger ORDER BY ResourceId")
    return [text and json.loads(text) for (text,) in rows]


def test_the_nearest_folder_of_a_project_is_a_category(books: Any, make_bill: Any) -> None:
    books.csv("gcp.csv", [make_bill(x_Project=PROJECT)])
    books.load()
    assert kept(books) == [{"folder": "ml-chat"}]


def test_a_project_may_be_a_struct(books: Any, make_bill: Any) -> None:
    cells = {name: value for name, value in make_bill().items() if name != "x_Project"}
    columns = ", ".join(f"'{value}' AS {name}" for name, value in cells.items())
    listed = ", ".join(str(one) for one in ANCESTORS)
    books.parquet("gcp.parquet", f"SELECT {columns}, {{'id': 'p', 'ancestors': [{listed}]}} AS x_Project")
    books.load()
    assert kept(books) == [{"folder": "ml-chat"}]


@pytest.mark.parametrize("text", ["chat-prod", "[]", "{}", '{"ancestors": "none"}', '{"ancestors": [1, null, {}]}', ""])
def test_a_project_without_folders_has_none(books: Any, make_bill: Any, text: str) -> None:
    books.csv("gcp.csv", [make_bill(x_Project=text)])
    books.load()
    assert kept(books) == [None]


def test_what_azure_says_stands_beside_the_cost_categories(books: Any, make_bill: Any) -> None:
    said = {"x_ResourceGroupName": "rg-ranker", "x_CostCenter": "77", "x_InvoiceSectionName": "retail"}
    books.csv("azure.csv", [
        make_bill(ResourceId="a", x_CostCategories='{"Product": "search"}', **said),
        make_bill(ResourceId="b", x_CostCategories='{"Product": "search"}', **dict.fromkeys(said, "")),
    ])  # fmt: skip
    books.load()
    both = {"Product": "search", "resource-group": "rg-ranker", "cost-center": "77", "invoice-section": "retail"}
    assert kept(books) == [both, {"Product": "search"}]


def test_a_folder_can_name_the_workload_and_a_cost_centre_the_owner() -> None:
    import pandas as pd

    line = {"x_LineId": 1, "ServiceName": "Vertex AI", "ProviderName": "Google Cloud",
            "x_CostCategories": '{"folder": "ml-chat", "cost-center": "77"}'}  # fmt: skip
    tags = tag_map({"workload": ["categories.folder /^ml-(.+)$/"], "owner": ["categories.cost_center"]})
    (found,) = attribute(pd.DataFrame([line]), load_packs(), tags)[["x_Workload", "x_Owner"]].to_numpy().tolist()
    assert found == ["chat", "77"]
