"""The overview says nothing that its parts do not say, and its pictures add up."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from aiops_cost.answers.overview_charts import bridge, weeks
from aiops_cost.config import load_config
from aiops_cost.model import Column, Finding, Report, Severity, Table
from aiops_cost.run import plan, questions, snapshot

D = Decimal
TODAY = date(2026, 6, 14)
COLUMNS = (Column("scope"), Column("planned", "money"), Column("actual", "money"), Column("drift", "money"),
           Column("drift_share", "percent"), Column("status"))  # fmt: skip
DRIFT = Table(
    "drift",
    "Drift",
    COLUMNS,
    (
        ("serving chat", D(100), D(130), D(30), D("0.3"), "breach"),
        ("training ranker", D(50), D(45), D(-5), D("-0.1"), "ok"),
        ("in no budget line", D(0), D(7), D(7), "new", "unbudgeted"),
    ),
    ("total", D(150), D(182), D(32), D("0.213333"), None),
)


@pytest.fixture(scope="module")
def session(demo_folder) -> snapshot.Session:
    return snapshot.attribute(load_config(demo_folder / "aiops-cost.yaml", demo_folder, {}), TODAY)


@pytest.fixture(scope="module")
def page(session) -> Report:
    return questions.overview(session)


def steps(chart) -> list[tuple[str, D]]:
    assert chart.rows[0][1] + sum(amount for _, amount in chart.rows[1:-1]) == chart.rows[-1][1]
    return list(chart.rows)


def test_without_causes_the_steps_are_the_lines():
    found = steps(bridge(DRIFT, ()))
    assert found == [
        ("planned", D(150)), ("serving chat", D(30)), ("training ranker", D(-5)), ("unbudgeted", D(7)),
        ("actual", D(182)),
    ]  # fmt: skip


def test_with_causes_the_steps_are_the_causes_and_what_is_not_split_is_said():
    parts = {"volume": D("40.5"), "rate": D("-10.5")}
    finding = Finding("DRF001", Severity.BREACH, "", "", {"workload": "chat"}, amount=D(30), bridge=parts)
    assert steps(bridge(DRIFT, (finding,))) == [
        ("planned", D(150)), ("volume", D("40.5")), ("rate", D("-10.5")), ("unbudgeted", D(7)), ("other", D(-5)),
        ("actual", D(182)),
    ]  # fmt: skip


def test_small_steps_are_one_and_nothing_is_lost():
    finding = Finding("DRF001", Severity.BREACH, "", "", amount=D(30), bridge={"volume": D("29.99"), "mix": D("0.01")})
    assert [name for name, _ in steps(bridge(DRIFT, (finding,)))] == [
        "planned", "volume", "unbudgeted", "other", "actual",
    ]  # fmt: skip


def test_what_was_not_compared_has_no_bridge():
    assert bridge(Table("drift", "Drift", COLUMNS, ()), ()) is None


def test_a_half_week_is_no_dip():
    columns = (
        Column("week", "date"),
        Column("EffectiveCost", "money"),
        Column("planned", "money"),
        Column("drift", "money"),
    )
    mondays = [date(2026, 6, day) for day in (1, 8, 15, 22)]
    rows = tuple((day, D(70), D(60), D(10)) for day in mondays)
    table = Table("spend", "", columns, rows)
    weekly = Report("report", "Spend", {"period": "2026-06-01..2026-06-24"}, (table,))
    chart = weeks(weekly, "USD")
    assert [row[1] for row in chart.rows if row[0] == "actual"] == mondays[:3]
    assert weeks(Report("report", "Spend", {"period": "2026-06-02..2026-06-24"}, (table,)), "USD") is None


def test_the_headline_is_the_drift(page, session):
    (drift,) = [table for table in plan.drift(session).tables if table.name == "drift"]
    total = dict(zip((column.name for column in drift.columns), drift.total, strict=True))
    assert page.headline == f"{total['drift']:,.0f} USD over the plan, {total['drift_share']:.1%}"
    figures = {row[0]: row[1] for row in page.tables[0].rows}
    assert figures["Actual"] - figures["Planned"] == figures["Over the plan"] == total["drift"]


def test_every_part_that_was_promised_is_there(page):
    names = [table.name for table in page.tables]
    expected = ["figures", "drift", "moved", "activities", "models", "workloads", "owners", "sources", "coverage"]
    assert [name for name in names if name in expected] == expected
    assert {"weeks", "bridge"} <= {chart.name for chart in page.charts}
    assert page.findings
    assert page.exit_code == 1
    for chart in page.charts:
        if chart.kind == "waterfall":
            steps(chart)


def test_folding_lines_does_not_touch_the_total(page):
    drift = next(table for table in page.tables if table.name == "drift")
    assert all(row[-1] != "ok" for row in drift.rows)
    assert drift.total is not None


def test_one_figure_of_unbudgeted_spend_on_the_whole_page(page):
    figures = {row[0]: row[1] for row in page.tables[0].rows}
    (drift,) = [table for table in page.tables if table.name == "drift"]
    (unplanned,) = [row for row in drift.rows if row[-1] == "unbudgeted"]
    (chart,) = [chart for chart in page.charts if chart.name == "bridge"]
    assert figures["Unbudgeted"] == unplanned[3] == dict(steps(chart))["unbudgeted"]


def test_lines_that_never_came_are_a_step_of_their_own(page):
    (drift,) = [table for table in page.tables if table.name == "drift"]
    (chart,) = [chart for chart in page.charts if chart.name == "bridge"]
    assert dict(steps(chart))["no spend"] == sum(row[4] for row in drift.rows if row[-1] == "no spend") < 0
