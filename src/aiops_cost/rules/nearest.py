"""What an unknown thing may be for, by what is known of it: its names, rules for things of like names, its account.

Nothing here decides anything. It proposes, with its evidence, and proposes nothing where there is none.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from aiops_cost.rules.pack import Line, Rule, RuleSet

_SHOWN_BY = (
    "ServiceName", "x_UsageType", "SkuMeter", "x_SkuDescription", "ChargeDescription", "x_SkuMeterCategory",
    "x_SkuMeterSubcategory", "x_SkuMeterName", "SkuId",
)  # fmt: skip
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_EMPTY = re.compile(
    r"amazon|aws|azure|google|cloud|microsoft|oracle|services?|hours?|hrs|units?|usage|use|per|month|the|of|for|and|with"
    r"|models?|standard|region|regional|global|usw|running"
)
"""Words that tell nothing."""
_UNTOLD = (None, "ml-compute")
"""What is said of a line that no rule knows more of than its service; of a machine no rule can know more."""
_LIKE_ENOUGH = 0.35
_MOST = 0.9

_SAYS = {
    "training": r"train(?:ing|er)?|pre-?train(?:ing)?|retrain(?:ing)?|fine-?tun(?:e|ed|ing)|hpo|sft|lora|dpo|rlhf",
    "serving": r"serv(?:e|ing)|infer(?:ence)?|predict(?:ion|ions|or)?|scoring|endpoints?|vllm|triton|tgi|chat(?:bot)?",
    "storage": r"etl|features?|feature-?store|data-?prep(?:aration)?|datasets?|embeddings?|checkpoints?|labell?ing",
    "shared": r"notebooks?|jupyter(?:hub|lab)?|workbench|studio|workstations?|gateway|ml-?platform|ai-?platform",
}
_SAID = {name: re.compile(rf"(?:^|[^a-z])(?:{words})(?:[^a-z]|$)", re.IGNORECASE) for name, words in _SAYS.items()}
_MACHINES = {
    "training": "training-cluster",
    "serving": "endpoint-hosting",
    "storage": "data-processing",
    "shared": "notebook",
}


@dataclass(frozen=True)
class Proposal:
    """An activity and a component that the evidence speaks for; how surely, and why, as a sentence."""

    activity: str
    component: str | None
    confidence: str
    evidence: str


def propose(
    line: Mapping[str, str],
    component: str | None,
    names: Sequence[str],
    account: tuple[str, Mapping[str, float]],
    rules: RuleSet,
) -> Proposal | None:
    """What a group of lines may be for. `line` has its identifying columns; `component` what a rule has called it;
    `names` are of its resources; `account` is its account and how AI spend is divided there. None: ask somebody."""
    named = _by_names(names, component)
    if named or component not in _UNTOLD:
        return named or _by_account(*account)
    return _by_rules(line, rules) or _by_account(*account)


def _by_names(names: Sequence[str], component: str | None) -> Proposal | None:
    """Every name that says something says the same, and most of the names say it."""
    said = Counter(activity for name in names for activity, words in _SAID.items() if words.search(name))
    if len(said) != 1 or 2 * sum(said.values()) < len(names):
        return None
    ((activity, count),) = said.items()
    shown = ", ".join(names[:3])
    of = "its name says" if len(names) == 1 else f"{count} of {len(names)} names say"
    return Proposal(activity, _MACHINES[activity] if component else None, "named", f"{of} {activity}: {shown}")


def _by_account(account: str, share: Mapping[str, float]) -> Proposal | None:
    activity, most = max(share.items(), key=lambda item: item[1], default=("", 0.0))
    if most < _MOST or activity not in _MACHINES:
        return None
    evidence = f"{most:.0%} of the other AI spend of {account} is {activity}"
    return Proposal(activity, _MACHINES[activity], "inferred", evidence)


def _by_rules(line: Mapping[str, str], rules: RuleSet) -> Proposal | None:
    """The rule whose examples are most like the line, by the words that few examples have."""
    examples = _examples(rules)
    rarity = _rarity(words for _, words in examples)
    asked = words_of(line)
    likeness = [(_alike(asked, words, rarity), rule) for rule, words in examples]
    best, rule = max(likeness, key=lambda item: (item[0], item[1].id), default=(0.0, None))
    if rule is None or best < _LIKE_ENOUGH:
        return None
    stem = (rule.component or "").partition("-{")[0] or None
    return Proposal(rule.activity, stem, "inferred", f"it is named like what rule {rule.id} decides: {rule.why}")


def words_of(line: Line) -> frozenset[str]:
    """The telling words of a line's identifiers, in small letters.

    >>> sorted(words_of({"ServiceName": "Amazon Kendra", "x_UsageType": "USE1-KendraEnterpriseEdition:Query"}))
    ['edition', 'enterprise', 'kendra', 'query']
    """
    texts = (str(line[name]) for name in _SHOWN_BY if line.get(name))
    found = {word.lower() for text in texts for word in _WORD.findall(text)}
    return frozenset(word for word in found if len(word) > 2 and not _EMPTY.fullmatch(word))


def _examples(rules: RuleSet) -> tuple[tuple[Rule, frozenset[str]], ...]:
    known = (rule for rule in rules.rules if rule.activity != "unattributed")
    return tuple((rule, words) for rule in known for line in rule.fires if (words := words_of(line)))


def _rarity(examples: Iterable[frozenset[str]]) -> dict[str, float]:
    every = list(examples)
    count = Counter(word for words in every for word in words)
    return {word: math.log(1 + len(every) / times) for word, times in count.items()}


def _alike(one: frozenset[str], other: frozenset[str], rarity: Mapping[str, float]) -> float:
    """From 0 (less than two words in common) to 1 (the same words); rare words weigh more, strange ones little."""
    if len(one & other) < 2:
        return 0.0
    least = min(rarity.values(), default=1.0)
    together = sum(rarity.get(word, least) for word in one | other)
    return sum(rarity.get(word, least) for word in one & other) / together
