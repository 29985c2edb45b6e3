"""Split cost allocation: what containers used of a machine is theirs, and the machine and they cost what it costs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.providers.aws.cur_rows import Row, line

D = Decimal
NODE = "i-0gpu"


def pod(name: str, split: str, unused: str, kind: str = "EKS-EC2-vCPU-Hours", parent: str = NODE) -> Row:
    return line(
        "Usage", "0", line_item_product_code="AmazonEKS", line_item_operation="EKSPod-EC2",
        line_item_usage_type=f"USE1-{kind}", line_item_resource_id=f"arn:aws:eks:us-east-1:1:pod/ml/prod/{name}/1",
        product={"product_name": "Amazon Elastic Container Service for Kubernetes"},
        resource_tags={"aws:eks:namespace": name}, split_line_item_parent_resource_id=parent,
        split_line_item_split_cost=split, split_line_item_unused_cost=unused, pricing_public_on_demand_cost="77",
    )  # fmt: skip


NODE_ROWS = [
    line("Usage", "10.00", line_item_resource_id=NODE, split_line_item_parent_resource_id=""),
    line("Usage", "0.25", line_item_resource_id=NODE, line_item_usage_type="USE1-DataTransfer-Out-Bytes"),
]
PODS = [  # the node's 10.00, over processor, memory and accelerators of two pods
    pod("chat", "2.00", "0.50"), pod("chat", "3.00", "0.25", "EKS-EC2-GPU-Hours"), pod("rank", "4.00", "0.25"),
]  # fmt: skip


@pytest.mark.parametrize("spelling", ["cur2-csv", "cur2-parquet"])
def test_the_machine_and_its_containers_cost_what_the_machine_costs(bills: Any, spelling: str) -> None:
    bills.write([*NODE_ROWS, *PODS], spelling)
    bills.load()
    # by container: 2.00 + 0.50 + 3.00 + 0.25, and 4.00 + 0.25; together split 9.00 and unused 1.00: all of the node
    by_tag = "json_extract_string(Tags, '$.\"aws:eks:namespace\"')"
    found = dict(bills.ask(f"SELECT {by_tag}, sum(EffectiveCost) FROM ledger GROUP BY 1"))
    assert found == {"chat": D("5.75"), "rank": D("4.25"), None: D("0.25")}
    assert bills.costs(f"ResourceId = '{NODE}'")[1] == D("10.25") - (D("9.00") + D("1.00"))
    assert bills.costs()[:2] == (D("10.25"), D("10.25"))
    assert bills.ask("SELECT sum(x_RowCount) FROM ledger") == [(5,)]


def test_what_no_container_took_stays_on_the_machine(bills: Any) -> None:
    bills.write([*NODE_ROWS, PODS[0]])
    bills.load()
    assert bills.costs(f"ResourceId = '{NODE}'")[1] == D("10.25") - D("2.50")
    assert bills.costs(f"ResourceId <> '{NODE}'")[1] == D("2.50")


def test_containers_add_no_billed_cost_no_list_cost_and_no_machine_hours(bills: Any) -> None:
    bills.write([*NODE_ROWS, *PODS])
    bills.load()
    assert bills.costs(f"ResourceId <> '{NODE}'") == (0, D("10.00"), 0, 0)
    assert bills.ask("SELECT sum(PricingQuantity) FROM ledger") == [(2,)]


def test_what_is_taken_off_the_machine_looks_like_the_machine(bills: Any) -> None:
    # so that rules put both on the same side: a machine of 10.00 less its containers is 0.00, not 10.00 and -10.00
    bills.write([*NODE_ROWS, *PODS])
    bills.load()
    found = bills.ask(
        "SELECT ServiceName, x_UsageType, Tags, sum(EffectiveCost) FROM ledger WHERE ResourceId ="
        f" '{NODE}' GROUP BY ALL ORDER BY 2"
    )
    assert [(name, usage, cost) for name, usage, _, cost in found] == [
        ("Amazon Elastic Compute Cloud", "BoxUsage:p5.48xlarge", D("0.00")),
        ("Amazon Elastic Compute Cloud", "USE1-DataTransfer-Out-Bytes", D("0.25")),
    ]


def test_net_shares_are_taken_where_the_report_is_net(bills: Any) -> None:
    net = {"line_item_net_unblended_cost": "9.00"}
    none = {"line_item_net_unblended_cost": "0", "split_line_item_net_split_cost": "8.10",
            "split_line_item_net_unused_cost": "0.90"}  # fmt: skip
    bills.write([line("Usage", "10.00", line_item_resource_id=NODE, **net), pod("chat", "9.00", "1.00") | none])
    bills.load()
    assert bills.costs(f"ResourceId = '{NODE}'")[1] == D("9.00") - (D("8.10") + D("0.90"))
    assert bills.costs()[:2] == (D("9.00"), D("9.00"))


def test_fargate_tasks_keep_their_own_cost(bills: Any) -> None:
    task = line("Usage", "3.00", line_item_product_code="AmazonECS", line_item_operation="FargateTask",
                split_line_item_parent_resource_id="arn:aws:ecs:us-east-1:1:cluster/ml",
                split_line_item_split_cost="3.00", split_line_item_unused_cost="0")  # fmt: skip
    bills.write([task])
    bills.load()
    assert bills.costs()[:2] == (3, 3)


def test_a_machine_that_is_not_in_the_report_still_gives(bills: Any) -> None:
    bills.write([line("Usage", "1.00"), pod("chat", "2.00", "0.50", parent="i-elsewhere")])
    bills.load()
    assert bills.costs()[1] == D("1.00")
    assert bills.costs("ResourceId = 'i-elsewhere'")[1] == D("-2.50")


def test_a_machine_in_a_file_that_did_not_change_is_still_known(bills: Any) -> None:
    bills.write(NODE_ROWS, name="one")
    bills.write(PODS[:1], name="two")
    bills.load()
    bills.write(PODS, name="two")
    bills.load()
    taken = bills.ask(f"SELECT x_UsageType, sum(EffectiveCost) FROM ledger WHERE ResourceId = '{NODE}' GROUP BY 1")
    assert dict(taken) == {"BoxUsage:p5.48xlarge": D("10.00") - D("10.00"), "USE1-DataTransfer-Out-Bytes": D("0.25")}
