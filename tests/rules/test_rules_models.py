"""Names of models, directions and tiers, as vendors, clouds and marketplaces write them."""

from __future__ import annotations

import doctest

import pytest

from aiops_cost.rules import machines, meters, models, serving, storage, tags, training


@pytest.mark.parametrize("module", [machines, meters, models, storage, tags, training])
def test_the_examples_in_the_documentation_run(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5"),
        ("us.anthropic.claude-3-5-sonnet-20241022-v2:0", "claude-3-5-sonnet"),
        ("claude-opus-4-20250514", "claude-opus-4"),
        ("claude-sonnet-4-5@20250929", "claude-sonnet-4-5"),
        ("amazon.nova-2-lite-v1:0", "nova-2-lite"),
        ("meta.llama3-3-70b-instruct-v1:0", "llama3-3-70b-instruct"),
        ("deepseek.v3.2", "deepseek-v3.2"),
        ("openai/gpt-4o-2024-08-06", "gpt-4o"),
        ("ft:gpt-4.1-mini-2025-04-14:acme::x", "gpt-4.1-mini"),
        ("gemini-2.5-pro-preview-05-06", "gemini-2.5-pro"),
        ("models/gemini-2.0-flash-001", "gemini-2.0-flash"),
        ("o1-preview", "o1-preview"),
        ("text-embedding-3-small", "text-embedding-3-small"),
        ("text-embedding-ada-002", "text-embedding-ada-002"),
        ("someone.their-model-5", "their-model-5"),
    ],
)
def test_ids_lose_vendor_date_and_revision(written: str, name: str) -> None:
    assert models.model(written) == name


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Claude3.7Sonnet", "claude-3-7-sonnet"),
        ("Claude3.5SonnetV2", "claude-3-5-sonnet"),
        ("Claude Haiku 4.5 (Amazon Bedrock Edition)", "claude-haiku-4-5"),
        ("Claude 3 Haiku", "claude-3-haiku"),
        ("Claude Instant", "claude-instant"),
        ("Claude2.1", "claude-2-1"),
        ("Claude Opus 6 Usage - Input Tokens", "claude-opus-6"),
        ("Llama 3", None),
    ],
)
def test_claude_in_any_spelling(written: str, name: str | None) -> None:
    assert models.claude(written) == name


@pytest.mark.parametrize(
    ("reader", "written", "name"),
    [
        (models.bedrock, "EUW3-MistralLarge3-input-tokens", "mistral-large-3"),
        (models.bedrock, "USE1-DeepSeek-R1-output-tokens", "deepseek-r1"),
        (models.bedrock, "USE1-deepseek.v3.2-mantle-input-tokens-standard", "deepseek-v3.2"),
        (models.bedrock, "USE1-Guardrail:x", None),
        (models.marketplace, "Meta Llama 2 Chat 70B (Amazon Bedrock Edition)", "llama2-70b-chat"),
        (models.marketplace, "Cohere Command R+ (Amazon Bedrock Edition)", "command-r-plus"),
        (models.marketplace, "AWS Marketplace usage|us-east-1|Cohere Embed 4 (Bedrock Edition)", "embed-v4"),
        (models.marketplace, "Amazon Bedrock", None),
        (meters.model, "Foundry Models - Azure OpenAI GPT5 - 5.1 codex mini opt Gl", "gpt-5.1-codex-mini"),
        (meters.model, "Azure OpenAI - text-embedding-3-large glbl Tokens", "text-embedding-3-large"),
        (meters.model, "Azure Grok Models - Grok 4 Fast Inp glbl Tokens", "grok-4-fast"),
        (meters.model, "Provisioned", None),
        (models.gemini, "  Gemini 2.5  Flash Lite Ga Audio Input Caching", "gemini-2.5-flash-lite"),
        (models.gemini, "Gemini 2.5 Flash Image Text Input - Predictions", "gemini-2.5-flash-image"),
        (
            models.gemini,
            "Generate_content image output token count for gemini 2.5 flash image",
            "gemini-2.5-flash-image",
        ),
        (models.gemini, "Cloud Vertex AI Model Garden Model as a Service DeepSeek-R1-0528 Input", "deepseek-r1"),
        (models.gemini, "Veo 3 Fast Video Generation", "veo-3-fast"),
        (models.openai, "batch | o1-mini-2024-09-12, output", "o1-mini"),
        (models.openai, "web search tool calls", None),
    ],
)
def test_each_providers_grammar(reader: object, written: str, name: str | None) -> None:
    assert reader(written) == name  # type: ignore[operator]


@pytest.mark.parametrize(
    ("written", "direction"),
    [
        ("USE1-X-cache-read-input-token-count", "cache-read"),
        ("CacheWrite1hInputTokenCount", "cache-write"),
        ("uncached_input_tokens", "input"),
        ("cache_creation.ephemeral_5m_input_tokens", "cache-write"),
        ("Generate content output token count gemini 9 short input text", "output"),
        ("gpt-9-ccchd-inp-glbl", "cache-read"),
        ("9.9 Cd Wr Gl", "cache-write"),
        ("9.9 opt Gl", "output"),
        ("chat completions | gpt-9, input", "input"),
        ("9 Optimized Unit", None),
    ],
)
def test_cache_is_read_before_output_and_output_before_input(written: str, direction: str | None) -> None:
    assert serving.direction(written) == direction


@pytest.mark.parametrize(
    ("written", "tier"),
    [
        ("x Low Priority", "spot"),
        ("x pp Inp", "priority"),
        ("Commitment v1: A3 Cpu", "reserved"),
        ("ProvisionedThroughput-NoCommit", "provisioned"),
        ("DWS Defined Duration", "flex"),
        ("Flexible", None),
        ("appliance", None),
    ],
)
def test_tiers(written: str, tier: str | None) -> None:
    assert serving.tier(written) == tier


@pytest.mark.parametrize(
    ("machine", "accelerator"),
    [
        ("ml.g5.48xlarge", "8xA10G"),
        ("trn2.48xlarge", "16xTrainium2"),
        ("Standard_NC80adis_H100_v5", "2xH100-NVL"),
        ("ND96asr v4", "8xA100-40GB"),
        ("a2-ultragpu-4g", "4xA100-80GB"),
        ("Nvidia Tesla A100 80GB GPU running in Iowa", "1xA100-80GB"),
        ("m5.large", None),
        ("Standard_NC_Incorporated", None),
        ("f1.2xlarge", None),
    ],
)
def test_accelerators(machine: str, accelerator: str | None) -> None:
    assert machines.accelerator(machine) == accelerator


@pytest.mark.parametrize(
    ("resource", "run", "series"),
    [
        ("arn:aws:sagemaker:us-east-1:1:training-job/ranker-2026-05-03-1", "ranker-2026-05-03-1", "ranker"),
        ("//aiplatform.googleapis.com/projects/p/locations/l/customJobs/77", "77", "77"),
        ("arn:aws:bedrock:us-east-1:1:model-customization-job/m.v1:0/ab12", "m.v1:0/ab12", "m.v1:0/ab12"),
        ("arn:aws:s3:::bucket", None, None),
    ],
)
def test_runs_are_named_by_their_resource(resource: str, run: str | None, series: str | None) -> None:
    assert training.run(resource) == run
    assert (run and training.series(run)) == series


@pytest.mark.parametrize(
    ("text", "storage_class"),
    [
        ("APS3-TimedStorage-ByteHrs", "standard"),
        ("EUN1-TimedStorage-SIA-ByteHrs", "infrequent"),
        ("TimedStorage-ZIA-ByteHrs", "infrequent"),
        ("USW2-TimedStorage-INT-AIA-ByteHrs", "archive-instant"),
        ("TimedStorage-GlacierByteHrs", "archive"),
        ("TimedStorage-GDA-ByteHrs", "deep-archive"),
        ("Hot LRS Data Stored", "standard"),
        ("Cold ZRS Data Stored", "archive-instant"),
        ("Premium ZRS Data Stored", "premium"),
        ("Standard Storage Finland", "standard"),
        ("Nearline Storage Jakarta", "infrequent"),
        ("Archive Storage Tokyo", "archive"),
        ("ScaldingCooler", None),
        ("DataTransfer-Out-Bytes", None),
    ],
)
def test_storage_classes_have_the_same_words_on_three_clouds(text: str, storage_class: str | None) -> None:
    assert storage.storage_class(text) == storage_class


@pytest.mark.parametrize(
    ("machine", "hardware"),
    [
        ("p7.48xlarge", "p7"),
        ("ml.g8.12xlarge", "g8"),
        ("p5.48xlarge", "8xH100"),
        ("m9.large", None),
        ("t4g.large", None),
        ("Standard_D4s_v7", None),
    ],
)
def test_an_unlisted_machine_of_a_family_with_accelerators_is_named_by_its_family(
    machine: str, hardware: str | None
) -> None:
    assert machines.hardware(machine) == hardware


@pytest.mark.parametrize(
    ("name", "family", "version"),
    [
        ("claude-sonnet-4-5", "claude-sonnet", "4.5"),
        ("claude-3-5-haiku", "claude-haiku", "3.5"),
        ("gpt-5.1-codex-mini", "gpt-codex-mini", "5.1"),
        ("gemini-2.5-flash-lite", "gemini-flash-lite", "2.5"),
        ("nova-2-lite", "nova-lite", "2"),
        ("deepseek-v3.2", "deepseek", "3.2"),
        ("model-router", "model-router", None),
    ],
)
def test_a_models_family_stays_when_its_version_moves(name: str, family: str | None, version: str | None) -> None:
    assert (models.family(name), models.version(name)) == (family, version)


@pytest.mark.parametrize("scope", ["us.", "eu.", "apac.", "jp.", "global."])
def test_a_cross_region_profile_is_its_model(scope: str) -> None:
    assert models.model(f"{scope}anthropic.claude-opus-7-20270101-v1:0") == "claude-opus-7"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("arn:aws:bedrock:us-east-1:1:inference-profile/eu.amazon.nova-5-pro-v1:0", "nova-5-pro"),
        ("arn:aws:bedrock:us-east-1::foundation-model/mistral.mistral-large-4-v1:0", "mistral-large-4"),
        ("arn:aws:bedrock:us-east-1:1:application-inference-profile/a1b2c3d4e5f6", None),
        ("arn:aws:bedrock:us-east-1:1:provisioned-model/a1b2c3d4e5f6", None),
    ],
)
def test_an_arn_names_a_model_or_none(written: str, name: str | None) -> None:
    assert models.model(written) == name


@pytest.mark.parametrize(
    ("meter", "part"),
    [
        ("Foundry Models - Azure OpenAI GPT7 - 7.2 opt Gl - EU North", "Azure OpenAI GPT7 - 7.2 opt Gl"),
        ("Virtual Machines - NDv6 Series - ND96", None),
        ("Azure DNS - Public Zone", None),
    ],
)
def test_a_foundation_models_meter_is_told_from_any_other(meter: str, part: str | None) -> None:
    assert meters.foundation(meter) == part
