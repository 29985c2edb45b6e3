"""Counts and sums what was sent, before anything is mapped: the left side of `in = kept + rejected`.

It reads the native columns only and knows nothing of the format's SELECT, so a mapping that loses or makes
money cannot agree with it by accident.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal

import duckdb

from aiops_cost.ledger.part import Part
from aiops_cost.model import Deviation, Reject
from aiops_cost.providers.contract import Contract, NativeColumn

CURRENCY = "[A-Z]{3}"
SENDERS = ("ProviderName", "Provider", "HostProviderName", "ServiceProviderName")
"""Columns that say whose rows deviate, best first."""
MAX_REJECTS_KEPT = 1000
ZERO = Decimal(0)
EXACT = Context(prec=120)
"""Python's own 28 digits are too few for sums of 38."""

Named = tuple[str, str]
"""A deviation's code and sentence."""


@dataclass
class Sent:
    """What one part sent of one period in one currency. Sums by native column; `rounding` is what rounding to 18
    decimals left over (sent exactly = good + rejected + rounding)."""

    rows: int = 0
    bad: int = 0
    good: dict[str, Decimal] = field(default_factory=dict)
    rejected: dict[str, Decimal] = field(default_factory=dict)
    rounding: dict[str, Decimal] = field(default_factory=dict)
    survivors: dict[str, str] | None = None
    """Ledger cost -> native column whose sum it must equal; of several formats, what holds for all."""

    def add(self, other: Sent) -> None:
        """Add another part's figures."""
        self.rows += other.rows
        self.bad += other.bad
        if self.survivors is None or other.survivors is None:
            self.survivors = self.survivors or other.survivors
        else:
            self.survivors = dict(self.survivors.items() & other.survivors.items())
        for mine, theirs in ((self.good, other.good), (self.rejected, other.rejected), (self.rounding, other.rounding)):
            for name, amount in theirs.items():
                mine[name] = EXACT.add(mine.get(name, ZERO), amount)


@dataclass(frozen=True)
class Count:
    """All that `count` found: by (part, period, currency); a period that cannot be read is None.

    `deviations` has the number of rows by (part, period) and deviation.
    """

    sent: dict[tuple[int, str | None, str | None], Sent]
    deviations: dict[tuple[int, str | None], dict[Named, int]]

    def periods(self) -> dict[int, set[str]]:
        """The billing periods that each part speaks of."""
        found: dict[int, set[str]] = {}
        for part, period, _ in self.sent:
            if period is not None:
                found.setdefault(part, set()).add(period)
        return found

    def of(self, periods: Sequence[str]) -> Count:
        """Only what is about `periods`, or cannot say about which."""
        wanted = {*periods, None}
        return Count(
            {key: sent for key, sent in self.sent.items() if key[1] in wanted},
            {key: found for key, found in self.deviations.items() if key[1] in wanted},
        )

    def named(self) -> list[Deviation]:
        """The deviations, each once, with all its rows; several unknown values of one column are one deviation."""
        rows: dict[str, int] = {}
        sentences: dict[str, str] = {}
        periods: dict[str, set[str]] = {}
        for (_, period), found in self.deviations.items():
            for (code, sentence), number in found.items():
                rows[code] = rows.get(code, 0) + number
                sentences.setdefault(code, sentence)
                if number and period:
                    periods.setdefault(code, set()).add(period)
        return [
            Deviation(code, sentences[code], number, tuple(sorted(periods.get(code, ()))))
            for code, number in rows.items()
            if number
        ]


def is_bad(contract: Contract) -> str:
    """SQL: this row cannot be kept, because a needed cell is empty or a cell will not cast."""
    tests = []
    for name, column in contract.file.columns.items():
        if column.required:
            tests.append(f'"{name}" IS NULL')
        elif column.type in {"amount", "quantity", "instant"} and not column.lenient:
            tests.append(f'("{name}" IS NULL AND "{name}_given")')
    tests.append(f"NOT regexp_full_match(BillingCurrency, '{CURRENCY}')")
    return "coalesce(" + " OR ".join(tests) + ", true)"


def in_periods(periods: Sequence[str]) -> str:
    """SQL: the row belongs to one of `periods`, or cannot say to which."""
    if not periods:
        return "BillingPeriodStart IS NULL"
    listed = ", ".join(f"TIMESTAMP '{period}-01'" for period in periods)
    return f"(BillingPeriodStart IS NULL OR list_contains([{listed}], date_trunc('month', BillingPeriodStart)))"


def count(con: duckdb.DuckDBPyConnection, contract: Contract, view: str, parts: Mapping[int, Part]) -> Count:
    """What the native columns of `view` (groups of rows) add up to: rows, money and deviations, by part, period and
    currency."""
    worked = {f"{cost}, worked out": (cost, how.sum) for cost, how in contract.file.works_out.items()}
    survivors = contract.file.survives | {cost: name for name, (cost, _) in worked.items()}
    natives = sorted(set(survivors.values()))
    rules = _rules(contract, parts.values())
    measures = ["CAST(sum(x_rows) AS BIGINT)"]
    for name in natives:
        added, left = (worked[name][1], "0") if name in worked else (f'"{name}"', f'"{name}_rest"')
        measures += [f"coalesce(sum({added}), 0)", f"coalesce(sum({left}), 0)"]
    measures += [rule.sql for rule in rules]
    rows = con.execute(
        f"SELECT x_part, strftime(month, '%Y-%m'), BillingCurrency, bad, {', '.join(measures)} FROM (SELECT *,"
        f" date_trunc('month', BillingPeriodStart) AS month, {is_bad(contract)} AS bad FROM {view})"
        " GROUP BY x_part, month, BillingCurrency, bad ORDER BY ALL"
    ).fetchall()
    found = Count({}, {})
    for part, period, currency, bad, number, *rest in rows:
        sent = found.sent.setdefault((part, period, currency), Sent(survivors=dict(survivors)))
        sent.add(_sent(number, rest[: 2 * len(natives)], natives, bad))
        told = found.deviations.setdefault((part, period), {})
        for rule, seen in zip(rules, rest[2 * len(natives) :], strict=True):
            if seen and rule.is_about(parts[part]):
                told[rule.named] = told.get(rule.named, 0) + seen
    _name_senders(con, contract, view, rules, found)
    _add_spellings(con, contract, view, parts, found)
    return found


def _name_senders(
    con: duckdb.DuckDBPyConnection, contract: Contract, view: str, rules: Sequence[_Rule], found: Count
) -> None:
    """Put before each deviation who sends it so: `AWS, Oracle: ...`. Asked only of deviations that were found."""
    columns = [name for name in SENDERS if name in contract.file.columns]
    seen = {named for told in found.deviations.values() for named in told}
    met = [rule for rule in rules if rule.named in seen]
    if not met or not columns:
        return
    sender = f"coalesce({', '.join(columns)})"
    lists = ", ".join(
        f"list_sort(list(DISTINCT {sender}) FILTER (({rule.holds}) AND {sender} IS NOT NULL))" for rule in met
    )
    for rule, names in zip(met, con.execute(f"SELECT {lists} FROM {view}").fetchall()[0], strict=True):
        if not names:
            continue
        code, sentence = rule.named
        for told in found.deviations.values():
            if rule.named in told:
                told[code, f"{', '.join(names)}: {sentence}"] = told.pop(rule.named)


def _sent(number: int, sums: Sequence[Decimal], natives: Sequence[str], bad: bool) -> Sent:
    sent = Sent(number, number if bad else 0)
    for index, name in enumerate(natives):
        amount, rounding = sums[2 * index : 2 * index + 2]
        sent.good[name], sent.rejected[name] = (ZERO, amount) if bad else (amount, ZERO)
        sent.rounding[name] = rounding
    return sent


@dataclass(frozen=True)
class _Rule:
    named: Named
    when: str
    text_only: bool = False
    column: str = ""

    counted: str = ""
    """The column that says in how many rows of a group a rule about texts holds."""

    @property
    def sql(self) -> str:
        rows = self.counted or f"CASE WHEN {self.when} THEN x_rows END"
        return f"CAST(coalesce(sum({rows}), 0) AS BIGINT)"

    @property
    def holds(self) -> str:
        return f"{self.counted} > 0" if self.counted else self.when

    def is_about(self, part: Part) -> bool:
        """False for a rule about texts or about a column that the part does not have."""
        there = not self.column or part.has(self.column)
        return there and (part.dates_as_text or not self.text_only)


def text_rules(contract: Contract) -> list[str]:
    """The conditions that can only be asked of the texts of single rows."""
    return [rule.when for rule in contract.file.deviations if rule.text_only]


def _rules(contract: Contract, parts: Iterable[Part]) -> list[_Rule]:
    """How to count the contract's own deviations, and promised cells that are empty."""
    parts = list(parts)
    as_text = any(part.dates_as_text for part in parts)
    texts = text_rules(contract)
    rules = [
        _Rule(
            (rule.code, rule.sentence),
            rule.when,
            rule.text_only,
            counted=f"x_rule_{texts.index(rule.when)}" if rule.text_only else "",
        )
        for rule in contract.file.deviations
        if as_text or not rule.text_only
    ]
    rules += [
        _Rule(
            (f"empty-{name}", f"{contract.word(name)} is empty, where the format promises a value"),
            f'"{name}" IS NULL',
            column=name,
        )
        for name, column in contract.file.columns.items()
        if column.mandatory and any(part.has(name) for part in parts)
    ]
    rules += [
        _Rule(
            (f"unread-{name}", f"{contract.word(name)} holds what cannot be read; it is unknown there, not zero"),
            f'"{name}" IS NULL AND "{name}_given"',
            column=name,
        )
        for name, column in contract.file.columns.items()
        if column.lenient and any(part.has(name) for part in parts)
    ]
    return rules


_SAID = {
    "spelling": "{} is spelled `{}`, not as the specification does; brought to its spelling",
    "unknown": "{} holds `{}`, which the specification does not know; kept as sent",
}


def _add_spellings(
    con: duckdb.DuckDBPyConnection, contract: Contract, view: str, parts: Mapping[int, Part], found: Count
) -> None:
    """Values that the format's documents do not list: spelled differently, or unknown. Looked for among the few
    combinations that occur, not row by row."""
    columns = contract.file.columns.items()
    listed = {n: c.values for n, c in columns if c.values and any(part.has(n) for part in parts.values())}
    if not listed:
        return
    names = ", ".join(f'"{name}_text"' for name in listed)
    for part, period, *cells, rows in con.execute(
        f"SELECT x_part, strftime(month, '%Y-%m'), * EXCLUDE (x_part, month) FROM (SELECT x_part,"
        f" date_trunc('month', BillingPeriodStart) AS month, {names}, CAST(sum(x_rows) AS BIGINT)"
        f" FROM {view} GROUP BY ALL) ORDER BY ALL"
    ).fetchall():
        told = found.deviations.setdefault((part, period), {})
        for (name, values), cell in zip(listed.items(), cells, strict=True):
            if cell is not None and cell not in values:
                kind = "spelling" if cell.lower() in {value.lower() for value in values} else "unknown"
                named = (f"{kind}-{name}", _SAID[kind].format(contract.word(name), cell))
                told[named] = told.get(named, 0) + rows


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
            parts[part].native(column) or column,
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
    if column.type in {"amount", "quantity", "instant"} and not column.lenient:
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
