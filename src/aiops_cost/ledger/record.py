"""Makes the record of a load (see `recorded`), and proves it: what was sent is what was kept and rejected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any

import duckdb

from aiops_cost import __version__
from aiops_cost.errors import CouldNotJudge
from aiops_cost.ledger import schema
from aiops_cost.ledger.normalize import ROWS
from aiops_cost.ledger.part import Part
from aiops_cost.ledger.proof import EXACT, Count, Sent
from aiops_cost.model import Deviation, Export, Problem
from aiops_cost.money import exact
from aiops_cost.providers.contract import Contract, contracts

ZERO = Decimal(0)
HALF_UNIT = Decimal("5E-19")


def mapping_digest() -> str:
    """Changes with any contract, SELECT or schema: what was loaded under another one is loaded again."""
    parts = [*(contract.digest for contract in contracts()), str(schema.VERSION)]
    return sha256("\n".join(parts).encode()).hexdigest()[:16]


def build(
    con: duckdb.DuckDBPyConnection,
    export: Export,
    groups: Sequence[tuple[Contract, Sequence[Part], Count]],
    periods: Sequence[str],
    file_entries: Sequence[Mapping[str, Any]],
    at: str,
) -> dict[str, Any]:
    """The record of what `loaded` holds, proved against what was counted. Raises CouldNotJudge when they differ."""
    # A row whose own period cannot be read is counted with the first one, so that it is counted at all.
    entries = {
        period: _period(con, export, groups, period, {period, None} if index == 0 else {period})
        for index, period in enumerate(periods)
    }
    deviations = [
        deviation
        for contract, parts, count in groups
        for deviation in (*_of_header(contract, parts), *_of_rows(contract, count))
    ]
    return {
        "source": export.source.name,
        "at": at,
        "tool": __version__,
        "schema": schema.VERSION,
        "mapping": mapping_digest(),
        "files": list(file_entries),
        "periods": entries,
        "deviations": [asdict(deviation) for deviation in deviations],
    }


def _period(
    con: duckdb.DuckDBPyConnection, export: Export, groups: Sequence[Any], period: str, counted: set[str | None]
) -> dict[str, Any]:
    sent: dict[str, Sent] = {}
    for _, _, count in groups:
        for (_, of, currency), part in count.sent.items():
            if of in counted:
                sent.setdefault(currency or "?", Sent()).add(part)
    told = {cost: how.of for contract, *_ in groups for cost, how in contract.file.works_out.items()}
    kept = _kept(con, period, told)
    money = {
        currency: _proved(export, period, currency, sent.get(currency, Sent()), kept.get(currency, {}))
        for currency in sorted({*sent, *kept})
    }
    filled = ", ".join(f"count({name}) > 0" for name in schema.IDENTITY)
    row = con.execute(
        "SELECT count(*), sum(x_RowCount), min(ChargePeriodStart) FILTER (ChargeCategory = 'Usage'),"
        " max(ChargePeriodStart) FILTER (ChargeCategory = 'Usage'),"
        f" list(DISTINCT ChargePeriodStart) FILTER (ChargeCategory = 'Usage'), {filled}"
        f" FROM {ROWS} WHERE x_BillingPeriod = ?",
        [period],
    ).fetchone() or (0, 0, None, None, None)
    rows = sum(part.rows for part in sent.values())
    rejected = sum(part.bad for part in sent.values())
    if rows != int(row[1] or 0) + rejected:
        raise CouldNotJudge(
            _unequal(export, period, f"{rows:,} rows sent, {int(row[1] or 0):,} kept, {rejected:,} rejected")
        )
    return {
        "rows": rows,
        "kept": int(row[1] or 0),
        "rejected": rejected,
        "ledger_rows": int(row[0]),
        "first_day": _iso(row[2]),
        "last_day": _iso(row[3]),
        "days": _packed(row[4] or []),
        "filled": [name for name, has in zip(schema.IDENTITY, row[5:], strict=False) if has],
        "money": money,
    }


def _kept(
    con: duckdb.DuckDBPyConnection, period: str, told: Mapping[str, str]
) -> dict[str, dict[str, tuple[Decimal, Decimal]]]:
    """Per currency and cost what is kept, and what of it can be compared: costs that are worked out may be `told` of
    some rows only."""
    sums = [f"coalesce(sum({name}), 0)" for name in schema.AMOUNTS]
    sums += [f"coalesce(sum({name}) FILTER ({told.get(name, 'true')}), 0)" for name in schema.AMOUNTS]
    rows = con.execute(
        f"SELECT BillingCurrency, {', '.join(sums)} FROM {ROWS} WHERE x_BillingPeriod = ? GROUP BY 1", [period]
    ).fetchall()
    many = len(schema.AMOUNTS)
    return {
        row[0]: dict(zip(schema.AMOUNTS, zip(row[1 : many + 1], row[many + 1 :], strict=True), strict=True))
        for row in rows
    }


def _proved(
    export: Export, period: str, currency: str, sent: Sent, kept: Mapping[str, tuple[Decimal, Decimal]]
) -> dict[str, dict[str, str]]:
    """Sent, kept, rejected and rounding of each cost; sent is exact, so they must agree to the last digit."""
    found = {}
    for cost in schema.AMOUNTS:
        have, comparable = kept.get(cost, (ZERO, ZERO))
        native = cost if sent.survivors is None else sent.survivors.get(cost)
        if native is None:  # a cost of which the contract says nothing has nothing to be compared with
            found[cost] = {"kept": exact(have)}
            continue
        good, rejected, rounding = (sums.get(native, ZERO) for sums in (sent.good, sent.rejected, sent.rounding))
        if good != comparable or abs(rounding) > HALF_UNIT * sent.rows:
            raise CouldNotJudge(
                _unequal(
                    export,
                    period,
                    f"{cost}: {exact(EXACT.add(good, rejected))} {currency} sent, {exact(comparable)} kept,"
                    f" {exact(rejected)} rejected",
                )
            )
        found[cost] = {
            "in": exact(EXACT.add(EXACT.add(good, rejected), rounding)),
            "kept": exact(have),
            "rejected": exact(rejected),
            "rounding": exact(rounding),
        }
    return found


def _unequal(export: Export, period: str, figures: str) -> Problem:
    return Problem(
        "load-not-equal",
        f"{export.source.name} {period}",
        f"what was sent is not what would be kept ({figures})",
        "Nothing was loaded. This is a defect of the mapping: please report it with the format's name.",
    )


def _of_rows(contract: Contract, count: Count) -> list[Deviation]:
    unknown = {rule.code: rule.unknown for rule in contract.file.deviations}
    return [replace(deviation, unknown=unknown.get(deviation.code, "")) for deviation in count.named()]


def _of_header(contract: Contract, parts: Sequence[Part]) -> list[Deviation]:
    """Deviations that the column names and the null words show."""
    found = []
    for part in parts:
        where = part.file.name
        missing = [n for n, c in contract.file.columns.items() if c.mandatory and not part.has(n)]
        strange = [n for n in part.types if not contract.knows(n)]
        read = {native for name in contract.file.columns if (native := part.native(name)) is not None}
        spelled = [n for n in read if n not in contract.spellings]
        if missing:
            found.append(
                Deviation(
                    "column-missing",
                    f"{where} lacks {', '.join(map(contract.word, missing))}; they are unknown, not zero",
                    0,
                )
            )
        if strange:
            found.append(
                Deviation(
                    "column-unknown",
                    f"{where} has columns that the format does not know: {', '.join(strange)}; left out",
                    0,
                )
            )
        if any(not n.startswith("x_") for n in spelled):
            found.append(Deviation("column-spelling", f"{where} spells column names in another letter case", 0))
        found += [Deviation("file-form", f"{where}: {note}", 0) for note in part.notes]
        if part.nulls:
            words = ", ".join(f"`{word}`" for word in part.nulls)
            found.append(
                Deviation("null-word", f"{where} writes {words} for null (an empty cell is the standard's way)", 0)
            )
    return found


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _packed(days: Sequence[date]) -> list[str]:
    """Days as ranges `2026-05-01..2026-05-31`, in order."""
    ranges: list[list[date]] = []
    for day in sorted(days):
        if ranges and (day - ranges[-1][1]).days == 1:
            ranges[-1][1] = day
        else:
            ranges.append([day, day])
    return [f"{first}..{last}" for first, last in ranges]
