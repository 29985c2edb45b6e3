"""Loads an export into the ledger: recognise, prove, replace its months in one commit, or change nothing at all.

open files -> group their rows -> which months changed -> count what was sent -> map -> compare -> commit
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb

from aiops_cost.errors import CouldNotJudge, UserError
from aiops_cost.ledger import grouping, normalize, overlap, people, proof, record, recorded, refusals, store
from aiops_cost.ledger.frame import Ledger
from aiops_cost.ledger.intake import open_file
from aiops_cost.ledger.moved import by_service
from aiops_cost.ledger.part import Part, settle
from aiops_cost.ledger.typed import typed_view
from aiops_cost.model import Amounts, Export, ExportFile, Moved, Problem, Reject
from aiops_cost.providers.contract import Contract

ATTEMPTS = 5
THREADS = 8
"""So many at most: what each of them holds beside what DuckDB counts adds up."""
WORKING, WORKING_AT_MOST = 150_000_000, 800_000_000
"""Bytes that DuckDB keeps in memory before it spills, for each thread and for all; a load does not get faster with
more."""


@dataclass(frozen=True)
class Options:
    """How to load. `allow_rejects` rows may be left out; `periods` limits the load to some months; `memory_limit` is
    used whole from the beginning when the load `is_lavish`."""

    now: datetime
    allow_rejects: int = 0
    allow_overlap: bool = False
    periods: tuple[str, ...] = ()
    dry_run: bool = False
    keep_people: bool = False
    people_key: str = ""
    memory_limit: str = "2GB"
    spill: Path | None = None
    is_lavish: bool = False


@dataclass(frozen=True)
class LoadResult:
    """What a load did. `changed` is False when the files are those of the last load; `record` is what the ledger
    keeps of this load (or of the last one); `before` is what the replaced months held, and `moved` names the services
    whose cost in them is another now."""

    source: str
    changed: bool
    record: Mapping[str, Any]
    rejects: tuple[Reject, ...] = ()
    no_longer_delivered: tuple[str, ...] = ()
    before: Mapping[str, Mapping[str, Amounts]] = field(default_factory=dict)
    moved: tuple[Moved, ...] = ()


@dataclass(frozen=True)
class Group:
    """Parts of one format: `view` has all their rows, typed; `sums` the same rows grouped by all that they say;
    `count` is what they add up to, before any mapping."""

    contract: Contract
    parts: Mapping[int, Part]
    view: str
    sums: str
    count: proof.Count


def load(location: Path, export: Export, options: Options) -> LoadResult:
    """Make the ledger at `location` hold what `export` says now.

    Unchanged files are known by their content; when some changed, all files that share a month with them are
    read, and exactly those months are replaced. Raises UserError with every problem of every file, and
    CouldNotJudge when the money does not add up; the ledger is then as it was.
    """
    refusals.copies(export)
    for attempt in range(1, ATTEMPTS + 1):
        table = store.open_table(location)
        try:
            return _thriftily(location, export, options, table)
        except store.Conflict:
            if attempt == ATTEMPTS:
                raise
        except (duckdb.Error, OSError) as error:
            refusals.moved(export.files)
            spill = options.spill or Path(tempfile.gettempdir())
            if problem := refusals.explained(export.source.name, options.memory_limit, spill, error):
                raise problem from error
            raise
        except RuntimeError as error:
            if "interrupt" not in str(error).lower():
                raise
            raise KeyboardInterrupt from None  # DuckDB's words for Ctrl-C
    raise AssertionError("unreachable")


def _thriftily(location: Path, export: Export, options: Options, table: Any) -> LoadResult:
    """Load with little memory; where that is too little to spill from, with all that is allowed."""
    try:
        return _load(location, export, options, table)
    except duckdb.OutOfMemoryException:
        if options.is_lavish:
            raise
    return _load(location, export, replace(options, is_lavish=True), table)


def _load(location: Path, export: Export, options: Options, table: Any) -> LoadResult:
    history = [entry for entry in store.records(table) if entry["source"] == export.source.name]
    last = history[-1] if history else None
    stale = [file for file in export.files if not _is_known(file, last)]
    gone = _gone(last, export)
    if last and not stale and not gone:
        return _unchanged(export, history, {p for f in export.files for p in _entry(f, last)["periods"]}, options)
    with _workbench(options) as (con, work):
        groups = _open(con, stale, work, 0)
        due = _due(groups, last) | {period for entry in gone for period in entry["periods"]}
        companions = [f for f in export.files if f not in stale and due & set(_entry(f, last)["periods"])]
        groups += _open(con, companions, work, len(stale))
        spoken = _spoken(groups)
        delivered = {p for f in export.files for p in spoken.get(f.digest, _entry(f, last).get("periods", ()))}
        replaced = sorted(p for p in due & delivered if not options.periods or p in options.periods)
        if not replaced:
            _rejected(con, export, groups, [group.count.of(()) for group in groups], (), options)
            return _unchanged(export, history, delivered, options)
        parts = {index: part for group in groups for index, part in group.parts.items()}
        if len(parts) > 1 and not options.allow_overlap:
            overlap.refuse(con, export, parts, _everything(con, groups))
        entries = [_file_entry(file, groups, spoken, last, due - set(replaced)) for file in export.files]
        built, rejects = _build(con, export, groups, entries, replaced, options)
        before = {period: amounts for period in replaced if (amounts := _last_amounts(history, period)) is not None}
        moved = by_service(con, Ledger.at(location, table), export.source.name, list(before), normalize.ROWS)
        refusals.moved([*stale, *companions])
        if not options.dry_run:
            store.replace(con, normalize.ROWS, location, export.source.name, replaced, built, table)
    gone_months = _no_longer(history, delivered, options)
    return LoadResult(export.source.name, True, built, rejects, gone_months, before, moved)


def _build(
    con: duckdb.DuckDBPyConnection,
    export: Export,
    groups: Sequence[Group],
    entries: Sequence[Mapping[str, Any]],
    replaced: Sequence[str],
    options: Options,
) -> tuple[dict[str, Any], tuple[Reject, ...]]:
    """Make the view `loaded` and its record: rows rejected, mapped, people hidden, sums compared."""
    counts = [group.count.of(replaced) for group in groups]
    rejects = _rejected(con, export, groups, counts, replaced, options)
    whole = set(replaced) == {p for g in groups for found in g.count.periods().values() for p in found}
    conditions = [_kept(group, replaced, whole, bool(rejects)) for group in groups]
    views = [(g.contract, g.parts.values(), g.sums, c) for g, c in zip(groups, conditions, strict=True)]
    # From here on the order of rows says nothing; keeping it would keep them in memory until the first is done.
    con.execute("SET preserve_insertion_order = false")
    normalize.ledger_rows(con, export.source.name, views)
    if not options.keep_people and people.hide_in_table(con, normalize.TEXTS, options.people_key):
        normalize.merge(con)
    normalize.refuse_clash(con)
    counted = [
        (group.contract, tuple(group.parts.values()), count) for group, count in zip(groups, counts, strict=True)
    ]
    built = record.build(con, export, counted, replaced, entries, options.now.isoformat())
    if not options.keep_people:
        for deviation in built["deviations"]:
            deviation["sentence"] = people.hide(deviation["sentence"], options.people_key)
    return built, rejects


def _unchanged(export: Export, history: Sequence[recorded.Record], delivered: set[str], options: Options) -> LoadResult:
    """There is nothing to replace. Raises CouldNotJudge when there is nothing at all: no rows is not zero."""
    missing = sorted(set(options.periods) - delivered) if options.periods else []
    if missing or not delivered or not history:
        asked = f" of {', '.join(missing)}" if missing else ""
        raise CouldNotJudge(
            Problem(
                "export-without-rows",
                export.source.name,
                f"the export has no rows{asked}; nothing is not zero",
                "The ledger is as it was. Ask for the export again, or check `location` and `--period`.",
            )
        )
    return LoadResult(export.source.name, False, history[-1], (), _no_longer(history, delivered, options))


def _no_longer(history: Sequence[recorded.Record], delivered: set[str], options: Options) -> tuple[str, ...]:
    """Months that the ledger holds and the source does not deliver any more: they stay. Where only some months were
    asked for, a provider need not have looked at the others."""
    if options.periods:
        return ()
    return tuple(sorted({period for entry in history for period in entry["periods"]} - delivered))


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
            if not options.is_lavish:
                _be_thrifty(con, options.memory_limit)
            con.execute(files(__package__).joinpath("casts.sql").read_text(encoding="utf-8"))
            yield con, work
        finally:
            con.close()


def _be_thrifty(con: duckdb.DuckDBPyConnection, memory_limit: str) -> None:
    """Begin with few threads and little memory."""
    asked = "SELECT least(current_setting('threads'), ?), parse_formatted_bytes(?)"
    threads, most = con.execute(asked, [THREADS, memory_limit.replace(" ", "")]).fetchall()[0]
    con.execute(f"SET threads = {threads}")
    con.execute(f"SET memory_limit = '{min(most, threads * WORKING, WORKING_AT_MOST)}B'")


def _open(con: duckdb.DuckDBPyConnection, chosen: Sequence[ExportFile], work: Path, first: int) -> list[Group]:
    """Open and count files, all of them, so that all their problems are told at once; one group per format."""
    opened: dict[str, dict[int, Part]] = {}
    problems: list[Problem] = []
    for index, file in enumerate(chosen, first):
        try:
            part = open_file(con, file, work, index)
            problems += refusals.missing_columns(part)
            opened.setdefault(part.contract.name, {})[index] = part
        except UserError as error:
            problems += error.problems
    if problems:
        raise UserError(problems)
    groups = []
    for number, (_, found) in enumerate(sorted(opened.items())):
        view, sums = f"typed_{first}_{number}", f"grouped_{first}_{number}"
        parts = settle(con, found)
        contract = next(iter(parts.values())).contract
        typed_view(con, parts, view)
        grouping.group(con, parts, sums, proof.text_rules(contract))
        problems += refusals.needed_columns(con, contract, sums, parts)
        groups.append(Group(contract, parts, view, sums, proof.count(con, contract, sums, parts)))
    if problems:
        raise UserError(problems)
    return groups


def _everything(con: duckdb.DuckDBPyConnection, groups: Sequence[Group]) -> str:
    """A view of what the rows of all groups are about."""
    selects = []
    for group in groups:
        known = group.contract.file.columns
        about = ", ".join(f'"{name}"' if name in known else f"NULL AS {name}" for name in overlap.ABOUT)
        selects.append(f"SELECT x_part, {about} FROM {group.view}")
    shared = " UNION ALL BY NAME ".join(selects)
    con.execute(f"CREATE OR REPLACE TEMP VIEW everything AS {shared}")
    return "everything"


def _spoken(groups: Sequence[Group]) -> dict[str, set[str]]:
    """Digest of each opened file -> the billing periods in it."""
    found: dict[str, set[str]] = {}
    for group in groups:
        by_part = group.count.periods()
        for index, part in group.parts.items():
            found[part.file.digest] = by_part.get(index, set())
    return found


def _due(groups: Sequence[Group], last: recorded.Record | None) -> set[str]:
    """The months that opened files ask to replace: all of a new one, what is pending of a known one."""
    due: set[str] = set()
    same = last is not None and last["mapping"] == record.mapping_digest()
    for digest, periods in _spoken(groups).items():
        entry = next((e for e in last["files"] if e["digest"] == digest), None) if last and same else None
        due |= set(entry["pending"]) if entry else periods
    return due


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
    found = tuple(r for g in groups for r in proof.rejects(con, g.contract, g.view, g.parts, periods))
    if bad > options.allow_rejects:
        raise UserError(refusals.rejects_problem(export, counts, found, bad, periods))
    return found


def _is_known(file: ExportFile, last: recorded.Record | None) -> bool:
    entry = _entry(file, last)
    return bool(entry) and not entry["pending"] and last is not None and last["mapping"] == record.mapping_digest()


def _entry(file: ExportFile, last: recorded.Record | None) -> Mapping[str, Any]:
    return next((e for e in last["files"] if e["digest"] == file.digest), {}) if last else {}


def _gone(last: recorded.Record | None, export: Export) -> list[Mapping[str, Any]]:
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
    last: recorded.Record | None,
    waiting: set[str],
) -> dict[str, Any]:
    """What the record keeps of a file; `waiting` are months that changed and are not replaced by this load."""
    if file.digest not in spoken:
        return dict(_entry(file, last))
    part = next(part for group in groups for part in group.parts.values() if part.file.digest == file.digest)
    periods = sorted(spoken[file.digest])
    return {
        "name": file.name,
        "digest": file.digest,
        "size": file.size,
        "format": part.contract.name,
        "version": part.version,
        "periods": periods,
        "pending": [period for period in periods if period in waiting],
    }


def _last_amounts(history: Sequence[recorded.Record], period: str) -> Mapping[str, Amounts] | None:
    found = [amounts for entry in history if (amounts := recorded.amounts_of(entry, period)) is not None]
    return found[-1] if found else None
