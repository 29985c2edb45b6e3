"""Loads an export into the ledger: recognise, prove, replace its months in one commit, or change nothing at all.

open files -> which months changed -> count what was sent -> map and sum -> compare -> commit with the record
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb

from aiops_cost.errors import CouldNotJudge, UserError
from aiops_cost.ledger import normalize, overlap, people, proof, record, store
from aiops_cost.ledger.intake import Part, open_file
from aiops_cost.model import Amounts, Export, ExportFile, Problem, Reject
from aiops_cost.money import show
from aiops_cost.providers.contract import Contract

ATTEMPTS = 5
SHOWN_REJECTS = 5


@dataclass(frozen=True)
class Options:
    """How to load. `allow_rejects` rows may be left out; `periods` limits the load to some months."""

    now: datetime
    allow_rejects: int = 0
    allow_overlap: bool = False
    periods: tuple[str, ...] = ()
    dry_run: bool = False
    keep_people: bool = False
    people_key: str = ""
    memory_limit: str = "2GB"
    spill: Path | None = None


@dataclass(frozen=True)
class LoadResult:
    """What a load did. `changed` is False when the files are those of the last load; `record` is what the ledger
    keeps of this load (or of the last one); `before` is what the replaced months held."""

    source: str
    changed: bool
    record: Mapping[str, Any]
    rejects: tuple[Reject, ...] = ()
    no_longer_delivered: tuple[str, ...] = ()
    before: Mapping[str, Mapping[str, Amounts]] = field(default_factory=dict)


@dataclass(frozen=True)
class Group:
    """The parts of one format: `view` has all their rows, typed; `x_part` counts over all parts of the load."""

    contract: Contract
    parts: tuple[tuple[int, Part], ...]
    view: str


def load(location: Path, export: Export, options: Options) -> LoadResult:
    """Make the ledger at `location` hold what `export` says now.

    Unchanged files are known by their content; when some changed, all files that share a month with them are
    read, and exactly those months are replaced. Raises UserError with every problem of every file, and
    CouldNotJudge when the money does not add up; the ledger is then as it was.
    """
    _refuse_copies(export)
    for attempt in range(1, ATTEMPTS + 1):
        table = store.open_table(location)
        try:
            return _load(location, export, options, table)
        except store.Conflict:
            if attempt == ATTEMPTS:
                raise
        except (duckdb.IOException, duckdb.OutOfMemoryException, OSError) as error:
            raise store.disk_problem(options.spill or Path(tempfile.gettempdir()), error) from None
    raise AssertionError("unreachable")


def _load(location: Path, export: Export, options: Options, table: Any) -> LoadResult:
    history = [entry for entry in store.records(table) if entry["source"] == export.source.name]
    last = history[-1] if history else None
    stale = [file for file in export.files if not _is_known(file, last)]
    gone = _gone(last, export)
    if last and not stale and not gone:
        return LoadResult(export.source.name, changed=False, record=last)
    with _workbench(options) as (con, work):
        groups = _open(con, stale, work)
        spoken = _spoken(con, groups)
        periods = {p for found in spoken.values() for p in found} | {p for entry in gone for p in entry["periods"]}
        companions = [f for f in export.files if f not in stale and periods & set(_entry(f, last)["periods"])]
        if companions:
            groups = _open(con, [*stale, *companions], work)
            spoken = _spoken(con, groups)
        replaced = _replaced(export, periods, spoken, options)
        overlap.refuse(
            con, export, [p for g in groups for _, p in g.parts], "everything"
        ) if not options.allow_overlap else None
        counts = [proof.count(con, g.contract, g.view, [p for _, p in g.parts], replaced) for g in groups]
        rejected = _rejected(con, export, groups, counts, replaced, options)
        everything = replaced == sorted({period for found in spoken.values() for period in found})
        normalize.ledger_rows(
            con,
            export.source.name,
            [(g.contract, g.view, _kept(g, replaced, everything, bool(rejected))) for g in groups],
        )
        entries = [_file_entry(file, groups, spoken, last, replaced) for file in export.files]
        built = record.build(
            con, export, [(g.contract, [p for _, p in g.parts], c) for g, c in zip(groups, counts, strict=True)],
            replaced, entries, options.now.isoformat(),
        )  # fmt: skip
        if not options.keep_people:
            people.hide_in_table(con, normalize.ROWS, options.people_key)
        _refuse_moved(export)
        if not options.dry_run:
            store.replace(location, normalize.with_line_ids(con), export.source.name, replaced, built, table)
    delivered = {period for entry in entries for period in entry["periods"]}
    kept_on = {period for entry in history for period in entry["periods"]} - delivered
    before = {period: amounts for period in replaced if (amounts := _last_amounts(history, period)) is not None}
    return LoadResult(export.source.name, True, built, rejected, tuple(sorted(kept_on)), before)


@contextmanager
def _workbench(options: Options) -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    """A DuckDB with a memory limit that spills into a private folder; both are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="aiops-cost-", dir=options.spill, ignore_cleanup_errors=True) as folder:
        work = Path(folder)
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": options.memory_limit,
            "temp_directory": str(work / "spill"),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
        con = duckdb.connect(config=config)
        try:
            con.execute("SET TimeZone = 'UTC'")
            con.execute(files(__package__).joinpath("casts.sql").read_text(encoding="utf-8"))
            yield con, work
        finally:
            con.close()


def _open(con: duckdb.DuckDBPyConnection, chosen: Sequence[ExportFile], work: Path) -> list[Group]:
    """Open files, all of them, so that all their problems are told at once; group them by format."""
    opened: dict[str, list[tuple[int, Part]]] = {}
    problems: list[Problem] = []
    for index, file in enumerate(chosen):
        try:
            con.execute(f"DROP TABLE IF EXISTS part_{index}")
            part = open_file(con, file, work, index)
            opened.setdefault(part.contract.name, []).append((index, part))
        except UserError as error:
            problems += error.problems
    problems += [p for parts in opened.values() for _, part in parts for p in _missing_columns(part)]
    if problems:
        raise UserError(problems)
    groups = []
    for number, (_, parts) in enumerate(sorted(opened.items())):
        view = f"typed_{number}"
        normalize.typed_view(con, parts, view)
        groups.append(Group(parts[0][1].contract, tuple(parts), view))
    if groups:
        about = ", ".join(f'"{name}_text"' for name in overlap.ABOUT)
        shared = " UNION ALL ".join(f"SELECT x_part, {about} FROM {group.view}" for group in groups)
        con.execute(f"CREATE OR REPLACE TEMP VIEW everything AS {shared}")
    return groups


def _missing_columns(part: Part) -> list[Problem]:
    present = {name.lower() for name in part.types}
    missing = [n for n, c in part.contract.file.columns.items() if c.required and n.lower() not in present]
    if not missing:
        return []
    listed = ", ".join(f"`{name}`" for name in missing)
    plural = "columns" if len(missing) > 1 else "column"
    listed += " are" if len(missing) > 1 else " is"
    return [
        Problem(
            "column-required",
            part.file.name,
            f"the required {plural} {listed} missing ({part.contract.file.title})",
            "Export the file with all its columns; unknown money cannot be judged.",
        )
    ]


def _spoken(con: duckdb.DuckDBPyConnection, groups: Sequence[Group]) -> dict[str, set[str]]:
    """Digest of each opened file -> the billing periods in it."""
    found: dict[str, set[str]] = {}
    for group in groups:
        by_part = proof.periods_of(con, group.view)
        for index, part in group.parts:
            found[part.file.digest] = by_part.get(index, set())
    return found


def _replaced(export: Export, periods: set[str], spoken: Mapping[str, set[str]], options: Options) -> list[str]:
    """The months to replace: those that changed, of which there are rows, within those asked for."""
    there = set().union(*spoken.values()) if spoken else set()
    wanted = sorted(p for p in periods & there if not options.periods or p in options.periods)
    if not wanted:
        asked = f" of {', '.join(options.periods)}" if options.periods else ""
        raise CouldNotJudge(
            Problem(
                "export-without-rows",
                export.source.name,
                f"the export has no rows{asked}; nothing is not zero",
                "The ledger is as it was. Ask for the export again, or check `location` and `--period`.",
            )
        )
    return wanted


def _kept(group: Group, periods: Sequence[str], all_periods: bool, some_bad: bool) -> str:
    """SQL: which rows of a group go into the ledger. A condition that every row meets is left out: it costs time."""
    conditions = [f"NOT {proof.is_bad(group.contract)}"] if some_bad else []
    conditions += [] if all_periods else [proof.in_periods(periods)]
    return " AND ".join(conditions) or "true"


def _rejected(
    con: duckdb.DuckDBPyConnection,
    export: Export,
    groups: Sequence[Group],
    counts: Sequence[proof.Count],
    periods: Sequence[str],
    options: Options,
) -> tuple[Reject, ...]:
    """The rows that cannot be kept. Raises UserError when there are more than were allowed."""
    bad = sum(sent.bad for count in counts for sent in count.sent.values())
    if not bad:
        return ()
    by_index = {index: part for group in groups for index, part in group.parts}
    found = tuple(r for g in groups for r in proof.rejects(con, g.contract, g.view, by_index, periods))
    if bad > options.allow_rejects:
        raise UserError(_reject_problem(export, counts, found, bad, periods))
    return found


def _reject_problem(
    export: Export, counts: Sequence[proof.Count], found: Sequence[Reject], bad: int, periods: Sequence[str]
) -> Problem:
    rows = sum(sent.rows for count in counts for sent in count.sent.values())
    money: dict[str, Any] = {}
    for count in counts:
        for (_, _, currency), sent in count.sent.items():
            if sent.bad:
                key = currency or "of unknown currency"
                money[key] = money.get(key, 0) + sent.rejected.get("BilledCost", 0)
    carried = " and ".join(f"{show(amount)} {currency}" for currency, amount in sorted(money.items()))
    unread = sum(reject.billed is None for reject in found)
    unknown = f"; the amount of {unread} cannot be read" if unread else ""
    details = [f"{r.file}, row {r.row:,}: {r.column} {r.reason}" for r in found[:SHOWN_REJECTS]]
    details += [f"and {bad - SHOWN_REJECTS:,} more"] if bad > SHOWN_REJECTS else []
    name = export.source.name
    return Problem(
        "rows-rejected",
        f"{name} {periods[0]}" + (f"..{periods[-1]}" if len(periods) > 1 else ""),
        f"{bad:,} of {rows:,} rows cannot be read; they carry {carried}{unknown}",
        "Nothing was loaded; the ledger is as it was. Ask for the export again,\n"
        f"or go on without them:  aiops-cost pull {name} --allow-rejects {bad}",
        details=tuple(details),
        money=money,
    )


def _refuse_copies(export: Export) -> None:
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


def _refuse_moved(export: Export) -> None:
    """A file that was rewritten while it was read may be half old and half new."""
    for file in export.files:
        if not file.path.exists() or file.path.stat().st_size != file.size:
            raise CouldNotJudge(
                Problem("file-moved", file.name, "the file changed while it was read",
                        "Nothing was loaded. Pull again when its delivery has ended.")
            )  # fmt: skip


def _is_known(file: ExportFile, last: record.Record | None) -> bool:
    entry = _entry(file, last)
    return bool(entry) and not entry["pending"] and last is not None and last["mapping"] == record.mapping_digest()


def _entry(file: ExportFile, last: record.Record | None) -> Mapping[str, Any]:
    return next((e for e in last["files"] if e["digest"] == file.digest), {}) if last else {}


def _gone(last: record.Record | None, export: Export) -> list[Mapping[str, Any]]:
    """Files of the last load that are not delivered any more (or not with that content), and share a month with
    one that is; a month that nobody delivers any more stays in the ledger."""
    if not last:
        return []
    now = {file.digest for file in export.files}
    here = {period for entry in last["files"] if entry["digest"] in now for period in entry["periods"]}
    return [e for e in last["files"] if e["digest"] not in now and here & set(e["periods"])]


def _file_entry(
    file: ExportFile,
    groups: Sequence[Group],
    spoken: Mapping[str, set[str]],
    last: record.Record | None,
    replaced: Sequence[str],
) -> dict[str, Any]:
    if file.digest not in spoken:
        return dict(_entry(file, last))
    part = next(part for group in groups for _, part in group.parts if part.file.digest == file.digest)
    periods = sorted(spoken[file.digest])
    return {
        "name": file.name,
        "digest": file.digest,
        "size": file.size,
        "format": part.contract.name,
        "version": part.version,
        "periods": periods,
        "pending": [period for period in periods if period not in replaced],
    }


def _last_amounts(history: Sequence[record.Record], period: str) -> Mapping[str, Amounts] | None:
    found = [amounts for entry in history if (amounts := record.amounts_of(entry, period)) is not None]
    return found[-1] if found else None
