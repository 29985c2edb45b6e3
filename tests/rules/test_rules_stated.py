"""What is said of a line: by tags of any spelling, names, accounts, later tags. A wrong name is a wrong bill."""

from __future__ import annotations

import itertools
import json
import time
from pathlib import Path

import pandas as pd
import pytest

from aiops_cost.errors import UserError
from aiops_cost.rules import tables
from aiops_cost.rules.engine import attribute, explain, load_packs, tag_map
from aiops_cost.rules.examples import frame_of

GPU = {
    "ProviderName": "AWS",
    "ServiceName": "Amazon Elastic Compute Cloud",
    "x_UsageType": "BoxUsage:p5.48xlarge",
    "ResourceId": "i-1",
    "SubAccountId": "111",
    "SubAccountName": "nf-ranker-prod",
}
RULE = """\
pack: {pack}
refines: {refines}
rules:
  - id: {pack}-1
    when: {when}
    activity: {activity}
    confidence: {confidence}
    why: because
    fires: [{{ServiceName: x}}]
    quiet: [{{ServiceName: y}}]
"""


def said(*lines: dict[str, str], rules: object = None, **options: object) -> list[dict[str, str | None]]:
    found = attribute(frame_of(lines), rules or load_packs(), **options)  # type: ignore[arg-type]
    return [
        {name[2:]: None if pd.isna(value) else value for name, value in row.items() if name != "x_LineId"}
        for row in found.to_dict("records")
    ]


def pack(folder: Path, name: str, when: str, **values: str) -> Path:
    path = folder / f"{name}.yaml"
    plain = {"refines": "false", "activity": "serving", "confidence": "stated", **values}
    path.write_text(RULE.format(pack=name, when=when, **plain), encoding="utf-8")
    return path


def test_spellings_of_one_thing_are_brought_together() -> None:
    tags = tag_map({}, values=tables.values({"workload": {"chat-bot": "support-chat", "cb2": "support-chat"}}))
    lines = [{**GPU, "tags.app": name} for name in ("chat-bot", "Chat_Bot", "CB2", "Support Chat", "search")]
    assert [one["Workload"] for one in said(*lines, tags=tags)] == ["support-chat"] * 4 + ["search"]


def test_the_table_is_read_from_csv_and_yaml_alike(tmp_path: Path) -> None:
    (tmp_path / "v.csv").write_text('field,from,to\nworkload,"chat, bot",support-chat\n', encoding="utf-8")
    (tmp_path / "v.yaml").write_text('workload: {"chat, bot": support-chat}\n', encoding="utf-8")
    assert tables.values(tmp_path / "v.csv") == tables.values(tmp_path / "v.yaml")
    (tmp_path / "a.csv").write_text("account,workload,owner\n111,lab,ml\n222,,ops\n", encoding="utf-8")
    assert tables.accounts(tmp_path / "a.csv") == {"111": {"workload": "lab", "owner": "ml"}, "222": {"owner": "ops"}}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("field,from,to\nworkloads,a,b\n", "values-unknown-field"),
        ("field,from,to\nworkload,a,b\nworkload,A,c\n", "values-contradict"),
        ("field,from,to\nworkload,a,b\nworkload,b,c\n", "values-chain"),
        ("field,from\nworkload,a\n", "csv-column"),
        ("field,from,to\nworkload,a\n", "csv-width"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(tmp_path: Path, text: str, code: str) -> None:
    (tmp_path / "v.csv").write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        tables.values(tmp_path / "v.csv")
    assert {problem.code for problem in caught.value.problems} == {code}
    assert all(str(tmp_path / "v.csv") + ":" in problem.place for problem in caught.value.problems)


def test_an_account_speaks_for_lines_that_say_nothing() -> None:
    tags = tag_map({}, accounts=tables.accounts({"nf-ranker-prod": {"workload": "ranker", "owner": "search-ai"}}))
    silent, tagged = said(GPU, {**GPU, "ResourceId": "i-2", "tags.app": "chat"}, tags=tags)
    assert (silent["Workload"], silent["Owner"], tagged["Workload"]) == ("ranker", "search-ai", "chat")


def test_a_name_gives_the_workload_through_a_pattern() -> None:
    tags = tag_map({"workload": ["labels.product", "account /^nf-(.+)-prod$/"]})
    named, tagged = said(GPU, {**GPU, "ResourceId": "i-2", "tags.Product": "chat"}, tags=tags)
    assert (named["Workload"], tagged["Workload"]) == ("ranker", "chat")
    with pytest.raises(UserError, match="between two slashes"):
        tag_map({"workload": ["account ^nf"]})


def test_a_cost_category_can_name_the_workload() -> None:
    (one,) = said({**GPU, "categories.Product": "chat"}, tags=tag_map({"workload": ["categories.Product"]}))
    assert one["Workload"] == "chat"


BEFORE = {**GPU, "x_FirstDay": "2026-05-01", "x_LastDay": "2026-05-09"}
TAGGED = {**GPU, "x_FirstDay": "2026-05-10", "x_LastDay": "2026-05-20", "tags.app": "ranker", "tags.ml-phase": "train"}


def test_the_days_before_tagging_are_joined_by_the_resource_and_told_as_inferred() -> None:
    late, tagged = said(BEFORE, TAGGED)
    assert (late["Activity"], late["Workload"], late["Confidence"]) == ("training", "ranker", "inferred")
    assert (tagged["Activity"], tagged["Confidence"]) == ("training", "stated")
    told = explain(BEFORE, load_packs(), siblings=[TAGGED])
    assert told.fields["x_Workload"] == "ranker"
    assert "on other days" in told.sources["workload"]
    assert "inferred" in told.sources["activity"]


@pytest.mark.parametrize(
    "other",
    [
        {"tags.app": "chat"},
        {"ResourceId": "i-2"},
        {"SubAccountId": "222"},
    ],
    ids=["another-says-otherwise", "another-resource", "another-account"],
)
def test_a_later_tag_speaks_only_where_it_is_plain(other: dict[str, str]) -> None:
    both = (TAGGED, {**TAGGED, **other}) if "tags.app" in other else ({**TAGGED, **other},)
    assert said(BEFORE, *both)[0]["Workload"] is None


def test_a_tag_that_was_taken_away_does_not_speak_for_what_came_after() -> None:
    after = {**GPU, "x_FirstDay": "2026-05-21", "x_LastDay": "2026-05-30"}
    assert said(after, TAGGED)[0]["Workload"] is None


def test_an_attribution_is_as_sure_as_the_weakest_of_what_it_rests_on() -> None:
    host = {**GPU, "ServiceName": "Amazon SageMaker", "x_UsageType": "USE1-Host:ml.g5.xlarge"}
    assert said({**host, "tags.app": "a"})[0]["Confidence"] == "stated"
    assert said(host, tags=tag_map({"workload": ["account"]}))[0]["Confidence"] == "named"


def test_what_is_stated_is_never_outweighed_by_what_is_inferred(tmp_path: Path) -> None:
    guess = pack(
        tmp_path, "guess", "{ServiceName: /Compute/}", refines="true", activity="storage", confidence="inferred"
    )
    host = {**GPU, "ServiceName": "Amazon SageMaker", "x_UsageType": "USE1-Host:ml.g5.xlarge"}
    sagemaker = pack(
        tmp_path, "sagemaker", "{ServiceName: /SageMaker/}", refines="true", activity="storage", confidence="named"
    )
    rules = load_packs([guess, sagemaker])
    assert said(GPU, rules=rules)[0]["Activity"] == "storage"
    assert said(host, rules=rules)[0]["Activity"] == "serving"


def test_a_users_guess_gives_way_to_a_tag_and_a_users_statement_does_not(tmp_path: Path) -> None:
    tagged = {**GPU, "tags.ml-phase": "train"}
    guess = load_packs([pack(tmp_path, "guess", "{ServiceName: /Compute/}", confidence="inferred")])
    sure = load_packs([pack(tmp_path, "sure", "{ServiceName: /Compute/}")])
    assert said(GPU, rules=guess)[0]["Activity"] == "serving"
    assert said(tagged, rules=guess)[0]["Activity"] == "training"
    assert said(tagged, rules=sure)[0]["Activity"] == "serving"


def test_the_order_of_the_files_does_not_matter(tmp_path: Path) -> None:
    files = [
        pack(tmp_path, "a", "{ServiceName: /Compute/}", activity="serving"),
        pack(tmp_path, "b", "{ServiceName: /Elastic/}", activity="training"),
        pack(tmp_path, "c", "{x_UsageType: /p5/}", activity="storage"),
    ]
    found = {said(GPU, rules=load_packs(order))[0]["RuleId"] for order in itertools.permutations(files)}
    assert found == {"a-1"}


def test_two_packs_with_one_id_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    files = [pack(tmp_path, "a", "{ServiceName: x}"), pack(tmp_path / "x", "a", "{ServiceName: y}")]
    with pytest.raises(UserError, match="two packs are called `a`"):
        load_packs(files, builtin=False)


def test_a_hundred_thousand_tag_values_and_tags_of_ten_kilobytes_take_seconds() -> None:
    ids = [json.dumps({"request-id": f"{number:x}", "app": f"app-{number % 7}"}) for number in range(100_000)]
    long = [json.dumps({"note": "x" * 10_000 + str(number), "app": "long"}) for number in range(500)]
    texts = [*ids, *long]
    frame = pd.DataFrame(
        {
            "x_LineId": range(len(texts)),
            "ProviderName": pd.Categorical(["AWS"] * len(texts)),
            "ServiceName": pd.Categorical([GPU["ServiceName"]] * len(texts)),
            "Tags": pd.Categorical(texts),
        }
    )
    began = time.process_time()
    found = attribute(frame, load_packs())
    assert time.process_time() - began < 10
    assert found["x_Workload"].nunique() == 8
