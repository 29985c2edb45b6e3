"""What a load refuses, and how it says so: copies, moving files, missing columns, bad rows, full disks."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import duckdb

from aiops_cost.errors import CouldNotJudge, UserError
from aiops_cost.ledger import proof, store
from aiops_cost.ledger.part import Part
from aiops_cost.model import Export, ExportFile, Problem, Reject, stamp
from aiops_cost.money import is_currency, show
from aiops_cost.providers.contract import Contract

SHOWN = 5


def copies(export: Export) -> None:
    """Raise UserError when two files are the same bytes."""
    seen: dict[str, ExportFile] = {}
    for file in export.files:
        if file.digest in seen and file.size:
            raise UserError(
                Problem(
                    "file-twice",
                    export.source.name,
                    f"{seen[file.digest].name} and {file.name} are the same file, byte for byte",
                    "Loading both would count its money twice. Remove one of them.",
                )
            )
        seen[file.digest] = file


def moved(files: Sequence[ExportFile]) -> None:
    """Raise CouldNotJudge when a file was rewritten while it was read, and so may be half old and half new. Where its
    stamp cannot tell, its bytes are read once more."""
    for file in files:
        try:
            found = stamp(file.path.stat())
            same = found == file.stamp if file.stamp else _digest(file.path) == file.digest
        except OSError:
            same = False
        if not same:
            raise CouldNotJudge(
                Problem("file-moved", file.name, "the file changed while it was read",
                        "Nothing was loaded. Pull again when its delivery has ended.")
            )  # fmt: skip


def _digest(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def missing_columns(part: Part) -> list[Problem]:
    """What to say of required columns that a file does not have."""
    columns = part.contract.file.columns
    missing = [name for name, column in columns.items() if column.required and not part.has(name)]
    return [_missing(part, missing, f"({part.contract.file.title})")] if missing else []


def needed_columns(
    con: duckdb.DuckDBPyConnection, contract: Contract, view: str, parts: Mapping[int, Part]
) -> list[Problem]:
    """What to say of columns that a file may lack in general, but not with the rows that it has."""
    problems = []
    for need in contract.file.needs:
        lacking = {i: [n for n in need.columns if not part.has(n)] for i, part in parts.items()}
        lacking = {index: names for index, names in lacking.items() if names}
        if not lacking:
            continue
        listed = ", ".join(map(str, lacking))
        rows = con.execute(
            f"SELECT x_part, CAST(sum(x_rows) AS BIGINT) FROM {view}"
            f" WHERE x_part IN ({listed}) AND ({need.when}) GROUP BY 1"
        )
        for index, number in sorted(rows.fetchall()):
            problems.append(_missing(parts[index], lacking[index], f"and {number:,} {need.rows} rows need it"))
    return problems


def _missing(part: Part, names: Sequence[str], why: str) -> Problem:
    present = {native.lower() for native in part.types}
    words = [_word(part.contract.file.columns[name].spelled(name), present) for name in names]
    listed = ", ".join(f"`{word}`" for word in words)
    verb = "columns" if len(names) > 1 else "column"
    verb += f" {listed} are" if len(names) > 1 else f" {listed} is"
    return Problem(
        "column-required",
        part.file.name,
        f"the required {verb} missing {why}",
        "Export the file with all its columns; unknown money cannot be judged.",
    )


def _word(spelled: Sequence[str], present: Collection[str]) -> str:
    """The spelling that fits the file: with a slash where its other columns have one."""
    slashed = any("/" in name for name in present)
    return next((word for word in spelled if ("/" in word) == slashed), spelled[0])


def rejects_problem(
    export: Export, counts: Sequence[proof.Count], found: Sequence[Reject], bad: int, periods: Sequence[str]
) -> Problem:
    """What to say of rows that cannot be kept: how many, with what money, where the first ones stand."""
    rows = sum(sent.rows for count in counts for sent in count.sent.values())
    money: dict[str, Decimal] = {}
    for count in counts:
        for (_, _, currency), sent in count.sent.items():
            if sent.bad:
                key = currency if currency and is_currency(currency) else "of unknown currency"
                money[key] = proof.EXACT.add(money.get(key, proof.ZERO), sent.rejected.get("BilledCost", proof.ZERO))
    unread = sum(reject.billed is None for reject in found)
    carried = [f"{show(amount)} {currency}" for currency, amount in sorted(money.items()) if amount or not unread]
    carried += [f"{unread:,} amount{'s' * (unread > 1)} that cannot be read"] if unread else []
    details = [f"{r.file}, row {r.row:,}: {r.column} {r.reason}" for r in found[:SHOWN]]
    details += [f"and {bad - SHOWN:,} more"] if bad > SHOWN else []
    name = export.source.name
    return Problem(
        "rows-rejected",
        " ".join([name, *periods[:1]]) + (f"..{periods[-1]}" if len(periods) > 1 else ""),
        f"{bad:,} of {rows:,} rows cannot be read; they carry {' and '.join(carried)}",
        "Nothing was loaded; the ledger is as it was. Ask for the export again,\n"
        f"or go on without them:  aiops-cost pull {name} --allow-rejects {bad}",
        details=tuple(details),
        money=money,
    )


def explained(source: str, memory_limit: str, spill: Path, error: Exception) -> UserError | None:
    """What to raise for an error of DuckDB or of the disk. None for what can only be our mistake."""
    if isinstance(error, duckdb.OutOfMemoryException):
        way_out = "Nothing was loaded. Raise `memory_limit:`, or let `spill:` name a folder on a larger disk."
        sentence = f"the load needs more than {memory_limit} of memory and the spill folder together"
        return UserError(Problem("memory", source, sentence, way_out))
    if isinstance(error, (duckdb.IOException, OSError)):
        return store.disk_problem(spill, error)
    if isinstance(error, duckdb.OutOfRangeException):
        sentence = "amounts add up to more than the ledger can hold (20 digits before the point)"
        return UserError(Problem("amount-too-large", source, sentence, "Nothing was loaded. Check the bill."))
    damaged = (duckdb.DataError, duckdb.InvalidInputException, duckdb.SerializationException)
    if isinstance(error, damaged) or type(error) is duckdb.Error:  # the Parquet reader raises the bare class
        said = str(error).splitlines()[0].split("Error: ", 1)[-1][:200]
        way_out = "Nothing was loaded; the ledger is as it was. Copy or download the files again."
        return UserError(Problem("file-damaged", source, f"a file cannot be read to its end: {said}", way_out))
    return None
