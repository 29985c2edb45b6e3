"""`aiops-cost.yaml` becomes a `Config`: strict, with its paths resolved, every problem at its line.

Which file: `--config`, else `AIOPS_COST_CONFIG`, else `aiops-cost.yaml` in the working directory or
above it. `AIOPS_COST_LEDGER` and `AIOPS_COST_CURRENCY` replace their keys. Paths in the file are
relative to the file; those in the environment or on the command line to the working directory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from aiops_cost import documents, money
from aiops_cost.budget import scope
from aiops_cost.budget.values import Amount, Currency, Days, Share, Slug, Span, Tolerance
from aiops_cost.documents import Marks, Strict
from aiops_cost.errors import UserError
from aiops_cost.model import Problem, Source
from aiops_cost.notify.targets import Target, TargetEntry, targets

FILE_NAME = "aiops-cost.yaml"
CONFIG_VARIABLE = "AIOPS_COST_CONFIG"
LEDGER_VARIABLE = "AIOPS_COST_LEDGER"
CURRENCY_VARIABLE = "AIOPS_COST_CURRENCY"

_MEMORY = re.compile(r"\d+(\.\d+)?\s*(KB|MB|GB|TB|KiB|MiB|GiB|TiB)\Z")


def _memory(text: str) -> str:
    if not _MEMORY.match(text):
        raise ValueError(f"{text!r} is not an amount of memory (write 2GB or 1500MB)")
    return text


class Minimum(Strict):
    """Amounts below `at_least`, in the report currency, are not worth a finding."""

    at_least: Amount = Field(default=Decimal(100), json_schema_extra={"default": 100})


class Coverage(Strict):
    """The share of AI spend that must be attributed to an activity."""

    at_least: Share = Field(default=Decimal("0.95"), json_schema_extra={"default": "95%"})


class Drift(Strict):
    """The tolerance of budget lines that state none of their own."""

    tolerance: Tolerance = Tolerance()


class Checks(Strict):
    """Thresholds of the checks; amounts are in the report currency."""

    drift: Drift = Drift()
    unbudgeted: Minimum = Minimum()
    coverage: Coverage = Coverage()
    accelerators: Minimum = Minimum()
    ownership: Minimum = Minimum()
    restatement: Minimum = Minimum()


class Sharing(Strict):
    """How `report --share` divides shared cost: by these shares (they sum to 100%), else by direct cost.

    `keep_own` leaves shared cost with the workload that its own tag names.
    """

    shares: Mapping[str, str] = {}
    keep_own: bool = False


class SourceEntry(Strict):
    """One billing feed; `settles_after` and `max_age` are days."""

    name: Slug
    provider: str
    location: str = Field(min_length=1)
    settles_after: Days = 2
    max_age: Days = 3
    sparse: bool = False


def _candidates(written: tuple[str, ...] | None) -> tuple[str, ...] | None:
    for candidate in written or ():
        try:
            scope.column_of(candidate)
        except ValueError:
            raise ValueError(f"`{candidate}` is no column; for the tag of that name write `tags.{candidate}`") from None
    return written


Candidates = Annotated[tuple[str, ...] | None, AfterValidator(_candidates)]


class Tags(Strict):
    """Where a field comes from: `tags.KEY` or columns; the first that a line has wins.

    What is left out keeps the rules' own candidates.
    """

    workload: Candidates = None
    owner: Candidates = None
    environment: Candidates = None
    model: Candidates = None
    activity: Candidates = None
    data_class: Candidates = None


class Gate(Strict):
    """What `check` asks for at each run; its options add to `fail_on` and replace the others."""

    fail_on: tuple[str, ...] = ()
    max_age: Span | None = None
    min_coverage: Share | None = None


class ConfigFile(Strict):
    """The configuration file, key by key."""

    ledger: str = Field(default="ledger", min_length=1)
    currency: Currency = "USD"
    sources: tuple[SourceEntry, ...] = ()
    budgets: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    owners: str | None = None
    fx: str | None = None
    tags: Tags = Tags()
    people: Literal["pseudonym", "keep"] = "pseudonym"
    cost: Literal["BilledCost", "EffectiveCost", "ListCost", "ContractedCost"] = "EffectiveCost"
    memory_limit: Annotated[str, AfterValidator(_memory)] = "2GB"
    spill: str | None = None
    sharing: Sharing = Sharing()
    checks: Checks = Checks()
    gate: Gate = Gate()
    accepted: str = Field(default="accepted.yaml", min_length=1)
    notify: tuple[TargetEntry, ...] = ()
    summaries: str | None = None


@dataclass(frozen=True)
class Config:
    """The configuration, ready to use: absolute paths, known values, and where each key stands."""

    file: Path
    folder: Path
    marks: Marks
    ledger: str
    currency: str
    sources: tuple[Source, ...]
    budgets: tuple[Path, ...]
    rules: tuple[Path, ...]
    owners: Path | None
    fx: Path | None
    tags: Mapping[str, tuple[str, ...]]
    people: str
    cost: str
    memory_limit: str
    spill: Path | None
    sharing: Sharing
    checks: Checks
    gate: Gate
    accepted: Path
    notify: tuple[Target, ...]
    summaries: Path


def load_config(path: Path | None, cwd: Path, env: Mapping[str, str]) -> Config:
    """Find, read and resolve the configuration.

    Raises UserError with every problem of the file: unknown keys, bad values, globs that match
    nothing, files that are not there; `config-missing` when there is no configuration at all.
    """
    file = _find(path, cwd, env)
    read, marks = documents.read(file, ConfigFile, what="configuration", shown=shown(file, cwd))
    folder = file.parent.resolve()
    problems: list[Problem] = [*_twice(read.sources, marks)]
    budgets = _matches("budgets", read.budgets, folder, marks, problems)
    rules = _matches("rules", read.rules, folder, marks, problems)
    owners = _existing("owners", read.owners, folder, marks, problems)
    fx = _existing("fx", read.fx, folder, marks, problems)
    ledger = _ledger(read.ledger, folder, cwd, env)
    told = targets(read.notify, folder, marks, problems)
    if "://" in ledger:
        problems.append(_remote_ledger(ledger, marks))
    currency = env.get(CURRENCY_VARIABLE) or read.currency
    if not money.is_currency(currency):
        problems.append(_bad_currency(currency))
    if problems:
        raise UserError(problems)
    return Config(
        file=file,
        folder=folder,
        marks=marks,
        ledger=ledger,
        currency=currency,
        sources=tuple(_source(entry, folder) for entry in read.sources),
        budgets=budgets,
        rules=rules,
        owners=owners,
        fx=fx,
        tags=read.tags.model_dump(exclude_none=True),
        people=read.people,
        cost=read.cost,
        memory_limit=read.memory_limit,
        spill=folder / read.spill if read.spill else None,
        sharing=read.sharing,
        checks=read.checks,
        gate=read.gate,
        accepted=folder / read.accepted,
        notify=told,
        summaries=folder / read.summaries if read.summaries else Path(f"{ledger}-summaries"),
    )


def _find(path: Path | None, cwd: Path, env: Mapping[str, str]) -> Path:
    if path is not None:
        return cwd / path
    if env.get(CONFIG_VARIABLE):
        return cwd / env[CONFIG_VARIABLE]
    for folder in (cwd, *cwd.parents):
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
    raise UserError(
        Problem(
            "config-missing",
            "",
            f"there is no {FILE_NAME} in {cwd} or above it",
            "Write a first one:  aiops-cost init\nor name yours:      aiops-cost --config FILE ...",
        )
    )


def shown(file: Path, cwd: Path) -> str:
    """How messages call a file: relative where that is short, else as it is."""
    return str(file.relative_to(cwd)) if file.is_relative_to(cwd) else str(file)


def _twice(sources: tuple[SourceEntry, ...], marks: Marks) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for index, source in enumerate(sources):
        if source.name in seen:
            first = marks.place("sources", seen[source.name], "name")
            yield Problem(
                "source-name-twice",
                marks.place("sources", index, "name"),
                f"the source name `{source.name}` is given twice (first at {first})",
                "Give each source a name of its own: it is the source's place in the ledger.",
            )
        seen.setdefault(source.name, index)


def _matches(
    key: str, patterns: tuple[str, ...], folder: Path, marks: Marks, problems: list[Problem]
) -> tuple[Path, ...]:
    """The files that the globs match, each once; a glob without a match is a problem."""
    found: dict[Path, None] = {}
    for index, pattern in enumerate(patterns):
        files = sorted(file for file in _glob(folder, pattern) if file.is_file())
        if not files:
            problems.append(
                Problem(
                    "glob-no-match",
                    marks.place(key, index),
                    f"`{pattern}` under `{key}` matches no file",
                    f"Paths are relative to {folder}; correct the pattern or remove it.",
                )
            )
        found.update(dict.fromkeys(files))
    return tuple(found)


def _glob(folder: Path, pattern: str) -> Iterator[Path]:
    """The matches of a glob; `Path.glob` wants a relative pattern, and users may write an absolute
    one."""
    full = Path(pattern)
    if full.is_absolute():
        return Path(full.anchor).glob(str(full.relative_to(full.anchor)))
    return folder.glob(pattern)


def _existing(key: str, name: str | None, folder: Path, marks: Marks, problems: list[Problem]) -> Path | None:
    if name is None:
        return None
    file = folder / name
    if not file.is_file():
        problems.append(
            Problem(
                "file-missing",
                marks.place(key),
                f"`{key}` names {name}, and there is no such file",
                f"Paths are relative to {folder}; correct it or remove the key.",
            )
        )
    return file


def _bad_currency(text: str) -> Problem:
    return Problem(
        "currency-bad",
        CURRENCY_VARIABLE,
        f"{text!r} is not a currency code (three capital letters, like USD)",
        f"Correct it:  export {CURRENCY_VARIABLE}=USD",
    )


def _ledger(written: str, folder: Path, cwd: Path, env: Mapping[str, str]) -> str:
    if env.get(LEDGER_VARIABLE):
        return _located(env[LEDGER_VARIABLE], cwd)
    return _located(written, folder)


def _remote_ledger(ledger: str, marks: Marks) -> Problem:
    return Problem(
        "ledger-remote",
        marks.place("ledger"),
        f"`{ledger}` is not a folder on this machine, and the ledger must be one",
        "Write a path, like ./ledger",
    )


def _located(where: str, folder: Path) -> str:
    """A URI as it is, a path made absolute."""
    return where if "://" in where else str(folder / where)


def _source(entry: SourceEntry, folder: Path) -> Source:
    values = entry.model_dump()
    return Source(**{**values, "location": _located(entry.location, folder)})
