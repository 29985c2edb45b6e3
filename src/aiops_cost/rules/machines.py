"""Machine types and the accelerators in them, from `accelerators.csv` beside this file."""

from __future__ import annotations

import csv
import re
from functools import cache, lru_cache
from importlib.resources import files

_AWS = re.compile(
    r":(?:[A-Za-z]+-)?((?:ml\.)?[a-z][a-z0-9-]*\.(?:nano|micro|small|medium|\d*x?large|metal[\w-]*))"
    r"|HostUsage:([a-z][a-z0-9-]*)$"
)
_GCP = re.compile(
    r"\b([A-Z]\d+[A-Z]?) (?:(?:Predefined|Custom|Extended|AMD|Arm|Plus|Mega|Ultra|High|Edge) )*"
    r"(?:Instance (?:Core|Ram)|Cpu|Ram)\b", re.IGNORECASE
)  # fmt: skip
_FAMILY = re.compile(
    r"(?:ml\.)?(p\d+[a-z]*|gr?[3-9]\d*[a-z]*|trn\d+[a-z]*|inf\d+|dl\d+[a-z]*)(?:-[a-z0-9]+)?(?:\.|$)"  # AWS
    r"|(?:Standard[_ ])?(N[CDGV]C?)\d+[a-z]"  # Azure: NP (FPGA) is none
    r"|(?:Standard[_ ])?(N[CDV])\d+(?:[_ /]|$)"
    r"|(a[2-9]\d*[a-z]*|g[2-9]\d*[a-z]*|ct\d+[a-z]*|tpu\w+)(?:-|$)",  # Google
    re.IGNORECASE,
)
"""Families of machines that all carry accelerators, so that one that nobody has listed yet is not overlooked."""
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
    return found[1] or found[2] if found else None


def _in_meter(meter: str) -> str | None:
    """The part that names a machine with an accelerator, else the last; descriptions may end with the region."""
    parts = [_AZURE_SKIP.sub("", part) for part in meter.split(" - ")]
    return next((part for part in reversed(parts) if hardware(part)), parts[-1])


def _in_sku(sku: str) -> str | None:
    found = _GCP.search(sku)
    return found[1].lower() if found else None


_WRITTEN = {"aws": _in_usage_type, "azure": _in_meter, "gcp": _in_sku}


@lru_cache(maxsize=65_536)
def accelerator(text: str) -> str | None:
    """`<count>x<accelerator>` of a machine type, a usage type with one, or an accelerator's own name; or None.

    Where the count is not known, the accelerator alone.

    >>> accelerator("ml.p4d.24xlarge"), accelerator("USE1-Host:ml.g5.xlarge"), accelerator("m5.large")
    ('8xA100-40GB', '1xA10G', None)
    >>> accelerator("ND96isr B300 v7"), accelerator("trn9.48xlarge"), accelerator("Nvidia R200 GPU running in Iowa")
    ('8xB300', 'Trainium9', '1xR200')
    """
    text = _in_usage_type(text) or text
    for pattern, name in _table():
        found = pattern.search(text)
        if found:
            return _GROUP.sub(lambda group: _cased(found[int(group[2])], group[1]), name)  # noqa: B023
    return None


@lru_cache(maxsize=65_536)
def hardware(machine: str) -> str | None:
    """The accelerators of a machine or, where nobody listed it, its family if all of that carry some; else None.

    >>> hardware("g5.xlarge"), hardware("p9.48xlarge"), hardware("m7g.large"), hardware("NP10s")
    ('1xA10G', 'p9', None, None)
    """
    family = _FAMILY.match(machine)
    return accelerator(machine) or (next(filter(None, family.groups())).lower() if family else None)


def named(text: str) -> str | None:
    """The accelerator that a description names, or `gpu` where it names one that nobody has listed; else None.

    >>> named("8x NVIDIA H200 SXM hours"), named("Nvidia Foo 7 GPU running in Iowa"), named("GPU driver training seats")
    ('1xH200', 'gpu', None)
    """
    words = text.replace("_", " ")
    return accelerator(words) or ("gpu" if _GPU.search(words) else None)


_GPU = re.compile(
    r"\b(?:NVIDIA|AMD (?:Instinct|Radeon)|Intel Gaudi)\b.*\bGPUs?\b|\bGPUs?[- ](?:hours?|seconds?)\b", re.IGNORECASE
)

_GROUP = re.compile(r"\\(U?)(\d)")


def _cased(text: str, upper: str) -> str:
    return text.upper() if upper else text.lower()


@cache
def _table() -> tuple[tuple[re.Pattern[str], str], ...]:
    text = files(__package__).joinpath("accelerators.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return tuple((re.compile(row["pattern"], re.IGNORECASE), row["accelerator"]) for row in rows)
