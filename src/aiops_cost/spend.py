"""Joins what lines are for to what they cost: the views `attributed` and `spend`, which everything after reads.

`attributed` is the ledger with the attribution columns; `spend` adds `Cost`, the chosen cost in the report
currency. Text is kept once per line, amounts stay in the ledger's files, so a year is read as numbers only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from aiops_cost.budget.plan import Budget
from aiops_cost.budget.rates import Rate, rate_on
from aiops_cost.budget.scope import text
from aiops_cost.budget.show import of_month
from aiops_cost.errors import UserError
from aiops_cost.ledger import schema
from aiops_cost.ledger.frame import Ledger, frame_of, select_of
from aiops_cost.metrics import points
from aiops_cost.model import Problem, Source

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

    from aiops_cost.rules.engine import Owners, RuleSet, TagMap

    Rules = tuple[RuleSet, TagMap, Owners | None]
Stretch = tuple[int, date, date, str]
"""A line, the first and last day of a stretch, and who owned the line in it."""
_OWNED = {"line": "BIGINT", "first": "DATE", "last": "DATE", "owner": "VARCHAR"}


def attributed(
    con: duckdb.DuckDBPyConnection, rules: RuleSet, tags: TagMap, owners: Owners | None
) -> tuple[Problem, ...]:
    """Run the rules over the lines of the ledger and create the view `attributed`.

    Returns the problems that attribution met (tags that contradict each other). No row is lost or doubled:
    every row of the ledger has one line, and every line one decision.
    """
    _describe(con)
    answers = decided(con, rules, tags, owners)
    con.register("decided", answers)
    columns = ", ".join(f"CAST({name} AS VARCHAR) AS {name}" for name in schema.ATTRIBUTION)
    con.execute(f"CREATE OR REPLACE TEMP TABLE attribution AS SELECT x_LineId, {columns} FROM decided")
    con.unregister("decided")
    _joined(con, "described JOIN attribution USING (x_LineId)", answers.attrs.get("owned", ()))
    return tuple(answers.attrs.get("problems", ()))


def recalled(con: duckdb.DuckDBPyConnection, source: str, owned: Sequence[Stretch]) -> None:
    """Create the view `attributed`, and what stands behind it, from a relation of all lines with their decisions."""
    added = ", ".join(("x_LineId", *schema.ATTRIBUTION))
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW described AS SELECT * EXCLUDE ({', '.join(schema.ATTRIBUTION)}) FROM {source}"
    )
    con.execute(f"CREATE OR REPLACE TEMP VIEW attribution AS SELECT {added} FROM {source}")
    _joined(con, source, owned)


def _joined(con: duckdb.DuckDBPyConnection, lines: str, owned: Sequence[Stretch]) -> None:
    """The view `attributed`: every row of the ledger with what `lines` says of its line, and the day's owner where a
    line changed hands (table `owned`). Owners of one scope never overlap, so a row finds one at most. The view `alike`:
    each line, and the one that stands for it and those which differ from it in `schema.FINE` alone."""
    _fill(con, "owned", _OWNED, owned)
    of_day = {"x_Owner": "coalesce(line.x_Owner, owned.owner) AS x_Owner"} if owned else {}
    join = "LEFT JOIN owned ON owned.line = ledger.x_LineId AND ChargePeriodStart BETWEEN owned.first AND owned.last"
    con.execute(
        "CREATE OR REPLACE TEMP VIEW alike AS SELECT id AS line, unnest(ids) AS x_LineId FROM (SELECT min(x_LineId)"
        " AS id, list(x_LineId) AS ids FROM described JOIN attribution USING (x_LineId)"
        f" GROUP BY {', '.join(schema.COARSE)})"
    )
    own = ", ".join(f"line.{name}" if name in schema.IDENTITY else f"ledger.{name}" for name in schema.NAMES)
    added = ", ".join(of_day.get(name, f"line.{name}") for name in schema.ATTRIBUTION)
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW attributed AS SELECT {own}, {added} FROM ledger"
        f" JOIN (SELECT * FROM {lines}) AS line USING (x_LineId) {join if owned else ''}"
    )


def _describe(con: duckdb.DuckDBPyConnection) -> None:
    """The table `described`: each line once, as its rows of the first day say it, and its first and last day.

    Rows of one line agree in all that makes a line; looking at the first day only spares a year of text.
    """
    con.execute(
        "CREATE OR REPLACE TEMP TABLE spans AS SELECT x_LineId, min(ChargePeriodStart) AS x_FirstDay,"
        " max(ChargePeriodStart) AS x_LastDay FROM ledger GROUP BY x_LineId"
    )
    identity = ", ".join(f"any_value(ledger.{name}) AS {name}" for name in schema.IDENTITY)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE described AS SELECT x_LineId, {identity}, any_value(x_FirstDay) AS x_FirstDay,"
        " any_value(x_LastDay) AS x_LastDay FROM ledger JOIN spans USING (x_LineId)"
        " WHERE ChargePeriodStart = x_FirstDay GROUP BY x_LineId"
    )
    con.execute("DROP TABLE spans")


def decided(con: duckdb.DuckDBPyConnection, rules: RuleSet, tags: TagMap, owners: Owners | None) -> pd.DataFrame:
    """What these rules say of every line of the ledger (see `rules.engine.attribute`)."""
    from aiops_cost.rules.engine import attribute

    return attribute(
        frame_of(con, "described", ["x_LineId", *schema.IDENTITY, "x_FirstDay", "x_LastDay"]), rules, tags, owners
    )


def converted(con: duckdb.DuckDBPyConnection, cost: str, currency: str, rates: Sequence[Rate]) -> None:
    """Create the view `spend`: `attributed` and `Cost`, which is column `cost` in `currency`, DECIMAL(38,18).

    Each day is converted at the rate in force on it, rounded once, at the 18th decimal. Raises UserError that names
    every rate which is missing: unlike currencies are never added.
    """
    if not is_foreign(con, "described", currency):
        con.execute(f"CREATE OR REPLACE TEMP VIEW spend AS SELECT *, {cost} AS Cost FROM attributed")
        return
    found = con.execute(
        "SELECT BillingCurrency, list(DISTINCT ChargePeriodStart) FROM ledger GROUP BY 1 ORDER BY 1"
    ).fetchall()
    table: list[tuple[str, date, Decimal]] = []
    missing: list[Problem] = []
    for code, days in found:
        known = {day: rate for day in days if (rate := rate_on(rates, code, currency, day)) is not None}
        if len(known) < len(days):
            missing.append(_missing(code, currency, min(set(days) - set(known))))
        table += [(code, day, rate) for day, rate in known.items()]
    if missing:
        raise UserError(missing)
    _fill(con, "rates", {"code": "VARCHAR", "day": "DATE", "rate": "DECIMAL(38, 18)"}, table)
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW spend AS SELECT attributed.*, {_times(cost, 'rate')} AS Cost"
        " FROM attributed JOIN rates ON code = BillingCurrency AND day = ChargePeriodStart"
    )


def is_foreign(con: duckdb.DuckDBPyConnection, lines: str, currency: str) -> bool:
    """True where one of these lines is not billed in that currency."""
    return bool(
        con.execute(f"SELECT 1 FROM {lines} WHERE BillingCurrency IS DISTINCT FROM ? LIMIT 1", [currency]).fetchall()
    )


def summed_by_day() -> str:
    """The SELECT of what lines that are alike cost on each day: one row for all of them, under the id of one of them.

    Its columns: x_LineId, x_Source, x_BillingPeriod, ChargePeriodStart, the four costs in the billing currency,
    PricingQuantity, ConsumedQuantity, and `n`, the rows of the ledger that it sums."""
    sums = ", ".join(f"sum({name}) AS {name}" for name in (*schema.AMOUNTS, "PricingQuantity", "ConsumedQuantity"))
    return (
        f"SELECT line AS x_LineId, x_Source, x_BillingPeriod, ChargePeriodStart, {sums}, count(*) AS n"
        " FROM ledger JOIN alike USING (x_LineId) GROUP BY ALL"
    )


def by_day(con: duckdb.DuckDBPyConnection, lines: str, days: str, cost: str) -> None:
    """Create the view `spend` from what `summed_by_day` gave: with the columns of `schema.COARSE`, what tells days
    apart, and `Cost`, which is column `cost`. `lines` are all lines with their decisions."""
    texts = ", ".join(f"line.{name}" for name in schema.COARSE)
    con.execute(
        f"CREATE TEMP VIEW spend AS SELECT x_Source, x_BillingPeriod, ChargePeriodStart, {texts}, {cost} AS Cost, n"
        f" FROM {days} JOIN (SELECT x_LineId, {', '.join(schema.COARSE)} FROM {lines}) AS line USING (x_LineId)"
    )


def before(
    con: duckdb.DuckDBPyConnection,
    ledger: Ledger,
    sources: Sequence[Source],
    rules: Callable[[], Rules],
    cost: str,
    currency: str,
) -> None:
    """Where closed months were delivered again: the tables `reloaded` (x_Source, x_BillingPeriod) and `spend_before`,
    which is `spend` of those months as it had been before. Nothing is created where none was.

    A month counts as closed at a load when that came after its last day and the days it takes to settle.
    """
    found = ledger.restated({source.name: source.settles_after for source in sources})
    if not found:
        return
    con.execute("CREATE OR REPLACE TEMP TABLE reloaded (x_Source VARCHAR, x_BillingPeriod VARCHAR)")
    con.executemany("INSERT INTO reloaded VALUES (?, ?)", [[one.source, one.period] for one in found])
    files = sorted({file for one in found for file in one.files})
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE ledger_before AS SELECT * FROM ({select_of(files)})"
        " SEMI JOIN reloaded USING (x_Source, x_BillingPeriod)"
    )
    identity = ", ".join(f"any_value({name}) AS {name}" for name in schema.IDENTITY)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE gone AS SELECT x_LineId, {identity}, min(ChargePeriodStart) AS x_FirstDay,"
        " max(ChargePeriodStart) AS x_LastDay FROM ledger_before"
        " ANTI JOIN described USING (x_LineId) GROUP BY x_LineId"
    )
    _fill(con, "owned_gone", _OWNED, _decide_gone(con, rules))
    own = ", ".join(f"d.{name}" if name in schema.IDENTITY else f"l.{name}" for name in schema.NAMES)
    of_day = {"x_Owner": "coalesce(a.x_Owner, o.owner) AS x_Owner"}
    added = ", ".join(of_day.get(name, f"a.{name}") for name in schema.ATTRIBUTION)
    foreign = con.execute("SELECT count(*) FROM ledger_before WHERE BillingCurrency <> ?", [currency]).fetchall()[0][0]
    join, value = ("", f"l.{cost}")
    if foreign:
        join = " JOIN rates ON code = d.BillingCurrency AND day = l.ChargePeriodStart"
        value = _times(f"l.{cost}", "rate")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE spend_before AS SELECT {own}, {added}, {value} AS Cost FROM ledger_before l"
        " JOIN (SELECT * FROM described UNION ALL BY NAME SELECT * FROM gone) d ON d.x_LineId = l.x_LineId"
        " JOIN (SELECT * FROM attribution UNION ALL BY NAME SELECT * FROM gone_for) a ON a.x_LineId = l.x_LineId"
        " LEFT JOIN (SELECT * FROM owned UNION ALL SELECT * FROM owned_gone) o ON o.line = l.x_LineId"
        f" AND l.ChargePeriodStart BETWEEN o.first AND o.last{join}"
    )


def _decide_gone(con: duckdb.DuckDBPyConnection, rules: Callable[[], Rules]) -> tuple[Stretch, ...]:
    """The table `gone_for`: what lines that are no longer there were for; returned are those that changed hands. Mostly
    there is none, and no rule runs."""
    if not con.execute("SELECT count(*) FROM gone").fetchall()[0][0]:
        con.execute("CREATE OR REPLACE TEMP TABLE gone_for AS SELECT * FROM attribution WHERE false")
        return ()
    from aiops_cost.rules.engine import attribute

    lines = frame_of(con, "gone", ["x_LineId", *schema.IDENTITY, "x_FirstDay", "x_LastDay"])
    answers = attribute(lines, *rules())
    con.register("decided_gone", answers)
    columns = ", ".join(f"CAST({name} AS VARCHAR) AS {name}" for name in schema.ATTRIBUTION)
    con.execute(f"CREATE OR REPLACE TEMP TABLE gone_for AS SELECT x_LineId, {columns} FROM decided_gone")
    con.unregister("decided_gone")
    return tuple(answers.attrs.get("owned", ()))


def _times(amount: str, rate: str) -> str:
    """SQL for the product of two DECIMAL(38,18), which itself would not fit: 36 decimals leave 2 digits before the
    point. So each is taken apart into whole units and a rest below one; three of the four products are exact."""
    units, factor = f"CAST({amount} AS DECIMAL(20, 0))", f"CAST({rate} AS DECIMAL(18, 0))"
    rest, small = f"CAST({amount} - {units} AS DECIMAL(19, 18))", f"CAST({rate} - {factor} AS DECIMAL(19, 18))"
    return f"CAST({units} * {rate} + {rest} * {factor} + CAST({rest} * {small} AS DECIMAL(38, 18)) AS DECIMAL(38, 18))"


def planned(con: duckdb.DuckDBPyConnection, budgets: Sequence[Budget]) -> None:
    """Create the table `budget`: one row per budget line and month, amounts in the report currency."""
    columns = {
        "budget": "VARCHAR",
        "scope": "VARCHAR",
        "owner": "VARCHAR",
        "month": "VARCHAR",
        "amount": "DECIMAL(38, 18)",
        "currency": "VARCHAR",
        "place": "VARCHAR",
    }
    rows = [
        (budget.name, text(line.scope), line.owner, month, of_month(line, month), budget.currency, line.place)
        for budget in budgets
        for line in budget.lines
        for month in line.amounts
    ]
    _fill(con, "budget", columns, rows)


def measured(con: duckdb.DuckDBPyConnection, found: Sequence[points.Point]) -> None:
    """Create the table `metrics`: one row per series and UTC day; empty where nothing is measured."""
    _fill(con, "metrics", points.COLUMNS, [point.row for point in found])


def remeasured(con: duckdb.DuckDBPyConnection, file: str) -> bool:
    """The same table, from a file that holds it; False where that cannot be read."""
    import duckdb

    columns = ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind in points.COLUMNS.items())
    try:
        con.execute(f"CREATE OR REPLACE TEMP TABLE metrics AS SELECT {columns} FROM read_parquet({file})")
    except duckdb.Error:
        return False
    return True


def _fill(
    con: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, str], rows: Sequence[tuple[object, ...]]
) -> None:
    """A temporary table of these rows, in one statement; values travel as text, so that no digit is lost."""
    names = ", ".join(columns)
    listed = ", ".join("unnest(CAST(? AS VARCHAR[])) AS " + name for name in columns)
    cast = ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind in columns.items())
    texts = [
        [value if value is None or isinstance(value, str) else str(value) for value in column]
        for column in zip(*rows, strict=True)
    ] or [[] for _ in columns]
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT {cast} FROM (SELECT {listed}) AS given({names})", texts
    )


def _missing(code: str, currency: str, first: date) -> Problem:
    return Problem(
        "rate-missing",
        "",
        f"the ledger has amounts in {code}, and no rate from {code} to {currency} is known on {first}",
        f"Add it to the file named by `fx:` in the configuration:  {first},{code},{currency},<rate>",
    )
