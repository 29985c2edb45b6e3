"""People are not cost data: an e-mail address in a bill becomes a stable pseudonym before the ledger keeps it."""

from __future__ import annotations

import hashlib
import hmac
import re

import duckdb

from aiops_cost.ledger import schema

_EMAIL = re.compile(r"[\w.%+'-]{1,64}(?:@|%40)[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,24}")
"""In any script; `%40` is how an address stands in a URL."""

_TEXTS = (*schema.IDENTITY, "InvoiceId")

_HAS = "(contains({0}, '@') OR contains({0}, '%40'))"


def pseudonym(address: str, key: str = "") -> str:
    """`person-` and ten hex digits: the same for one address in any letter case, another for another key.

    >>> pseudonym("Ada@example.com") == pseudonym("ada@example.com")
    True
    """
    digest = hmac.new(key.encode(), address.lower().replace("%40", "@").encode(), hashlib.sha256).hexdigest()
    return f"person-{digest[:10]}"


def hide(text: str, key: str = "") -> str:
    """The text with every e-mail address replaced by its pseudonym."""
    return _EMAIL.sub(lambda match: pseudonym(match[0], key), text)


def hide_in_table(con: duckdb.DuckDBPyConnection, table: str, key: str = "") -> int:
    """Replace addresses in every text column of `table`, in rows that say `has_at`; returns how many distinct cells
    were changed."""
    tests = ", ".join(f"bool_or({_HAS.format(name)})" for name in _TEXTS)
    found = con.execute(f"SELECT {tests} FROM {table} WHERE has_at").fetchone() or ()
    changed = 0
    for name, has_at in zip(_TEXTS, found, strict=True):
        if not has_at:
            continue
        cells = con.execute(f"SELECT DISTINCT {name} FROM {table} WHERE has_at AND {_HAS.format(name)}").fetchall()
        pairs = [(cell, hide(cell, key)) for (cell,) in cells]
        pairs = [pair for pair in pairs if pair[0] != pair[1]]
        if pairs:
            old, new = [list(texts) for texts in zip(*pairs, strict=True)]
            con.execute("CREATE OR REPLACE TEMP TABLE hidden AS SELECT unnest(?) AS old, unnest(?) AS new", [old, new])
            con.execute(f"UPDATE {table} SET {name} = hidden.new FROM hidden WHERE {table}.{name} = hidden.old")
            changed += len(pairs)
    return changed
