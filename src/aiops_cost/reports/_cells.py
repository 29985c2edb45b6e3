"""Cells: from a value and its column's kind to text, for people (`shown`) and programs (`plain`).

Names, tags and messages carry what a bill says, and a bill carries what strangers wrote. `clean` is
the door for all of it: after it, text has one line and no character that a terminal would obey or
hide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from numbers import Integral
from typing import Any

from aiops_cost import money
from aiops_cost.model import Column, Scope, Table

UNKNOWN = "-"
NUMERIC = ("money", "price", "number", "percent", "chance", "count")
"""The kinds that are aligned to the right and never cut or wrapped."""

DRAWN = ("bar", "spark")
"""The kinds that are pictures of other cells; files for programs leave them out, but for JSON."""

COMMAND = ":  aiops-cost "
"""Advice names a command after a colon and two spaces."""

_SPARKS = "▁▂▃▄▅▆▇█"

_CI_LINE = re.compile(r"^((?:\s|\x1b\[[0-9;]*m)*):(?=:)", re.MULTILINE)
_CI_ANYWHERE = re.compile(r"#(?=#(?:\[|vso\[|teamcity\[))", re.IGNORECASE)


def clean(text: str) -> str:
    """Text from outside, on one line, with nothing invisible in it.

    White space of any kind becomes a space. What Unicode calls not printable (C0 and C1 controls,
    ESC, bidi overrides, zero-width and tag characters, lone surrogates) becomes a visible escape.

    >>> clean("a\\nb\\x1b[2J")
    'a b\\\\x1b[2J'
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _visible(char) for char in text)


def paragraphs(text: str | None) -> list[str]:
    """A text of several paragraphs, with an empty line between, as one clean line each."""
    return [clean(part.strip()) for part in (text or "").split("\n\n") if part.strip()]


def drawable(text: str) -> str:
    """The same for a picture, whose drawing cuts long texts anywhere: a character that is two to it (an emoji) would be
    cut in half, so a frame stands in its place.

    >>> drawable("chat \U0001f600")
    'chat ▯'
    """
    return "".join(char if ord(char) < _TWO_UNITS else "▯" for char in clean(text))


_TWO_UNITS = 0x10000
"""Characters from here on are two units of UTF-16."""


def no_commands(text: str) -> str:
    """Finished text in which a CI runner finds no command; its width does not change.

    GitHub obeys lines that begin with `::` (white space before it is ignored) and `##[` anywhere;
    Azure Pipelines obeys `##vso[`, TeamCity `##teamcity[`. One character of each mark becomes a
    dot.
    """
    return _CI_ANYWHERE.sub(".", _CI_LINE.sub(r"\1.", text))


def shown(value: Any, kind: str = "text") -> str:
    """A cell for a person: grouped and rounded, never a bare float; unknown is `-`.

    A text in a column of another kind (`new` for a percentage of zero) is shown as it is.
    Raises TypeError for a value its kind cannot hold, ValueError for NaN and infinity.
    """
    if value is None:
        return UNKNOWN
    if kind == "text" or isinstance(value, str):
        return _short(clean(_text(value)))
    if kind in {"spark", "date"}:
        return spark(value) if kind == "spark" else _day(value, sep=" ", timespec="minutes")
    number = _number(value, kind)
    if kind in {"money", "price"}:
        return amount(number) if kind == "money" else money.price(number)
    if kind in {"percent", "chance"}:
        return money.chance(number) if kind == "chance" else f"{_dressed(number.scaleb(2), 1)}%"
    return f"{int(number):,}" if kind == "count" else _strip(_dressed(number, 3))


def _short(text: str) -> str:
    """A text that would fill a screen of its own is cut, and says so; files for programs have all of it."""
    return text if len(text) <= _LONGEST else f"{text[:_KEPT]}… ({len(text):,} characters)"


_LONGEST, _KEPT = 1_000, 200


def plain(value: Any, kind: str = "text") -> str | int | bool | list[str | None] | None:
    """A cell for a program: exact, without grouping; unknown is None, a spark a list.

    Amounts, numbers and shares are text with every digit, counts are whole numbers, dates are ISO
    8601. Text is left as it was: what is dangerous in it depends on the format. Raises as `shown`
    does.
    """
    if value is None or isinstance(value, str):
        return value
    if kind == "text":
        return value if isinstance(value, bool) else _text(value)
    if kind == "spark":
        return [None if one is None else money.exact(_number(one, "money")) for one in value]
    if kind == "date":
        return _day(value)
    number = _number(value, kind)
    if kind == "count":
        return int(number)
    return money.exact(number) if kind in {"money", "price"} else _strip(f"{number:f}")


def amount(value: Decimal, currency: str | None = None) -> str:
    """An amount for a person: two decimals, or two digits that count when it is below one cent.

    >>> amount(Decimal("0.0000008"), "USD")
    '0.0000008 USD'
    """
    text = _dressed(_number(value, "money"), 2)
    return f"{text} {clean(currency)}" if currency else text


def brief(value: Decimal) -> str:
    """An amount where space is short, such as on a bar: no decimals from 100 on.

    >>> brief(Decimal("1234.56"))
    '1,235'
    """
    return money.show(value, places=0) if abs(value) >= 100 else amount(value)


def share(value: Any) -> float:
    """The share of a `bar` cell as a number from 0 to 1; it is drawn, never printed."""
    return 0.0 if value is None else float(min(max(_number(value, "bar"), Decimal(0)), Decimal(1)))


def heights(values: Sequence[Decimal | None]) -> list[float | None]:
    """A spark's amounts as heights from 0 to 1; zero is the floor, and so is a credit; unknown stays unknown."""
    top = max((value for value in values if value is not None), default=Decimal(0))
    return [None if v is None else float(max(v, Decimal(0)) / top) if top > 0 else 0.0 for v in values]


def spark(values: Sequence[Decimal | None]) -> str:
    """A spark as text, one character each; a space where nothing is known.

    >>> spark((Decimal(0), Decimal(5), None, Decimal(10)))
    '▁▅ █'
    """
    return "".join(" " if one is None else _SPARKS[round(one * (len(_SPARKS) - 1))] for one in heights(values))


def scope_text(scope: Scope) -> str:
    """A scope for a person: `activity=serving, workload=a|b`; an empty one is `everything`."""
    parts = (f"{name}={value if isinstance(value, str) else '|'.join(value)}" for name, value in scope.items())
    return _short(clean(", ".join(parts))) or "everything"


def title_of(column: Column) -> str:
    """A column's title, as it was given or from its name."""
    return column.title or column.name.replace("_", " ")


def heading(column: Column) -> str:
    """A column's title for a person."""
    return clean(title_of(column))


def facts_line(facts: Mapping[str, str | None]) -> list[str]:
    """The facts for a person: `EffectiveCost in USD`, the period, `settled until 2026-06-11`, ...

    `cost`, `currency` and `period` speak for themselves; every other fact is shown after its name.
    """
    cost = " in ".join(text for text in (facts.get("cost"), facts.get("currency")) if text)
    said = [cost, facts.get("period") or ""]
    for name, text in facts.items():
        if name not in {"cost", "currency", "period"}:
            said.append(f"{name.replace('_', ' ')} {text or 'unknown'}")
    return [clean(text) for text in said if text]


def facts_pairs(facts: Mapping[str, str | None]) -> Iterator[tuple[str, str]]:
    """The facts as name and text; the period is left out, for it stands above them."""
    cost = " in ".join(text for text in (facts.get("cost"), facts.get("currency")) if text)
    if cost:
        yield "cost", clean(cost)
    for name, text in facts.items():
        if name not in {"cost", "currency", "period"}:
            yield clean(name.replace("_", " ")), clean(text or "unknown")


def without(table: Table, *kinds: str) -> Table:
    """The table without the columns of these kinds.

    Raises ValueError when two columns have one name or a row is of another length: a cell would be
    lost.
    """
    names = [column.name for column in table.columns]
    if len(set(names)) < len(names):
        raise ValueError(f"table {table.name}: two columns have one name: {', '.join(names)}")
    keep = [index for index, column in enumerate(table.columns) if column.kind not in kinds]

    def kept(row: Sequence[Any]) -> tuple[Any, ...]:
        if len(row) != len(names):
            raise ValueError(f"table {table.name}: {len(row)} cells for {len(names)} columns")
        return tuple(row[index] for index in keep)

    return replace(
        table,
        columns=tuple(table.columns[index] for index in keep),
        rows=tuple(map(kept, table.rows)),
        total=None if table.total is None else kept(table.total),
    )


def _visible(char: str) -> str:
    if char.isspace():
        return " "
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return ", ".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)


def _day(value: Any, **style: str) -> str:
    """A date, or a moment of one; midnight without a zone is how data frames write a date."""
    if isinstance(value, datetime):
        midnight = value.tzinfo is None and value.time() == datetime.min.time()
        return value.date().isoformat() if midnight else value.isoformat(**style)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{value!r} is not a date")


def _number(value: Any, kind: str) -> Decimal:
    """The cell as a finite Decimal; floats are for statistics and never for money or counts."""
    if isinstance(value, Decimal):
        number = value
    elif isinstance(value, Integral) and not isinstance(value, bool):
        number = Decimal(int(value))
    elif isinstance(value, float) and kind in {"number", "percent", "chance", "bar"}:
        number = Decimal(repr(float(value)))
    else:
        raise TypeError(f"a cell of kind {kind} cannot hold {value!r} ({type(value).__name__})")
    if not number.is_finite():
        raise ValueError(f"a cell of kind {kind} cannot hold {value}; what is unknown is None")
    if kind == "count" and number != int(number):
        raise ValueError(f"a count is a whole number, not {value}")
    return number


def _dressed(number: Decimal, places: int) -> str:
    if number == 0 or abs(number) >= Decimal(1).scaleb(-places):
        return money.show(number, places=places)
    # The ledger has 18 decimals; what is smaller is shown as nothing, which it is.
    return _strip(money.show(number, places=min(1 - number.adjusted(), 18)))


def _strip(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text
