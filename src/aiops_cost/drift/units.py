"""Units made one: `1K tokens`, `Tokens` and `1M Tokens` are tokens; `Hrs`, `h` and `seconds` are hours.

The names are those of the providers' bills (`units.csv`). A unit that is not known is a family of its own: its
quantities are compared with themselves and never added to others. Marketplace SKUs call a million tokens one `Units`
(Amazon Bedrock Edition models), and some bills a single token one `count`: what the line is for decides.
"""

from __future__ import annotations

import csv
import re
from fractions import Fraction
from functools import cache
from importlib.resources import files

_LOT = re.compile(
    r"(?P<number>\d[\d,]*)?\s*(?P<lot>[KM](?![A-Za-z])|thousand|million)?\s*(?P<noun>.*)\Z", re.IGNORECASE
)
_LOTS = {"k": 1_000, "thousand": 1_000, "m": 1_000_000, "million": 1_000_000}
_SINGLE = ("", "count", "unit", "units", "each")


@cache
def unit(text: str | None, component: str | None = None) -> tuple[str, Fraction] | None:
    """(family, how many of it one unit is); None where the bill names no unit.

    >>> unit("1K tokens"), unit("seconds")
    (('tokens', Fraction(1000, 1)), ('hours', Fraction(1, 3600)))
    >>> unit("Units", "fm-tokens-input")
    ('tokens', Fraction(1000000, 1))
    """
    if text is None or not text.strip():
        return None
    match = _LOT.match(text.strip())
    if match is None:
        return text.strip().lower(), Fraction(1)
    many = Fraction((match["number"] or "1").replace(",", "")) * _LOTS.get((match["lot"] or "").lower(), 1)
    noun = match["noun"].strip().lower()
    tokens = (component or "").startswith(("fm-tokens", "fm-embeddings"))
    if tokens and noun in _SINGLE:
        lone = noun in ("unit", "units") and many == 1
        return "tokens", Fraction(1_000_000) if lone else many
    known = _nouns().get(noun)
    if known is None:
        return (noun or "units", many)
    return known[0], many * known[1]


@cache
def _nouns() -> dict[str, tuple[str, Fraction]]:
    text = files(__package__).joinpath("units.csv").read_text(encoding="utf-8")
    return {row["noun"]: (row["family"], Fraction(row["factor"])) for row in csv.DictReader(text.splitlines())}
