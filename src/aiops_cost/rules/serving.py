"""Serving: answering requests with a model. Owns its components, its drivers and how its lines are read.

Cost = requests x tokens (or machine hours) x unit price, by model and latency tier.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from aiops_cost.rules import meters, models
from aiops_cost.rules.driver import Driver

_TOKENS = (
    "fm-tokens",
    "fm-tokens-input",
    "fm-tokens-output",
    "fm-tokens-cache-read",
    "fm-tokens-cache-write",
    "fm-embeddings",
)
_HOURS = ("endpoint-hosting", "ft-hosting", "fm-provisioned", "batch-inference", "fm-cache-storage")
_USE = (
    "endpoint-serverless", "endpoint-storage", "endpoint-data", "agent-runtime", "agent-memory", "ai-api",
    "fm-images", "fm-video", "fm-audio", "fm-rerank", "fm-retrieval", "fm-guardrails", "fm-tools",
)  # fmt: skip
COMPONENTS = (*_TOKENS, *_HOURS, *_USE)
HOURLY = ("endpoint-hosting", "ft-hosting", "fm-provisioned")
"""Capacity that waits for requests, and is paid for by the hour whether they come or not."""
TRAFFIC = ("endpoint-data",)
"""What bills say of the requests themselves, under the resource that answers them."""

DRIVERS = (
    Driver(
        "tokens", "1M tokens", "ConsumedQuantity",
        "requests x tokens per request x price per token, by model, direction and latency tier", _TOKENS,
    ),
    Driver(
        "instance hours", "hours", "ConsumedQuantity",
        "machines x hours x price per hour, whether requests come or not", _HOURS,
    ),
    Driver("use", "units", "ConsumedQuantity", "units used x price per unit: images, seconds, calls, GB-seconds", _USE),
)  # fmt: skip

_DIRECTIONS = (
    ("cache-write", r"cache[\s_-]?(?:write|creation)|cachewrite|cache_creation|(?<![a-z])(?:cd|cchd|cached)[\s-]wr"),
    ("cache-read", r"cache[\s_-]?(?:read|hit)|(?<!un)cached|c*chd|cched|cach\b|(?<![a-z])cd[\s-]inp|caching"),
    (
        "output",
        r"output|(?<![a-z])(?:batch|\w*(?:txt|aud))?out(?:p|pt)?(?![a-z])|(?<![a-z])opt(?![a-z])"
        r"|-completion$|completion tokens?",
    ),
    ("input", r"input|(?<![a-z])(?:batch|\w*(?:txt|aud))?in(?:p|pt)(?![a-z])|-prompt$|prompt tokens?"),
)
_TIERS = (
    ("batch", r"batch"),
    ("flex", r"(?<![a-z])fl(?:ex)?(?![a-z])|DWS|Flex[- ]start"),
    ("spot", r"low[\s_-]?priority"),
    ("priority", r"priority|(?<![a-z])pp(?![a-z])"),
    ("latency-optimized", r"latency[-_]?optimized"),
    ("off-peak", r"off-?peak"),
    (
        "reserved",
        r"reserved|CapacityBlock|HeavyUsage|commitment|(?<![a-z])reservation|PROVISIONED_CAPACITY|calendar mode",
    ),
    ("provisioned", r"provisioned"),
    ("spot", r"spot|preemptible"),
    ("async", r"AsyncInf"),
    ("serverless", r"serverless"),
)


def _first(table: tuple[tuple[str, str], ...]) -> Callable[[str], str | None]:
    compiled = [(name, re.compile(pattern, re.IGNORECASE)) for name, pattern in table]
    return lambda text: next((name for name, pattern in compiled if pattern.search(text)), None)


direction = _first(_DIRECTIONS)
"""input, output, cache-read or cache-write, in any provider's spelling: cache is tried before output and input."""

tier = _first(_TIERS)
"""batch, flex, priority, ... where the text says one; None leaves what the rule sets."""


def cache_action(text: str) -> str | None:
    """FOCUS drafts say the cache apart from the direction: Read or Write; None and Uncached say nothing."""
    return {"read": "cache-read", "write": "cache-write"}.get(text.strip().lower())


READERS: Mapping[str, Callable[[str], str | None]] = {
    "model": models.model,
    "bedrock-model": models.bedrock,
    "marketplace-model": models.marketplace,
    "azure-model": meters.model,
    "gemini-model": models.gemini,
    "openai-model": models.openai,
    "claude-model": models.claude,
    "oracle-model": models.oracle,
    "model-family": models.family,
    "model-version": models.version,
    "direction": direction,
    "cache-action": cache_action,
    "tier": tier,
}
