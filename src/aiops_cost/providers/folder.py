"""Files on this machine, for every provider: at a path, in a folder, or by a glob. Copies nothing."""

from __future__ import annotations

import glob
import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from aiops_cost.errors import UserError
from aiops_cost.model import ExportFile, Problem, Source, Stamp, stamp

SUFFIXES = (".csv", ".csv.gz", ".parquet", ".pq", ".gz")
_DELTA = "_delta_log"
_BLOCK = 1 << 20
_TICK = 10 * 10**9
"""Nanoseconds; the coarsest file systems count in two seconds, and a server's clock may differ from ours."""
_RIGHTS = "Nothing was loaded: what is in it would be missing. Check its owner and rights."


def listed(source: Source, base: Path) -> list[tuple[str, Path]]:
    """Name and path of every file at the source's location, without reading any. Raises UserError for none."""
    if "://" in source.location:
        raise UserError(
            Problem("location-remote", source.name, f"`{source.location}` is not on this machine",
                    f"`provider: {source.provider}` reads files here. For a delivery in S3, write  provider: aws")
        )  # fmt: skip
    found = sorted(_locate(source, base))
    if not found:
        raise UserError(
            Problem(
                "source-empty",
                source.name,
                f"no CSV, CSV.gz or Parquet file at `{source.location}`",
                "Check `location` in the configuration; it may be a file, a folder or a glob like ./bills/*.csv.gz",
            )
        )
    return found


def _locate(source: Source, base: Path) -> Iterable[tuple[str, Path]]:
    path = base / source.location
    if path.is_file():
        return [(path.name, path)]
    if path.is_dir():
        return [(str(item.relative_to(path)), item) for item in _below(path, frozenset())]
    matches = [base / match for match in glob.glob(source.location, root_dir=base, recursive=True)]  # noqa: PTH207 - the pattern may be absolute
    if not matches and not glob.has_magic(source.location):
        raise UserError(
            Problem(
                "file-missing",
                source.name,
                f"there is no file or folder `{source.location}`",
                f"Looked at {path}. Check `location` in the configuration.",
            )
        )
    files = [match for match in matches if match.is_file()]
    for folder in sorted({folder for match in files for folder in match.parents if folder not in base.parents}):
        if (folder / _DELTA).is_dir():
            raise _delta_table(folder)
    alone = len({match.name for match in files}) == len(files)
    return [(match.name if alone else os.path.relpath(match, base), match) for match in files]


def _below(folder: Path, above: frozenset[Path]) -> Iterator[Path]:
    """Tables below a folder. What is hidden, or starts with `_` as Spark's and Delta's own files do, is left out; a
    folder that cannot be read is an error, since what is in it would be missing money."""
    here = folder.resolve()
    if here in above:  # a link that leads back up
        return
    try:
        items = sorted(folder.iterdir())
    except OSError as error:
        raise UserError(Problem("file-unreadable", str(folder), f"cannot be read: {error.strerror}", _RIGHTS)) from None
    if any(item.name == _DELTA for item in items):
        raise _delta_table(folder)
    for item in items:
        if item.name.startswith((".", "_")):
            continue
        if item.is_dir():
            yield from _below(item, above | {here})
        elif item.name.lower().endswith(SUFFIXES):
            yield item


def _delta_table(folder: Path) -> UserError:
    sentence = "is a Delta table, as a ledger is: its files are no bill, and some of them may be replaced"
    way_out = "Let `location` name the folder of the bills alone, beside the ledger and not above it."
    return UserError(Problem("location-delta", str(folder), sentence, way_out))


def hashed(files: Iterable[tuple[str, Path]]) -> tuple[ExportFile, ...]:
    """Files, each with the name that messages call it by, with the hash of their bytes; several are read at a time.
    Raises UserError for the first that cannot be read."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return tuple(pool.map(_hashed, files))


def _hashed(file: tuple[str, Path]) -> ExportFile:
    name, path = file
    try:
        digest = hashlib.sha256()
        size = 0
        with path.open("rb") as handle:
            seen = settled(os.fstat(handle.fileno()))
            while block := handle.read(_BLOCK):
                digest.update(block)
                size += len(block)
    except OSError as error:
        raise UserError(Problem("file-unreadable", name, f"cannot be read: {error.strerror}", _RIGHTS)) from None
    return ExportFile(path, name, digest.hexdigest(), size, seen)


def settled(found: os.stat_result) -> Stamp | None:
    """The stamp of a file that was left alone for a while; another change always gets another one. None for a file that
    changed a moment ago: a second change in the same tick of the file system's clock would not show."""
    quiet = time.time_ns() - max(found.st_mtime_ns, found.st_ctime_ns)
    return stamp(found) if quiet > _TICK else None
