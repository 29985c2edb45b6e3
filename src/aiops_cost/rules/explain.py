"""Why a line is attributed as it is: the rule, the evidence, and the rules that nearly took it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from aiops_cost.ledger import schema
from aiops_cost.rules import stated
from aiops_cost.rules.decide import decide
from aiops_cost.rules.evidence import NAME_SOURCES, Lines
from aiops_cost.rules.examples import frame_of
from aiops_cost.rules.owners import Owners
from aiops_cost.rules.pack import CONFIDENCE, Line, Rule, RuleSet
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
    fit; `sources` say where activity, workload, owner, environment, model and run came from, and how surely (the line's
    confidence is that of the weaker of activity and workload); `owned` are first day, last day and owner
    where the line passed from one to another; `tried` is how many rules were asked before.
    """

    fields: Mapping[str, str | None]
    rule: Rule | None
    refines: Rule | None
    evidence: tuple[Evidence, ...]
    nearly: tuple[tuple[str, str], ...]
    sources: Mapping[str, str]
    owned: tuple[tuple[date, date, str], ...] = ()
    tried: int = 0


def explain(
    line: Line,
    rules: RuleSet,
    tags: TagMap = DEFAULT_TAGS,
    owners: Owners | None = None,
    siblings: Sequence[Line] = (),
) -> Explanation:
    """Explain one line, given as ledger columns (Tags as JSON text, or `tags.KEY`) with their values; `siblings` are
    the other lines of its resource, whose tags may speak for it. Both may have x_FirstDay and x_LastDay."""
    decision = decide(frame_of([line, *siblings]), rules, tags, owners)
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
        sources=_sources(decision.lines, tags, rule, fields),
        tried=len(rules.rules) if first < 0 else first,
        owned=tuple((one.first, one.last, one.owner) for one in decision.owned if one.row == 0),
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


_SPELLED = ("workload", "owner", "environment", "model")


def _sources(lines: Lines, tags: TagMap, rule: Rule | None, fields: Mapping[str, str | None]) -> dict[str, str]:
    """Per field who said it, and how surely: stated, named or inferred."""
    found = {}
    for field in (*_SPELLED, "run"):
        value = fields[schema.SHORT[field]]
        if value is None:
            continue
        said = lines.column(f"stated.{field}").value(0)
        source = _source(lines, tags, rule, field, value)
        respelled = said is not None and said != value and field in _SPELLED
        found[field] = f"{source}, which says {said}; spelled by the table of values" if respelled else source
    if rule and rule.activity != "unattributed":
        found["activity"] = _of_activity(lines, rule, fields["x_Activity"])
    return found


def _of_activity(lines: Lines, rule: Rule, activity: str | None) -> str:
    """How surely the activity is known: as the rule says, or less, where the rule goes by what is said of the line."""
    said = lines.column("stated.activity").value(0)
    origin = lines.origins["activity"][0]
    weaker = rule.refines and origin >= 0 and said == activity
    strength = max(rule.confidence, stated.STRENGTH[origin] if weaker else "", key=_weakness)
    late = ", by a tag that its resource carries on other days" if weaker and origin == stated.LATE else ""
    return f"{strength}: rule {rule.id}{late}"


def _weakness(strength: str) -> int:
    return CONFIDENCE.index(strength) if strength else -1


def _source(lines: Lines, tags: TagMap, rule: Rule | None, field: str, value: str) -> str:
    """Who said so: a tag or name of the line, its account, a later tag of its resource, the rule, a job's id."""
    lines.column(f"stated.{field}")
    origin = int(lines.origins[field][0])
    if origin == stated.LATE:
        return "inferred: a tag that its resource carries on other days"
    if origin == stated.ACCOUNT:
        return f"{stated.STRENGTH[origin]}: the table of accounts"
    if origin >= 0:
        candidates = (lines.candidate(text, field)[0] for text in tags.candidates[field])
        texts = zip(tags.candidates[field], candidates, strict=True)
        return f"{stated.STRENGTH[origin]}: {next(text for text, column in texts if column.value(0) is not None)}"
    if rule and _fills(rule, schema.SHORT[field]):
        return f"{rule.confidence}: rule {rule.id}"
    by_id = value in (lines.column("ResourceId").value(0) or "")
    of_run = "stated: the resource id" if by_id else "named: a tag that names its job"
    return of_run if field == "run" else "stated: the owners file"


def _fills(rule: Rule, field: str) -> bool:
    return field in rule.constants or any(extract.field == field for extract in rule.extract)
