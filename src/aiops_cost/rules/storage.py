"""Storage: data kept or prepared for AI. Owns its components, its drivers and how storage is classed.

Cost = GB x unit price, its growth, its class and age; and GB processed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from aiops_cost.rules.driver import Driver

_KEPT = (
    "vector-index",
    "feature-store",
    "training-data",
    "model-artifacts",
    "checkpoints",
    "embeddings",
    "object-storage",
)
_PROCESSED = ("data-processing", "data-labeling")
COMPONENTS = (*_KEPT, *_PROCESSED)

DRIVERS = (
    Driver(
        "data kept", "GB-months", "ConsumedQuantity",
        "GB kept x price per GB-month, by storage class; grows until somebody deletes or archives", _KEPT,
    ),
    Driver("data processed", "GB", "ConsumedQuantity", "GB (or objects) processed x price, per cycle", _PROCESSED),
)  # fmt: skip

_CLASSES = (
    ("deep-archive", r"GDA|deep.?archive|\barchive lrs|archive storage|\barchive\b"),
    ("archive", r"Glacier|GIR|coldline"),
    ("infrequent", r"SIA|ZIA|infrequent|nearline|\bcool\b|\bcold\b"),
    ("intelligent", r"INT-|intelligent|autoclass"),
    ("standard", r"TimedStorage-ByteHrs|\bhot\b|standard storage|data stored|premium"),
)
_COMPILED = tuple((name, re.compile(pattern, re.IGNORECASE)) for name, pattern in _CLASSES)


def storage_class(text: str) -> str | None:
    """standard, infrequent, archive, deep-archive or intelligent, from a usage type, meter or SKU; None if unsaid.

    >>> storage_class("USE1-TimedStorage-GDA-ByteHrs")
    'deep-archive'
    """
    return next((name for name, pattern in _COMPILED if pattern.search(text)), None)


READERS: Mapping[str, Callable[[str], str | None]] = {"storage-class": storage_class}
