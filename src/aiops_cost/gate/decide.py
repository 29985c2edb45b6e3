"""From the checks to the verdict: what was asked, what is demanded, what is accepted, and what then counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from aiops_cost import checks, gate
from aiops_cost.checks import View
from aiops_cost.config import Config
from aiops_cost.errors import UserError
from aiops_cost.gate import accepted, baseline, demands, narrow
from aiops_cost.gate.accepted import Acceptance
from aiops_cost.gate.baseline import Baseline
from aiops_cost.model import Finding, Problem, Scope


@dataclass(frozen=True)
class Asked:
    """How a gate was asked to judge. `now` is the moment to measure `max_age` from."""

    select: Sequence[str] = ()
    ignore: Sequence[str] = ()
    fail_on: Sequence[str] = ()
    warn_only: bool = False
    owners: Sequence[str] = ()
    scope: Scope = field(default_factory=dict)
    max_age: timedelta | None = None
    min_coverage: Decimal | None = None
    now: datetime | None = None
    baseline: Baseline | None = None


@dataclass(frozen=True)
class Decision:
    """The findings, each with what it does at the gate, the verdict, and what is to be told beside."""

    findings: tuple[Finding, ...]
    verdict: gate.Verdict
    notes: tuple[str, ...]


def decide(view: View, config: Config, as_of: date, asked: Asked, acceptances: Sequence[Acceptance] = ()) -> Decision:
    """Run the checks and judge. Raises UserError for words, codes, owners and scopes that do not exist."""
    words = gate.words([*config.gate.fail_on, *asked.fail_on])
    _known_codes(words)
    narrow.checked(view, asked.owners, asked.scope)
    unmet = _demanded(view, config, asked)
    told = {finding.fingerprint for finding in unmet}  # a demand that is not met stands for the check's milder word
    found = checks.run(view, config, as_of, asked.select, asked.ignore)
    found = [*unmet, *(finding for finding in found if finding.fingerprint not in told)]
    found, others = narrow.to_part(found, asked.owners, asked.scope)
    whole = not (asked.select or asked.ignore or asked.owners or asked.scope)
    found, notes = accepted.apply(found, acceptances, as_of, whole)
    if asked.baseline:
        found, known = baseline.apply(found, asked.baseline)
        notes += known
    verdict = gate.judge(found, words, asked.warn_only)
    marked = tuple(replace(finding, fails=gate.fails(finding, words)) for finding in found)
    return Decision(marked, verdict, (*notes, *others))


def _demanded(view: View, config: Config, asked: Asked) -> list[Finding]:
    """What the gate demands of the data, the command line before the configuration."""
    age = asked.max_age or config.gate.max_age
    least = asked.min_coverage if asked.min_coverage is not None else config.gate.min_coverage
    found: list[Finding] = []
    if age is not None and asked.now is not None:
        found += demands.of_age(view, asked.now, age)
    if least is not None:
        found += demands.of_coverage(view, least)
    return found


def _known_codes(words: frozenset[str]) -> None:
    known = checks.codes()
    unknown = [
        word for word in sorted(words) if word not in gate.FAIL_ON and not any(c.startswith(word) for c in known)
    ]
    if unknown:
        raise UserError(
            Problem("fail-on-unknown", "", f"there is no finding code `{word}` to fail on",
                    f"The families are {', '.join(sorted({code[:3] for code in known}))}.")
            for word in unknown
        )  # fmt: skip
