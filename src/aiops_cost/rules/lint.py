"""Finds rules that can never win, and extracts that find nothing in the rule's own examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aiops_cost.rules.evidence import Lines
from aiops_cost.rules.examples import frame_of
from aiops_cost.rules.match import Matcher
from aiops_cost.rules.modules import READERS
from aiops_cost.rules.pack import Extract, Rule, RuleSet
from aiops_cost.rules.tags import DEFAULT_TAGS


@dataclass(frozen=True)
class Shadowed:
    """`rule` never decides a line, because `by` is tried before it and asks for no more."""

    rule: Rule
    by: Rule


def lint(rules: RuleSet) -> list[Shadowed]:
    """Every rule that is shadowed by one before it, each with the first that does so.

    What is reported is certain; a rule can also be hidden by several others together, which is not looked for
    (`rules test` finds that, when its own example is decided by another rule).
    """
    return [*_shadowed(rules.rules), *_shadowed(rules.refining)]


@dataclass(frozen=True)
class Empty:
    """`rule` says how to fill `field`, and fills it on none of its own examples."""

    rule: Rule
    field: str


def empty_extracts(rules: RuleSet) -> list[Empty]:
    """Every extract of a user's rule that captures nothing on any line that the rule says it fires on. Built-in
    rules are left out: theirs are shared by meters of which some have no model or tier in their name."""
    found = []
    for rule in rules:
        if rule.builtin:
            continue
        lines = Lines(frame_of(rule.fires), DEFAULT_TAGS)
        for field in dict.fromkeys(extract.field for extract in rule.extract):
            ways = [extract for extract in rule.extract if extract.field == field]
            if not any(_reads(lines, extract, row) for extract in ways for row in range(lines.size)):
                found.append(Empty(rule, field))
    return found


def _reads(lines: Lines, extract: Extract, row: int) -> bool:
    value = lines.column(extract.column).value(row)
    return value is not None and READERS[extract.reader](value) is not None


def _shadowed(rules: Sequence[Rule]) -> list[Shadowed]:
    found = []
    for index, rule in enumerate(rules):
        before = next((earlier for earlier in rules[:index] if covers(earlier, rule)), None)
        if before:
            found.append(Shadowed(rule, before))
    return found


def covers(general: Rule, special: Rule) -> bool:
    """True when every line that `special` matches is matched by `general` too."""
    return all(
        any(name == asked and implies(matcher, wanted) for name, matcher in special.when)
        for asked, wanted in general.when
    )


def implies(special: Matcher, general: Matcher) -> bool:
    """True when every value that `special` accepts is accepted by `general`; False also where that is not known.

    >>> from aiops_cost.rules.match import parse
    >>> implies(parse(["Amazon Bedrock", "Bedrock"]), parse("/Bedrock/"))
    True
    >>> implies(parse("/Bedrock/"), parse("Amazon Bedrock"))
    False
    """
    if special == general:
        return True
    if special.kind == "any":
        return all(implies(part, general) for part in special.parts)
    if general.kind == "any":
        return any(implies(special, part) for part in general.parts)
    if special.kind == "exact":
        return general.test()(special.texts[0])
    return special.kind == "regex" and general == Matcher("present", ("true",))
