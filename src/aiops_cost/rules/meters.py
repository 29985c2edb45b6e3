"""Azure's meters of foundation models: which they are, and whose tokens they count.

A meter is `[category - ]subcategory - name[ - region]`. Names abbreviate in many spellings (`5.4 mini cd Inp Gl 1M`,
`gpt-4o-rt-aud-1217 cchd Inp DZn`), carry month and day of the version, and may leave the maker to the subcategory.
"""

from __future__ import annotations

import re

from aiops_cost.rules.models import claude, named

_MAKER = re.compile(
    r"azure (?:openai|kimi|grok|claude|model router|ai foundry provisioned)\b.*|(?:[\w.]+ )+(?:models|model family)|phi"
    r"|foundry models",
    re.IGNORECASE,
)
_NOISE = re.compile(
    r"(?:az|base|in|inp|inpt|input|inputs|out|outp|outpt|opt|output|outputs|wr|write|read|cache|cached|cach|cachd|c*c?hd"
    r"|cched|cd|batch|flex|fl|pp|std|standard|priority|glbl|global|gl|gbl|data|zone|datazone|dzone|dzn|dz|regnl|rgnl"
    r"|regional|reg|aud|audio|txt|text|img|image|images|ft|ftuned|finetuned|fine|tuned|dev|training|trng|hosting|hstng|hosted"
    r"|deployment|unit|units|tokens?|tkns?|1k|1m|1|shortco|longco|shco|loco|sc|lc|hd|highres|lowres|pages|grader|rl|rft"
    r"|rsng|prvw|models?|mdl|grdr|provisioned|managed|predictions|prompt|completion|speech|to|characters|chars|session|sq"
    r"|hours?|seconds?|\d{3,4}p|\d+-?\d*s|\d{4}|\d{6}|\d{8})"
)
_GLUED = re.compile(
    r"(?<=[a-z]{3})(?=\d{4}\b)|(?<=batch)(?=inp|outp|opt)|(?<=turbo)-?(?=\d+k)|(?<=\bgpt)(?=\d)|(?<=\b4o)(?=mini)"
    r"|(?<=gpt4o)(?=mini)|(?<=realtime)(?=prvw)|(?<=prvw)(?=txt|aud)|(?<=txt)(?=inp|outp)|(?<=aud)(?=inp|outp)"
)
_ASIDE = re.compile(r"\d{4}|\d{6}|\d{8}|aud|rt|text|txt|img|image|dev|prvw")
_SHORT = {"rt": "realtime", "rtime": "realtime", "sp": "speciale", "mn": "mini", "img": "image"}
_NAMED = re.compile(r"text-embedding|gpt-(?:image|audio)|stable-image|^im(?:age|g)-\d")
_BEFORE_MODALITY: tuple[list[str], ...] = ([], ["gpt"], ["gpt", "image"], ["stable"])
_MAKERS = ("deepseek", "kimi", "grok", "llama", "phi", "mistral", "mai", "flux")
_BARE = {
    "mistral": ("large", "medium", "small", "nemo", "saba"),
    "flux": ("kontext", "pro", "dev", "schnell"),
    "llama": ("maverick", "scout"),
    "mai": ("image", "voice", "transcribe"),
}
"""Names of models that are sold without their maker's, by maker."""


def foundation(meter: str) -> str | None:
    """`subcategory - name` of a foundation model's meter, without category and region; None for any other meter.

    >>> foundation("Cognitive Services - Deepseek model family - R1 Inp regnl Tokens")
    'Deepseek model family - R1 Inp regnl Tokens'
    >>> foundation("Cognitive Services - Speech - S1 Speech To Text")
    """
    parts = meter.split(" - ")
    at = max((index for index, part in enumerate(parts[:-1]) if _MAKER.fullmatch(part)), default=None)
    return None if at is None else " - ".join(parts[at : at + 2])


def model(text: str) -> str | None:
    """The model in an Azure meter, or None: `Azure OpenAI GPT5 - 5.4 mini cd Inp Gl` -> gpt-5.4-mini."""
    family, _, meter = (foundation(text) or " - ".join(text.split(" - ")[-2:])).lower().partition(" - ")
    if not meter:
        return None
    if "claude" in f"{family} {meter}":
        return claude(meter if "claude" in meter else f"claude {meter}")
    meter = re.sub(r"[\s_-]+", "-", _GLUED.sub(" ", meter).strip())
    if meter.startswith("model-router"):
        return "model-router"
    return _in_full(family, _words(meter))


def _words(meter: str) -> list[str]:
    """The words of the name: they end where the direction, the scope or the tier begins."""
    has_modality = _NAMED.search(meter) is not None
    words: list[str] = []
    for word in meter.split("-"):
        part = has_modality and word in ("text", "image", "img", "audio", "1") and words in _BEFORE_MODALITY
        if part or not _NOISE.fullmatch(word):
            words.append(_SHORT.get(word, word))
        elif words and not _ASIDE.fullmatch(word):
            break
    speaks = {"realtime", "tts", "transcribe", "audio"} & set(words)
    return [*words, "audio"] if re.search(r"-aud\b", meter) and words[:1] == ["gpt"] and not speaks else words


def _in_full(family: str, words: list[str]) -> str | None:
    """Put back the maker that the meter leaves to its subcategory: `R1` of Deepseek, `5.4 mini` of GPT."""
    if not words:
        return None
    if "turbo" in words:
        words = [word for word in words if not re.fullmatch(r"\d+k", word)]
    maker = next((maker for maker in _MAKERS if maker in family.split()[:2] or maker == family), None)
    if maker is None and re.fullmatch(r"\d\d", words[0]):
        words[0] = ".".join(words[0])
    if re.fullmatch(r"\d+(?:\.\d+)?", words[0]):
        words.insert(0, maker or "gpt")
    elif maker and (re.match(r"[rvk]\d", words[0]) or words[0] in _BARE.get(maker, ())):
        words.insert(0, maker)
    elif words[0] == "cohere" and len(words) > 1:
        words = words[1:]
    return named("-".join(words))
