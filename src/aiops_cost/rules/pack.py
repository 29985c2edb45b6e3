"""Reads rule packs: YAML documents in, checked rules in their order out.

The built-in packs are the files of `packs/`; the folder is the registry. A pack says its `order` (lower first) and
whether its rules `refine`: those run after the others, may look at what those decided (`activity`, `component`),
and never touch a line that a user's own rule decided.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from aiops_cost.documents import Marks, Strict, near, read
from aiops_cost.errors import UserError
from aiops_cost.ledger import schema
from aiops_cost.model import ACTIVITIES, Problem
from aiops_cost.rules import evidence, match
from aiops_cost.rules.modules import DEFAULT_READER, READERS

_FILLABLE = tuple(
    name for name in schema.ATTRIBUTION if name not in ("x_Activity", "x_Component", "x_RuleId", "x_Confidence")
)
FIELDS = {
    **{name: name for name in _FILLABLE},
    **{short: name for short, name in schema.SHORT.items() if name in _FILLABLE},
}
"""What `set` and `extract` may fill: x_Model, x_TokenDirection, ... or their short names."""

CONFIDENCE = ("stated", "named", "inferred")
"""How sure a rule is, the surest first: the bill or a tag says it; a name says it; it follows from something else."""

FILL_IN = "FILL-IN"
"""What a proposed rule says where only a person knows."""

Line = Mapping[str, str | bool | None]


class RuleDocument(Strict):
    """One rule as written."""

    id: Annotated[str, Field(min_length=1, pattern=r"^[a-z0-9][a-z0-9-]*$")]
    when: dict[str, Any]
    activity: str
    component: str | None = None
    extract: dict[str, str | list[str]] = Field(default_factory=dict)
    constants: dict[str, str] = Field(alias="set", default_factory=dict)
    confidence: Literal["stated", "named", "inferred"] = "stated"
    why: Annotated[str, Field(min_length=1)]
    fires: Annotated[list[dict[str, str | bool | None]], Field(min_length=1)]
    quiet: Annotated[list[dict[str, str | bool | None]], Field(min_length=1)]


class PackDocument(Strict):
    """One pack as written."""

    pack: str
    order: int = 0
    refines: bool = False
    rules: list[RuleDocument]


@dataclass(frozen=True)
class Extract:
    """Fill `field` with what `reader` finds in `column`."""

    field: str
    column: str
    reader: str


@dataclass(frozen=True)
class Rule:
    """One checked rule: columns in canonical names, matchers parsed, and where it stands."""

    id: str
    pack: str
    when: tuple[tuple[str, match.Matcher], ...]
    activity: str
    component: str | None
    extract: tuple[Extract, ...]
    constants: Mapping[str, str]
    confidence: str
    why: str
    fires: tuple[Line, ...]
    quiet: tuple[Line, ...]
    place: str
    builtin: bool
    refines: bool


@dataclass(frozen=True)
class RuleSet:
    """Rules in the order in which they are tried: the user's first, then ours; those that refine apart."""

    rules: tuple[Rule, ...]
    refining: tuple[Rule, ...]

    def __iter__(self) -> Iterator[Rule]:
        yield from (*self.rules, *self.refining)

    def by_id(self, rule_id: str) -> Rule | None:
        return next((rule for rule in self if rule.id == rule_id), None)


def load_packs(user_files: Sequence[Path] = (), builtin: bool = True) -> RuleSet:
    """The rules of the user's packs, and then the built-in ones; of each, packs go by their `order` and then by name,
    so that the order of the files does not matter. Rules that refine go by their confidence before that.

    Raises UserError with every problem of every file: unknown keys and columns (with the near miss), bad regular
    expressions, unknown activities and readers, two rules with one id, each at its file, line and column.
    """
    problems: list[Problem] = []
    packs: list[tuple[tuple[bool, int, str], str, list[Rule]]] = []
    for path, ours in [*((path, False) for path in user_files), *((path, True) for path in _builtin(builtin))]:
        try:
            document, marks = read(path, PackDocument, what="rules", shown=f"packs/{path.name}" if ours else None)
        except UserError as error:
            problems += error.problems
            continue
        checker = _Checker(document, marks, ours)
        packs.append(((ours, document.order, document.pack), marks.place("pack"), checker.rules()))
        problems += checker.problems
    packs.sort(key=lambda item: item[0])
    rules = [rule for *_, pack in packs for rule in pack]
    problems += [*_packs_twice([(key[2], place) for key, place, _ in packs]), *_doubles(rules)]
    if problems:
        raise UserError(problems)
    refining = sorted((rule for rule in rules if rule.refines), key=_strength)
    return RuleSet(tuple(rule for rule in rules if not rule.refines), tuple(refining))


def _strength(rule: Rule) -> tuple[bool, int]:
    """The user's rules first, and among them what is stated before what is only named or inferred."""
    return rule.builtin, CONFIDENCE.index(rule.confidence)


def _packs_twice(packs: Sequence[tuple[str, str]]) -> list[Problem]:
    first: dict[str, str] = {}
    problems = []
    for name, place in packs:
        if first.setdefault(name, place) != place:
            sentence = f"two packs are called `{name}`; the other is at {first[name]}"
            problems.append(Problem("pack-twice", place, sentence, "Give one of them another name."))
    return problems


def _builtin(wanted: bool) -> list[Path]:
    if not wanted:
        return []
    with as_file(files(__package__) / "packs") as folder:
        return sorted(folder.glob("*.yaml"))


class _Checker:
    """Turns one written rule into a checked one; what is wrong with it is collected, each at its place."""

    def __init__(self, document: PackDocument, marks: Marks, ours: bool) -> None:
        self.document, self.marks, self.ours = document, marks, ours
        self.problems: list[Problem] = []

    def rules(self) -> list[Rule]:
        """Every rule of the pack; those with a problem are of no use, but loading fails on them anyway."""
        return [self._rule(index, item) for index, item in enumerate(self.document.rules)]

    def _rule(self, index: int, item: RuleDocument) -> Rule:
        for name, said in (("activity", item.activity), ("component", item.component), ("why", item.why)):
            if said == FILL_IN:
                self._add("rule-fill-in", (index, name), f"`{name}` of {item.id} is still to be filled in", _GAPS[name])
        if item.activity not in (*ACTIVITIES, FILL_IN):
            hint = near(item.activity, ACTIVITIES) or f"The activities are: {', '.join(ACTIVITIES)}."
            self._add("rule-unknown-activity", (index, "activity"), f"unknown activity `{item.activity}`", hint)
        for name in item.constants:
            if name not in FIELDS:
                self._add("rule-unknown-field", (index, "set", name), f"`set` cannot fill `{name}`", _field_hint(name))
        return Rule(
            id=item.id,
            pack=self.document.pack,
            when=tuple(pair for name, value in item.when.items() for pair in self._condition(index, name, value)),
            activity=item.activity,
            component=item.component,
            extract=tuple(
                extract for name, value in item.extract.items() for extract in self._extracts(index, name, value)
            ),
            constants={FIELDS[name]: value for name, value in item.constants.items() if name in FIELDS},
            confidence=item.confidence,
            why=item.why,
            fires=tuple(item.fires),
            quiet=tuple(item.quiet),
            place=self.marks.place("rules", index, "id"),
            builtin=self.ours,
            refines=self.document.refines,
        )

    def _add(self, code: str, path: tuple[str | int, ...], sentence: str, way_out: str = "") -> None:
        self.problems.append(Problem(code, self.marks.place("rules", *path), sentence, way_out))

    def _condition(self, index: int, name: str, value: Any) -> Iterator[tuple[str, match.Matcher]]:
        path = (index, "when", name)
        if not self._column_known(name, path, self.document.refines):
            return
        try:
            matcher = match.parse(value)
            if not self.ours:  # ours are compiled when they are used; a test compiles them all
                match.compile_regexes(matcher)
            yield evidence.canonical(name), matcher
        except ValueError as error:
            self._add("rule-bad-matcher", path, f"`{name}`: {error}", "Compare the rules of:  aiops-cost rules list")

    def _column_known(self, name: str, path: tuple[str | int, ...], decided: bool) -> bool:
        """Whether a rule may look at the column; adds the problem if not."""
        if evidence.known(name) and (decided or evidence.canonical(name) not in evidence.DECIDED):
            return True
        if evidence.known(name):
            sentence = f"`{name}` is what rules decide; only rules that refine may look at it"
            self._add("rule-unknown-column", path, sentence, "Write `refines: true` at the top of the file.")
            return False
        hint = near(name, [*evidence.VISIBLE, *schema.SHORT, "tags.KEY", "details.KEY", "categories.KEY"])
        sentence = f"unknown column `{name}`" + (f"; {hint}" if hint else "")
        self._add("rule-unknown-column", path, sentence, "The columns are listed by:  aiops-cost schema rules")
        return False

    def _extracts(self, index: int, name: str, value: str | list[str]) -> Iterator[Extract]:
        """`model: x_UsageType | bedrock-model`. Of a list the first with an answer counts, so it is filled in last."""
        path = (index, "extract", name)
        field = "x_Accelerator" if name == "x_InstanceType" else FIELDS.get(name)
        if field is None:
            self._add("rule-unknown-field", path, f"`extract` cannot fill `{name}`", _field_hint(name))
            return
        for one in reversed([value] if isinstance(value, str) else value):
            column, _, said = (part.strip() for part in one.partition("|"))
            reader = said or DEFAULT_READER.get(field, "text")
            if reader not in READERS:
                hint = near(reader, list(READERS)) or f"The readers are: {', '.join(READERS)}."
                self._add("rule-unknown-reader", path, f"there is no reader `{reader}`", hint)
            elif self._column_known(column, path, decided=False):
                yield Extract(field, evidence.canonical(column), reader)


_GAPS = {
    "activity": f"Write what it is for: {', '.join(name for name in ACTIVITIES if name != 'unattributed')}.",
    "component": "Write what kind of it, or leave the line out.",
    "why": "Write who says what it is for: a sentence that a finance person can accept.",
}


def _field_hint(name: str) -> str:
    return near(name, list(FIELDS)) or f"It can fill: {', '.join(short for short in FIELDS if short in schema.SHORT)}."


def _doubles(rules: Sequence[Rule]) -> list[Problem]:
    first: dict[str, Rule] = {}
    problems = []
    for rule in rules:
        other = first.setdefault(rule.id, rule)
        if other is not rule:
            sentence = f"two rules have the id `{rule.id}`; the first is at {other.place}"
            way_out = "Give one of them another id; an id is never reused."
            problems.append(Problem("rule-id-twice", rule.place, sentence, way_out))
    return problems
