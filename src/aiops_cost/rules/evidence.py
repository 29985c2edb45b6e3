"""What a rule may look at: the columns of a line, each as distinct values and a code per line.

Ledger columns are filled where another column carries the same fact (`FILLED`), so that one rule works for a
native export and for the FOCUS export of the same bill. Beside them stand a few derived columns: `cloud` (whose
bill it is), `meter` (Azure's meter in one text), `model_meter` (the same, where it is of a foundation model), `machine`
(the machine type), `hardware` (the accelerators in it, or its family where all of that carry some),
`name` (any name a person gave), `stated.activity` (what the tags say), and, for rules that refine, `activity` and
`component`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from aiops_cost.ledger import schema
from aiops_cost.rules import machines, meters, stated, tags
from aiops_cost.rules.coded import Codes, Column, combinations, recode
from aiops_cost.rules.tags import FIELDS, JSON_COLUMNS, Inverted, TagMap, fold, invert, pick, said_activity

if TYPE_CHECKING:
    import pandas as pd

NAME_SOURCES = (
    "ResourceName",
    "ResourceId",
    "tags.Name",
    "tags.aws:eks:cluster-name",
    "tags.eks:cluster-name",
    "tags.aws:cloudformation:stack-name",
    "tags.aws:autoscaling:groupName",
    "tags.aws:eks:namespace",
    "tags.aws:eks:workload-name",
    "tags.aws:eks:deployment",
    "tags.eks:nodegroup-name",
    "tags.karpenter.sh/nodepool",
    "tags.goog-k8s-cluster-name",
    "tags.goog-k8s-node-pool-name",
    "tags.k8s-workload-name",
    "tags.aks-managed-poolName",
    "tags.node-pool",
    "tags.cluster",
    "tags.cluster-name",
    "tags.ClusterName",
    "tags.k8s-cluster",
    "tags.namespace",
    "tags.k8s-namespace",
    "tags.job-name",
    "tags.RunName",
    "tags.bucket",
)
"""The names behind the column `name`: a condition on it holds when one of them fulfils it."""

PROVIDER_COLUMNS = ("ProviderName", "ServiceProviderName", "HostProviderName", "PublisherName", "InvoiceIssuerName")
"""Who says whose bill it is, in order; a name nobody knows is passed over, and the service's own name comes last."""

DERIVED = ("cloud", "meter", "model_meter", "machine", "hardware", "name")
DECIDED = ("x_Activity", "x_Component")


def canonical(name: str) -> str:
    """The column that a rule's word stands for: `service` -> ServiceName, `tags.Team` as it is."""
    return schema.SHORT.get(name, name)


def known(name: str) -> bool:
    """Whether a rule may look at a column of this name (short names included)."""
    head, dot, key = name.partition(".")
    if dot:
        return bool(key) and (head in JSON_COLUMNS or (head == "stated" and key in FIELDS))
    column = canonical(name)
    return column in VISIBLE


VISIBLE = (*schema.IDENTITY, "x_Source", "x_BillingPeriod", *DERIVED, *DECIDED)


class Lines:
    """The lines of a frame as columns of distinct values; each column is made once, when first asked for."""

    def __init__(self, frame: pd.DataFrame, tag_map: TagMap) -> None:
        self.frame = frame
        self.tags = tag_map
        self.size = len(frame)
        self.conflicts: dict[str, int] = {}
        self.origins: dict[str, stated.Origins] = {}
        self._columns: dict[str, Column] = {}
        self._null = Column(np.full(self.size, -1, dtype=np.int8), [])
        self._inverted: dict[str, Inverted] = {}

    def add(self, name: str, column: Column) -> None:
        """Give the lines a column that the frame does not have."""
        self._columns[name] = column

    def column(self, name: str) -> Column:
        """The column of this (canonical) name; all null when the frame lacks it."""
        if name not in self._columns:
            self._columns[name] = self._make(name)
        return self._columns[name]

    def _make(self, name: str) -> Column:
        head, dot, key = name.partition(".")
        if dot and head == "stated":
            return self._stated(key)
        if dot and head in JSON_COLUMNS:
            return self._inside(JSON_COLUMNS[head], key, name)
        if name in FILLED:
            sources, function = FILLED[name]
            return self._combine(
                [self._raw(source) if source == name else self.column(source) for source in sources], function
            )
        return self._raw(name)

    def _raw(self, name: str) -> Column:
        import pandas as pd

        if name not in self.frame.columns:
            return self._null
        series = self.frame[name]
        if isinstance(series.dtype, pd.CategoricalDtype):
            codes, values = series.cat.codes.to_numpy(), series.cat.categories.tolist()
        else:
            found, distinct = pd.factorize(series)
            codes, values = found.astype(np.int32), list(distinct)
        return _without_blanks(codes, values)

    def _stated(self, name: str) -> Column:
        """What is said of a field by its candidates in order, by the account, or by a later tag of the resource; an
        activity is put in our words."""
        said = [self.candidate(text, name) for text in self.tags.candidates.get(name, ())]
        column, self.origins[name] = stated.first_said([*said, (self._account(name), stated.ACCOUNT)], self.size)
        if name in stated.LATE_FIELDS:
            resource = [self.column("ResourceId"), self.column("SubAccountId")]
            column, self.origins[name] = stated.said_later((column, self.origins[name]), resource, self._days())
        if name != "activity":
            return column
        return self._combine([column], lambda value: said_activity(value, self.tags.activities) if value else None)

    def candidate(self, text: str, field: str) -> tuple[Column, int]:
        """A candidate's column, and how it says things: in a JSON column people stated them, else they are names."""
        name, pattern = tags.candidate(text)
        column = self.column(canonical(name))
        if pattern:
            column = self._combine([column], lambda value: _captured(pattern, value))
        if field == "activity":  # a word that means no activity is no statement
            column = self._combine([column], lambda v: v if v and said_activity(v, self.tags.activities) else None)
        return column, stated.TAG if name.partition(".")[0] in JSON_COLUMNS else stated.NAME

    def _account(self, field: str) -> Column:
        """What the table of accounts says of the line's account, by its id or its name."""
        known = self.tags.accounts
        if not known:
            return self._null
        of = {account: fields[field] for account, fields in known.items() if field in fields}
        return self._combine(
            [self.column("SubAccountId"), self.column("SubAccountName")],
            lambda one, name: of.get(one or "") or of.get(name or ""),
        )

    def _days(self) -> tuple[Codes, Codes] | None:
        """First and last day of each line as numbers, where the frame has them."""
        if not {"x_FirstDay", "x_LastDay"} <= set(self.frame.columns):
            return None
        first, last = (self.frame[name].to_numpy().astype("datetime64[D]") for name in ("x_FirstDay", "x_LastDay"))
        return first.astype(np.int64), last.astype(np.int64)

    def _inside(self, column: str, key: str, name: str) -> Column:
        """One key of a JSON column; the texts are parsed once, for all keys."""
        whole = self.column(column)
        if column not in self._inverted:
            self._inverted[column] = invert(whole.values)
        found, clashes = pick(self._inverted[column].get(fold(key), {}), key)
        if not found:
            return self._null
        if clashes:
            clashing = np.zeros(len(whole.values) + 1, dtype=bool)
            clashing[clashes] = True
            self.conflicts[name] = int(clashing[whole.codes].sum())
        values = list(dict.fromkeys(found.values()))
        code_of = {value: code for code, value in enumerate(values)}
        new = np.full(len(whole.values) + 1, -1, dtype=np.int32)
        new[list(found)] = [code_of[value] for value in found.values()]
        return Column(new[whole.codes], values)

    def _combine(self, columns: Sequence[Column], function: Callable[..., str | None]) -> Column:
        """A column computed from others, once per distinct combination of their values."""
        columns = [column for column in columns if column.values] if function is _first else columns
        if not columns:
            return self._null
        combos, first = combinations(columns, self.size)
        values = [function(*(column.value(row) for column in columns)) for row in first]
        return recode(combos, values)


def _without_blanks(codes: Codes, values: list[Any]) -> Column:
    texts = list(map(str, values))
    if all(map(str.strip, texts)):
        return Column(codes, texts)
    return recode(codes, [text if text.strip() else None for text in texts])


def _captured(pattern: re.Pattern[str], value: str | None) -> str | None:
    """The first group of the pattern, or all of it, where it is found in the value."""
    found = pattern.search(value) if value else None
    return (found[1] if pattern.groups else found[0]) if found else None


def _first(*values: str | None) -> str | None:
    return next((value for value in values if value is not None), None)


_CLOUDS: Mapping[str, tuple[str, ...]] = {
    "aws": ("aws", "amazon"),
    "azure": ("azure", "microsoft"),
    "gcp": ("gcp", "google"),
    "openai": ("openai",),
    "anthropic": ("anthropic",),
    "databricks": ("databricks",),
    "oracle": ("oracle", "oci"),
    "snowflake": ("snowflake",),
}


def _cloud(*names: str | None) -> str | None:
    """The first name that somebody knows, as one word."""
    for name in names:
        words = (name or "").lower()
        for cloud, marks in _CLOUDS.items():
            if any(mark in words for mark in marks):
                return cloud
    return None


def _usage_type(usage: str | None, cloud: str | None, meter: str | None, sku: str | None) -> str | None:
    """AWS FOCUS keeps the usage type in SkuMeter only, Databricks its SKU name in SkuId."""
    return usage or {"aws": meter, "databricks": sku}.get(cloud or "")


def _meter(cloud: str | None, category: str | None, sub: str | None, name: str | None, said: str | None) -> str | None:
    """Azure's meter as `category - subcategory - name`; FOCUS files without meters say it in ChargeDescription."""
    if cloud != "azure":
        return None
    parts = [part for part in (category, sub, name) if part]
    return " - ".join(parts) if name else said


def _accelerator(machine: str | None, cloud: str | None, sku: str | None) -> str | None:
    """What accelerates the machine; most providers bill the accelerator itself, by its name."""
    found = machines.hardware(machine) if machine else None
    return found or (machines.named(sku) if cloud not in ("aws", "azure") and sku else None)


FILLED: Mapping[str, tuple[tuple[str, ...], Callable[..., str | None]]] = {
    "cloud": ((*PROVIDER_COLUMNS, "ServiceName"), _cloud),
    "x_UsageType": (("x_UsageType", "cloud", "SkuMeter", "SkuId"), _usage_type),
    "x_SkuDescription": (("x_SkuDescription", "ChargeDescription"), _first),
    "meter": (
        ("cloud", "x_SkuMeterCategory", "x_SkuMeterSubcategory", "x_SkuMeterName", "ChargeDescription"),
        _meter,
    ),
    "model_meter": (("meter",), lambda meter: meters.foundation(meter) if meter else None),
    "ServiceName": (("ServiceName", "x_ServiceCode", "x_SkuMeterCategory"), _first),
    "hardware": (("machine", "cloud", "x_SkuDescription"), _accelerator),
    "machine": (
        ("x_InstanceType", "details.InstanceType", "cloud", "x_UsageType", "meter", "x_SkuDescription"),
        machines.machine,
    ),
}
"""Columns computed from others: their sources, and the function of one value of each."""
