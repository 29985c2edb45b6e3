"""The demo company tells its truth in a file that the program never reads: what is found is held against it."""

from __future__ import annotations

import csv
import gzip
import json
import re
import time
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from aiops_cost.config import load_config
from aiops_cost.demo.restatement import PERIOD, write_restatement
from aiops_cost.model import AI_ACTIVITIES, Severity
from aiops_cost.run import plan, questions, snapshot

AS_OF = date(2026, 6, 14)
COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")


@pytest.fixture(scope="module")
def truth(demo_folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((demo_folder / "truth.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def session(demo_folder: Path) -> snapshot.Session:
    return snapshot.attribute(load_config(demo_folder / "aiops-cost.yaml", demo_folder, {}), AS_OF)


@pytest.fixture(scope="module")
def judged(session: snapshot.Session, truth: dict[str, Any]) -> duckdb.DuckDBPyConnection:
    """The spend beside its true labels, as a table `judged`; each row of spend has exactly one truth."""
    keys = [name if name != "source" else "x_Source" for name in truth["lines"]["key"]]
    names = [*keys, *(f"true_{label}" for label in truth["lines"]["labels"])]
    rows = truth["lines"]["rows"]
    columns = [[row[i] for row in rows] for i in range(len(names))]
    listed = ", ".join(f"unnest(CAST(? AS VARCHAR[])) AS {name}" for name in names)
    session.con.execute(f"CREATE OR REPLACE TEMP TABLE truth AS SELECT {listed}", columns)
    same = " AND ".join(f"s.{key} IS NOT DISTINCT FROM t.{key}" for key in keys)
    labels = ", ".join(f"t.true_{label}" for label in truth["lines"]["labels"])
    session.con.execute(
        f"CREATE OR REPLACE TEMP TABLE judged AS SELECT s.*, {labels} FROM spend s JOIN truth t ON {same}"
    )
    return session.con


def number(con: duckdb.DuckDBPyConnection, sql: str) -> Decimal:
    found = con.execute(sql).fetchall()[0][0]
    return Decimal(0) if found is None else Decimal(found)


def scope_of(item: Any) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(item.items()))


def test_every_row_has_one_truth(judged):
    assert number(judged, "SELECT count(*) FROM judged") == number(judged, "SELECT count(*) FROM spend")


@pytest.mark.parametrize(
    ("label", "column", "least"), [("activity", "x_Activity", "0.98"), ("workload", "x_Workload", "0.97")]
)
def test_ai_cost_goes_where_it_belongs(judged, label, column, least):
    of = f"true_activity IN {AI_ACTIVITIES} AND true_{label} IS NOT NULL AND Cost > 0"
    whole = number(judged, f"SELECT sum(Cost) FROM judged WHERE {of}")
    right = number(judged, f"SELECT sum(Cost) FROM judged WHERE {of} AND {column} = true_{label}")
    assert right / whole >= Decimal(least), f"{right / whole:.2%} of AI cost has its true {label}"


def test_what_is_not_ai_is_seldom_called_ai(judged):
    """Precision as much as recall: of the cost called AI, hardly any is not."""
    called = number(judged, f"SELECT sum(Cost) FROM judged WHERE x_Activity IN {AI_ACTIVITIES} AND Cost > 0")
    wrong = number(
        judged,
        f"SELECT sum(Cost) FROM judged WHERE x_Activity IN {AI_ACTIVITIES} AND true_activity = 'other' AND Cost > 0",
    )
    assert wrong / called <= Decimal("0.01"), f"{wrong / called:.2%}"


def test_training_runs_are_counted_exactly(session, truth):
    rows = session.con.execute(
        "SELECT 'training/' || x_Workload, strftime(ChargePeriodStart, '%Y-%m'), count(DISTINCT x_Run) FROM spend"
        " WHERE x_Activity = 'training' GROUP BY 1, 2 HAVING count(x_Run) > 0"
    ).fetchall()
    found: dict[str, dict[str, int]] = {}
    for scope, month, runs in rows:
        found.setdefault(scope, {})[month] = runs
    assert found == truth["runs"]


def test_every_planted_drift_is_found_and_nothing_else(session, truth):
    findings = plan.check(session).findings
    breaches = {scope_of(one.scope) for one in findings if one.code == "DRF001" and one.severity is Severity.BREACH}
    unbudgeted = {scope_of(scope) for scope in truth["unbudgeted"]}
    assert breaches == {scope_of(one["scope"]) for one in truth["drifts"]} - unbudgeted
    assert not breaches & {scope_of(scope) for scope in truth["stable"]}


def test_every_planted_drift_is_named_with_cause_onset_and_owner(session, truth):
    """The kind that was planted, the day give or take three, whose it is; and a bridge that sums to the drift."""
    found = {scope_of(one.scope): one for one in plan.check(session).findings if one.code == "DRF001"}
    planted = [one for one in truth["drifts"] if one["kind"] != "unbudgeted"]
    assert len(planted) >= 9
    for one in planted:
        finding = found[scope_of(one["scope"])]
        assert finding.cause == one["kind"], one["scope"]
        assert finding.bridge[one["kind"]] >= Decimal("0.95") * finding.amount, one["scope"]
        assert sum(finding.bridge.values()) == finding.amount, one["scope"]
        assert finding.onset is not None
        assert abs((finding.onset - date.fromisoformat(one["onset"])).days) <= 3, one["scope"]
        assert finding.owner == one["owner"]


def test_every_unbudgeted_scope_is_named_with_its_first_day(session, truth):
    found = {scope_of(one.scope): one for one in plan.check(session).findings if one.code == "UNB001"}
    for one in truth["drifts"]:
        if one["kind"] == "unbudgeted":
            finding = found[scope_of(one["scope"])]
            assert finding.cause == "unbudgeted"
            assert abs((finding.onset - date.fromisoformat(one["onset"])).days) <= 3


def test_no_stable_line_is_named_by_drift_forecast_or_anomaly(session, truth):
    stable = {scope_of(scope) for scope in truth["stable"]}
    named = {scope_of(one.scope) for one in plan.check(session).findings if one.code[:3] in ("DRF", "FCT", "ANM")}
    assert not named & stable


def test_a_forecast_that_breaks_its_plan_is_told_for_the_drifted_lines(session, truth):
    found = {scope_of(one.scope) for one in plan.check(session).findings if one.code == "FCT001"}
    assert found == {scope_of(one["scope"]) for one in truth["drifts"] if one["kind"] != "unbudgeted"}


def test_drift_is_the_true_one_to_the_cent(session, truth):
    found = {scope_of(one.scope): one for one in plan.check(session).findings if one.code == "DRF001"}
    for line in truth["budget"]:
        finding = found.get(scope_of(line["scope"]))
        if finding is not None:
            window = "year" if finding.period == "2026-01-01..2026-06-11" else "month"
            assert abs(finding.amount - Decimal(line[window]["drift"])) < Decimal("0.01"), line["scope"]


def test_every_planted_unbudgeted_scope_is_found(session, truth):
    found = {scope_of(one.scope) for one in plan.check(session).findings if one.code == "UNB001"}
    assert {scope_of(scope) for scope in truth["unbudgeted"]} <= found


def test_what_is_paid_for_and_not_called_is_found_with_its_day_and_nothing_else(session, judged, truth):
    findings = [one for one in plan.check(session).findings if one.code.startswith("SRV")]
    told = {scope_of(one.scope): (str(one.onset), one.owner) for one in findings}
    assert told == {scope_of(one["scope"]): (one["onset"], one["owner"]) for one in truth["idle"]}
    of = "true_workload = 'style-advisor' AND true_activity = 'serving' AND ChargePeriodStart BETWEEN ? AND ?"
    (finding,) = findings
    days = [finding.onset, session.view.settled_until]
    paid = judged.execute(f"SELECT sum(Cost) FROM judged WHERE {of}", days).fetchall()[0][0]
    assert finding.amount == paid


def test_lines_that_never_came_are_found(session, truth):
    found = {scope_of(one.scope) for one in plan.check(session).findings if one.code == "BUD001"}
    assert found == {scope_of(scope) for scope in truth["never_came"]}


def test_totals_are_true_to_the_last_digit(session, truth):
    sums = ", ".join(f"sum({cost})" for cost in COSTS)
    rows = session.con.execute(
        f"SELECT x_Source, x_BillingPeriod, sum(x_RowCount), {sums} FROM attributed GROUP BY 1, 2"
    ).fetchall()
    found = {(row[0], row[1]): tuple(map(Decimal, row[2:])) for row in rows}
    expected = {
        (source, period): (Decimal(figures["rows"]), *(Decimal(figures[cost]) for cost in COSTS))
        for source, periods in truth["totals"].items()
        for period, figures in periods.items()
    }
    assert found == expected


def test_check_takes_seconds(demo_folder):
    began = time.process_time()
    plan.check(snapshot.attribute(load_config(demo_folder / "aiops-cost.yaml", demo_folder, {}), AS_OF))
    assert time.process_time() - began < 6


def test_no_person_is_named_in_any_output(cli, demo_folder):
    """The bills hold e-mail addresses; the ledger and every screen made of it hold none."""
    address = re.compile(r"[\w.+-]+@[\w-]+\.\w+")
    with gzip.open(demo_folder / "bills" / "aws" / "focus-2026-05.csv.gz", "rt", encoding="utf-8") as bill:
        assert address.search(bill.read())
    for words in (
        ("report", "--by", "owner,resource,ResourceName,tags.created_by"),
        ("check", "--format", "json"),
        ("rules", "suggest", "--format", "json"),
        ("query", "SELECT * FROM lines", "--format", "csv"),
    ):
        found = cli(*words, "--as-of", "2026-06-14", cwd=demo_folder)
        assert found.out
        assert not address.findall(found.out), words


def test_a_restated_month_is_told_exactly(cli, demo_copy):
    changed = write_restatement(demo_copy)
    billed = sum((amounts.BilledCost for amounts in changed.values()), Decimal(0))
    pulled = cli("pull", "azure-prod", "--format", "json", cwd=demo_copy)
    assert pulled.code == 0
    (row,) = [row for row in pulled.rows("loads") if row["what"] == "restated"]
    assert (row["period"], Decimal(row["moved"])) == (PERIOD, billed)
    status = cli("status", "--as-of", "2026-06-14", "--format", "json", cwd=demo_copy)
    restated = {(r["source"], r["period"]): r["restated_by"] for r in status.rows("periods") if r["restated_by"]}
    assert {key: Decimal(value) for key, value in restated.items()} == {("azure-prod", PERIOD): billed}
    checked = cli("check", "--select", "DAT006", "--as-of", "2026-06-14", "--format", "json", cwd=demo_copy)
    (finding,) = checked.json["findings"]
    effective = sum((amounts.EffectiveCost for amounts in changed.values()), Decimal(0))
    assert (finding["period"], Decimal(finding["amount"])) == (PERIOD, effective)


def test_a_restated_month_of_a_budget_line_is_a_part_of_its_bridge(cli, demo_copy):
    """A fifth more tokens than were billed at first, in a closed month: not the workload's doing, but the bill's."""
    path = demo_copy / "bills" / "aws" / f"focus-{PERIOD}.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as text:
        reader = csv.DictReader(text)
        header, rows = list(reader.fieldnames or []), list(reader)
    more = Decimal(0)
    for row in rows:
        if row["ResourceName"].startswith("support-chat") and row["ServiceName"].startswith("Claude"):
            more += Decimal(row["EffectiveCost"]) / 5
            row.update({name: f"{Decimal(row[name]) * 6 / 5:f}" for name in (*COSTS, "ConsumedQuantity") if row[name]})
    with gzip.open(path, "wt", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, header, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    asked = ("check", "--select", "DRF001", "--scope", "workload=support-chat", "--as-of", "2026-06-14")
    (before,) = cli(*asked, "--format", "json", cwd=demo_copy).json["findings"]
    assert cli("pull", "aws-prod", cwd=demo_copy).code == 0
    (after,) = cli(*asked, "--format", "json", cwd=demo_copy).json["findings"]
    assert "restatement" not in before["bridge"]
    assert more > 1000
    assert Decimal(after["bridge"]["restatement"]) == more == Decimal(after["amount"]) - Decimal(before["amount"])
    assert sum(map(Decimal, after["bridge"].values())) == Decimal(after["amount"])
    assert (after["cause"], after["onset"]) == (before["cause"], before["onset"])


def test_the_report_of_runs_counts_them_as_they_were(session, truth):
    first, last = date.fromisoformat(truth["first_day"]), date.fromisoformat(truth["half_delivered_day"])
    months = questions.training_runs(session, questions.Window(first, last)).tables[0].rows
    found: dict[str, dict[str, int]] = {}
    for workload, month, count, failed, retries, *_ in months:
        found.setdefault(f"training/{workload}", {})[month] = count
        assert (failed, retries) == (0, 0)
    assert found == truth["runs"]
