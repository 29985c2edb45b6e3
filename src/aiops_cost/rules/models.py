"""The name of a model, as vendors, clouds and marketplaces write it, in one spelling.

The spelling is the vendor's API id in lower kebab case without vendor, date, revision or region:
`claude-sonnet-4-5`, `nova-2-lite`, `gpt-4.1-mini`, `gemini-2.5-flash`, `llama3-3-70b`. Every function takes one text
and returns None when it names no model. Names that no grammar explains stand in `models.csv`.
"""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib.resources import files

_REGION = re.compile(r"^(?:[A-Z]{2,3}[CENSW]{1,2}\d{1,2}|EU)-")
_VENDOR = re.compile(r"^(?:[a-z][a-z0-9-]*[a-z]\.){1,2}(?=[a-z]{2}|[a-z]\d)", re.IGNORECASE)
_REVISION = re.compile(
    r"(?:@.*|:.*|-v\d+:\d+.*|(?<![a-z]embed)-v\d+|-latest|[-_]\d{4}-\d{2}-\d{2}|-\d{8}|-\d{2}-(?:\d{2}|\d{4})|-\d{3,4})$"
)
_NO_MODEL = re.compile(r":(?:application-inference-profile|provisioned-model)/")
_CUSTOM = re.compile(r"^.*:custom-model/([^/]+)/.*")
_ZERO = re.compile(r"(?<=\d)\.0(?!\d)")
_MAKERS = re.compile(
    r"^(?:Cohere|Meta|Mistral AI|Stability AI|AI21 Labs|AI21|Anthropic|Amazon|Writer|TwelveLabs"
    r"|Twelve Labs|Luma AI|Luma|OpenAI|Qwen Team|NVIDIA|Google|Moonshot AI|Z\.?AI|xAI|MiniMax)\s+(?=\S)",
    re.IGNORECASE,
)


def model(text: str) -> str | None:
    """A model id as an API or a tag writes it: `us.anthropic.claude-sonnet-4-5-20250929-v1:0` -> claude-sonnet-4-5."""
    if _NO_MODEL.search(text):
        return None
    written = _CUSTOM.sub(r"\1", text.strip()).rsplit("/", 1)[-1]
    name = _VENDOR.sub("", written)
    name = re.sub(r"^ft:([^:]+).*", r"\1", name)
    if re.search("claude", name, re.IGNORECASE):
        return claude(name)
    before = None
    while before != name:
        before, name = name, _REVISION.sub("", name)
    return _with_vendor(written.partition(".")[0], _kebab(re.sub(r"^(gemini-.*?)-preview$", r"\1", name)))


_CLAUDE_FAMILIES = ("opus", "sonnet", "haiku")


def claude(text: str) -> str | None:
    """Any spelling of a Claude model. From version 4 on the family goes before the version."""
    found = re.search(r"claude[\s_-]*(.*)", re.split(r"[(@:]| Usage| - |-mantle", text)[0], re.IGNORECASE)
    if not found:
        return None
    squeezed = re.sub(r"(?<=[a-z])[vV]\d\b", "", found[1])
    rest = re.sub(r"(?<=[a-z])(?=\d)|(?<=\d)(?=[a-z])", " ", squeezed.lower())
    version = re.search(r"(?<![\dv])(\d{1,2})(?!\d)(?:[.-](\d{1,2})(?!\d))?", rest)
    family = re.search(r"(?<![a-z])(?!v\b|v \d|model)([a-z]{3,})", rest)
    number = "-".join(part for part in version.groups() if part and part != "0") if version else ""
    words = [number, family[1] if family else ""]
    if not number and words[1] not in ("instant", *_CLAUDE_FAMILIES):
        return None
    if version and int(version[1]) >= 4:
        words.reverse()
    return "-".join(["claude", *filter(None, words)])


_BEDROCK_END = re.compile(
    r"-(?:cross-region|(?:text|audio|speech|image|video)-(?:input|output|token)|speech-understanding|input|output|cache|search-units|(?:Model-)?"
    r"Customization|RFT|SFT|DPO|custom-model|Provisioned|reserved|[TIV]2[IV]|batch|flex|priority|latency|(?:Low|Med|High|\d+)fps"
    r"|tokens?\b|invocation|model-units|standard|stored|embed(?:ding)?s?-).*", re.IGNORECASE)  # fmt: skip


_MANTLE = re.compile(r"([a-z0-9]+)\.(.+?)-mantle-")
_MAKER_ID = re.compile(r"^[a-z0-9]+\.(?=[a-z])")
_CALLED = re.compile(r"([a-z0-9]+\.[\w.-]+):(?:input|output|cache)")


def bedrock(text: str) -> str | None:
    """The model in a Bedrock usage type: a squeezed name (`Nova2.0Lite-input-tokens`) or an API id (`-mantle-`)."""
    name = _REGION.sub("", text)
    if mantle := _MANTLE.match(name):
        return claude(name) or _with_vendor(mantle[1], _kebab(mantle[2]))
    if called := _CALLED.match(name):
        return model(called[1])
    if image := re.search(r"created_image_(\w+?)-Units", name):
        return _kebab(image[1])
    if ":" in name or not _BEDROCK_END.search(name):
        return None
    name = _ZERO.sub("", _BEDROCK_END.sub("", _MAKER_ID.sub("", name)))
    if "claude" in name.lower():
        return claude(name)
    return _kebab(name.replace(".", "-") if name.lower().startswith("nova") else name)


_DOTTED = re.compile(r"gpt|grok|glm|deepseek|kimi|qwen|minimax|gemini|gemma")
"""Models whose API ids keep the dot of their version."""


def marketplace(text: str) -> str | None:
    """The model in a product's name: `Cohere Rerank v3.5 (Amazon Bedrock Edition)` -> rerank-v3-5.

    In the description of a charge the name comes last: `AWS Marketplace software usage|us-east-1|Cohere Rerank v3.5`.
    """
    name = re.sub(r"\s*\(.*", "", text).rpartition("|")[2].strip()
    if re.fullmatch(r"(?:Amazon|AWS)\s?Bedrock.*", name, re.IGNORECASE):
        return None
    if "claude" in name.lower():
        return claude(name)
    name = re.sub(r"\b(?:Model|Language|Foundation|Edition)\b", " ", _MAKERS.sub("", name), flags=re.IGNORECASE)
    name = re.sub(r"\bLlama (\d)", r"Llama\1", re.sub(r"\bR\+", "R Plus", name))
    name = re.sub(r"\b(Chat|Instruct) (\d+B)\b", r"\2 \1", name)
    kebab = _kebab(_ZERO.sub("", name))
    if kebab and not _DOTTED.match(kebab):
        kebab = kebab.replace(".", "-")
    return named(re.sub(r"-v1$", "", kebab)) if kebab else None


_GEMINI = re.compile(r"\bgemini (?:(?P<version>\d+(?:\.\d+)?) )?(?P<words>.*)", re.IGNORECASE)
_GEMINI_END = re.compile(
    r"(?:global|regional|thinking|text|audio|image|video|input|output|caching|cached|cache|predictions|prediction|short|long|batch|flex|priority"
    r"|preview|token|tokens|count|\(.*|-|for|grounding|modality|offpeak|off-peak|training|tuning|tuned|supervised|preference|reinforcement|distillation|storage|with|in|eu|us)"
)
_SQUEEZED = re.compile(r"\s+")


def gemini(text: str) -> str | None:
    """The model in a Google SKU: Gemini in both catalogs, partner models, Imagen and Veo."""
    line = _SQUEEZED.sub(" ", text).strip()
    if "claude" in line.lower():
        named_from = line[line.lower().index("claude") :]
        return claude(re.split(r" (?:Input|Output|Cache|Batch|Text|Tokens)\b", named_from)[0])
    garden = re.search(r"Model as a Service (.+?) (?:Input|Output|Cache|Batch|Priority|Flex)", line, re.IGNORECASE)
    if garden:
        return _kebab(garden[1])
    if embedding := re.search(r"Large Text Embedding Model|Gemini Embedding(?: (\d+))?", line, re.IGNORECASE):
        return f"gemini-embedding-{embedding[1] or '001'}"
    media = re.search(
        r"\b(Imagen|Veo|Lyria|Chirp) ?(\d+(?:\.\d+)?)?((?: (?:Fast|Ultra|Lite|Standard))*)", line, re.IGNORECASE
    )
    if media:
        return "-".join(filter(None, [media[1], media[2], *media[3].split()])).lower()
    found = _GEMINI.search(line)
    if not found or not found["version"]:
        return None
    words = _gemini_words(found["words"].lower(), stated_before=" for gemini " in line.lower())
    return "-".join(["gemini", re.sub(r"^([3-9])\.0$", r"\1", found["version"]), *words])


def _gemini_words(text: str, stated_before: bool) -> list[str]:
    """The words of the model; `image` and `audio` are modalities, unless a modality is said beside them."""
    text = text.replace("native audio", "native-audio")
    modality = r"(?:text|audio|image|video)\b"
    text = re.sub(rf"\bimage (?=(?:ga |global )*{modality})", "image-model ", text)
    if stated_before:
        text = re.sub(r"\bimage\b", "image-model", text)
    words: list[str] = []
    for word in text.split():
        if word == "ga":
            continue
        if _GEMINI_END.fullmatch(word):
            break
        words.append(word.removesuffix("-model"))
    return words


def openai(text: str) -> str | None:
    """The model in a line item of OpenAI's costs; without a comma it is a tool, not a model."""
    head, comma, _ = text.rpartition(" | ")[2].partition(",")
    if not comma:
        return None
    return model(re.sub(r" (?:text|image|audio)$", "", head.strip()))


def oracle(text: str) -> str | None:
    """The model in an Oracle product, `... Generative AI - xAI Grok 4 - Input Tokens`; a size alone names none."""
    found = re.search(r"Generative AI - (.+?)(?: - | ?$)", text, re.IGNORECASE)
    name = _MAKERS.sub("", found[1]) if found else ""
    return _kebab(name) if re.search(r"\d", name) else None


_SIZE = re.compile(r"\d+(?:x\d+)?[bmk]|a\d+b|\d+e")
_PART = re.compile(r"(?P<word>[a-z]*?)(?P<number>(?<![a-z])[rk]?\d[\d.]*[a-z]?|(?<=[a-z])\d[\d.]*)")


def family(name: str) -> str | None:
    """The model's name without its version and size: what stays when a team moves to the next version.

    >>> family("claude-sonnet-4-5"), family("llama3-3-70b"), family("gpt-5.4-mini"), family("nova-pro")
    ('claude-sonnet', 'llama', 'gpt-mini', 'nova-pro')
    """
    return "-".join(word for word, _ in _parts(name) if word) or None


def version(name: str) -> str | None:
    """The version in a model's name, or None.

    >>> version("claude-sonnet-4-5"), version("llama3-3-70b"), version("gpt-4o-mini"), version("kimi-k2.7")
    ('4.5', '3.3', '4o', 'k2.7')
    """
    return ".".join(number for _, number in _parts(name) if number) or None


def _parts(name: str) -> list[tuple[str, str]]:
    """Each piece of the name as (word, number); sizes (`70b`) are neither."""
    pieces = [piece for piece in name.split("-") if piece not in ("preview", "latest") and not _SIZE.fullmatch(piece)]
    found = [_PART.fullmatch(piece.removeprefix("v") if piece[1:2].isdigit() else piece) for piece in pieces]
    return [(part["word"], part["number"]) if part else (piece, "") for part, piece in zip(found, pieces, strict=True)]


def _with_vendor(vendor: str, name: str | None) -> str | None:
    """`deepseek.v3.2` is deepseek-v3.2: a bare version needs its maker."""
    if name and re.match(r"[vr]\d", name):
        return f"{vendor}-{name}"
    return name


def _kebab(text: str) -> str | None:
    """Squeezed or spaced display names to kebab: `Nova2.0Lite` -> nova-2-lite, `Llama3-3-70B` -> llama3-3-70b."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=\d)(?=[A-Z][a-z]{2})", "-", text.strip())
    name = re.sub(r"[\s_-]+", "-", name).lower().strip("-")
    name = re.sub(r"(?<![a-z])(?!llama|qwen)([a-z]{3,})(?=\d)", r"\1-", name)
    name = re.sub(r"-\d{4}$", "", name)
    for written, right in (("deep-seek", "deepseek"), ("mini-max", "minimax"), ("open-ai-", ""), ("openai-gpt", "gpt")):
        name = name.replace(written, right)
    return named(name)


def named(name: str) -> str | None:
    """The name in the one spelling that `models.csv` has for it, else as it is; None for an empty one."""
    return _table().get(name, name) or None


@cache
def _table() -> dict[str, str]:
    text = files(__package__).joinpath("models.csv").read_text(encoding="utf-8")
    return {row["written"]: row["model"] for row in csv.DictReader(text.splitlines())}
