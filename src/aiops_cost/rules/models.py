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
_ZERO = re.compile(r"(?<=\d)\.0(?!\d)")
_MAKERS = re.compile(
    r"^(?:Cohere|Meta|Mistral AI|Stability AI|AI21 Labs|AI21|Anthropic|Amazon|Writer|TwelveLabs"
    r"|Twelve Labs|Luma AI|Luma|OpenAI|Qwen Team|NVIDIA|Google|Moonshot AI|Z\.?AI|xAI|MiniMax)\s+(?=\S)",
    re.IGNORECASE,
)


def model(text: str) -> str | None:
    """A model id as an API or a tag writes it: `us.anthropic.claude-sonnet-4-5-20250929-v1:0` -> claude-sonnet-4-5."""
    written = text.strip().rsplit("/", 1)[-1]
    name = _VENDOR.sub("", written)
    name = re.sub(r"^ft:([^:]+).*", r"\1", name)
    if re.search("claude", name, re.IGNORECASE):
        return claude(name)
    before = None
    while before != name:
        before, name = name, _REVISION.sub("", name)
    return _with_vendor(written.partition(".")[0], _kebab(re.sub(r"^(gemini-.*?)-preview$", r"\1", name)))


def claude(text: str) -> str | None:
    """Any spelling of a Claude model. From version 4 on the family goes before the version."""
    found = re.search(r"claude[\s_-]*(.*)", re.split(r"[(@:]| Usage| - |-mantle", text)[0], re.IGNORECASE)
    if not found:
        return None
    squeezed = re.sub(r"(?<=[a-z])V\d\b", "", found[1])
    rest = re.sub(r"(?<=[a-z])(?=\d)|(?<=\d)(?=[a-z])", " ", squeezed.lower())
    version = re.search(r"(?<![\dv])(\d{1,2})(?!\d)(?:[.-](\d{1,2})(?!\d))?", rest)
    family = re.search(r"(?<![a-z])(?!v\b|v \d|model)([a-z]{3,})", rest)
    number = "-".join(part for part in version.groups() if part and part != "0") if version else ""
    words = [number, family[1] if family else ""]
    if version and int(version[1]) >= 4:
        words.reverse()
    return "-".join(["claude", *filter(None, words)])


_BEDROCK_END = re.compile(
    r"-(?:cross-region|(?:text|audio|speech|image|video)-(?:input|output|token)|input|output|cache|search-units|(?:Model-)?"
    r"Customization|RFT|SFT|custom-model|Provisioned|reserved|[TIV]2[IV]|batch|flex|priority|latency|(?:Low|Med|High|\d+)fps"
    r"|tokens?\b|invocation|model-units|standard|stored|embed(?:ding)?s?-).*", re.IGNORECASE)  # fmt: skip


def bedrock(text: str) -> str | None:
    """The model in a Bedrock usage type, first scheme (`USE1-Nova2.0Lite-input-tokens`) or second (`-mantle-`)."""
    name = _REGION.sub("", text)
    image = re.search(r"created_image_(\w+?)-Units", name)
    if image:
        return _kebab(image[1])
    if ":" in name:
        return None
    mantle = re.match(r"[a-z0-9]+\.(.+?)-mantle-", name)
    if mantle:
        return _with_vendor(name.partition(".")[0], claude(name) or _kebab(mantle[1]))
    if not _BEDROCK_END.search(name):
        return None
    name = _BEDROCK_END.sub("", name)
    return claude(name) or _kebab(_ZERO.sub("", name))


def marketplace(text: str) -> str | None:
    """The model in a product's name: `Cohere Rerank v3.5 (Amazon Bedrock Edition)` -> rerank-v3-5."""
    name = re.sub(r"\s*\(.*", "", text).strip()
    if re.fullmatch(r"(?:Amazon|AWS)\s?Bedrock.*", name, re.IGNORECASE):
        return None
    if "claude" in name.lower():
        return claude(name)
    name = re.sub(r"\b(?:Model|Language|Foundation|Edition)\b", " ", _MAKERS.sub("", name), flags=re.IGNORECASE)
    name = re.sub(r"\bLlama (\d)", r"Llama\1", re.sub(r"\bR\+", "R Plus", name))
    name = re.sub(r"\b(Chat|Instruct) (\d+B)\b", r"\2 \1", name)
    kebab = _kebab(_ZERO.sub("", name))
    return _named(re.sub(r"-v1$", "", re.sub(r"(?<=\d)\.(?=\d)", "-", kebab))) if kebab else None


_AZURE_NOISE = re.compile(
    r"(?:az|base|in|inp|inpt|input|inputs|out|outp|outpt|opt|output|outputs|cached|cachd|cchd|ccchd|cd|cache|wr|write|read|batch|flex|pp|std|standard"
    r"|priority|glbl|global|gl|gbl|data|zone|datazone|dzone|dz|regnl|rgnl|regional|reg|aud|audio|txt|text|img|image|images|ft|ftuned|dev|training"
    r"|trng|hosting|hstng|hosted|deployment|unit|units|tokens|token|tkn|tkns|1k|1m|1|shortco|longco|sc|lc|hd|highres|lowres|pages|grader|rl|rft"
    r"|model|models|provisioned|managed|predictions|prompt|completion|speech|to|characters|chars|session"
    r"|hour|hours|seconds?|\d{3,4}p|\d{4}|\d{6}|\d{8})"
)
_AZURE_GLUED = re.compile(r"(?<=[a-z]{3})(?=\d{4}\b)|(?<=batch)(?=inp|outp|opt)|(?<=turbo)-?(?=\d+k)|(?<=\bgpt)(?=\d)")
_AZURE_ASIDE = re.compile(r"\d{4}|\d{6}|\d{8}|aud|rt|text|txt|img|image|dev")
_AZURE_KEEP = {"rt": "realtime", "sp": "speciale"}
_AZURE_NAMED = re.compile(r"text-embedding|gpt-image")


def azure(text: str) -> str | None:
    """The model in an Azure meter, `[category - ]subcategory - meter[ - region]`: four spellings, dated versions."""
    family, meter = _azure_parts(text)
    if not meter:
        return None
    if "claude" in f"{family} {meter}":
        return claude(meter if "claude" in meter else f"claude {meter}")
    meter = re.sub(
        r"(?<=[a-z]{3})(?=\d{4}\b)|(?<=batch)(?=inp|outp|opt)|(?<=turbo)-?(?=\d+k)|(?<=\bgpt)(?=\d)", " ", meter
    )
    meter = re.sub(r"[\s_-]+", "-", meter.strip())
    if meter.startswith("model-router"):
        return "model-router"
    named = _AZURE_NAMED.search(meter) is not None
    tokens: list[str] = []
    for token in meter.split("-"):
        part_of_name = named and token in ("text", "image", "1") and len(tokens) < 3
        if part_of_name or not _AZURE_NOISE.fullmatch(token):
            tokens.append(_AZURE_KEEP.get(token, token))
        elif tokens and not _AZURE_ASIDE.fullmatch(token):
            break
    return _azure_name(family, tokens)


def _azure_parts(text: str) -> tuple[str, str]:
    """The maker's subcategory and the meter after it; FOCUS descriptions may end with the region."""
    parts = text.lower().split(" - ")
    if len(parts) < 2:
        return "", ""
    makers = [index for index, part in enumerate(parts[:-1]) if part.startswith("azure ")]
    at = makers[-1] if makers else len(parts) - 2
    return parts[at], parts[at + 1]


def _azure_name(family: str, tokens: list[str]) -> str | None:
    """Put back the family that the meter leaves to its subcategory: `R1` of Deepseek, `5.4 mini` of GPT."""
    if not tokens:
        return None
    if tokens[0] == "gpt" and len(tokens) > 2 and tokens[1] == "35":
        tokens = [token for token in tokens if not re.fullmatch(r"\d+k", token)]
    if "turbo" in tokens:
        tokens = [token for token in tokens if not re.fullmatch(r"\d+k", token)]
    if re.fullmatch(r"\d\d", tokens[0]):
        tokens[0] = ".".join(tokens[0])
    if re.fullmatch(r"\d(?:\.\d+)?", tokens[0]):
        tokens.insert(0, "gpt")
    if tokens[0] == "cohere" and len(tokens) > 1:
        tokens = tokens[1:]
    for maker, begins in (("deepseek", r"[rv]\d"), ("kimi", r"k\d"), ("grok", r"\d"), ("llama", r"\d"), ("phi", r"\d")):
        if maker in family and re.match(begins, tokens[0]):
            tokens.insert(0, maker)
    return _named("-".join(tokens))


_GEMINI = re.compile(r"\bgemini (?:(?P<version>\d+(?:\.\d+)?) )?(?P<words>.*)", re.IGNORECASE)
_GEMINI_END = re.compile(
    r"(?:global|regional|thinking|text|audio|image|video|input|output|caching|cached|cache|predictions|prediction|short|long|batch|flex|priority"
    r"|preview|token|tokens|count|\(.*|-|for|grounding|modality|offpeak|off-peak|training|tuning|tuned|storage|with|in|eu|us)"
)
_SQUEEZED = re.compile(r"\s+")


def gemini(text: str) -> str | None:
    """The model in a Google SKU: Gemini in both catalogs, partner models, Imagen and Veo."""
    line = _SQUEEZED.sub(" ", text).strip()
    if "claude" in line.lower():
        return claude(re.split(r" (?:Input|Output|Cache|Batch|Text|Tokens)\b", line)[0])
    garden = re.search(r"Model as a Service (.+?) (?:Input|Output|Cache|Batch|Priority|Flex)", line, re.IGNORECASE)
    if garden:
        return _kebab(garden[1])
    if embedding := re.search(r"Large Text Embedding Model|Gemini Embedding(?: (\d+))?", line, re.IGNORECASE):
        return f"gemini-embedding-{embedding[1] or '001'}"
    media = re.match(
        r"(Imagen|Veo|Lyria|Chirp) ?(\d+(?:\.\d+)?)?((?: (?:Fast|Ultra|Lite|Standard))*)", line, re.IGNORECASE
    )
    if media:
        return "-".join(filter(None, [media[1], media[2], *media[3].split()])).lower()
    found = _GEMINI.search(line)
    if not found or not found["version"]:
        return None
    words = _gemini_words(found["words"].lower(), stated_before=" for gemini " in line.lower())
    return "-".join(["gemini", found["version"], *words])


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
    return _named(name)


def _named(name: str) -> str | None:
    return _table().get(name, name) or None


@cache
def _table() -> dict[str, str]:
    text = files(__package__).joinpath("models.csv").read_text(encoding="utf-8")
    return {row["written"]: row["model"] for row in csv.DictReader(text.splitlines())}
