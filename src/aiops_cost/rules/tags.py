"""What people wrote on the things they run: tags, read once per distinct text.

Keys are compared folded: case, `-`, `_` and spaces do not matter (`RunId` is `run_id`), and the `user:` that AWS
puts before the user's own keys is dropped, while `aws:` stays, so that the provider's tags never pass for the user's.
When two keys of one line fold to the same and their values differ, the key spelled exactly as asked wins, else the
first in alphabetical order, and the line is counted: nothing is ever merged silently.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from aiops_cost.documents import near
from aiops_cost.errors import UserError
from aiops_cost.ledger import schema
from aiops_cost.model import ACTIVITIES, Problem

JSON_COLUMNS = {"tags": "Tags", "details": "SkuPriceDetails", "categories": "x_CostCategories"}
"""The prefixes under which a rule reaches into the ledger's JSON columns: `tags.team`, `details.ModelId`."""

Inverted = dict[str, dict[str, dict[int, str]]]
"""Folded key -> key as written -> {number of the text: value}."""

FIELDS = ("workload", "owner", "environment", "model", "activity", "data_class", "run")

_SEPARATORS = re.compile(r"[-_\s]+")
_SAID = {
    "serving": "serving serve inference inferencing infer prediction scoring online-inference rag hosting",
    "training": "training train fine-tuning finetuning fine-tune finetune pretraining pre-training retraining tuning",
    "storage": "storage data data-processing data-preparation data-prep dataprep feature-store vector-store dataset",
    "shared": "shared platform ai-platform ml-platform notebook notebooks experimentation",
    "other": "other none no non-ai not-ai",
}  # fmt: skip
_NAMES: Mapping[str, tuple[str, ...]] = {
    "workload": (
        "workload", "ai-workload", "app", "application", "app-name", "application-name", "project",
        "product", "use-case", "service", "system", "appid", "app.kubernetes.io/name",
    ),
    "owner": ("owner", "team", "owning-team", "squad", "business-owner", "technical-owner", "cost-owner", "contact"),
    "environment": ("environment", "env", "stage", "environment-name", "deployment-environment"),
    "model": ("model", "model-name", "model-id", "ai-model", "ml-model", "foundation-model"),
    "activity": ("ai-activity", "ml-activity", "ai-phase", "ml-phase", "ml-stage", "aiops-activity"),
    "data_class": ("data-class", "data-type", "data-kind", "data-category", "dataset-type", "content-type"),
    "run": (
        "run-id", "run", "run-name", "mlflow-run-id", "pipeline-run", "pipeline-run-id", "execution-id",
        "vertex-ai-pipelines-run-billing-id",
    ),
}  # fmt: skip


@lru_cache(maxsize=65_536)
def fold(key: str) -> str:
    """The key as keys are compared.

    >>> fold("user:Cost_Owner"), fold("aws_createdBy")
    ('costowner', 'aws:createdby')
    """
    plain = key.strip().lower()
    for prefix in ("user:", "user_"):
        if plain.startswith(prefix) and len(plain) > len(prefix):
            plain = plain[len(prefix) :]
    if plain.startswith("aws_"):
        plain = "aws:" + plain[4:]
    return _SEPARATORS.sub("", plain)


ACTIVITY_WORDS = {fold(word): activity for activity, words in _SAID.items() for word in words.split()}
"""What people write in an activity tag, folded, and the activity it means."""


@dataclass(frozen=True)
class TagMap:
    """Where each field comes from: ordered candidates (`tags.KEY` or a ledger column), first present wins.

    `activities` maps the folded words of an activity tag to an activity; unknown words say nothing.
    """

    candidates: Mapping[str, tuple[str, ...]]
    activities: Mapping[str, str] = field(default_factory=lambda: ACTIVITY_WORDS)


DEFAULT_TAGS = TagMap({name: tuple(f"tags.{key}" for key in keys) for name, keys in _NAMES.items()})


def tag_map(wanted: Mapping[str, Sequence[str]], place: str = "") -> TagMap:
    """The default map with some fields replaced by what the configuration says.

    `wanted` maps a field (workload, owner, environment, model, activity, data_class, run) to its candidates in
    order: `tags.KEY` or a column of the ledger. Raises UserError naming every unknown one, with the nearest known.
    """
    problems = []
    for name, candidates in wanted.items():
        if name not in FIELDS:
            hint = near(name, FIELDS) or f"The fields are: {', '.join(FIELDS)}."
            problems.append(Problem("tags-unknown-field", place, f"there is no field `{name}` to take from tags", hint))
        for candidate in candidates:
            if not _readable(candidate):
                hint = (
                    near(candidate, (*schema.IDENTITY, *schema.SHORT)) or "Write tags.KEY, or a column of the ledger."
                )
                problems.append(Problem("tags-unknown-column", place, f"`{name}` cannot come from `{candidate}`", hint))
    if problems:
        raise UserError(problems)
    return TagMap({**DEFAULT_TAGS.candidates, **{name: tuple(keys) for name, keys in wanted.items()}})


def _readable(candidate: str) -> bool:
    head, _, key = candidate.partition(".")
    return (bool(key) and head in JSON_COLUMNS) or schema.SHORT.get(candidate, candidate) in schema.IDENTITY


def said_activity(value: str, words: Mapping[str, str]) -> str | None:
    """The activity that a tag's value states, or None: `Inference` -> serving, `fine_tuning` -> training."""
    word = fold(value)
    return words.get(word, word if word in ACTIVITIES else None)


def read_json(text: str) -> dict[str, str]:
    """A JSON object as texts; what is not an object has no keys. A valueless tag (`true`) is `true`."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {key: said for key, value in found.items() if (said := _said(value))}


def invert(texts: Sequence[str]) -> Inverted:
    """The keys of many JSON objects: folded key -> key as written -> {number of the text: value}."""
    found: Inverted = {}
    for number, text in enumerate(texts):
        for key, value in read_json(text).items():
            found.setdefault(fold(key), {}).setdefault(key, {})[number] = value
    return found


def pick(spellings: Mapping[str, Mapping[int, str]], key: str) -> tuple[dict[int, str], list[int]]:
    """One value per text under `key`, and the texts in which its spellings disagree."""
    chosen: dict[int, str] = {}
    clashes: set[int] = set()
    for spelling in sorted(spellings, key=lambda spelling: (spelling != key, spelling)):
        for number, value in spellings[spelling].items():
            if chosen.setdefault(number, value) != value:
                clashes.add(number)
    return chosen, sorted(clashes)


def _said(value: object) -> str:
    if isinstance(value, str):
        return value.strip()
    return "" if value is None else json.dumps(value, ensure_ascii=False).strip()
