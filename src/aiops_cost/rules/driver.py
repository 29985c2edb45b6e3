"""What explains the cost of an activity, as a value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Driver:
    """One driver: `cost = quantity x price`, in `unit`; `components` are those it explains.

    `quantity` is the ledger column that carries the quantity; `formula` is the sentence for a reader.
    """

    name: str
    unit: str
    quantity: str
    formula: str
    components: tuple[str, ...]
