"""Owners as others write them: a CSV, a Backstage catalog, a CODEOWNERS file.

CSV           the columns owner, from, until (the last two may be missing); every other column is part of the scope.
Backstage     catalog-info.yaml: each entity with `metadata.name` and `spec.owner` owns the workload of its name
              (https://backstage.io/docs/features/software-catalog/descriptor-format).
CODEOWNERS    a pattern and its owners per line; the last segment of the pattern is the workload, `*` is everything,
              and the last line that fits counts (https://docs.github.com/articles/about-code-owners).
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from aiops_cost.errors import UserError
from aiops_cost.model import Problem
from aiops_cost.rules.tables import csv_rows

_ENTITIES = ("Component", "System", "Resource", "API", "Domain")


@dataclass(frozen=True)
class Written:
    """One owner as written, and where its parts stand."""

    scope: Mapping[str, Any]
    owner: str
    first: date | None
    last: date | None
    place: Callable[..., str]


def others(path: Path) -> list[Written] | None:
    """The owners of a file in one of these forms; None when it is the tool's own. Raises UserError."""
    if path.suffix.lower() == ".csv":
        return _csv(path)
    if path.name == "CODEOWNERS":
        return _codeowners(path)
    if path.suffix.lower() in {".yaml", ".yml"} and _text(path).lstrip("-\n\r\ufeff ").startswith(
        ("apiVersion:", "kind:")
    ):
        return _backstage(path)
    return None


def _csv(path: Path) -> list[Written]:
    found = []
    for number, row in csv_rows(path, ("owner",)):
        where = f"{path}:{number}"
        scope = {name: value for name, value in row.items() if name not in ("owner", "from", "until") and value}
        if not row["owner"]:
            raise UserError(Problem("owners-no-owner", where, "this row names no owner", "Fill it in or remove it."))
        first, last = (_day(row.get(name), name, where) for name in ("from", "until"))
        found.append(Written(scope, row["owner"], first, last, lambda *_, where=where: where))
    return found


def _day(text: str | None, name: str, where: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise UserError(
            Problem("owners-bad-day", where, f"`{text}` under `{name}` is not a day", "Write it like 2026-05-31.")
        ) from None


def _codeowners(path: Path) -> list[Written]:
    found = []
    for number, line in enumerate(_text(path).splitlines(), start=1):
        pattern, *owners = line.partition("#")[0].split()[:2] or [""]
        where = f"{path}:{number}"
        segment = next((part for part in reversed(pattern.split("/")) if part.strip("*")), "")
        if not owners or not pattern:
            continue
        scope: dict[str, Any] = {}
        if segment:
            scope["workload"] = f"/{fnmatch.translate(segment)}/" if any(c in segment for c in "*?[") else segment
        found.append(Written(scope, _plain(owners[0]), None, None, lambda *_, where=where: where))
    kept: dict[str, Written] = {}  # of one pattern the last line counts, and the last that fits is asked first
    for one in reversed(found):
        kept.setdefault(str(one.scope), one)
    return list(kept.values())


def _backstage(path: Path) -> list[Written]:
    try:
        text = _text(path)
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text)):
            raise UserError(Problem("yaml-anchor", str(path), "anchors and aliases (&, *) are not accepted",
                                    "Write the value out where it is used."))  # fmt: skip
        documents = list(yaml.safe_load_all(text))
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise UserError(Problem("yaml-syntax", where, f"not valid YAML: {getattr(error, 'problem', error)}")) from None
    found = []
    for number, entity in enumerate(documents, start=1):
        if not isinstance(entity, dict) or entity.get("kind") not in _ENTITIES:
            continue
        name, owner = (entity.get("metadata") or {}).get("name"), (entity.get("spec") or {}).get("owner")
        if name and owner:
            where = f"{path}, entity {number}"
            found.append(Written({"workload": str(name)}, _plain(str(owner)), None, None, lambda *_, w=where: w))
    return found


def _plain(owner: str) -> str:
    """`group:default/chat-platform`, `@org/chat-platform` and `chat-platform` are one team."""
    return owner.rpartition(":")[2].rpartition("/")[2].removeprefix("@")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            Problem("yaml-not-utf8", str(path), f"byte {error.start} is not UTF-8 text", "Save the owners as UTF-8.")
        ) from None
    except OSError as error:
        raise UserError(Problem("file-unreadable", str(path), f"cannot be read: {error.strerror}")) from None
