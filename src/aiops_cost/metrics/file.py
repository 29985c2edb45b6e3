"""The key `metrics:` of the configuration: files, Prometheus servers, CloudWatch, and what is asked of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from aiops_cost.budget.values import Amount, Days, Slug
from aiops_cost.documents import Strict, near
from aiops_cost.metrics import points

KINDS = ("csv", "prometheus", "cloudwatch")
_URL = re.compile(r"https?://[^\s/@?#]+(/[^\s?#]*)?\Z")
_FIXED = {"UTC", "GMT"}


def _zone(text: str) -> str:
    if text not in _FIXED and text not in available_timezones():
        raise ValueError(
            f"{text!r} is not a time zone (write Europe/Berlin); {near(text, list(available_timezones()))}"
        )
    return text


def _url(text: str) -> str:
    if not _URL.match(text):
        raise ValueError("this is not the address of a server (write http://host:9090; a token goes into `token_from`)")
    return text.rstrip("/")


def _name(text: str) -> str:
    return points.name(text)


Name = Annotated[str, AfterValidator(_name)]
Labels = Mapping[Literal["activity", "workload", "model", "environment"], str]


class Query(Strict):
    """What is asked of a server for one metric.

    Prometheus: `query` gives the value of the `step` that ends at its time, such as `increase(x[1d])`, which
    knows counters that begin anew. CloudWatch: `namespace`, `measure`, `statistic` and `dimensions`.
    `labels` says which label of an answer holds a dimension; `activity` ... `environment` are fixed ones.
    """

    metric: Name
    query: str | None = Field(default=None, min_length=1)
    step: Literal["1d", "6h", "1h", "15m", "5m", "1m"] = "1d"
    over_day: Literal["sum", "mean", "max", "last"] | None = None
    labels: Labels = Field(default_factory=dict)
    activity: str | None = None
    workload: str | None = None
    model: str | None = None
    environment: str | None = None
    unit: str | None = None
    scale: Amount = Field(default=Decimal(1), json_schema_extra={"default": 1})
    namespace: str | None = None
    measure: str | None = None
    statistic: str = "Sum"
    dimensions: Mapping[str, str] = {}


class Entry(Strict):
    """One place that metrics come from: exactly one of `csv`, `prometheus` (an address), `cloudwatch` (a region)."""

    name: Slug | None = None
    csv: str | None = Field(default=None, min_length=1)
    prometheus: Annotated[str, AfterValidator(_url)] | None = None
    cloudwatch: str | None = Field(default=None, min_length=1)
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    counters: tuple[Name, ...] = ()
    token_from: str | None = Field(default=None, min_length=1)
    history: Days = 400
    required: bool = False
    queries: tuple[Query, ...] = ()

    @model_validator(mode="after")
    def _one_kind(self) -> Entry:
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            raise ValueError("metrics come from one of `csv`, `prometheus` or `cloudwatch`; write exactly one of them")
        if given == ["csv"] and self.queries:
            raise ValueError("`queries` are for `prometheus` and `cloudwatch`; a file is read as it is")
        if given != ["csv"] and not self.queries:
            raise ValueError(f"`{given[0]}` needs `queries`: a list of what to ask for")
        needed = {"prometheus": ("query",), "cloudwatch": ("namespace", "measure")}.get(given[0], ())
        for query in self.queries:
            lacking = [key for key in needed if getattr(query, key) is None]
            if lacking:
                raise ValueError(f"the query for `{query.metric}` needs `{'` and `'.join(lacking)}`")
        return self


def _short(value: Any) -> Any:
    """A text alone is a pattern of CSV files."""
    return {"csv": value} if isinstance(value, str) else value


EntryText = Annotated[Entry, BeforeValidator(_short, json_schema_input_type=str | Entry)]


@dataclass(frozen=True)
class MetricsSource:
    """An entry, ready to use: its name in the store, its files, where it stands in the configuration."""

    name: str
    entry: Entry
    files: tuple[Path, ...]
    place: str

    @property
    def fetched(self) -> bool:
        """True where `pull` asks a server; files are read when a question is asked."""
        return self.entry.csv is None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.entry.timezone)


def named(entry: Entry) -> str:
    """The name an entry has when it is given none."""
    return entry.name or next(kind for kind in KINDS if getattr(entry, kind) is not None)
