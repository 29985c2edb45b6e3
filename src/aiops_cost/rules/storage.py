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
    ("premium", r"\bpremium\b|express ?one ?zone|[-_]XZ[-_]|rapid storage"),
    ("deep-archive", r"\bGDA\b|deep.?archive|INT-DAA"),
    ("archive-instant", r"\bGIR\b|INT-AIA|glacier instant|coldline|\bcold\b"),
    ("archive", r"glacier|INT-AA\b|\barchive\b"),
    ("infrequent", r"\b[SZ]IA\b|INT-IA|\bIA(?:Timed|Data)|infrequent|nearline|\bcool\b"),
    ("standard", r"TimedStorage-(?:ByteHrs|RRS)|INT-FA|Requests-Tier[12]\b|\bhot\b|\bstandard\b|multi-?regional"),
)
_COMPILED = tuple((name, re.compile(pattern, re.IGNORECASE)) for name, pattern in _CLASSES)


def storage_class(text: str) -> str | None:
    """premium, standard, infrequent, archive-instant, archive or deep-archive; None where the text does not say.

    One word for what the clouds sell under several names, by how often the data may be read and how soon:

    | class | Amazon S3 | Azure Storage | Google Cloud Storage |
    | --- | --- | --- | --- |
    | premium | Express One Zone | Premium | Rapid |
    | standard | Standard; Intelligent-Tiering, frequent tier | Hot | Standard |
    | infrequent | Standard-IA, One Zone-IA; Intelligent-Tiering, infrequent tier | Cool | Nearline |
    | archive-instant | Glacier Instant Retrieval; Intelligent-Tiering, archive instant tier | Cold | Coldline |
    | archive | Glacier Flexible Retrieval | Archive | Archive |
    | deep-archive | Glacier Deep Archive | | |

    >>> storage_class("USE1-TimedStorage-GDA-ByteHrs"), storage_class("Cool RA-GZRS Data Stored")
    ('deep-archive', 'infrequent')
    """
    return next((name for name, pattern in _COMPILED if pattern.search(text)), None)


READERS: Mapping[str, Callable[[str], str | None]] = {"storage-class": storage_class}
