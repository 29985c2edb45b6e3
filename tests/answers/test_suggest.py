"""What no rule knows, and the rule to paste: it says what the evidence says, and where there is none, it asks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import yaml

from aiops_cost.answers.suggest import answer
from aiops_cost.answers.window import Window
from aiops_cost.errors import UserError
from aiops_cost.ledger import schema
from aiops_cost.model import Report
from aiops_cost.rules.engine import attribute, load_packs
from aiops_cost.rules.examples import frame_of, run_examples

MAY = Window(date(2026, 5, 1), date(2026, 5, 31))
GPU = {
    "ProviderName": "AWS", "ServiceName": "Amazon Elastic Compute Cloud", "x_UsageType": "BoxUsage:p5.48xlarge",
    "SubAccountName": "ml", "x_Activity": "unattributed", "x_Component": "accelerated-compute",
}  # fmt: skip


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    columns = [f"{column.name} {column.sql_type}" for column in schema.COLUMNS]
    columns += [f"{name} VARCHAR" for name in schema.ATTRIBUTION]
    with duckdb.connect() as found:
        found.execute(f"CREATE TABLE spend ({', '.join(columns)}, Cost DECIMAL(38, 18))")
        yield found


def spend(con: duckdb.DuckDBPyConnection, cost: int, **columns: str | None) -> None:
    number = con.execute("SELECT count(*) FROM spend").fetchall()[0][0]
    values = {"x_LineId": number, "ChargePeriodStart": "2026-05-03", "Cost": cost, **columns}
    marks = ", ".join("?" for _ in values)
    con.execute(f"INSERT INTO spend ({', '.join(values)}) VALUES ({marks})", list(values.values()))


def asked(con: duckdb.DuckDBPyConnection) -> Report:
    return answer(con, MAY, 10, "EffectiveCost", "USD", load_packs())


def only_rule(con: duckdb.DuckDBPyConnection) -> dict[str, object]:
    (rule,) = yaml.safe_load(asked(con).paste or "")["rules"]
    return dict(rule)


def test_an_account_without_a_name_is_told_by_its_id(con) -> None:
    spend(con, 5, **{**GPU, "SubAccountName": None, "SubAccountId": "0123"})
    spend(con, 7, **{**GPU, "SubAccountName": "search", "SubAccountId": "0456"})
    report = asked(con)
    assert [(row[3], row[5], row[6]) for row in report.tables[0].rows] == [
        ("search", 1, Decimal(7)), ("0123", 1, Decimal(5)),
    ]  # fmt: skip
    named, unnamed = yaml.safe_load(report.paste or "")["rules"]
    assert named["when"]["SubAccountName"] == "search"
    assert (unnamed["when"]["SubAccountId"], "SubAccountName" in unnamed["when"]) == ("0123", False)


def test_a_machine_of_which_nothing_tells_is_asked_about_and_the_rule_does_not_load(con, tmp_path: Path) -> None:
    spend(con, 5, **GPU, ResourceName="box-1")
    report = asked(con)
    assert report.tables[0].rows[0][-1] == "ask"
    assert any("FILL-IN" in note for note in report.notes)
    path = tmp_path / "ours.yaml"
    path.write_text(report.paste or "", encoding="utf-8")
    with pytest.raises(UserError) as caught:
        load_packs([path])
    assert [problem.code for problem in caught.value.problems] == ["rule-fill-in"] * 2
    path.write_text((report.paste or "").replace("FILL-IN", "serving"), encoding="utf-8")
    assert all(result.passed for result in run_examples(load_packs([path])) if result.rule.pack == "ours")


def test_names_that_agree_are_evidence(con) -> None:
    for name in ("ranker-retrain-1", "ranker-retrain-2", "box-3"):
        spend(con, 5, **GPU, ResourceName=name)
    rule = only_rule(con)
    assert (rule["activity"], rule["component"], rule["confidence"]) == ("training", "training-cluster", "named")
    assert "2 of 3 names say training" in str(rule["why"])


@pytest.mark.parametrize("names", [("train-1", "inference-1"), ("train-1", "a", "b", "c"), ("constrained-1",)])
def test_names_that_disagree_or_say_little_are_none(con, names) -> None:
    for name in names:
        spend(con, 5, **GPU, ResourceName=name)
    assert only_rule(con)["activity"] == "FILL-IN"


def test_what_else_an_account_does_is_evidence_of_the_weakest_kind(con) -> None:
    spend(con, 5, **GPU)
    spend(con, 95, **{**GPU, "x_Activity": "serving"})
    spend(con, 5, **{**GPU, "x_Activity": "storage"})
    rule = only_rule(con)
    assert (rule["activity"], rule["component"], rule["confidence"]) == ("serving", "endpoint-hosting", "inferred")
    assert "95% of the other AI spend of ml is serving" in str(rule["why"])


def test_a_thing_named_like_what_a_rule_knows_is_proposed_to_be_the_same(con, tmp_path: Path) -> None:
    """A knowledge base of a vendor that no pack names: no rule knows it, and rules for the like are near."""
    line = {"ProviderName": "Contoso AI", "ServiceName": "Platform", "ServiceCategory": "AI and Machine Learning",
            "ChargeDescription": "Knowledge base storage", "SubAccountName": "ml"}  # fmt: skip
    assert attribute(frame_of([line]), load_packs())["x_Activity"][0] == "unattributed"
    spend(con, 5, **line, x_Activity="unattributed", x_Component="ml-compute")
    report = asked(con)
    rule = only_rule(con)
    assert (rule["activity"], rule["confidence"]) == ("storage", "inferred")
    assert "it is named like what rule" in str(rule["why"])
    path = tmp_path / "ours.yaml"
    path.write_text(report.paste or "", encoding="utf-8")
    assert attribute(frame_of([line]), load_packs([path]))["x_Activity"][0] == "storage"


def test_the_quiet_example_is_a_line_of_the_ledger(con) -> None:
    spend(con, 5, **GPU)
    spend(con, 9, **{**GPU, "x_UsageType": "BoxUsage:m5.large", "x_Activity": "other", "x_Component": "compute"})
    assert only_rule(con)["quiet"] == [
        {"ServiceName": GPU["ServiceName"], "x_UsageType": "BoxUsage:m5.large", "SubAccountName": "ml"}
    ]
