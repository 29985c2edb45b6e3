"""Machine types and the accelerators in them, from `accelerators.csv` beside this file."""

from __future__ import annotations

import csv
import re
from functools import cache, lru_cache
from importlib.resources import files

_AWS = re.compile(r":(?:[A-Za-z]+-)?((?:ml\.)?[a-z][a-z0-9-]*\.(?:nano|micro|small|medium|\d*x?large|metal[\w-]*))")
_GCP = re.compile(
    r"\b([A-Z]\d+[A-Z]?) (?:Predefined |Custom |Extended |AMD |Arm )*Instance (?:Core|Ram)", re.IGNORECASE
)
_AZURE_SKIP = re.compile(r" (?:Spot|Low Priority|Expired|Dev/Test)\b.*", re.IGNORECASE)


def machine(stated: str | None, details: str | None, cloud: str | None, *texts: str | None) -> str | None:
    """The machine type that a line names, in whichever column its provider writes it.

    `texts` are the usage type (AWS), the meter (Azure) and the SKU's description (Google).
    """
    if stated or details:
        return stated or details
    said = dict(zip(("aws", "azure", "gcp"), texts, strict=True)).get(cloud or "")
    return _WRITTEN[cloud or ""](said) if said else None


def _in_usage_type(usage: str) -> str | None:
    found = _AWS.search(usage)
    return found[1] if found else None


def _in_meter(meter: str) -> str | None:
    """The part that names a machine with an accelerator, else the last; descriptions may end with the region."""
    parts = [_AZURE_SKIP.sub("", part) for part in meter.split(" - ")]
    return next((part for part in reversed(parts) if accelerator(part)), parts[-1])


def _in_sku(sku: str) -> str | None:
    found = _GCP.search(sku)
    return found[1].lower() if found else None


_WRITTEN = {"aws": _in_usage_type, "azure": _in_meter, "gcp": _in_sku}


@lru_cache(maxsize=65_536)
def accelerator(text: str) -> str | None:
    """`<count>x<accelerator>` of a machine type, a usage type with one, or an accelerator's own name; or None.

    >>> accelerator("ml.p4d.24xlarge"), accelerator("USE1-Host:ml.g5.xlarge"), accelerator("m5.large")
    ('8xA100-40GB', '1xA10G', None)
    """
    text = _in_usage_type(text) or text
    for pattern, name in _table():
        if pattern.search(text):
            return name
    return None


@cache
def _table() -> tuple[tuple[re.Pattern[str], str], ...]:
    text = files(__package__).joinpath("accelerators.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return tuple((re.compile(row["pattern"], re.IGNORECASE), row["accelerator"]) for row in rows)
