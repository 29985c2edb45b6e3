"""Why a line is attributed as it is: the rule, the evidence, and the rules that nearly took it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aiops_cost.ledger import schema
from aiops_cost.rules.decide import decide
from aiops_cost.rules.evidence import NAME_SOURCES, Lines, canonical
from aiops_cost.rules.examples import frame_of
from aiops_cost.rules.owners import Owners
from aiops_cost.rules.pack import Rule, RuleSet
from aiops_cost.rules.tags import DEFAULT_TAGS, TagMap

_SERVICE = ("ServiceName", "x_ServiceCode", "x_SkuMeterCategory", "meter")


@dataclass(frozen=True)
class Evidence:
    """One condition that held: the column, what was asked of it, and the value that answered."""

    column: str
    asked: str
    value: str | None


@dataclass(frozen=True)
class Explanation:
    """What was decided about one line, and by what.

    `fields` are the attribution columns; `rule` decided the activity, `refines` is the rule before it when the
    deciding rule refined one; `nearly` are earlier rules for the same service, each with the column that did not
    fit; `sources` say where workload, owner, environment and model came from.
    """

    fields: Mapping[str, str | None]
    rule: Rule | None
    refines: Rule | None
    evidence: tuple[Evidence, ...]
    nearly: tuple[tuple[str, str], ...]
    sources: Mapping[str, str]


def explain(
    line: Mapping[str, str | None], rules: RuleSet, tags: TagMap = DEFAULT_TAGS, owners: Owners | None = None
) -> Explanation:
    """Explain one line, given as ledger columns (Tags as JSON text, or `tags.KEY`) with their values."""
    decision = decide(frame_of([line]), rules, tags, owners)
    first, refining = int(decision.by[0]), int(decision.refined[0])
    before = rules.rules[first] if first >= 0 else None
    rule = rules.refining[refining] if refining >= 0 else before
    fields = {name: decision.fields[name].value(0) for name in schema.ATTRIBUTION}
    return Explanation(
        fields=fields,
        rule=rule,
        refines=before if refining >= 0 else None,
        evidence=tuple(_evidence(decision.lines, rule)) if rule else (),
        nearly=_nearly(decision.lines, rules, len(rules.rules) if first < 0 else first),
        sources=_sources(decision.lines, tags, before, fields),
    )


def _evidence(lines: Lines, rule: Rule) -> list[Evidence]:
    found = []
    for name, matcher in rule.when:
        test = matcher.test()
        columns = NAME_SOURCES if name == "name" else (name,)
        fitting = next((one for one in columns if test(lines.column(one).value(0))), name)
        found.append(Evidence(fitting, str(matcher), lines.column(fitting).value(0) if fitting != "name" else None))
    return found


def _nearly(lines: Lines, rules: RuleSet, before: int) -> tuple[tuple[str, str], ...]:
    """Rules tried before the winner whose service condition holds, and the first of their columns that does not."""
    found = []
    for rule in rules.rules[:before]:
        answers = {name: _holds(lines, name, rule) for name, _ in rule.when}
        if any(answers.get(name) for name in _SERVICE) and not all(answers.values()):
            found.append((rule.id, next(name for name, holds in answers.items() if not holds)))
    return tuple(found)


def _holds(lines: Lines, name: str, rule: Rule) -> bool:
    test = next(matcher for column, matcher in rule.when if column == name).test()
    columns = NAME_SOURCES if name == "name" else (name,)
    return any(test(lines.column(one).value(0)) for one in columns)


def _sources(lines: Lines, tags: TagMap, rule: Rule | None, fields: Mapping[str, str | None]) -> dict[str, str]:
    found = {}
    for field in ("workload", "owner", "environment", "model"):
        if fields[schema.SHORT[field]] is None:
            continue
        candidates = tags.candidates.get(field, ())
        said = next((one for one in candidates if lines.column(canonical(one)).value(0) is not None), None)
        rule_says = f"rule {rule.id}" if rule and _fills(rule, schema.SHORT[field]) else "the owners file"
        found[field] = said or rule_says
    return found


def _fills(rule: Rule, field: str) -> bool:
    return field in rule.constants or any(extract.field == field for extract in rule.extract)
