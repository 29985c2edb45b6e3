"""What is asked of providers: their bills, their health, their own totals. A provider is a folder of `providers`.

Each folder has a `fetch.py`; one that can be examined has a `doctor.py`, and one that can be asked for totals of its
own has a `reconcile.py`.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from aiops_cost.answers import reconcile as reconcile_answer
from aiops_cost.documents import near
from aiops_cost.errors import AiopsError, UserError, defect
from aiops_cost.ledger import totals
from aiops_cost.ledger.frame import Ledger
from aiops_cost.ledger.status import state_of
from aiops_cost.model import Diagnosis, Errand, Export, Problem, Source, Table

_PROVIDERS = Path(__file__).parent / "providers"


def fetch(source: Source, base: Path, errand: Errand) -> Export:
    """What the source delivers now. Raises UserError for a provider that is not there, and what the provider raises."""
    export: Export = _part(source, "fetch").fetch(source, base, errand)
    return export


def examine(sources: Sequence[Source], base: Path, errand: Errand) -> Iterator[Diagnosis]:
    """What each source's provider finds; it changes nothing, and costs nothing."""
    for source in sources:
        errand.say(f"{source.name}: looking at {source.location}")
        try:
            doctor = _part(source, "doctor")
            yield from doctor.examine(source, base, errand) if doctor else ()
        except AiopsError as error:
            for one in error.problems:
                yield Diagnosis(source.name, one.code, "wrong", one.sentence, one.way_out, error.exit_code)


def paper(sources: Sequence[Source], wanted: str) -> str:
    """A text that an administrator needs for a source (`policy`, ...). Raises UserError unless exactly one has it."""
    doctors = {source.name: (source, doctor) for source in sources if (doctor := _part(source, "doctor"))}
    papers: dict[str, dict[str, str]] = {name: doctor.written(source) for name, (source, doctor) in doctors.items()}
    fitting = [name for name, there in papers.items() if wanted in there]
    if len(fitting) == 1:
        return papers[fitting[0]][wanted]
    kinds = sorted({kind for there in papers.values() for kind in there})
    if fitting:
        way_out = f"Name one:  aiops-cost doctor {fitting[0]} --print {wanted}"
        raise UserError(Problem("paper-which", "", f"several sources have a {wanted} to print", way_out))
    way_out = near(wanted, kinds) or f"There are: {', '.join(kinds) or 'none, for these sources'}."
    raise UserError(Problem("paper-unknown", "", f"no source has a {wanted} to print", way_out))


def reconcile(
    location: Path, sources: Sequence[Source], as_of: date, errand: Errand
) -> tuple[tuple[Table, ...], list[AiopsError]]:
    """Ask the providers for their own totals, as far as they are not known for good, and keep them beside the ledger.

    Costs money where the provider takes some. Returns both sides as tables, and the errors of sources that failed.
    """
    ledger, errors = Ledger.open(location), list[AiopsError]()
    asked = [(source, provider) for source in sources if (provider := _part(source, "reconcile"))]
    for name in sorted({source.name for source in sources} - {source.name for source, _ in asked}):
        errand.say(f"{name}: its provider has no totals of its own to hold the ledger against")
    for source, provider in asked:
        kept = totals.read(location, [source.name])
        due = reconcile_answer.due(state_of(source, ledger.records, as_of).periods, kept)
        try:
            if wanted := provider.askable(due, as_of):
                totals.keep(location, source.name, provider.totals(source, wanted, errand))
        except AiopsError as error:
            errors.append(error)
        except Exception as error:
            errors.append(defect(error))
    return reconcile_answer.tables(ledger, totals.read(location, [source.name for source, _ in asked])), errors


def _part(source: Source, part: str) -> Any:
    """A module of the source's provider, or None where it has no such part. Raises UserError for an unknown one."""
    known = sorted(item.name for item in _PROVIDERS.iterdir() if (item / "fetch.py").is_file())
    if source.provider not in known:
        hint = near(source.provider, known) or f"Providers: {', '.join(known)}."
        raise UserError(Problem("provider-unknown", source.name, f"there is no provider `{source.provider}`", hint))
    there = (_PROVIDERS / source.provider / f"{part}.py").is_file()
    return importlib.import_module(f"aiops_cost.providers.{source.provider}.{part}") if there else None
