"""What is said of each line, and how: by its own tag, by a name, by its account, or by a later tag of its resource.

Bills carry a tag from the day of tagging on, so the days before are lines of their own, without it. Such a line takes,
where no name or account says anything, what the tagged lines of the same resource in the same account say, if all of
them say the same and the tag was still there when the line began. That is an inference, and is told as one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from aiops_cost.rules.coded import Codes, Column, combinations

TAG, NAME, ACCOUNT, LATE = 0, 1, 2, 3
"""How something was said, the surest first; -1 is not at all."""
STRENGTH = {TAG: "stated", NAME: "named", ACCOUNT: "named", LATE: "inferred"}

LATE_FIELDS = ("workload", "owner", "environment", "activity")
"""What a resource keeps while it exists; a model or a run may change under it."""

Origins = np.ndarray[Any, np.dtype[np.int8]]


def first_said(columns: Sequence[tuple[Column, int]], size: int) -> tuple[Column, Origins]:
    """Per line the value of the first column that has one, and how that column says it."""
    codes, origins = np.full(size, -1, dtype=np.int32), np.full(size, -1, dtype=np.int8)
    values: dict[str, int] = {}
    for column, origin in columns:
        if not column.values:
            continue
        rows = np.flatnonzero((codes < 0) & (column.codes >= 0))
        numbers = np.array([values.setdefault(value, len(values)) for value in column.values], dtype=np.int32)
        codes[rows], origins[rows] = numbers[column.codes[rows]], origin
    return Column(codes, list(values)), origins


def said_later(
    said: tuple[Column, Origins], resource: Sequence[Column], days: tuple[Codes, Codes] | None
) -> tuple[Column, Origins]:
    """`said`, and where it says nothing, what the tagged lines of the same resource say, if they agree.

    `resource` are the columns that tell resources apart, the first of them must be filled; `days` are the first and
    last day of each line as numbers, or None where that is not known.
    """
    column, origins = said
    tagged = (origins == TAG) & (resource[0].codes >= 0)
    untagged = (origins < 0) & (resource[0].codes >= 0)
    if not tagged.any() or not untagged.any():
        return said
    number, _ = combinations(resource, len(origins))
    count = int(number.max()) + 1
    low, high = np.full(count, len(column.values), dtype=np.int32), np.full(count, -1, dtype=np.int32)
    np.minimum.at(low, number[tagged], column.codes[tagged])
    np.maximum.at(high, number[tagged], column.codes[tagged])
    fits = untagged & (low == high)[number]
    if days is not None:
        last = np.full(count, np.iinfo(np.int64).min)
        np.maximum.at(last, number[tagged], days[1][tagged])
        fits &= days[0] <= last[number]
    codes, origins = column.codes.copy(), origins.copy()
    codes[fits], origins[fits] = low[number[fits]], LATE
    return Column(codes, column.values), origins
