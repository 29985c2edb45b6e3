"""Reports small enough to add up in the head, as fixtures for the tests of the formats."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from aiops_cost.model import Column, Finding, Report, Severity, Table

D = Decimal

FACTS = {
    "cost": "EffectiveCost",
    "currency": "USD",
    "period": "2026-06-01..2026-06-11",
    "settled_until": "2026-06-11",
}

DRIFT = Table(
    "drift",
    "By activity and workload",
    (
        Column("activity"),
        Column("workload"),
        Column("planned", "money"),
        Column("actual", "money"),
        Column("drift", "money"),
        Column("drift_share", "percent", "drift %"),
        Column("share", "bar"),
        Column("lines", "count"),
        Column("onset", "date", "since"),
    ),
    (
        ("serving", "support-chat", D("4400"), D("5650.125"), D("1250.125"), D("0.284119"),
         D("0.56"), 1204, date(2026, 6, 3)),
        ("training", "ranker", D("3300"), D("3260"), D("-40"), D("-0.01212"), D("0.33"), 88, None),
        ("storage", "checkpoints", D(0), D("0.0000008"), D("0.0000008"), "new", D(0), 1, None),
        ("unattributed", None, None, D("1089.5"), None, None, D("0.11"), 31, None),
    ),
    total=("total", None, D("7700"), D("9999.6250008"), D("2299.6250008"), D("0.298653"),
           None, 1324, None),
    note="unattributed: nobody knows yet what these lines are for",
)  # fmt: skip

UNIT = Table(
    "unit_costs",
    "Unit costs",
    (Column("model"), Column("per_1m_tokens", "number", "USD per 1M tokens")),
    (("large-v2", D("3.0000")), ("small", D("0.150"))),
)

FINDINGS = (
    Finding(
        "UNB001", Severity.WARNING,
        "checkpoints has cost since 2026-06-09 and no budget line covers it",
        "aiops-cost budget revise --add 'activity=storage,workload=checkpoints'",
        scope={"activity": "storage", "workload": "checkpoints"}, currency="USD",
        amount=D("0.0000008"),
    ),
    Finding(
        "DRF001", Severity.BREACH,
        "support-chat is 28.4% over its plan on 11 settled days; most of it is volume",
        "aiops-cost explain DRF001 --workload support-chat",
        scope={"activity": "serving", "workload": ("support-chat",)}, owner="chat-platform",
        period="2026-06", currency="USD", planned=D("4400"), actual=D("5650.125"),
        amount=D("1250.125"), bridge={"volume": D("1300.125"), "rate": D("-50")}, cause="volume",
        onset=date(2026, 6, 3), evidence=("endpoint-a: 900.00",), place="budgets/m.yaml:7:5",
    ),
    Finding("DAT002", Severity.UNJUDGED, "azure has not delivered since 2026-06-02",
            "aiops-cost pull azure", scope={}),
)  # fmt: skip

REPORT = Report(
    "drift",
    "Budget against actual",
    FACTS,
    (DRIFT, UNIT),
    findings=FINDINGS,
    notes=("Credits are not part of EffectiveCost here.",),
    verdict="could not judge: 1 finding is unjudged, 1 breach",
    exit_code=3,
)

EMPTY = Report("report", "Spend", {"currency": "USD", "settled_until": None}, (
    Table("spend", "Spend", DRIFT.columns[:3], ()),
))  # fmt: skip

HOSTILE = (
    "::set-env name=X::1\x1b[2J\x07<img src=x onerror=alert(1)>|`rm -rf`\r\n::error::no"
    "\u202eevil\u200b\u2028@everyone ##vso[task.complete]\x9b\x00\U000e0041"
)


@pytest.fixture
def report() -> Report:
    """A drift report with everything a report can have; 2,299.6250008 over in all."""
    return REPORT


@pytest.fixture
def empty() -> Report:
    """A report whose one table has no rows."""
    return EMPTY


@pytest.fixture
def hostile_text() -> str:
    """What a stranger could write into a tag or a resource's name."""
    return HOSTILE


@pytest.fixture
def hostile() -> Report:
    """The same stranger's text in every place that can hold one."""
    columns = (Column("tag", title=HOSTILE), Column("n", "count"), Column("other"))
    return Report(
        "report",
        HOSTILE,
        {"cost": HOSTILE, "settled_until": HOSTILE, HOSTILE: HOSTILE},
        (Table("spend", HOSTILE, columns, ((HOSTILE, 1, "=1+1"),), (HOSTILE, 1, None), HOSTILE),),
        findings=(Finding("UNB001", Severity.WARNING, HOSTILE, HOSTILE, {"workload": HOSTILE}, HOSTILE),),
        notes=(HOSTILE,),
        verdict=HOSTILE,
        exit_code=1,
        headline=HOSTILE,
    )
