"""The view `spend`, read once: the checks ask many questions of the same rows, and files need not be read for each.

What changes from day to day (amounts, quantities, the source) is kept beside the id of the line, texts once per line;
the view `gathered` joins the two. It has the rows of `spend`, and those of its columns that a check may name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiops_cost.ledger import schema

if TYPE_CHECKING:
    import duckdb

_DAILY = ("x_LineId", "x_Source", "ChargePeriodStart", "PricingQuantity", "ConsumedQuantity")
_BEHIND = {"described", "attribution", "owned", "spend"}


def gather(con: duckdb.DuckDBPyConnection, cost: str) -> str:
    """Read the view `spend` into memory, once per connection, and return the name of what to ask: `gathered`, or
    `spend` where that stands alone. `cost` is the column that `Cost` was made of."""
    there = {row[0] for row in con.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()}
    if "gathered" in there:
        return "gathered"
    there |= {row[0] for row in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    if not there >= _BEHIND:
        return "spend"
    changed_hands = con.execute("SELECT count(*) FROM owned").fetchall()[0][0]
    own = (*_DAILY, *(["x_Owner"] if changed_hands else []), *([cost] if "rates" in there else []))
    con.execute(f"CREATE OR REPLACE TEMP TABLE amounts AS SELECT {', '.join(own)}, Cost FROM spend")
    texts = ", ".join(name for name in (*schema.IDENTITY, *schema.ATTRIBUTION) if name not in own)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE texts AS SELECT x_LineId, {texts} FROM described JOIN attribution"
        " USING (x_LineId)"
    )
    same = "" if cost in own else f", Cost AS {cost}"
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW gathered AS SELECT amounts.*{same}, texts.* EXCLUDE (x_LineId)"
        " FROM amounts JOIN texts USING (x_LineId)"
    )
    return "gathered"
