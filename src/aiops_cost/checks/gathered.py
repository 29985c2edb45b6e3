"""The view `spend`, read once: the checks ask many questions of the same rows, and files need not be read for each.

Most questions name nothing that tells a line from those that are alike (`schema.FINE`: resources, tags). They are asked
of the view `gathered`, where what lines that are alike cost on a day is one row: a sixth of the ledger's rows on the
demo company, a twelfth on a large bill. What changes from day to day is kept as numbers beside the id of one of the
lines, texts once per line. The other questions are asked of `spend` itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiops_cost.ledger import schema

if TYPE_CHECKING:
    import duckdb

_DAILY = ("x_Source", "ChargePeriodStart")
_QUANTITIES = ("PricingQuantity", "ConsumedQuantity")
_BEHIND = {"described", "attribution", "alike", "owned", "spend"}


def gather(con: duckdb.DuckDBPyConnection, cost: str) -> str:
    """Read the view `spend` into memory, once per connection, and return the name of what to ask: `gathered`, or
    `spend` where that stands alone. `cost` is the column that `Cost` was made of.

    `gathered` has the columns of `spend` that a check may name, but for `schema.FINE`, and `n`: how many rows it sums.
    Where `days` is there, days were summed before (see `spend.summed_by_day`)."""
    there = {row[0] for row in con.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()}
    if "gathered" in there:
        return "gathered"
    there |= {row[0] for row in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    if not there >= _BEHIND:
        return "spend"
    changed_hands = con.execute("SELECT count(*) FROM owned").fetchall()[0][0]
    own = (*_DAILY, *(["x_Owner"] if changed_hands else []))
    amounts = (*_QUANTITIES, *([cost] if "rates" in there else []))
    if "days" in there:
        select = f"SELECT x_LineId, {', '.join((*own, *amounts))}, {cost} AS Cost, n FROM days"
    else:
        sums = ", ".join(f"sum({name}) AS {name}" for name in (*amounts, "Cost"))
        select = (
            f"SELECT line AS x_LineId, {', '.join(own)}, {sums}, count(*) AS n FROM spend JOIN alike USING (x_LineId)"
            " GROUP BY ALL"
        )
    con.execute(f"CREATE OR REPLACE TEMP TABLE amounts AS {select}")
    texts = ", ".join(name for name in schema.COARSE if name not in own)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE texts AS SELECT x_LineId, {texts} FROM described JOIN attribution"
        " USING (x_LineId) SEMI JOIN amounts USING (x_LineId)"
    )
    same = "" if cost in amounts else f", Cost AS {cost}"
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW gathered AS SELECT amounts.*{same}, texts.* EXCLUDE (x_LineId)"
        " FROM amounts JOIN texts USING (x_LineId)"
    )
    return "gathered"


def tells_lines_apart(sql: str) -> bool:
    """True where SQL names a column in which lines that are alike may differ."""
    return any(name in sql for name in schema.FINE)
