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

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from aiops_cost import documents, money
from aiops_cost.budget import scope
from aiops_cost.budget.values import Amount, Currency, Days, Share, Slug, Span, Tolerance, days
from aiops_cost.documents import Marks, Strict
from aiops_cost.errors import UserError
from aiops_cost.metrics.file import EntryText, MetricsSource, named
from aiops_cost.model import Problem, Source
from aiops_cost.notify.targets import Target, TargetEntry, targets

FILE_NAME = "aiops-cost.yaml"
CONFIG_VARIABLE = "AIOPS_COST_CONFIG"
LEDGER_VARIABLE = "AIOPS_COST_LEDGER"
CURRENCY_VARIABLE = "AIOPS_COST_CURRENCY"

CACHE = "downloads"
"""The folder inside the ledger's for what was downloaded, unless `cache:` names another."""

_MEMORY = re.compile(r"\d+(\.\d+)?\s*(KB|MB|GB|TB|KiB|MiB|GiB|TiB)\Z")


def _memory(text: str) -> str:
    if not _MEMORY.match(text):
        raise ValueError(f"{text!r} is not an amount of memory (write 2GB or 1500MB)")
    return text


class Minimum(Strict):
    """Amounts below `at_least`, in the report currency, are not worth a finding."""

    at_least: Amount = Field(default=Decimal(100), json_schema_extra={"default": 100})


class Least(Strict):
    """Differences below `at_least`, in the bill's currency, are rounding."""

    at_least: Amount = Field(default=Decimal(1), json_schema_extra={"default": 1})


class Coverage(Strict):
    """The share of AI spend that must be attributed to an activity."""

    at_least: Share = Field(default=Decimal("0.95"), json_schema_extra={"default": "95%"})


class Drift(Strict):
    """The tolerance of budget lines that state none of their own."""

    tolerance: Tolerance = Tolerance()


class Retraining(Strict):
    """How much better the model must be for more runs than planned to be worth it, as a share of its quality."""

    quality_gain: Share = Field(default=Decimal("0.01"), json_schema_extra={"default": "1%"})


class Serving(Strict):
    """When capacity that nobody uses is worth a finding: after `idle_days` without a request, or when less than the
    share `used` of it is, and from `at_least` on."""

    at_least: Amount = Field(default=Decimal(100), json_schema_extra={"default": 100})
    idle_days: Annotated[int, BeforeValidator(days), Field(ge=2)] = 7
    used: Share = Field(default=Decimal("0.2"), json_schema_extra={"default": "20%"})


class Storage(Strict):
    """When stored data is worth a finding: `at_least` a month; checkpoints are kept `checkpoint_days`; `colder` is
    the class for data that nobody reads, and `prices` what a GB-month of it costs, by provider, where no bill shows
    it."""

    at_least: Amount = Field(default=Decimal(100), json_schema_extra={"default": 100})
    checkpoint_days: Annotated[int, BeforeValidator(days), Field(ge=7)] = 30
    colder: Literal["infrequent", "archive", "deep-archive"] = "infrequent"
    prices: Mapping[str, Amount] = {}


class Checks(Strict):
    """Thresholds of the checks; amounts are in the report currency."""

    drift: Drift = Drift()
    unbudgeted: Minimum = Minimum()
    coverage: Coverage = Coverage()
    accelerators: Minimum = Minimum()
    ownership: Minimum = Minimum()
    restatement: Minimum = Minimum()
    reconcile: Least = Least()
    anomalies: Minimum = Minimum()
    retraining: Retraining = Retraining()
    serving: Serving = Serving()
    storage: Storage = Storage()


class StageEntry(Strict):
    """One stage of sharing: what it divides (`of`, a scope), and by what: `shares`, `metric` or `usage` (CSV files),
    else by direct cost."""

    name: Slug
    of: Mapping[str, str | tuple[str, ...]] = {"activity": "shared"}
    shares: Mapping[str, str] = {}
    metric: str | None = None
    usage: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> StageEntry:
        if sum(map(bool, (self.shares, self.metric, self.usage))) > 1:
            raise ValueError("a stage divides by `shares`, by `metric` or by `usage`, not by several")
        for _, said in scope.problems(self.of):
            raise ValueError(said)
        return self


class Sharing(Strict):
    """How shared cost is divided: by these shares (they sum to 100%), else by direct cost; or in stages.

    `keep_own` leaves shared cost with the workload that its own tag names.
    """

    shares: Mapping[str, str] = {}
    stages: tuple[StageEntry, ...] = ()
    keep_own: bool = False

    @model_validator(mode="after")
    def _one_form(self) -> Sharing:
        if self.shares and self.stages:
            raise ValueError("write either `shares` or `stages`")
        names = [stage.name for stage in self.stages]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two stages are called `{name}`")
        return self


PROVIDER_KEYS: Mapping[str, tuple[str, ...]] = {"aws": ("profile", "region", "role_arn", "external_id")}
"""Keys of a source that one provider alone knows; they are fields of `SourceEntry`, and refused elsewhere."""


class SourceEntry(Strict):
    """One billing feed; `settles_after` and `max_age` are days."""

    name: Slug
    provider: str
    location: str = Field(min_length=1)
    settles_after: Days = 2
    max_age: Days = 3
    sparse: bool = False
    profile: str | None = Field(default=None, min_length=1)
    region: str | None = Field(default=None, pattern=r"^[a-z0-9-]+$")
    role_arn: str | None = Field(default=None, pattern=r"^arn:[a-z-]+:iam::\d{12}:role/.+$")
    external_id: str | None = Field(default=None, min_length=2)


_JSON = ("tags.", "labels.", "categories.", "details.")
"""Prefixes that reach into JSON columns; what follows them is the user's own."""


def _candidates(written: tuple[str | dict[str, str], ...] | None) -> tuple[str, ...] | None:
    """`tags.KEY`, a column, or either with a pattern: `account: /^ml-(.*)$/`, as a mapping or behind a space."""
    found = []
    for entry in written or ():
        if isinstance(entry, dict) and len(entry) != 1:
            raise ValueError("a candidate with a pattern is one column and one /pattern/")
        text = entry if isinstance(entry, str) else " ".join(next(iter(entry.items())))
        name = text.split(" ", 1)[0]
        if not name.startswith(_JSON):
            try:
                scope.column_of(name)
            except ValueError:
                raise ValueError(f"`{name}` is no column; for the tag of that name write `tags.{name}`") from None
        found.append(text)
    return None if written is None else tuple(found)


Candidates = Annotated[tuple[str | dict[str, str], ...] | None, AfterValidator(_candidates)]


class Tags(Strict):
    """Where a field comes from: `tags.KEY`, `labels.KEY`, `categories.KEY` or columns; the first that a line has wins.

    What is left out keeps the rules' own candidates.
    """

    workload: Candidates = None
    owner: Candidates = None
    environment: Candidates = None
    model: Candidates = None
    activity: Candidates = None
    data_class: Candidates = None
    run: Candidates = None


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
    metrics: tuple[EntryText, ...] = ()
    rules: tuple[str, ...] = ()
    owners: str | None = None
    fx: str | None = None
    tags: Tags = Tags()
    values: str | dict[str, dict[str, str]] | None = None
    accounts: str | dict[str, dict[str, str]] | None = None
    people: Literal["pseudonym", "keep"] = "pseudonym"
    cost: Literal["BilledCost", "EffectiveCost", "ListCost", "ContractedCost"] = "EffectiveCost"
    memory_limit: Annotated[str, AfterValidator(_memory)] = "2GB"
    spill: str | None = None
    cache: str | None = Field(default=None, min_length=1)
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
    path: Path | None, cwd: Path, env: Mapping[str, str], plan: bool = True, measured: bool = True
) -> Config:
    """Find, read and resolve the configuration; without its budgets for who is about to write the first one.

    Raises UserError with every problem of the file: unknown keys, bad values, globs that match
    nothing, files that are not there; `config-missing` when there is no configuration at all.
    """
    file = _find(path, cwd, env)
    read, marks = documents.read(file, ConfigFile, what="configuration", shown=shown(file, cwd))
    folder = file.parent.resolve()
    problems: list[Problem] = [*_twice(read.sources, marks), *_foreign_keys(read.sources, marks)]
    budgets = _matches("budgets", read.budgets, folder, marks, problems) if plan else ()
    rules = _matches("rules", read.rules, folder, marks, problems)
    metrics = _metrics(read.metrics, folder, marks, problems) if measured else ()
    owners = _existing("owners", read.owners, folder, marks, problems)
    fx = _existing("fx", read.fx, folder, marks, problems)
    values = _table("values", read.values, folder, marks, problems)
    accounts = _table("accounts", read.accounts, folder, marks, problems)
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
        metrics=metrics,
        rules=rules,
        owners=owners,
        fx=fx,
        tags=read.tags.model_dump(exclude_none=True),
        values=values,
        accounts=accounts,
        people=read.people,
        cost=read.cost,
        memory_limit=read.memory_limit,
        spill=folder / read.spill if read.spill else None,
        cache=folder / read.cache if read.cache else Path(ledger) / CACHE,
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


def _matches(
    key: str, patterns: tuple[str, ...], folder: Path, marks: Marks, problems: list[Problem]
) -> tuple[Path, ...]:
    """The files that the globs match, each once; a glob without a match is a problem."""
    found: dict[Path, None] = {}
    for index, pattern in enumerate(patterns):
        found.update(dict.fromkeys(_matching(pattern, key, marks.place(key, index), folder, problems)))
    return tuple(found)


def _matching(pattern: str, key: str, place: str, folder: Path, problems: list[Problem]) -> tuple[Path, ...]:
    files = tuple(sorted(file for file in _glob(folder, pattern) if file.is_file()))
    if not files:
        problems.append(
            Problem(
                "glob-no-match",
                place,
                f"`{pattern}` under `{key}` matches no file",
                f"Paths are relative to {folder}; correct the pattern or remove it.",
            )
        )
    return files


def _glob(folder: Path, pattern: str) -> Iterator[Path]:
    """The matches of a glob; `Path.glob` wants a relative pattern, and users may write an absolute
    one."""
    full = Path(pattern)
    if full.is_absolute():
        return Path(full.anchor).glob(str(full.relative_to(full.anchor)))
    return folder.glob(pattern)


def _metrics(
    entries: tuple[EntryText, ...], folder: Path, marks: Marks, problems: list[Problem]
) -> tuple[MetricsSource, ...]:
    """The metrics sources with their files; two that are fetched may not have one name, for it is their place."""
    found: list[MetricsSource] = []
    for index, entry in enumerate(entries):
        place = marks.place("metrics", index)
        files = _matching(entry.csv, "metrics", place, folder, problems) if entry.csv else ()
        source = MetricsSource(named(entry), entry, files, place)
        twin = next((one for one in found if one.name == source.name and one.fetched and source.fetched), None)
        if twin:
            said = f"two metrics sources are called `{source.name}` (first at {twin.place})"
            problems.append(Problem("metrics-name-twice", place, said, "Give each a `name` of its own."))
        found.append(source)
    return tuple(found)


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


def _table(
    key: str, written: str | dict[str, dict[str, str]] | None, folder: Path, marks: Marks, problems: list[Problem]
) -> Path | dict[str, dict[str, str]]:
    """A table that stands in the configuration as it is, or the file that it is kept in."""
    if isinstance(written, str):
        return _existing(key, written, folder, marks, problems) or {}
    return written or {}


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
    values = entry.model_dump(exclude_none=True)
    known = {key for keys in PROVIDER_KEYS.values() for key in keys}
    settings = {key: values.pop(key) for key in sorted(known & set(values))}
    return Source(**{**values, "location": _located(entry.location, folder), "settings": settings})
