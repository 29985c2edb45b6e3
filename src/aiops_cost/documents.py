"""Reads a YAML file that a person wrote, strictly, and remembers where everything stands.

Configuration, budgets, rules and owners all come through `read`. YAML surprises are refused rather
than interpreted: duplicate keys, anchors and aliases, tags, files over 4 MiB. Every plain scalar
arrives as the text that was written (so `no`, `012345678901`, `1e3` and `12_000` mean what they
say), except `true`, `false` and `null`; the pydantic model gives it its type. All problems of a
file are reported at once, each at its line.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from yaml.reader import ReaderError

from aiops_cost.errors import UserError
from aiops_cost.model import Problem

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 40
_DEEP = f"nested more than {MAX_DEPTH} levels deep"
_FLATTER = "Close the brackets that are open, or write it flatter."
SCHEMAS = {name: name for name in ("budget", "rules", "owners", "accepted")} | {"configuration": "config"}
"""What messages call a file -> the name of its schema."""
MAX_PROBLEMS = 100
"""More would bury the first ones; a file with so many is another kind of file."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLAIN = {"true": True, "false": False, "null": None, "~": None, "": None}

Path_ = tuple[str | int, ...]


class Strict(BaseModel):
    """The base of every file's model: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Marks:
    """Where each key and item of a document stands."""

    file: str
    lines: dict[Path_, tuple[int, int]]

    def place(self, *path: str | int) -> str:
        """`file:line:column` of the item at `path`, or of its nearest parent that exists."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.lines:
                line, column = self.lines[path[:end]]
                return f"{self.file}:{line}:{column}"
        return self.file


def read(path: Path, model: type[M], *, what: str, shown: str | None = None) -> tuple[M, Marks]:
    """Read `path` as `model`; `what` names the kind of file ("budget", "configuration").

    Returns the model and the marks. Raises UserError with every problem found.
    """
    name = shown or str(path)
    data, marks = parse(_text(path, name, what), name, what)
    try:
        return model.model_validate(data), marks
    except ValidationError as error:
        raise UserError(_problems(error, model, marks, what)) from None


def parse(text: str, name: str, what: str) -> tuple[dict[str, Any], Marks]:
    """Parse YAML text into plain data and marks; the top must be a mapping."""
    try:
        events = list(_guarded(yaml.parse(text, Loader=_LOADER), name))
        root = yaml.compose(text, Loader=_LOADER) if events else None
    except (yaml.YAMLError, RecursionError) as error:
        raise UserError(_syntax_problem(error, text, name)) from None
    if not isinstance(root, yaml.MappingNode):
        raise UserError(
            Problem("yaml-not-mapping", f"{name}:1:1",
                    f"a {what} is a mapping of keys to values; this is {_kind(root)}",
                    f"Start from an example:  {_described(what)}")
        )  # fmt: skip
    marks = Marks(name, {(): (1, 1)})
    problems: list[Problem] = []
    data = _mapping(root, (), marks, problems)
    if problems:
        raise UserError(problems)
    return data, marks


def near(word: str, known: Iterator[str] | list[str] | tuple[str, ...]) -> str:
    """`did you mean ...?` for the closest of the known words, or nothing."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean `{close[0]}`?" if close else ""


def quoted(text: str) -> str:
    """A text as YAML, in quotes where it needs them."""
    plain = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_./%-]*(\.\.[0-9-]+)?", text)
    return text if plain and text.lower() not in {"true", "false", "null"} else json.dumps(text, ensure_ascii=False)


def text(path: Path, what: str, shown: str | None = None) -> str:
    """The text of a file that a person wrote. Raises UserError where it is absent, too big or not UTF-8."""
    return _text(path, shown or str(path), what)


def _text(path: Path, name: str, what: str) -> str:
    try:
        with path.open("rb") as file:
            head = file.read(MAX_BYTES + 1)  # not stat(): a device has no size and no end
        if len(head) > MAX_BYTES:
            raise UserError(
                Problem("yaml-too-big", name, f"too big for a {what} (4 MiB at most)",
                        "Split it into several files, or check that this is the file you meant.")
            )  # fmt: skip
        return head.decode("utf-8-sig")
    except FileNotFoundError:
        raise UserError(
            Problem("file-missing", name, f"there is no such {what}",
                    "Check the path; `aiops-cost init` writes a first one.")
        ) from None  # fmt: skip
    except UnicodeDecodeError as error:
        raise UserError(
            Problem(
                "yaml-not-utf8",
                name,
                f"byte {error.start} is not UTF-8 text",
                f"Save the {what} as UTF-8.",
            )
        ) from None
    except OSError as error:
        said = f"cannot be read: {error.strerror}"
        raise UserError(Problem("file-unreadable", name, said, f"Name a {what} that you may read.")) from None


def _guarded(events: Iterator[yaml.Event], name: str) -> Iterator[yaml.Event]:
    """Pass events on, refusing what can make a small file mean a large or surprising one."""
    depth = 0
    for event in events:
        mark: Any = event.start_mark
        place = f"{name}:{mark.line + 1}:{mark.column + 1}"
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise UserError(
                Problem("yaml-anchor", place, "anchors and aliases (&, *) are not accepted",
                        "Write the value out where it is used.")
            )  # fmt: skip
        tag = getattr(event, "tag", None)
        if tag:
            raise UserError(
                Problem(
                    "yaml-tag",
                    place,
                    f"the tag {tag} is not accepted",
                    "Write the plain value.",
                )
            )
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise UserError(Problem("yaml-too-deep", place, _DEEP, _FLATTER))
        yield event


def _syntax_problem(error: Exception, text: str, name: str) -> Problem:
    if isinstance(error, ReaderError):
        before = text[: error.position].split("\n")
        place, said = f"{name}:{len(before)}:{len(before[-1]) + 1}", error.reason
    else:
        mark = getattr(error, "problem_mark", None)
        place = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        said = getattr(error, "problem", None) or str(error)
    if "nesting depth" in said:
        return Problem("yaml-too-deep", place, _DEEP, _FLATTER)
    way_out = "Check the indentation and the quotes here."
    return Problem("yaml-syntax", place, f"not valid YAML: {said}", way_out)


def _plain(node: yaml.Node, at: Path_, marks: Marks, problems: list[Problem]) -> Any:
    """The node as dict, list, text, bool or None; fills the marks, collects bad keys."""
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, at, marks, problems)
    if isinstance(node, yaml.SequenceNode):
        items = []
        for index, item in enumerate(node.value):
            marks.lines[(*at, index)] = _position(item)
            items.append(_plain(item, (*at, index), marks, problems))
        return items
    # Without quotes the style is None in PyYAML's own parser and "" in libyaml's.
    unquoted = not getattr(node, "style", None)
    return _PLAIN.get(node.value, node.value) if unquoted else node.value


def _mapping(node: yaml.MappingNode, at: Path_, marks: Marks, problems: list[Problem]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line, column = _position(key_node)
        place = f"{marks.file}:{line}:{column}"
        if not isinstance(key_node, yaml.ScalarNode):
            said = f"{_kind(key_node)} cannot be a key"
            problems.append(Problem("yaml-bad-key", place, said, "Write a plain word before the colon."))
            continue
        key = str(key_node.value)
        if key in found:
            said = f"`{key}` is given twice (first on line {marks.lines[(*at, key)][0]})"
            problems.append(Problem("yaml-duplicate-key", place, said, "Keep one of the two."))
            continue
        marks.lines[(*at, key)] = line, column
        found[key] = _plain(value_node, (*at, key), marks, problems)
    return found


def _position(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _kind(node: yaml.Node | None) -> str:
    if node is None:
        return "empty"
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    return "a list" if isinstance(node, yaml.SequenceNode) else "a single value"


def _problems(error: ValidationError, model: type[BaseModel], marks: Marks, what: str) -> list[Problem]:
    """Every pydantic error as a sentence at its line; after many, how many there are."""
    items = error.errors(include_url=False)
    problems = [_problem(item, model, marks, what) for item in items[:MAX_PROBLEMS]]
    if len(items) > MAX_PROBLEMS:
        more = f"{len(items) - MAX_PROBLEMS} more problems in this file"
        problems.append(Problem("yaml-bad-value", marks.file, more, f"Is it a {what}?"))
    return problems


def _described(what: str) -> str:
    """Where the keys of a file are described: its schema, or for files that have none the page."""
    return f"aiops-cost schema {SCHEMAS[what]}" if what in SCHEMAS else "docs/reference/configuration.md"


def _problem(item: Any, model: type[BaseModel], marks: Marks, what: str) -> Problem:
    path = tuple(item["loc"])
    place = marks.place(*path)
    key = path[-1] if path else ""
    parent = ".".join(str(part) for part in path[:-1] if not isinstance(part, int))
    under = f" under `{parent}`" if parent else ""
    schema = _described(what)
    if item["type"] == "extra_forbidden":
        hint = near(str(key), _known_keys(model, path[:-1]))
        said = f"unknown key `{key}`{under}" + (f"; {hint}" if hint else "")
        way_out = "" if hint else f"The keys are listed by:  {schema}"
        return Problem("yaml-unknown-key", place, said, way_out)
    if item["type"] == "missing":
        said = f"`{key}` is missing{under}"
        return Problem("yaml-missing-key", place, said, f"Every key is described by:  {schema}")
    said = str(item.get("ctx", {}).get("error", item["msg"])).removeprefix("Value error, ")
    named = ".".join(map(str, path))
    return Problem("yaml-bad-value", place, f"`{named}`: {said}" if path else said)


def _known_keys(model: type[BaseModel], path: Path_) -> list[str]:
    """The keys of the model that `path` leads to, following lists, mappings and optional parts."""
    current: Any = model
    for part in path:
        if isinstance(part, int):
            continue
        fields = getattr(current, "model_fields", {})
        by_key = {field.alias or name: field for name, field in fields.items()}
        if part in by_key:
            current = _inner_model(by_key[part].annotation) or current
    return [field.alias or name for name, field in getattr(current, "model_fields", {}).items()]


def _inner_model(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _inner_model(argument)
        if found:
            return found
    return None
