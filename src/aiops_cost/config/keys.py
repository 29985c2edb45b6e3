"""What may stand in `aiops-cost.yaml`: its keys, their forms and their defaults. No file is looked for here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from aiops_cost.budget import scope
from aiops_cost.budget.values import Amount, Currency, Days, Share, Slug, Span, Tolerance, days
from aiops_cost.documents import Strict
from aiops_cost.metrics.file import EntryText
from aiops_cost.notify.targets import TargetEntry

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
