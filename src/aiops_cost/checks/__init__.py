"""The checks: every module in this folder that has `CODES` is one, found because its file is here.

A check has one shape, `check(view, config, as_of) -> list[Finding]`, and no side effects; its
docstring is the page behind `aiops-cost explain CODE`. `NEVER_IGNORED` names codes that `--ignore`
refuses.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

from aiops_cost import documents
from aiops_cost.checks.view import View
from aiops_cost.config import Config
from aiops_cost.errors import UserError
from aiops_cost.model import Finding, Problem, Severity

if TYPE_CHECKING:
    from aiops_cost.checks import answers
    from aiops_cost.checks.beside import beside_table
    from aiops_cost.checks.drift import drift_table
    from aiops_cost.checks.net import net_table

__all__ = ["View", "answers", "beside_table", "codes", "drift_table", "explain", "net_table", "run"]

_LATER = {"beside_table": "beside", "drift_table": "drift", "net_table": "net"}
"""Name -> the module that has it, read when it is asked for: who only looks at spend does not wait for statistics."""


def __getattr__(name: str) -> Any:
    if name == "answers":
        return importlib.import_module(f"{__name__}.answers")
    if name in _LATER:
        return getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


_WORST_FIRST = (Severity.UNJUDGED, Severity.BREACH, Severity.WARNING, Severity.INFO)


def run(
    view: View,
    config: Config,
    as_of: date,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
) -> list[Finding]:
    """All findings, worst first, then the largest amount, then code and scope.

    `select` and `ignore` are codes or beginnings of codes. Neither hides that something could not be
    judged: what is unjudged always stays, and the codes in NEVER_IGNORED cannot even be named. Raises
    UserError for a code that does not exist or must not be ignored.
    """
    wanted = _matching(select) if select else frozenset(codes())
    unwanted = _matching(ignore)
    refused = sorted(unwanted & _never_ignored())
    if refused:
        raise UserError(_not_ignorable(refused))
    found = [finding for module in _modules() for finding in module.check(view, config, as_of)]
    kept = [
        finding
        for finding in found
        if finding.severity is Severity.UNJUDGED or (finding.code in wanted and finding.code not in unwanted)
    ]
    return sorted(kept, key=_order)


def codes() -> dict[str, str]:
    """Code -> title, of all checks, sorted by code."""
    return dict(sorted(item for module in _modules() for item in module.CODES.items()))


def explain(code: str) -> str:
    """The page of a code: its title, and the docstring of its check; of a family (`DRF`), its codes.

    Raises UserError.
    """
    family = {known: title for known, title in codes().items() if known[:3] == code.upper()}
    if family:
        listed = "\n".join(f"{known}: {title}" for known, title in family.items())
        return f"{code.upper()}\n\n{listed}\n"
    for module in _modules():
        if code.upper() in module.CODES:
            return f"{code.upper()}: {module.CODES[code.upper()]}\n\n{inspect.getdoc(module)}\n"
    raise UserError(_unknown(code))


@cache
def _modules() -> tuple[ModuleType, ...]:
    names = sorted(info.name for info in pkgutil.iter_modules(__path__))
    modules = (importlib.import_module(f"{__name__}.{name}") for name in names)
    return tuple(module for module in modules if hasattr(module, "CODES"))


def _never_ignored() -> frozenset[str]:
    return frozenset(code for module in _modules() for code in getattr(module, "NEVER_IGNORED", ()))


def _matching(prefixes: Iterable[str]) -> frozenset[str]:
    """The codes that begin with one of the prefixes; each must match one at least."""
    found: set[str] = set()
    problems = []
    for prefix in (part.strip() for given in prefixes for part in given.split(",")):
        matched = {code for code in codes() if prefix and code.startswith(prefix.upper())}
        if not matched:
            problems.append(_unknown(prefix))
        found |= matched
    if problems:
        raise UserError(problems)
    return frozenset(found)


def _unknown(code: str) -> Problem:
    families = sorted({known[:3] for known in codes()})
    hint = documents.near(code.upper(), [*codes(), *families])
    return Problem(
        "code-unknown",
        "",
        f"there is no finding code `{code}`" + (f"; {hint}" if hint else ""),
        f"The families are {', '.join(families)}.",
    )


def _not_ignorable(refused: Sequence[str]) -> Problem:
    return Problem(
        "code-not-ignorable",
        "",
        f"{', '.join(refused)} cannot be ignored: they say that the data is not there to judge",
        "Load what is missing (aiops-cost status shows it), or ignore single codes that are notes.",
    )


def _order(finding: Finding) -> tuple[int, Decimal, str, str]:
    scope = sorted((key, str(value)) for key, value in finding.scope.items())
    amount = finding.amount if finding.amount is not None else Decimal(0)
    return (_WORST_FIRST.index(finding.severity), -amount, finding.code, str(scope))
