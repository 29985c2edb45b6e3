"""Finds the FOCUS files of a source on this machine: a file, a folder, or a glob. Copies nothing.

This is the folder to copy for a new provider: `fetch` answers what the source delivers now, as files with their
hashes; the contracts beside it say what is in them.
"""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Iterable
from pathlib import Path

from aiops_cost.errors import UserError
from aiops_cost.model import Export, ExportFile, Problem, Source

SUFFIXES = (".csv", ".csv.gz", ".parquet", ".pq", ".gz")
_BLOCK = 1 << 20


def fetch(source: Source, base: Path) -> Export:
    """All files that `source.location` names, relative to `base`, in the order of their names.

    A folder means every file below it that ends like a table (hidden ones and `_SUCCESS` markers left out).
    Raises UserError when there is none, or one cannot be read.
    """
    return Export(source, tuple(_file(path, name) for name, path in listed(source, base)))


def listed(source: Source, base: Path) -> list[tuple[str, Path]]:
    """Name and path of every file at the source's location, without reading any. Raises UserError for none."""
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
        inside = (item for item in path.rglob("*") if item.is_file() and item.name[0] not in "._")
        return [(str(item.relative_to(path)), item) for item in inside if item.name.endswith(SUFFIXES)]
    matches = [Path(match) for match in glob.glob(str(path), recursive=True)]  # noqa: PTH207 - the pattern may be absolute
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
    return [(match.name if len({m.name for m in files}) == len(files) else str(match), match) for match in files]


def _file(path: Path, name: str) -> ExportFile:
    try:
        digest = hashlib.sha256()
        size = 0
        with path.open("rb") as handle:
            while block := handle.read(_BLOCK):
                digest.update(block)
                size += len(block)
    except OSError as error:
        raise UserError(Problem("file-unreadable", name, f"cannot be read: {error.strerror}")) from None
    return ExportFile(path, name, digest.hexdigest(), size)
