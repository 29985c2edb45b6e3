"""What was looked at, how it is, and what to type for each thing that is wrong."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from aiops_cost.errors import AiopsError
from aiops_cost.ledger.frame import Ledger
from aiops_cost.ledger.status import state_of
from aiops_cost.model import Column, Diagnosis, Report, Source, SourceState, Table

_COLUMNS = (Column("subject"), Column("what"), Column("state"), Column("says"))
_LOW_SPACE = 2 * 10**9


def answer(found: Sequence[Diagnosis]) -> Report:
    """All diagnoses as a table, and the way out of each that is wrong; the exit code is the worst one's."""
    rows = tuple((one.subject, one.what, one.state, one.says) for one in found)
    notes = [f"{one.subject}, {one.what}: {one.way_out}" for one in found if one.way_out]
    wrong = [one for one in found if one.state == "wrong"]
    unknown = sum(one.state == "unknown" for one in found)
    are = "is" if len(wrong) == 1 else "are"
    verdict = f"{len(wrong)} of {len(found)} things {are} wrong" if wrong else "nothing is wrong"
    return Report(
        name="doctor",
        title="Examination",
        tables=(Table("diagnoses", "", _COLUMNS, rows),),
        notes=tuple(notes),
        paste="\n".join(one.paste for one in found if one.paste) or None,
        verdict=verdict + (f", {unknown} could not be tried" if unknown else ""),
        exit_code=max((one.exit_code for one in wrong), default=0),
    )


def house(location: str, cache: Path, sources: Sequence[Source], as_of: date) -> Iterator[Diagnosis]:
    """What every configuration has: a ledger that can be written and that others cannot read, and fresh sources."""
    folder = Path(location)
    yield from _folder("ledger", folder)
    if os.access(cache, os.F_OK) and cache.parent != folder:
        yield from _folder("cache", cache)
    try:
        ledger = Ledger.open(folder)
    except AiopsError as error:
        problem = error.problems[0]
        yield Diagnosis("ledger", "content", "wrong", problem.sentence, problem.way_out, error.exit_code)
        return
    loads = len(ledger.records)
    yield Diagnosis("ledger", "content", "ok", f"version {ledger.version}, {loads} loads" if loads else "empty so far")
    for source in sources:
        yield _fresh(state_of(source, ledger.records, as_of), as_of)
    yield from _twice(ledger)


def _twice(ledger: Ledger) -> Iterator[Diagnosis]:
    """Accounts whose month is in the ledger from two sources, such as two exports of one payer."""
    if not ledger.files:
        return
    with ledger.connect() as con:
        found = con.execute(
            "SELECT sources, min(period), max(period), count(DISTINCT account), any_value(account) FROM ("
            " SELECT x_BillingPeriod AS period, SubAccountId AS account,"
            " list_sort(list(DISTINCT x_Source)) AS sources FROM ledger WHERE SubAccountId IS NOT NULL"
            " GROUP BY BillingAccountId, SubAccountId, x_BillingPeriod) WHERE len(sources) > 1 GROUP BY 1 ORDER BY 1"
        ).fetchall()
    for sources, first, last, accounts, account in found:
        which = f"account {account}" if accounts == 1 else f"{accounts} accounts"
        months = first if first == last else f"{first}..{last}"
        names = " and ".join(sources)
        yield Diagnosis("ledger", "bills", "wrong", f"{which} in {months} came from {names}: counted more than once",
                        "Two exports of one payer are the same bill. Take one of the sources out of the configuration\n"
                        "and load the other into a new ledger.", exit_code=3)  # fmt: skip


def _folder(what: str, folder: Path) -> Iterator[Diagnosis]:
    there = next(path for path in (folder, *folder.parents) if os.access(path, os.F_OK))
    if not there.is_dir() or not os.access(there, os.W_OK):
        yield Diagnosis(what, "folder", "wrong", f"{there} cannot be written",
                        f"Check its owner and rights, or choose another `{what}:`.", exit_code=2)  # fmt: skip
        return
    free = shutil.disk_usage(there).free
    if free < _LOW_SPACE:
        yield Diagnosis(what, "disk", "note", f"{free / 10**9:.1f} GB are free at {there}")
    mode = stat.S_IMODE(there.stat().st_mode)
    if there == folder and mode & 0o077:
        yield Diagnosis(what, "folder", "note", f"others on this machine can read it ({mode:04o})",
                        f"chmod -R go= {folder}")  # fmt: skip
    else:
        yield Diagnosis(what, "folder", "ok", f"{folder}" + ("" if there == folder else " will be made"))


def _fresh(state: SourceState, as_of: date) -> Diagnosis:
    source = state.source
    if state.last_day is None:
        return Diagnosis(source.name, "ledger", "note", "never loaded", f"aiops-cost pull {source.name}")
    settled = state.settled_until
    says = f"usage to {state.last_day}, settled until {settled or 'no day'}"
    allowed = source.settles_after + source.max_age
    if not source.sparse and (settled is None or (as_of - settled).days > allowed):
        return Diagnosis(source.name, "ledger", "wrong", f"{says}; older than {allowed} days",
                         f"aiops-cost pull {source.name}", exit_code=3)  # fmt: skip
    return Diagnosis(source.name, "ledger", "ok", says)
