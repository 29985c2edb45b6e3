"""Matchers: what a rule asks of one column, parsed once and asked of distinct values only.

A matcher is an exact text, a list (any of), a `/regex/` (searched, `/.../i` ignores case), `{present: true}` or
`{not: matcher}`. A null never equals a text and never matches a regex; `not` turns that round.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

Test = Callable[[str | None], bool]

_REGEX = re.compile(r"/(.*)/(i?)\Z", re.DOTALL)


@dataclass(frozen=True)
class Matcher:
    """One parsed matcher. Equal matchers compare equal, so an answer can be shared between rules."""

    kind: str
    texts: tuple[str, ...] = ()
    parts: tuple[Matcher, ...] = ()

    def test(self) -> Test:
        """The question as a function of one value."""
        return _test(self)

    def __str__(self) -> str:
        if self.kind == "any":
            return " or ".join(map(str, self.parts))
        if self.kind == "not":
            return f"not {self.parts[0]}"
        return "/".join(("", *self.texts)) if self.kind == "regex" else self.texts[0]


def parse(value: Any) -> Matcher:
    """A matcher from its YAML value. Raises ValueError with a sentence for anything else."""
    if isinstance(value, bool):
        return Matcher("exact", (str(value).lower(),))
    if isinstance(value, str):
        found = _REGEX.match(value)
        return Matcher("regex", (found[1], found[2])) if found else Matcher("exact", (value,))
    if isinstance(value, Sequence) and value:
        return Matcher("any", parts=tuple(map(parse, value)))
    if isinstance(value, Mapping) and list(value) == ["not"]:
        return Matcher("not", parts=(parse(value["not"]),))
    if isinstance(value, Mapping) and list(value) == ["present"]:
        if not isinstance(value["present"], bool):
            raise ValueError("`present` is true or false")
        return Matcher("present", (str(value["present"]).lower(),))
    raise ValueError("a matcher is a text, a list, a /regex/, {present: true} or {not: ...}")


def compile_regexes(matcher: Matcher) -> None:
    """Compile every regex in the matcher; raises ValueError with the reason for a bad one."""
    for part in matcher.parts:
        compile_regexes(part)
    if matcher.kind == "regex":
        try:
            _regex(*matcher.texts)
        except re.error as error:
            raise ValueError(f"/{matcher.texts[0]}/ is not a regular expression: {error}") from None


@cache
def _regex(pattern: str, flags: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE if flags else 0)


def _test(matcher: Matcher) -> Test:
    if matcher.kind == "exact":
        text = matcher.texts[0]
        return lambda value: value == text
    if matcher.kind == "regex":
        search = _regex(*matcher.texts).search
        return lambda value: value is not None and search(value) is not None
    if matcher.kind == "present":
        wanted = matcher.texts[0] == "true"
        return lambda value: (value is not None) is wanted
    tests = [_test(part) for part in matcher.parts]
    if matcher.kind == "not":
        inner = tests[0]
        return lambda value: not inner(value)
    return lambda value: any(test(value) for test in tests)
