"""The engine: what it decides, in which order, from which evidence; and what it refuses."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_cost.errors import UserError
from aiops_cost.ledger import schema
from aiops_cost.model import ACTIVITIES
from aiops_cost.rules.engine import attribute, load_packs, tag_map
from aiops_cost.rules.examples import frame_of, run_examples
from aiops_cost.rules.explain import explain
from aiops_cost.rules.owners import load_owners

BUILT_IN = load_packs()
GPU = {"ProviderName": "AWS", "ServiceName": "Amazon Elastic Compute Cloud", "x_UsageType": "BoxUsage:p5.48xlarge"}
S3 = {"ProviderName": "AWS", "ServiceName": "Amazon Simple Storage Service", "x_UsageType": "TimedStorage-ByteHrs"}
HOST = {"ProviderName": "AWS", "ServiceName": "Amazon SageMaker", "x_UsageType": "USE1-Host:ml.g5.xlarge"}

RULE = """
pack: mine
rules:
  - id: {id}
    when: {when}
    activity: {activity}
    component: {component}
    why: because
    fires: [{{ServiceName: Widgets}}]
    quiet: [{{ServiceName: Gadgets}}]
"""


def one(line: dict[str, str], **options: object) -> dict[str, str | None]:
    result = attribute(frame_of([line]), options.pop("rules", None) or load_packs(), **options)  # type: ignore[arg-type]
    row = result.iloc[0]
    return {short: None if pd.isna(row[name]) else row[name] for short, name in schema.SHORT.items() if name in row}


def pack(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def mine(tmp_path: Path, **values: str) -> Path:
    plain = {"id": "mine-1", "when": "{ServiceName: Widgets}", "activity": "serving", "component": "x"}
    return pack(tmp_path, RULE.format(**{**plain, **values}))


def problems(*files: Path, builtin: bool = False) -> list[str]:
    with pytest.raises(UserError) as caught:
        load_packs(files, builtin=builtin)
    return [f"{problem.code} {problem.place} {problem}" for problem in caught.value.problems]


def test_the_result_has_the_ledgers_attribution_columns_and_nothing_else() -> None:
    lines = frame_of([HOST, S3])
    result = attribute(lines, load_packs())
    assert list(result.columns) == ["x_LineId", *schema.ATTRIBUTION]
    assert result["x_LineId"].tolist() == lines["x_LineId"].tolist()
    assert all(isinstance(result[name].dtype, pd.CategoricalDtype) for name in schema.ATTRIBUTION)
    assert list(result["x_Activity"].cat.categories) == ["serving", "other"]


def test_no_lines_and_no_columns_are_no_error() -> None:
    assert len(attribute(frame_of([]), load_packs())) == 0
    assert attribute(pd.DataFrame({"x_LineId": [7]}), load_packs())["x_Activity"].tolist() == ["unattributed"]


def test_a_users_rule_comes_before_ours(tmp_path: Path) -> None:
    rules = load_packs([mine(tmp_path, when="{ServiceName: /SageMaker/}", activity="training")])
    assert one(HOST, rules=rules)["activity"] == "training"


def test_a_users_rule_is_not_refined_away_by_a_tag(tmp_path: Path) -> None:
    rules = load_packs([mine(tmp_path, when="{service: /Compute Cloud/}", activity="other")])
    assert one({**GPU, "tags.ai-activity": "training"}, rules=rules)["activity"] == "other"


def test_the_first_rule_that_matches_wins(tmp_path: Path) -> None:
    text = RULE.format(id="first", when="{ServiceName: Widgets}", activity="serving", component="x")
    second = RULE.format(id="second", when="{ServiceName: /W/}", activity="storage", component="x")
    rules = load_packs([pack(tmp_path, text + second.partition("rules:\n")[2])], builtin=False)
    assert one({"ServiceName": "Widgets"}, rules=rules)["rule"] == "first"
    assert one({"ServiceName": "Words"}, rules=rules)["rule"] == "second"


@pytest.mark.parametrize(
    ("when", "line", "fits"),
    [
        ("{RegionId: [a, /^b/]}", {"RegionId": "bee"}, True),
        ("{RegionId: [a, /^b/]}", {"RegionId": "aa"}, False),
        ("{RegionId: /BEE/i}", {"RegionId": "bee"}, True),
        ("{RegionId: /BEE/}", {"RegionId": "bee"}, False),
        ("{RegionId: {not: a}}", {}, True),
        ("{RegionId: {not: {present: true}}}", {}, True),
        ("{RegionId: {present: false}}", {"RegionId": " "}, True),
        ("{RegionId: {present: true}}", {}, False),
        ("{tags.Cost-Team: x}", {"tags.cost_team": "x"}, True),
        ("{tags.team: x}", {"tags.aws:team": "x"}, False),
        ("{tags.team: x}", {"tags.user:Team": "x"}, True),
        ("{details.ModelId: m}", {"details.ModelId": "m"}, True),
        ("{name: /llm/}", {"tags.Name": "my-llm"}, True),
        ("{name: {not: /llm/}}", {"ResourceName": "my-llm"}, False),
        ("{cloud: aws}", {"HostProviderName": "Amazon Web Services"}, True),
        ("{tags.flag: true}", {"tags.flag": True}, True),
    ],
)
def test_matchers(tmp_path: Path, when: str, line: dict[str, str], fits: bool) -> None:
    rules = load_packs([mine(tmp_path, when=when)], builtin=False)
    assert (one({"ServiceName": "Widgets", **line}, rules=rules)["rule"] == "mine-1") is fits


def test_a_tag_named_like_a_column_does_not_shadow_it(tmp_path: Path) -> None:
    rules = load_packs([mine(tmp_path, when="{ServiceName: Widgets}")], builtin=False)
    assert one({"ServiceName": "Gadgets", "tags.ServiceName": "Widgets"}, rules=rules)["rule"] is None


@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "ProviderName": st.sampled_from(["AWS", "Microsoft", "Google Cloud", "OpenAI", "Contoso", ""]),
                "ServiceName": st.sampled_from(["Amazon SageMaker", "Amazon Bedrock", "Vertex AI", "Storage", "x"]),
                "x_UsageType": st.sampled_from(["USE1-Host:ml.g5.xlarge", "BoxUsage:p5.48xlarge", "x-input-tokens"]),
                "ChargeCategory": st.sampled_from(["Usage", "Tax", "Credit", "Purchase"]),
                "ChargeDescription": st.text(max_size=8),
                "ResourceName": st.sampled_from(["train", "serving", "n"]),
                "tags.ai-activity": st.text(max_size=4) | st.sampled_from(["training", "serving", "other"]),
            },
        ),
        max_size=20,
    )
)
@settings(deadline=None, max_examples=60)
def test_every_line_has_exactly_one_activity_and_keeps_its_id(lines: list[dict[str, str]]) -> None:
    frame = frame_of(lines)
    result = attribute(frame, BUILT_IN)
    assert result["x_LineId"].tolist() == frame["x_LineId"].tolist()
    assert set(result["x_Activity"]) <= set(ACTIVITIES)
    alone = [attribute(frame_of([line]), BUILT_IN)["x_Activity"].iloc[0] for line in lines[:3]]
    assert alone == result["x_Activity"].tolist()[:3]  # a line's answer does not depend on its neighbours


def test_many_distinct_values_and_few_are_decided_alike() -> None:
    lines = [{**GPU, "ResourceId": f"node-{i}-{'train' if i % 3 else 'plain'}"} for i in range(6000)]
    result = attribute(frame_of(lines), load_packs())
    assert result["x_Activity"].tolist() == ["training" if i % 3 else "unattributed" for i in range(6000)]


def test_the_usage_type_is_found_in_sku_meter_too() -> None:
    line = {"ProviderName": "Amazon Web Services", "ServiceName": "Amazon SageMaker", "SkuMeter": "Host:ml.g5.xlarge"}
    assert (one(line)["component"], one(line)["accelerator"]) == ("endpoint-hosting", "1xA10G")


def test_an_accelerator_without_evidence_stays_unattributed() -> None:
    found = one(GPU)
    assert (found["activity"], found["component"], found["accelerator"]) == (
        "unattributed",
        "accelerated-compute",
        "8xH100",
    )


@pytest.mark.parametrize(
    ("said", "activity", "component"),
    [
        ("Training", "training", "training-cluster"),
        ("fine_tuning", "training", "training-cluster"),
        ("INFERENCE", "serving", "endpoint-hosting"),
        ("lunch", "unattributed", "accelerated-compute"),
    ],
)
def test_an_activity_tag_decides_what_the_bill_cannot(said: str, activity: str, component: str) -> None:
    found = one({**GPU, "tags.AI_Activity": said})
    assert (found["activity"], found["component"]) == (activity, component)
    assert found["confidence"] == (None if activity == "unattributed" else "stated")


def test_a_name_is_weaker_evidence_than_a_tag_and_says_so() -> None:
    assert one({**GPU, "ResourceName": "ranker-train-1"})["confidence"] == "named"
    assert one({**GPU, "ResourceName": "ranker-train-1", "tags.ai-activity": "serving"})["activity"] == "serving"


@pytest.mark.parametrize(
    ("line", "component"),
    [
        ({"ResourceId": "acme-ranker-training-data"}, "training-data"),
        ({"ResourceId": "acme-checkpoints"}, "checkpoints"),
        ({"tags.data-class": "embeddings"}, "embeddings"),
        ({"tags.DataClass": "training data"}, "training-data"),
        ({"ResourceId": "flink-checkpoints"}, "object-storage"),
        ({}, "object-storage"),
    ],
)
def test_object_storage_is_ai_only_with_evidence(line: dict[str, str], component: str) -> None:
    found = one({**S3, **line})
    assert found["component"] == component
    assert (found["activity"] == "storage") is (component != "object-storage")


def test_workload_owner_and_environment_come_from_tags() -> None:
    found = one(
        {**HOST, "tags.user:Application": "chat", "tags.team": "nlp", "tags.ENV": "prod", "tags.model": "My/Model"}
    )
    assert (found["workload"], found["owner"], found["environment"]) == ("chat", "nlp", "prod")
    assert found["model"] == "My/Model"


def test_the_tag_map_can_be_replaced_and_knows_its_fields() -> None:
    tags = tag_map({"workload": ["tags.svc", "account"]})
    assert one({**HOST, "tags.app": "no", "SubAccountName": "acct"}, tags=tags)["workload"] == "acct"
    with pytest.raises(UserError, match="workload"):
        tag_map({"workloads": ["tags.x"]})
    with pytest.raises(UserError, match="did you mean `SubAccountName`"):
        tag_map({"workload": ["SubAcountName"]})


def test_two_spellings_of_a_tag_that_disagree_are_a_problem_and_not_last_wins() -> None:
    lines = [
        {**HOST, "Tags": json.dumps(tags)} for tags in ({"Application": "b", "application": "a"}, {"APPLICATION": "c"})
    ]
    result = attribute(frame_of(lines), load_packs())
    assert result["x_Workload"].tolist() == ["a", "c"]
    (problem,) = result.attrs["problems"]
    assert problem.code == "tags-disagree"
    assert "1 line has" in problem.sentence


@pytest.mark.parametrize("text", ["", "{", "[1]", '"x"', "null", '{"a": {"b": 1}}', "[" * 100_000, '{"app": null}'])
def test_tags_that_are_not_an_object_of_texts_break_nothing(text: str) -> None:
    assert one({**HOST, "Tags": text})["activity"] == "serving"
    assert one({**HOST, "Tags": text})["workload"] is None


def test_hostile_tags_are_carried_as_they_are() -> None:
    nasty = "\x00\x1b[31m<img onerror=1>\u202e" + "x" * 10_000
    assert one({**HOST, "Tags": json.dumps({"app": nasty})})["workload"] == nasty


def test_a_hundred_thousand_distinct_tags_stay_fast() -> None:
    count = 100_000
    texts = [json.dumps({"app": f"a{i % 9}", "job": str(i), "ai-activity": "train"}) for i in range(count)]
    frame = pd.DataFrame(
        {"x_LineId": range(count), **{name: pd.Categorical([value] * count) for name, value in GPU.items()}}
    )
    frame["Tags"] = pd.Categorical(texts)
    rules = load_packs()
    start = time.perf_counter()
    result = attribute(frame, rules)
    assert time.perf_counter() - start < 10
    assert set(result["x_Activity"]) == {"training"}


def test_the_owners_file_fills_what_tags_leave_open(tmp_path: Path) -> None:
    path = tmp_path / "owners.yaml"
    path.write_text(
        "owners:\n  - {scope: {workload: chat}, owner: nlp}\n  - {scope: {activity: serving}, owner: sre}\n"
    )
    owners = load_owners(path)
    assert one({**HOST, "tags.app": "chat"}, owners=owners)["owner"] == "nlp"
    assert one(HOST, owners=owners)["owner"] == "sre"
    assert one({**HOST, "tags.owner": "me"}, owners=owners)["owner"] == "me"
    path.write_text("owners:\n  - {scope: {workloda: chat}, owner: nlp}\n")
    with pytest.raises(UserError, match=r"owners\.yaml:2:14: unknown column `workloda`; did you mean `workload`"):
        load_owners(path)


def test_explain_names_the_rule_the_evidence_and_the_sources() -> None:
    said = explain({**HOST, "tags.app": "chat"}, load_packs())
    assert said.rule is not None
    assert (said.rule.id, said.fields["x_Workload"]) == ("aws-sagemaker-hosting", "chat")
    assert [(item.column, item.value) for item in said.evidence] == [
        ("ServiceName", "Amazon SageMaker"),
        ("x_UsageType", "USE1-Host:ml.g5.xlarge"),
    ]
    assert said.sources == {"workload": "stated: tags.app", "activity": "stated: rule aws-sagemaker-hosting"}
    assert ("aws-sagemaker-serverless", "x_UsageType") in said.nearly


def test_explain_tells_how_surely_each_field_is_known() -> None:
    """The bill says what it is, and only the account says whose: the line is as sure as the weaker of the two."""
    tags = tag_map({}, accounts={"ml": {"workload": "chat"}})
    said = explain({**HOST, "SubAccountName": "ml"}, load_packs(), tags)
    assert said.fields["x_Confidence"] == "named"
    assert said.sources["activity"] == "stated: rule aws-sagemaker-hosting"
    assert said.sources["workload"] == "named: the table of accounts"


def test_explain_shows_what_a_name_refined() -> None:
    said = explain({**GPU, "ResourceName": "llm-finetune-7"}, load_packs())
    assert said.rule is not None
    assert said.refines is not None
    assert (said.rule.id, said.refines.id) == ("named-training", "aws-ec2-accelerated")
    assert ("ResourceName", "llm-finetune-7") in [(item.column, item.value) for item in said.evidence]


def test_explain_of_a_line_that_nobody_knows() -> None:
    said = explain({"ServiceCategory": "Compute"}, load_packs())
    assert said.rule is None
    assert said.fields["x_Activity"] == "unattributed"


def test_bad_rules_are_refused_with_their_place(tmp_path: Path) -> None:
    assert "rule-unknown-column" in problems(mine(tmp_path, when="{ServiceNmae: x}"))[0]
    assert "mine.yaml:5:12" in problems(mine(tmp_path, when="{ServiceNmae: x}"))[0]
    assert "did you mean `ServiceName`?" in problems(mine(tmp_path, when="{ServiceNmae: x}"))[0]
    assert "not a regular expression" in problems(mine(tmp_path, when="{ServiceName: /(/}"))[0]
    assert "did you mean `training`?" in problems(mine(tmp_path, activity="traning"))[0]
    assert "a matcher is" in problems(mine(tmp_path, when="{ServiceName: {like: x}}"))[0]
    assert "only rules that refine" in problems(mine(tmp_path, when="{activity: other}"))[0]


def test_every_problem_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    text = RULE.format(id="b", when="{Servce: x}", activity="srving", component="x").replace(
        "pack: mine", "pack: other"
    )
    other.write_text(text, encoding="utf-8")
    assert len(problems(mine(tmp_path, when="{ServiceNmae: x}"), other)) == 3


def test_two_rules_with_one_id_are_refused_across_packs(tmp_path: Path) -> None:
    (said,) = problems(mine(tmp_path, id="aws-bedrock-tokens"), builtin=True)
    assert "rule-id-twice" in said
    assert "mine.yaml" in said


@pytest.mark.parametrize("key", ["why", "fires", "quiet"])
def test_a_rule_must_say_why_and_when_and_when_not(tmp_path: Path, key: str) -> None:
    text = mine(tmp_path).read_text()
    without = "\n".join(line for line in text.splitlines() if not line.strip().startswith(f"{key}:"))
    assert f"`{key}` is missing" in problems(pack(tmp_path, without))[0]


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ("extract: {modle: ServiceName}", "did you mean `model`?"),
        ("extract: {model: ServiceNmae}", "did you mean `ServiceName`?"),
        ("extract: {model: ServiceName | bedrock-modle}", "did you mean `bedrock-model`?"),
        ("set: {latency: batch}", "cannot fill `latency`"),
    ],
)
def test_what_a_rule_fills_is_checked(tmp_path: Path, extra: str, said: str) -> None:
    text = mine(tmp_path).read_text().replace("    why:", f"    {extra}\n    why:")
    assert said in problems(pack(tmp_path, text))[0]


def test_the_instance_type_of_a_rule_decides_the_accelerator(tmp_path: Path) -> None:
    text = (
        mine(tmp_path)
        .read_text()
        .replace("    why:", "    extract: {x_InstanceType: SkuId, model: [tags.m, SkuMeter]}\n    why:")
    )
    rules = load_packs([pack(tmp_path, text)], builtin=False)
    found = one({"ServiceName": "Widgets", "SkuId": "p4d.24xlarge", "SkuMeter": "gpt-9"}, rules=rules)
    assert (found["accelerator"], found["model"]) == ("8xA100-40GB", "gpt-9")
    assert one({"ServiceName": "Widgets", "SkuMeter": "gpt-9", "tags.m": "llm"}, rules=rules)["model"] == "llm"


def test_an_example_that_another_rule_decides_fails(tmp_path: Path) -> None:
    rules = load_packs([mine(tmp_path, when="{ServiceName: Gadgets}")], builtin=False)
    results = run_examples(rules)
    assert [(result.kind, result.passed) for result in results] == [("fires", False), ("quiet", False)]
    assert "mine.yaml" in str(results[0])


def test_the_built_in_packs_load_quickly() -> None:
    load_packs()
    start = time.perf_counter()
    load_packs()
    assert time.perf_counter() - start < 2  # 0.13 s on an idle machine


BY_MARKETPLACE = ("serving", "fm-tokens-input", "input", "batch")


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({"ChargeDescription": "Claude Sonnet 4.6 (Amazon Bedrock Edition)"}, (*BY_MARKETPLACE, "claude-sonnet-4-6")),
        ({"x_ServiceCode": "AmazonBedrockFoundationModels"}, (*BY_MARKETPLACE, None)),
        ({"ChargeDescription": "tokens of another seller"}, ("other", "marketplace", None, None, None)),
    ],
)
def test_a_model_sold_as_the_marketplace_is_known_by_what_else_names_bedrock(
    cells: dict[str, str], told: tuple[str | None, ...]
) -> None:
    usage = "MP:USE1_InputTokenCount_Batch-Units"
    found = one({"ProviderName": "AWS", "ServiceName": "AWS Marketplace", "x_UsageType": usage} | cells)
    names = ("activity", "component", "token_direction", "latency_tier", "model")
    assert tuple(found[name] for name in names) == told
