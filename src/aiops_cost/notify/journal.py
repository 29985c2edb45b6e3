"""What was sent, to whom, in which week: the record that makes a second run of the same job harmless.

A sending is written down *before* it begins (the primary key lets only one do so) and settled after it. One that was
begun and never settled was interrupted, and nobody knows whether it arrived: it is reported and not repeated by itself,
so that nobody is told twice. One process at a time sends; the others wait for it and then find its records.

Beside each sending that arrived stands what it told, so that the next summary can say what is new since then.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiops_cost.errors import ProviderError, UserError
from aiops_cost.model import Problem

FILE = "summaries.sqlite"
PATIENCE = 300.0
"""Seconds to wait for another process that is sending."""

_TABLES = """
CREATE TABLE IF NOT EXISTS sendings (
    week TEXT NOT NULL, target TEXT NOT NULL, part TEXT NOT NULL, receiver TEXT NOT NULL, attempt INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('begun', 'sent', 'failed')), at TEXT NOT NULL,
    PRIMARY KEY (week, target, part, receiver, attempt)
);
CREATE TABLE IF NOT EXISTS told (
    target TEXT NOT NULL, part TEXT NOT NULL, week TEXT NOT NULL, as_of TEXT NOT NULL, findings TEXT NOT NULL,
    PRIMARY KEY (target, part, week)
);
"""


@dataclass(frozen=True)
class Unit:
    """The smallest thing that is sent once: a week, a target, the owner whose part it is (or ""), a receiver (a hash,
    for addresses are nobody's business here)."""

    week: str
    target: str
    part: str
    receiver: str


@dataclass(frozen=True)
class Told:
    """What a summary told: its week, the day it looked at, its findings as plain data."""

    week: str
    as_of: str
    findings: tuple[dict[str, Any], ...]


class Journal:
    """The record, held by this process alone while it is open."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def begin(self, unit: Unit, at: str) -> str:
        """`begun`: write nothing else before `settle`. `sent`: it has arrived before. `unknown`: it was interrupted."""
        with self._transaction():
            state, attempt = self._last(unit)
            if state == "begun":
                return "unknown"
            if state == "sent":
                return "sent"
            self._db.execute("INSERT INTO sendings VALUES (?, ?, ?, ?, ?, 'begun', ?)", (*_key(unit), attempt + 1, at))
        return "begun"

    def settle(self, unit: Unit, state: str, told: Told | None = None) -> None:
        """How the sending has ended that `begin` began; the first summary of a week is what the next compares with."""
        with self._transaction():
            _, attempt = self._last(unit)
            self._db.execute(
                "UPDATE sendings SET state = ? WHERE week = ? AND target = ? AND part = ? AND receiver = ?"
                " AND attempt = ?",
                (state, *_key(unit), attempt),
            )
            if told is not None:
                self._tell(unit.target, unit.part, told)

    def tell(self, target: str, part: str, told: Told) -> None:
        """Keep what was told where nothing is sent: a summary that is printed."""
        with self._transaction():
            self._tell(target, part, told)

    def state(self, unit: Unit) -> str:
        """`sent`, `failed`, `unknown` (begun by a process that is gone) or `new`."""
        state, _ = self._last(unit)
        return {"begun": "unknown", "": "new"}.get(state, state)

    def interrupted(self, target: str) -> list[Unit]:
        """The sendings to a target that were begun and never settled."""
        rows = self._db.execute(
            "SELECT week, target, part, receiver FROM sendings WHERE target = ? AND state = 'begun'", (target,)
        )
        return [Unit(*row) for row in rows.fetchall()]

    def before(self, target: str, part: str, week: str) -> tuple[Told | None, list[str]]:
        """The newest summary of an earlier week, and the weeks of those that claim to be of a later one."""
        rows = self._db.execute(
            "SELECT week, as_of, findings FROM told WHERE target = ? AND part = ? ORDER BY week DESC", (target, part)
        ).fetchall()
        earlier = next((row for row in rows if row[0] < week), None)
        later = [row[0] for row in rows if row[0] > week]
        return (Told(earlier[0], earlier[1], tuple(json.loads(earlier[2]))) if earlier else None), later

    def _tell(self, target: str, part: str, told: Told) -> None:
        row = (target, part, told.week, told.as_of, json.dumps(told.findings))
        self._db.execute("INSERT OR IGNORE INTO told VALUES (?, ?, ?, ?, ?)", row)

    def _last(self, unit: Unit) -> tuple[str, int]:
        row = self._db.execute(
            "SELECT state, attempt FROM sendings WHERE week = ? AND target = ? AND part = ? AND receiver = ?"
            " ORDER BY attempt DESC LIMIT 1",
            _key(unit),
        ).fetchone()
        return (row[0], row[1]) if row else ("", 0)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")


@contextmanager
def opened(folder: Path, patience: float = PATIENCE) -> Iterator[Journal]:
    """The journal in a folder, which is made, for its owner's eyes only.

    Raises UserError where it cannot be written or is damaged, ProviderError where another process keeps it too long.
    """
    with ExitStack() as stack:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            stack.enter_context(_alone(folder / "lock", patience))
            path = folder / FILE
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            way_out = "Choose a folder that the job may write to:  summaries: ./summaries  (in the configuration)"
            said = f"the record of what was sent cannot be written: {error.strerror}"
            raise UserError(Problem("summaries-unwritable", str(folder), said, way_out)) from None
        try:
            connection = stack.enter_context(closing(sqlite3.connect(path, isolation_level=None, timeout=patience)))
            connection.execute("PRAGMA synchronous = FULL")
            connection.executescript(_TABLES)
            yield Journal(connection)
        except sqlite3.DatabaseError as error:
            way_out = "Move the file away; what was sent this week will then be sent again."
            said = f"the record of what was sent is damaged or cannot be written: {error}"
            raise UserError(Problem("summaries-damaged", str(path), said, way_out)) from None


@contextmanager
def read_only(folder: Path) -> Iterator[Journal]:
    """The journal to look into, such as for a dry run; an empty one where there is none. Nothing is written."""
    path = folder / FILE
    where = f"{path.resolve().as_uri()}?mode=ro" if path.exists() else ":memory:"
    try:
        connection = sqlite3.connect(where, uri=path.exists(), isolation_level=None)
        try:
            if not path.exists():
                connection.executescript(_TABLES)
            yield Journal(connection)
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        said = f"the record of what was sent cannot be read: {error}"
        raise UserError(Problem("summaries-damaged", str(path), said, "Move the file away.")) from None


@contextmanager
def _alone(path: Path, patience: float) -> Iterator[None]:
    """Only one process at a time; the lock goes with the process, however it ends.

    Where a file system has no locks, the primary key is what keeps two processes from sending the same.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        end = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise ProviderError(_busy(path)) from None
                time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)


def _busy(path: Path) -> Problem:
    said = "another summary is being sent, and has not ended"
    return Problem("summary-busy", str(path), said, "Wait for it, or end it; then run this again.")


def _key(unit: Unit) -> Sequence[str]:
    return (unit.week, unit.target, unit.part, unit.receiver)
