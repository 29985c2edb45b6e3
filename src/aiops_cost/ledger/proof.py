"""Counts and sums what was sent, before anything is mapped: the left side of `in = kept + rejected`.

It reads the native columns only and knows nothing of the format's SELECT, so a mapping that loses or makes
money cannot agree with it by accident.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import duckdb

from aiops_cost.ledger.intake import Part
from aiops_cost.model import Deviation, Reject
from aiops_cost.providers.contract import Contract, NativeColumn

CURRENCY = "[A-Z]{3}"
MAX_REJECTS_KEPT = 1000


@dataclass
class Sent:
    """What one part sent of one period in one currency. Sums by native column; `rounding` is what rounding to 18
    decimals left over (sent exactly = good + rejected + rounding)."""

    rows: int = 0
    bad: int = 0
    good: dict[str, Decimal] = field(default_factory=dict)
    rejected: dict[str, Decimal] = field(default_factory=dict)
    rounding: dict[str, Decimal] = field(default_factory=dict)
    survivors: dict[str, str] = field(default_factory=dict)
    """Ledger cost -> native column whose sum it must equal."""

    def add(self, other: Sent) -> None:
        """Add another part's figures."""
        self.rows += other.rows
        self.bad += other.bad
        self.survivors.update(other.survivors)
        for mine, theirs in ((self.good, other.good), (self.rejected, other.rejected), (self.rounding, other.rounding)):
            for name, amount in theirs.items():
                mine[name] = mine.get(name, Decimal(0)) + amount


@dataclass(frozen=True)
class Count:
    """All that `count` found: by (part, period, currency), and deviations by code."""

    sent: dict[tuple[int, str | None, str | None], Sent]
    deviations: tuple[Deviation, ...]


def is_bad(contract: Contract) -> str:
    """SQL: this row cannot be kept, because a needed cell is empty or a cell will not cast."""
    tests = []
    for name, column in contract.file.columns.items():
        if column.required:
            tests.append(f'"{name}" IS NULL')
        elif column.type in {"amount", "quantity", "instant"}:
            tests.append(f'("{name}" IS NULL AND "{name}_given")')
    tests.append(f"NOT regexp_full_match(BillingCurrency, '{CURRENCY}')")
    return "coalesce(" + " OR ".join(tests) + ", true)"


def in_periods(periods: Sequence[str]) -> str:
    """SQL: the row belongs to one of `periods`, or cannot say to which."""
    listed = ", ".join(f"TIMESTAMP '{period}-01'" for period in periods)
    return f"(BillingPeriodStart IS NULL OR list_contains([{listed}], date_trunc('month', BillingPeriodStart)))"


def periods_of(con: duckdb.DuckDBPyConnection, view: str) -> dict[int, set[str]]:
    """The billing periods that each part speaks of."""
    rows = con.execute(
        "SELECT DISTINCT x_part, strftime(month, '%Y-%m') FROM (SELECT DISTINCT x_part,"
        f" date_trunc('month', BillingPeriodStart) AS month FROM {view}) WHERE month IS NOT NULL"
    ).fetchall()
    found: dict[int, set[str]] = {}
    for part, period in rows:
        found.setdefault(int(part), set()).add(period)
    return found


def count(
    con: duckdb.DuckDBPyConnection, contract: Contract, view: str, parts: Sequence[Part], periods: Sequence[str]
) -> Count:
    """One pass over the native columns of `view`: rows, money and deviations of `periods`, and of rows whose
    period cannot be read."""
    natives = sorted(set(contract.file.survives.values()))
    bad = is_bad(contract)
    some = con.execute(f"SELECT count(*) FROM {view} WHERE {bad} AND {in_periods(periods)}").fetchall()[0][0]
    good = " FILTER (NOT bad)" if some else ""
    measures = ["count(*)", "count(*) FILTER (bad)" if some else "0"]
    for name in natives:
        measures += [
            f'coalesce(sum("{name}"){good}, 0)',
            f'coalesce(sum("{name}") FILTER (bad), 0)' if some else "0",
            f'coalesce(sum(remainder_of("{name}_wide")), 0)',
        ]
    rows = con.execute(
        f"SELECT x_part, strftime(any_value(month), '%Y-%m'), BillingCurrency, {', '.join(measures)} FROM (SELECT *,"
        f" date_trunc('month', BillingPeriodStart) AS month, {bad if some else 'false'} AS bad FROM {view}"
        f" WHERE {in_periods(periods)}) GROUP BY x_part, month, BillingCurrency ORDER BY 1, 2, 3"
    ).fetchall()
    sent = {(int(row[0]), row[1], row[2]): _sent(row[3:], natives, contract) for row in rows}
    found = [*_deviations(con, contract, view, parts, periods), *_spellings(con, contract, view, parts, periods)]
    return Count(sent, tuple(found))


def _deviations(
    con: duckdb.DuckDBPyConnection, contract: Contract, view: str, parts: Sequence[Part], periods: Sequence[str]
) -> list[Deviation]:
    """The contract's own deviations, and promised cells that are empty; each with the number of its rows."""
    as_text = any(part.as_text for part in parts)
    present = {name.lower() for part in parts for name in part.types}
    rules = [
        (rule.code, f"count(*) FILTER ({rule.when})", rule.sentence)
        for rule in contract.file.deviations
        if as_text or not rule.text_only
    ]
    rules += [
        (f"empty-{name}", f'count(*) - count("{name}")', f"{name} is empty, where the format promises a value")
        for name, column in contract.file.columns.items()
        if column.mandatory and name.lower() in present
    ]
    counted = con.execute(
        f"SELECT {', '.join(sql for _, sql, _ in rules)} FROM {view} WHERE {in_periods(periods)}"
    ).fetchall()[0]
    return [Deviation(code, sentence, n) for (code, _, sentence), n in zip(rules, counted, strict=True) if n]


def _spellings(
    con: duckdb.DuckDBPyConnection, contract: Contract, view: str, parts: Sequence[Part], periods: Sequence[str]
) -> list[Deviation]:
    """Values that the format's documents do not list: spelled differently, or unknown. Looked for among the few
    combinations that occur, not row by row."""
    present = {name.lower() for part in parts for name in part.types}
    listed = {n: c.values for n, c in contract.file.columns.items() if c.values and n.lower() in present}
    if not listed:
        return []
    names = ", ".join(f'"{name}_text"' for name in listed)
    found: dict[tuple[str, str], tuple[int, str]] = {}
    for *cells, rows in con.execute(
        f"SELECT {names}, count(*) FROM {view} WHERE {in_periods(periods)} GROUP BY ALL ORDER BY ALL"
    ).fetchall():
        for (name, values), cell in zip(listed.items(), cells, strict=True):
            if cell is not None and cell not in values:
                kind = "spelling" if cell.lower() in {value.lower() for value in values} else "unknown"
                seen, example = found.get((kind, name), (0, cell))
                found[kind, name] = (seen + rows, example)
    said = {
        "spelling": "{} is spelled `{}`, not as the specification does; brought to its spelling",
        "unknown": "{} holds `{}`, which the specification does not know; kept as sent",
    }
    return [
        Deviation(f"{kind}-{name}", said[kind].format(name, example), rows)
        for (kind, name), (rows, example) in found.items()
    ]


def rejects(
    con: duckdb.DuckDBPyConnection, contract: Contract, view: str, parts: Mapping[int, Part], periods: Sequence[str]
) -> tuple[Reject, ...]:
    """The first rows that cannot be kept, in the order of the files: place, column, value, money."""
    arms, values = [], []
    for name, column in contract.file.columns.items():
        test = _broken(name, column)
        if test:
            arms.append(f"WHEN {test} THEN '{name}'")
            values.append(f"WHEN '{name}' THEN \"{name}_text\"")
    rows = con.execute(
        f"SELECT x_part, x_row, broken, CASE broken {' '.join(values)} END, BillingCurrency_text, BilledCost"
        f" FROM (SELECT *, CASE {' '.join(arms)} END AS broken FROM {view}"
        f" WHERE {is_bad(contract)} AND {in_periods(periods)})"
        f" ORDER BY x_part, x_row LIMIT {MAX_REJECTS_KEPT}"
    ).fetchall()
    return tuple(
        Reject(
            parts[part].file.name,
            int(row),
            column,
            value or "",
            _reason(contract.file.columns[column], value),
            currency,
            billed,
        )
        for part, row, column, value, currency, billed in rows
    )


def _broken(name: str, column: NativeColumn) -> str:
    if name == "BillingCurrency":
        return f"(BillingCurrency IS NULL OR NOT regexp_full_match(BillingCurrency, '{CURRENCY}'))"
    if column.required:
        return f'"{name}" IS NULL'
    if column.type in {"amount", "quantity", "instant"}:
        return f'("{name}" IS NULL AND "{name}_given")'
    return ""


def _reason(column: NativeColumn, value: str | None) -> str:
    if value is None:
        return "is empty, and the row cannot be kept without it"
    wanted = {
        "amount": "not a plain number (digits and one point; at most 38 digits)",
        "quantity": "not a plain number",
        "instant": "not a date",
    }
    return f"is {value!r}, {wanted.get(column.type, 'not a currency code of three letters')}"


def _sent(measures: Sequence[Any], natives: Sequence[str], contract: Contract) -> Sent:
    sent = Sent(int(measures[0]), int(measures[1]), survivors=dict(contract.file.survives))
    for index, name in enumerate(natives):
        good, rejected, rounding = measures[2 + 3 * index : 5 + 3 * index]
        sent.good[name], sent.rejected[name], sent.rounding[name] = good, rejected, rounding
    return sent
