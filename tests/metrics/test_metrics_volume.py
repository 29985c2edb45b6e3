"""Which values belong to a scope; none is counted twice."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from aiops_cost.metrics.volume import daily, unit_of

DAY = date(2026, 5, 1)
LINES = """day,name,activity,workload,model,value
2026-05-01,requests,,chat,,100
2026-05-01,requests,,chat,small,60
2026-05-01,requests,,chat,large,40
2026-05-01,requests,,search,small,7
2026-05-01,requests,,search,large,3
2026-05-01,input_tokens,,chat,,900
2026-05-01,output_tokens,,chat,,100
2026-05-02,input_tokens,,chat,,900
2026-05-01,quality,,chat,,0.8
2026-05-01,quality,,search,,0.9
2026-05-01,gb,storage,chat,,5
2026-05-01,gb,storage,search,,6
"""


@pytest.mark.parametrize(
    ("metric", "scope", "expected"),
    [
        ("requests", {"workload": "chat"}, 100),
        ("requests", {"activity": "serving", "workload": "chat"}, 100),
        ("requests", {"workload": "chat", "model": "small"}, 60),
        ("requests", {"workload": "search"}, 10),
        ("requests", {}, 110),
        ("requests", {"workload": ("chat", "search")}, 110),
        ("tokens", {"workload": "chat"}, 1000),
        ("quality", {}, Decimal("0.85")),
        ("gb", {"activity": "storage"}, 11),
    ],
)
def test_a_scope_gets_its_values_once(table, metric, scope, expected):
    assert daily(table(LINES), metric, scope) == {DAY: expected}


@pytest.mark.parametrize(
    "scope", [{"account": "ml"}, {"tags.app": "chat"}, {"workload": "nobody"}, {"activity": "training"}]
)
def test_a_scope_that_metrics_do_not_know_matches_none(table, scope):
    assert daily(table(LINES.replace(",requests,,", ",requests,serving,")), "requests", scope) == {}


def test_a_day_with_half_of_its_tokens_is_left_out(table):
    assert date(2026, 5, 2) not in daily(table(LINES), "tokens", {"workload": "chat"})


def test_business_units_are_counted_singly():
    assert unit_of("orders").size == 1
    assert unit_of("tokens").label == "1M tokens"
