"""The private folder of what was downloaded: each file whole or not at all, its hash, and what was taken last.

    CACHE/SOURCE/index.json    per month: the manifest and its files; per file: its hash, size and version
    CACHE/SOURCE/files/...     one file per object and content; `.part` while it is on its way
    CACHE/SOURCE/lock          held while a pull works here

It may be deleted at any time: the next pull downloads again.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from aiops_cost.errors import CouldNotJudge, UserError
from aiops_cost.model import ExportFile, Problem, Source
from aiops_cost.providers.aws.delivery import Delivery, Known
from aiops_cost.providers.aws.manifests import Stored
from aiops_cost.providers.folder import settled

_BLOCK = 1 << 20
_SCHEMA = 1


@dataclass(frozen=True)
class Hashes:
    """Of one file's bytes."""

    sha256: str
    md5: str


class Cache:
    """What is kept for one source. Use `opened`; all writes happen under its lock."""

    def __init__(self, folder: Path, source: Source) -> None:
        self.files = folder / "files"
        self.source = source
        self._index = folder / "index.json"
        written = _written(self._index)
        mine = written.get("schema") == _SCHEMA and written.get("location") == source.location
        self._hashes: dict[str, dict[str, Any]] = written["files"] if mine else {}
        self.known: dict[str, Known] = _known(written["periods"]) if mine else {}

    def path(self, stored: Stored) -> Path:
        """Where an object with this content lies, or will."""
        identity = hashlib.sha256(f"{stored.key}\0{stored.etag}\0{stored.size}".encode()).hexdigest()[:24]
        name = re.sub(r"[^\w.=-]", "_", stored.key.rpartition("/")[2])[-100:]
        return self.files / f"{identity}-{name}"

    def holds(self, stored: Stored) -> bool:
        """True when the object is here, whole and as it came: what was touched since is hashed again, and thrown away
        when it is not what was downloaded."""
        path = self.path(stored)
        try:
            found = path.stat()
        except FileNotFoundError:
            return False
        entry = self._hashes.get(path.name)
        if entry and (entry["size"], entry["mtime_ns"]) == (found.st_size, found.st_mtime_ns):
            return found.st_size == stored.size
        now = hashes(path)
        if found.st_size != stored.size or (entry and entry["sha256"] != now.sha256):
            path.unlink()
            return False
        self.keep(stored, now, None)
        return True

    def keep(self, stored: Stored, found: Hashes, version: str | None) -> None:
        """Remember the hash of a file that is in its place."""
        path = self.path(stored)
        at = path.stat()
        self._hashes[path.name] = {
            "sha256": found.sha256, "size": at.st_size, "mtime_ns": at.st_mtime_ns, "version": version
        }  # fmt: skip

    def file(self, stored: Stored, name: str) -> ExportFile:
        """A kept object as a file of the export."""
        path = self.path(stored)
        entry, found = self._hashes[path.name], path.stat()
        as_hashed = (entry["size"], entry["mtime_ns"]) == (found.st_size, found.st_mtime_ns)
        return ExportFile(path, name, entry["sha256"], stored.size, settled(found) if as_hashed else None)

    def taken(self, deliveries: Iterable[Delivery]) -> None:
        """These are the current deliveries: what belongs to none of them goes."""
        self.known = {
            one.period: Known(one.manifest, one.identity, {file.key: file for file in one.files}) for one in deliveries
        }
        wanted = {self.path(file).name for one in self.known.values() for file in one.files.values()}
        for path in self.files.iterdir():
            if path.name.removesuffix(".part") not in wanted:
                path.unlink(missing_ok=True)
        self._hashes = {name: entry for name, entry in self._hashes.items() if name in wanted}

    def save(self) -> None:
        """Write the index, whole or not at all."""
        text = json.dumps(
            {
                "schema": _SCHEMA,
                "location": self.source.location,
                "periods": {period: _entry(known) for period, known in self.known.items()},
                "files": self._hashes,
            },
            indent=1,
        )
        part = self._index.with_suffix(".part")
        with private(part, "w") as file:
            file.write(text.encode())
        part.replace(self._index)


@contextmanager
def opened(folder: Path, source: Source) -> Iterator[Cache]:
    """The source's cache, locked; what is known of it is saved at the end, whatever happened.

    Raises CouldNotJudge when another pull is at work there, and UserError when the disk refuses.
    """
    home = folder / source.name
    try:
        _private_folder(home / "files")
        with private(home / "lock", "a") as lock:
            _lock(lock, source)
            cache = Cache(home, source)
            try:
                yield cache
            finally:
                cache.save()
    except OSError as error:
        raise _disk(home, error) from None


def _private_folder(path: Path) -> None:
    """Make a folder and those above it that are missing, each for its owner only."""
    if not path.is_dir():
        _private_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)


def private(path: Path, mode: str) -> Any:
    """Open for writing bytes (`w`, `a`), readable for the owner only."""
    flags = os.O_CREAT | os.O_WRONLY | (os.O_APPEND if mode == "a" else os.O_TRUNC)
    return os.fdopen(os.open(path, flags, 0o600), f"{mode}b")


def hashes(path: Path) -> Hashes:
    """Both hashes of a file, read once."""
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with path.open("rb") as handle:
        while block := handle.read(_BLOCK):
            sha256.update(block)
            md5.update(block)
    return Hashes(sha256.hexdigest(), md5.hexdigest())


def _lock(lock: Any, source: Source) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise CouldNotJudge(
            Problem("cache-busy", source.name, "another pull of this source is at work",
                    "Nothing was loaded by this one. Wait until the other has ended.")
        ) from None  # fmt: skip


def _disk(folder: Path, error: OSError) -> UserError:
    full = error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
    sentence = "the disk is full" if full else f"cannot be used: {error.strerror or error}"
    return UserError(
        Problem("cache-disk", str(folder), f"{sentence}; nothing was loaded, the ledger is as it was",
                "Free space, or name another folder under `cache:` in the configuration.")
    )  # fmt: skip


def _written(index: Path) -> dict[str, Any]:
    """The index as it was left; a damaged one is none, since all in it can be learned again."""
    try:
        found = json.loads(index.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _entry(known: Known) -> dict[str, Any]:
    return {
        "manifest": _plain(known.manifest),
        "identity": known.identity,
        "files": [_plain(file) for file in known.files.values()],
    }


def _plain(stored: Stored) -> dict[str, Any]:
    return {**asdict(stored), "modified": stored.modified.isoformat()}


def _known(periods: Mapping[str, Any]) -> dict[str, Known]:
    return {
        period: Known(
            _stored(entry["manifest"]), entry["identity"], {file["key"]: _stored(file) for file in entry["files"]}
        )
        for period, entry in periods.items()
    }


def _stored(entry: Mapping[str, Any]) -> Stored:
    return Stored(entry["key"], entry["size"], entry["etag"], datetime.fromisoformat(entry["modified"]))
