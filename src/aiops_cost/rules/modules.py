"""The three rule modules side by side: their readers and drivers, for the engine, which knows no rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aiops_cost.rules import machines, serving, storage, training
from aiops_cost.rules.driver import Driver

Reader = Callable[[str], str | None]


def text(value: str) -> str | None:
    """The value as it is, without the white space around it."""
    return value.strip() or None


READERS: Mapping[str, Reader] = {
    "text": text,
    "accelerator": machines.accelerator,
    **serving.READERS,
    **training.READERS,
    **storage.READERS,
}
"""The functions that `extract: {field: COLUMN | reader}` may name; each reads one distinct value."""

DEFAULT_READER = {
    "x_Model": "model",
    "x_TokenDirection": "direction",
    "x_LatencyTier": "tier",
    "x_Accelerator": "accelerator",
    "x_StorageClass": "storage-class",
}
"""The reader of a field when `extract` names none; other fields take the text as it is."""

DRIVERS: Mapping[str, tuple[Driver, ...]] = {
    "serving": serving.DRIVERS,
    "training": training.DRIVERS,
    "storage": storage.DRIVERS,
}
"""What explains the cost of an activity."""

COMPONENTS: Mapping[str, tuple[str, ...]] = {
    "serving": serving.COMPONENTS,
    "training": training.COMPONENTS,
    "storage": storage.COMPONENTS,
}
"""The components that each rule module owns."""
