"""Columns as distinct values and a code per line: what makes a million lines cost what their distinct values cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Codes = np.ndarray[Any, np.dtype[np.integer[Any]]]
"""Codes are as narrow as they can be: a million lines with a hundred columns should fit in memory."""


@dataclass(frozen=True)
class Column:
    """Distinct values and, per line, the code of its value; -1 is null."""

    codes: Codes
    values: list[str]

    def value(self, row: int) -> str | None:
        code = int(self.codes[row])
        return None if code < 0 else self.values[code]


def combinations(columns: Sequence[Column], size: int) -> tuple[Codes, Codes]:
    """Number the distinct combinations of some columns: (number per line, a line of each)."""
    import pandas as pd

    total, key = 1, np.zeros(size, dtype=np.int64)
    for column in columns:
        width = len(column.values) + 1
        if width == 1:
            continue
        if total * width >= 2**62:
            key, seen = pd.factorize(key)
            key, total = key.astype(np.int64), len(seen) + 1
        key *= width
        key += column.codes
        key += 1
        total *= width
    numbers, distinct = pd.factorize(key)
    member = np.empty(len(distinct), dtype=np.int64)
    member[numbers] = np.arange(size)
    return numbers.astype(np.int32), member


def recode(codes: Codes, values: Sequence[str | None]) -> Column:
    """Give each code its new value; equal values share one code, None is null."""
    known_values: dict[str, int] = {}
    new = [-1 if value is None else known_values.setdefault(value, len(known_values)) for value in values]
    return Column(np.array([*new, -1], dtype=np.int32)[codes], list(known_values))
