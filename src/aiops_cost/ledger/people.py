"""People are not cost data: an e-mail address in a bill becomes a stable pseudonym before the ledger keeps it."""

from __future__ import annotations

import hashlib
import hmac
import re

import duckdb

from aiops_cost.ledger import schema

_EMAIL = re.compile(r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,24}")


def pseudonym(address: str, key: str = "") -> str:
    """`person-` and ten hex digits: the same for one address in any letter case, another for another key.

    >>> pseudonym("Ada@example.com") == pseudonym("ada@example.com")
    True
    """
    digest = hmac.new(key.encode(), address.lower().encode(), hashlib.sha256).hexdigest()
    return f"person-{digest[:10]}"


def hide(text: str, key: str = "") -> str:
    """The text with every e-mail address replaced by its pseudonym."""
    return _EMAIL.sub(lambda match: pseudonym(match[0], key), text)


def hide_in_table(con: duckdb.DuckDBPyConnection, table: str, key: str = "") -> int:
    """Replace addresses in every text column of `table`; returns how many distinct cells were changed."""
    tests = ", ".join(f"bool_or(contains({name}, '@'))" for name in schema.IDENTITY)
    found = con.execute(f"SELECT {tests} FROM {table}").fetchone() or ()
    changed = 0
    for name, has_at in zip(schema.IDENTITY, found, strict=True):
        if not has_at:
            continue
        cells = con.execute(f"SELECT DISTINCT {name} FROM {table} WHERE contains({name}, '@')").fetchall()
        pairs = [(cell, hide(cell, key)) for (cell,) in cells]
        pairs = [pair for pair in pairs if pair[0] != pair[1]]
        if pairs:
            con.execute("CREATE OR REPLACE TEMP TABLE hidden (old VARCHAR, new VARCHAR)")
            con.executemany("INSERT INTO hidden VALUES (?, ?)", pairs)
            con.execute(f"UPDATE {table} SET {name} = hidden.new FROM hidden WHERE {table}.{name} = hidden.old")
            changed += len(pairs)
    return changed
