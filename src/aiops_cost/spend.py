"""Joins what lines are for to what they cost: the views `attributed` and `spend`, which everything after reads.

`attributed` is the ledger with the attribution columns; `spend` adds `Cost`, the chosen cost in the report
currency. Text is kept once per line, amounts stay in the ledger's files, so a year is read as numbers only.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from aiops_cost.budget.plan import Budget
from aiops_cost.budget.rates import Rate, rate_on
from aiops_cost.budget.scope import text
from aiops_cost.errors import UserError
from aiops_cost.ledger import schema
from aiops_cost.ledger.frame import frame_of
from aiops_cost.model import Problem
from aiops_cost.rules.engine import Owners, RuleSet, TagMap, attribute

if TYPE_CHECKING:
    import duckdb


def attributed(
    con: duckdb.DuckDBPyConnection, rules: RuleSet, tags: TagMap, owners: Owners | None
) -> tuple[Problem, ...]:
    """Run the rules over the lines of the ledger and create the view `attributed`.

    Returns the problems that attribution met (tags that contradict each other). No row is lost or doubled:
    every row of the ledger has one line, and every line one decision.
    """
    con.execute("CREATE OR REPLACE TEMP TABLE described AS SELECT * FROM lines")
    decided = attribute(frame_of(con, "described", ["x_LineId", *schema.IDENTITY]), rules, tags, owners)
    con.register("decided", decided)
    columns = ", ".join(f"CAST({name} AS VARCHAR) AS {name}" for name in schema.ATTRIBUTION)
    con.execute(f"CREATE OR REPLACE TEMP TABLE attribution AS SELECT x_LineId, {columns} FROM decided")
    con.unregister("decided")
    own = ", ".join(f"described.{name}" if name in schema.IDENTITY else f"ledger.{name}" for name in schema.NAMES)
    added = ", ".join(f"attribution.{name}" for name in schema.ATTRIBUTION)
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW attributed AS SELECT {own}, {added} FROM ledger"
        " JOIN described USING (x_LineId) JOIN attribution USING (x_LineId)"
    )
    return tuple(decided.attrs.get("problems", ()))


def converted(con: duckdb.DuckDBPyConnection, cost: str, currency: str, rates: Sequence[Rate]) -> None:
    """Create the view `spend`: `attributed` and `Cost`, which is column `cost` in `currency`, DECIMAL(38,18).

    Each day is converted at the rate in force on it. Raises UserError that names every rate which is missing:
    unlike currencies are never added.
    """
    found = con.execute(
        "SELECT BillingCurrency, min(ChargePeriodStart), list(DISTINCT ChargePeriodStart) FROM attributed"
        " GROUP BY 1 ORDER BY 1"
    ).fetchall()
    foreign = [row for row in found if row[0] != currency]
    if not foreign:
        con.execute(f"CREATE OR REPLACE TEMP VIEW spend AS SELECT *, {cost} AS Cost FROM attributed")
        return
    table: list[tuple[str, date, Decimal]] = []
    missing: list[Problem] = []
    for code, first, days in found:
        known = [(code, day, rate) for day in days if (rate := rate_on(rates, code, currency, day)) is not None]
        if len(known) < len(days):
            missing.append(_missing(code, currency, first))
        table += known
    if missing:
        raise UserError(missing)
    con.execute("CREATE OR REPLACE TEMP TABLE rates (code VARCHAR, day DATE, rate DECIMAL(18, 9))")
    con.executemany("INSERT INTO rates VALUES (?, ?, ?)", table)
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW spend AS SELECT attributed.*, CAST({cost} * rate AS DECIMAL(38, 18)) AS Cost"
        " FROM attributed JOIN rates ON code = BillingCurrency AND day = ChargePeriodStart"
    )


def planned(con: duckdb.DuckDBPyConnection, budgets: Sequence[Budget]) -> None:
    """Create the table `budget`: one row per budget line and month, amounts in the report currency."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE budget (budget VARCHAR, scope VARCHAR, owner VARCHAR, month VARCHAR,"
        " amount DECIMAL(38, 18), currency VARCHAR, place VARCHAR)"
    )
    rows = [
        (budget.name, text(line.scope), line.owner, month, amount, budget.currency, line.place)
        for budget in budgets
        for line in budget.lines
        for month, amount in line.amounts.items()
    ]
    if rows:
        con.executemany("INSERT INTO budget VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


def _missing(code: str, currency: str, first: date) -> Problem:
    return Problem(
        "rate-missing",
        "",
        f"the ledger has amounts in {code}, and no rate from {code} to {currency} is known from {first} on",
        f"Add it to the file named by `fx:` in the configuration:  {first},{code},{currency},<rate>",
    )
