"""What the money bought stands beside the cost: unit cost, latency and quality, then and now."""

from __future__ import annotations

from datetime import date

from aiops_cost.checks import beside_table

AS_OF = date(2026, 6, 3)
LINE = """\
  - scope: {activity: serving, workload: chat}
    assumes: {requests_per_day: 1000, tokens_per_request: 1000, usd_per_1m_tokens: 100}
  - {scope: {activity: training, workload: chat}, amount: 300}
"""


def test_a_line_with_its_unit_cost_latency_and_quality(company):
    company.budget(LINE).spend("100x61", activity="serving", workload="chat").measure(
        "500x61", "requests", workload="chat"
    )
    company.measure("900x30 400x31", "latency_p95_ms", workload="chat").measure("0.8x61", "quality", workload="chat")
    table = beside_table(company.view(AS_OF))
    assert [column.name for column in table.columns] == [
        "scope", "unit", "planned_unit", "actual_unit", "latency_p95_ms", "quality",
    ]  # fmt: skip
    assert table.rows == (
        ("serving chat", "1,000 requests", 100, 200, "900 → 400", "0.800 → 0.800"),
        ("training chat", None, None, None, None, "0.800 → 0.800"),
    )


def test_where_nothing_was_measured_there_is_no_table(company):
    company.budget(LINE).spend("100x61", activity="serving", workload="chat")
    assert beside_table(company.view(AS_OF)) is None
