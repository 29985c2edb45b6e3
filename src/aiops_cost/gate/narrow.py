"""A gate for a part: of the findings, those of some owners, or within a scope. What could not be judged always stays.

An owner or a scope that nothing has is refused: a misspelt one would pass for ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aiops_cost.budget import scope
from aiops_cost.budget.scope import Relation
from aiops_cost.checks.view import View, scoped
from aiops_cost.documents import near
from aiops_cost.errors import UserError
from aiops_cost.model import Finding, Problem, Scope, Severity


def to_scope(pairs: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """`["activity=serving", "workload=chat,search"]` as a scope. Raises UserError."""
    found: dict[str, tuple[str, ...]] = {}
    problems = []
    for pair in pairs:
        key, sign, values = pair.partition("=")
        if not sign or not values or key in found:
            said = f"--scope {pair}: not one key=value" if key not in found else f"--scope {key} is given twice"
            problems.append(
                Problem("scope-form", "", said, "Write --scope activity=serving --scope workload=chat,search")
            )
            continue
        found[key] = tuple(value.strip() for value in values.split(","))
    problems += [
        Problem("scope-column", "", f"--scope {key}: {sentence}", "The columns are those of a budget's scope.")
        for key, sentence in scope.problems(found)
    ]
    if problems:
        raise UserError(problems)
    return found


def checked(view: View, owners: Sequence[str], part: Scope) -> None:
    """Raises UserError for an owner that nothing has, and for a scope that neither spend nor a budget line is in."""
    known = sorted(owners_of(view)) if owners else []
    problems = [
        Problem(
            "owner-unknown", "", f"nothing belongs to an owner `{owner}`",
            near(owner, known) or f"The owners are: {', '.join(known) or 'none'}.",
        )
        for owner in owners if owner not in known
    ]  # fmt: skip
    if part and not view.spent_where([scoped(part)])[0].rows and not _planned(view, part):
        said = f"nothing is in the scope {scope.text(part)}: no spend and no budget line"
        way_out = "See what there is:  aiops-cost report --by activity,workload,owner"
        problems.append(Problem("scope-empty", "", said, way_out))
    if problems:
        raise UserError(problems)


def owners_of(view: View) -> set[str]:
    """Everyone who owns a budget line, or spend."""
    lines = {line.owner for line in view.lines if line.owner}
    rows = view.connection.execute(f"SELECT DISTINCT x_Owner FROM {view.spend} WHERE x_Owner IS NOT NULL").fetchall()
    return lines | {row[0] for row in rows}


def to_part(findings: Sequence[Finding], owners: Sequence[str], part: Scope) -> tuple[list[Finding], list[str]]:
    """The findings of these owners, within this scope, and a word on how many others there are."""
    kept = [
        finding
        for finding in findings
        if finding.severity is Severity.UNJUDGED
        or ((not owners or finding.owner in owners) and (not part or within(finding.scope, part)))
    ]
    others = len(findings) - len(kept)
    told = [*(f"owner {owner}" for owner in owners), *([scope.text(part)] if part else [])]
    return kept, [f"{others} findings of others are not judged here, only {', '.join(told)}"] if others else []


def within(of: Scope, part: Scope) -> bool:
    """True for a scope that is the part or lies in it; what contains it is somebody else's."""
    try:
        return scope.relation(part, of) in {Relation.SAME, Relation.PARENT}
    except ValueError:  # a finding about a source and a period, which are no columns of spend
        return False


def _planned(view: View, part: Scope) -> bool:
    return any(scope.relation(part, line.scope) is not Relation.DISJOINT for line in view.lines if line.scope)
