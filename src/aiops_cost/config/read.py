"""`aiops-cost.yaml` becomes a `Config`: which file, which value wins, and where each key stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from aiops_cost import documents, money
from aiops_cost.config import files
from aiops_cost.config.keys import PROVIDER_KEYS, Checks, ConfigFile, Gate, Sharing, SourceEntry
from aiops_cost.documents import Marks
from aiops_cost.errors import UserError
from aiops_cost.metrics.file import MetricsSource
from aiops_cost.model import Problem, Source
from aiops_cost.notify.targets import Target, targets

FILE_NAME = "aiops-cost.yaml"
CONFIG_VARIABLE = "AIOPS_COST_CONFIG"
LEDGER_VARIABLE = "AIOPS_COST_LEDGER"
CURRENCY_VARIABLE = "AIOPS_COST_CURRENCY"

CACHE = "downloads"
"""The folder inside the ledger's for what was downloaded, unless `cache:` names another."""


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
    metrics: tuple[MetricsSource, ...]
    rules: tuple[Path, ...]
    owners: Path | None
    fx: Path | None
    tags: Mapping[str, tuple[str, ...]]
    values: Path | Mapping[str, Mapping[str, str]]
    accounts: Path | Mapping[str, Mapping[str, str]]
    people: str
    cost: str
    memory_limit: str
    spill: Path | None
    cache: Path
    sharing: Sharing
    checks: Checks
    gate: Gate
    accepted: Path
    notify: tuple[Target, ...]
    summaries: Path


def load_config(
    path: Path | None,
    cwd: Path,
    env: Mapping[str, str],
    plan: bool = True,
    measured: bool = True,
    may_lack_files: bool = False,
) -> Config:
    """Find, read and resolve the configuration; without its budgets for who is about to write the first one.
    `may_lack_files` is for a configuration of the past, whose globs may not have matched anything yet.

    Raises UserError with every problem of the file: unknown keys, bad values, globs that match
    nothing, files that are not there; `config-missing` when there is no configuration at all.
    """
    file = _find(path, cwd, env)
    read, marks = documents.read(file, ConfigFile, what="configuration", shown=shown(file, cwd))
    left_out = {"budgets": plan, "metrics": measured}
    read = read.model_copy(update={key: () for key, wanted in left_out.items() if not wanted})
    problems: list[Problem] = [*_twice(read.sources, marks), *_foreign_keys(read.sources, marks)]
    config = _resolved(read, marks, file, cwd, env, problems)
    if may_lack_files:
        problems = [problem for problem in problems if problem.code != "glob-no-match"]
    if "://" in config.ledger:
        problems.append(_remote_ledger(config.ledger, marks))
    if not money.is_currency(config.currency):
        problems.append(_bad_currency(config.currency))
    if problems:
        raise UserError(problems)
    return config


def _resolved(
    read: ConfigFile, marks: Marks, file: Path, cwd: Path, env: Mapping[str, str], problems: list[Problem]
) -> Config:
    """What the file says, as it is used; what cannot be found is added to the problems."""
    folder = file.parent.resolve()
    ledger = _ledger(read.ledger, folder, cwd, env)
    return Config(
        file=file,
        folder=folder,
        marks=marks,
        ledger=ledger,
        currency=env.get(CURRENCY_VARIABLE) or read.currency,
        sources=tuple(_source(entry, folder) for entry in read.sources),
        budgets=files.matches("budgets", read.budgets, folder, marks, problems),
        rules=files.matches("rules", read.rules, folder, marks, problems),
        metrics=files.metrics(read.metrics, folder, marks, problems),
        owners=files.existing("owners", read.owners, folder, marks, problems),
        fx=files.existing("fx", read.fx, folder, marks, problems),
        tags=read.tags.model_dump(exclude_none=True),
        values=files.table("values", read.values, folder, marks, problems),
        accounts=files.table("accounts", read.accounts, folder, marks, problems),
        people=read.people,
        cost=read.cost,
        memory_limit=read.memory_limit,
        spill=folder / read.spill if read.spill else None,
        cache=folder / read.cache if read.cache else Path(ledger) / CACHE,
        sharing=read.sharing,
        checks=read.checks,
        gate=read.gate,
        accepted=folder / read.accepted,
        notify=targets(read.notify, folder, marks, problems),
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


def _foreign_keys(sources: tuple[SourceEntry, ...], marks: Marks) -> Iterator[Problem]:
    """Keys that belong to another provider than the source's: ignored, they would seem to be obeyed."""
    for index, source in enumerate(sources):
        for provider, keys in PROVIDER_KEYS.items():
            for key in keys:
                if provider != source.provider and getattr(source, key) is not None:
                    yield Problem(
                        "source-key-foreign",
                        marks.place("sources", index, key),
                        f"`{key}` is a key of `provider: {provider}`, and this source is `{source.provider}`",
                        f"Remove it, or write  provider: {provider}",
                    )
        if source.external_id is not None and source.role_arn is None:
            yield Problem(
                "source-key-alone",
                marks.place("sources", index, "external_id"),
                "`external_id` is given without `role_arn`; it is said when a role is taken on",
                "Add `role_arn`, or remove `external_id`.",
            )


def _bad_currency(text: str) -> Problem:
    return Problem(
        "currency-bad",
        CURRENCY_VARIABLE,
        f"{text!r} is not a currency code (three capital letters, like USD)",
        f"Correct it:  export {CURRENCY_VARIABLE}=USD",
    )


def _ledger(written: str, folder: Path, cwd: Path, env: Mapping[str, str]) -> str:
    if env.get(LEDGER_VARIABLE):
        return files.located(env[LEDGER_VARIABLE], cwd)
    return files.located(written, folder)


def _remote_ledger(ledger: str, marks: Marks) -> Problem:
    return Problem(
        "ledger-remote",
        marks.place("ledger"),
        f"`{ledger}` is not a folder on this machine, and the ledger must be one",
        "Write a path, like ./ledger",
    )


def _source(entry: SourceEntry, folder: Path) -> Source:
    values = entry.model_dump(exclude_none=True)
    known = {key for keys in PROVIDER_KEYS.values() for key in keys}
    settings = {key: values.pop(key) for key in sorted(known & set(values))}
    return Source(**{**values, "location": files.located(entry.location, folder), "settings": settings})
