"""The files that the configuration names: found from where it stands, or a problem at its line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from aiops_cost.documents import Marks
from aiops_cost.metrics.file import EntryText, MetricsSource, named
from aiops_cost.model import Problem


def matches(
    key: str, patterns: tuple[str, ...], folder: Path, marks: Marks, problems: list[Problem]
) -> tuple[Path, ...]:
    """The files that the globs match, each once; a glob without a match is a problem."""
    found: dict[Path, None] = {}
    for index, pattern in enumerate(patterns):
        found.update(dict.fromkeys(_matching(pattern, key, marks.place(key, index), folder, problems)))
    return tuple(found)


def _matching(pattern: str, key: str, place: str, folder: Path, problems: list[Problem]) -> tuple[Path, ...]:
    files = tuple(sorted(file for file in _glob(folder, pattern) if file.is_file()))
    if not files:
        problems.append(
            Problem(
                "glob-no-match",
                place,
                f"`{pattern}` under `{key}` matches no file",
                f"Paths are relative to {folder}; correct the pattern or remove it.",
            )
        )
    return files


def _glob(folder: Path, pattern: str) -> Iterator[Path]:
    """The matches of a glob; `Path.glob` wants a relative pattern, and users may write an absolute
    one."""
    full = Path(pattern)
    if full.is_absolute():
        return Path(full.anchor).glob(str(full.relative_to(full.anchor)))
    return folder.glob(pattern)


def metrics(
    entries: tuple[EntryText, ...], folder: Path, marks: Marks, problems: list[Problem]
) -> tuple[MetricsSource, ...]:
    """The metrics sources with their files; two that are fetched may not have one name, for it is their place."""
    found: list[MetricsSource] = []
    for index, entry in enumerate(entries):
        place = marks.place("metrics", index)
        files = _matching(entry.csv, "metrics", place, folder, problems) if entry.csv else ()
        source = MetricsSource(named(entry), entry, files, place)
        twin = next((one for one in found if one.name == source.name and one.fetched and source.fetched), None)
        if twin:
            said = f"two metrics sources are called `{source.name}` (first at {twin.place})"
            problems.append(Problem("metrics-name-twice", place, said, "Give each a `name` of its own."))
        found.append(source)
    return tuple(found)


def existing(key: str, name: str | None, folder: Path, marks: Marks, problems: list[Problem]) -> Path | None:
    if name is None:
        return None
    file = folder / name
    if not file.is_file():
        problems.append(
            Problem(
                "file-missing",
                marks.place(key),
                f"`{key}` names {name}, and there is no such file",
                f"Paths are relative to {folder}; correct it or remove the key.",
            )
        )
    return file


def table(
    key: str, written: str | dict[str, dict[str, str]] | None, folder: Path, marks: Marks, problems: list[Problem]
) -> Path | dict[str, dict[str, str]]:
    """A table that stands in the configuration as it is, or the file that it is kept in."""
    if isinstance(written, str):
        return existing(key, written, folder, marks, problems) or {}
    return written or {}


def located(where: str, folder: Path) -> str:
    """A URI as it is, a path made absolute."""
    return where if "://" in where else str(folder / where)
