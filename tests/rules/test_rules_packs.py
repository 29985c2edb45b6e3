"""Every pack is its own test: ids, reasons, examples, and silence where it must keep silent."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from aiops_cost.rules import engine, match
from aiops_cost.rules.examples import frame_of, run_examples
from aiops_cost.rules.modules import COMPONENTS, DRIVERS
from aiops_cost.rules.pack import RuleSet, load_packs

PACKS = Path(engine.__file__).parent / "packs"
AI_COMPONENTS = {
    **COMPONENTS,
    "shared": ("notebook", "notebook-storage", "ml-networking", "ml-disk", "model-evaluation", "ai-seats"),
    "unattributed": ("accelerated-compute", "ml-compute", "databricks-compute", "credit"),
}


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return load_packs()


def test_every_pack_file_is_loaded(rules: RuleSet) -> None:
    named = {
        line.split(":")[1].strip() for path in PACKS.glob("*.yaml") for line in path.open() if line.startswith("pack:")
    }
    assert {rule.pack for rule in rules} == named
    assert len(named) == len(list(PACKS.glob("*.yaml")))


def test_ids_are_unique_and_every_rule_says_why_in_a_sentence(rules: RuleSet) -> None:
    assert [name for name, count in Counter(rule.id for rule in rules).items() if count > 1] == []
    assert [rule.id for rule in rules if len(rule.why) < 6 or "\n" in rule.why] == []


def test_every_regex_compiles(rules: RuleSet) -> None:
    def compiles(matcher: match.Matcher) -> bool:
        try:
            match.compile_regexes(matcher)
        except ValueError:
            return False
        return True

    assert [rule.id for rule in rules for _, matcher in rule.when if not compiles(matcher)] == []


def test_every_example_passes(rules: RuleSet) -> None:
    results = run_examples(rules)
    assert {result.rule.id for result in results if result.kind == "fires"} == {rule.id for rule in rules}
    assert {result.rule.id for result in results if result.kind == "quiet"} == {rule.id for rule in rules}
    assert [str(result) for result in results if not result.passed] == []


def test_components_are_those_of_their_activity(rules: RuleSet) -> None:
    wrong = [
        (rule.id, rule.component)
        for rule in rules
        if rule.component is not None
        and rule.activity != "other"
        and rule.component.replace("-{token_direction}", "") not in AI_COMPONENTS[rule.activity]
    ]
    assert wrong == []


def test_every_component_of_a_rule_module_has_one_driver() -> None:
    for activity, drivers in DRIVERS.items():
        explained = Counter(component for driver in drivers for component in driver.components)
        assert explained == Counter(COMPONENTS[activity])


@pytest.mark.parametrize(
    ("service", "usage"),
    [
        ("Amazon GameLift", "USE1-BoxUsage:g4dn.xlarge"),
        ("Amazon SimpleDB", "BoxUsage"),
        ("Elastic Load Balancing", "DataProcessing-Bytes"),
        ("Amazon DynamoDB", "USE1-ProvisionedThroughput"),
        ("Amazon AppStream", "USE1-stream.graphics.g2.2xlarge"),
        ("Amazon DynamoDB", "ReadRequestUnits"),
        ("AWS Marketplace", "MP:USE1_InputTokenCount-Units"),
        ("AWS IoT Device Defender", "Detect"),
        ("Amazon Pinpoint", "Predictive-Tests"),
        ("Amazon Macie", "SensitiveDataDiscovery"),
        ("Amazon DevOps Guru", "DevOpsGuru-APICalls"),
        ("AWS WAF", "AMR-BotControl-Request"),
        ("Amazon ElastiCache", "USE2-NodeUsage:cache.r6g.large-Memory"),
        ("AWS Training and Certification", "Training-Course"),
        ("Amazon Elastic Compute Cloud", "BoxUsage:f1.2xlarge"),
        ("Amazon Elastic Compute Cloud", "BoxUsage:vt1.3xlarge"),
        ("Amazon Elastic Compute Cloud", "EBSOptimized:p3.8xlarge"),
        ("Amazon Elastic Compute Cloud", "BoxUsage:inc.large"),
    ],
)
def test_what_only_looks_like_ai_is_not_called_ai(rules: RuleSet, service: str, usage: str) -> None:
    line = {"ProviderName": "AWS", "ServiceName": service, "x_UsageType": usage}
    assert engine.attribute(frame_of([line]), rules)["x_Activity"].tolist() == ["other"]


@pytest.mark.parametrize(
    "meter", ["Premium Messaging Unit", "Standard Throughput Unit", "100 DWUs", "Inc Data Transfer", "Bandwidth"]
)
def test_azure_units_that_are_not_model_units(rules: RuleSet, meter: str) -> None:
    line = {
        "ProviderName": "Azure",
        "ServiceName": "Service Bus",
        "x_SkuMeterCategory": "Service Bus",
        "x_SkuMeterName": meter,
    }
    assert engine.attribute(frame_of([line]), rules)["x_Activity"].tolist() == ["other"]


@pytest.mark.parametrize(
    "service",
    [
        "Amazon Bedrock",
        "AmazonBedrock",
        "AmazonBedrockFoundationModels",
        "Amazon Bedrock Service",
        "Claude Sonnet 4.5 (Amazon Bedrock Edition)",
    ],
)
def test_bedrock_is_found_under_all_its_names(rules: RuleSet, service: str) -> None:
    line = {"ServiceName": service, "x_UsageType": "USE1-MP:USE1_InputTokenCount-Units"}
    result = engine.attribute(frame_of([line]), rules)
    assert result["x_Component"].tolist() == ["fm-tokens-input"]


@pytest.mark.parametrize("provider", ["AWS", "Amazon Web Services", "Amazon Web Services, Inc."])
def test_the_provider_is_known_by_any_of_its_names(rules: RuleSet, provider: str) -> None:
    line = {"ServiceName": "Amazon Simple Storage Service", "SkuMeter": "Vectors-Put-Bytes"}
    for column in ("ProviderName", "ServiceProviderName", "HostProviderName", "PublisherName"):
        result = engine.attribute(frame_of([{**line, column: provider}]), rules)
        assert result["x_Component"].tolist() == ["vector-index"]


def test_a_description_that_ends_with_the_region_is_read_all_the_same(rules: RuleSet) -> None:
    tokens = {
        "ChargeDescription": "Azure OpenAI - gpt 4.1 Inp glbl Tokens - US East 2",
        "ServiceName": "Azure AI services",
    }
    machine = {
        "ChargeDescription": "Virtual Machines NDH100v5 Series - ND96isr H100 v5 - US East",
        "ServiceName": "Virtual Machines",
    }
    result = engine.attribute(frame_of([{"ProviderName": "Microsoft", **line} for line in (tokens, machine)]), rules)
    assert result["x_Model"].tolist()[0] == "gpt-4.1"
    assert result["x_Accelerator"].tolist()[1] == "8xH100"
