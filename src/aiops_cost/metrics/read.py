"""All metrics that a question may look at: the files as they are now, and what `pull` has kept of the servers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from aiops_cost.errors import UserError
from aiops_cost.metrics import files, store
from aiops_cost.metrics.file import MetricsSource
from aiops_cost.metrics.points import Measured, Point, called, gaps
from aiops_cost.model import Problem


def definition(source: MetricsSource) -> str:
    """A digest of what is asked of a server; when it changes, what was kept no longer answers it."""
    return hashlib.sha256(source.entry.model_dump_json(exclude={"required", "token_from"}).encode()).hexdigest()[:16]


def known(sources: Sequence[MetricsSource], ledger: str, shown: Callable[[Path], str] = str) -> Measured:
    """Every point of every source, each series of a day once, and what is to be said about them.

    Nothing here reaches a network. Raises UserError for files that cannot be read or sources that contradict
    each other.
    """
    kept = store.read(ledger) if any(source.fetched for source in sources) else {}
    points: list[Point] = []
    notes: list[str] = []
    problems: list[Problem] = []
    for source in sources:
        if source.fetched:
            feed = kept.get(source.name)
            points += feed.points if feed else ()
            notes += _about_feed(source, feed)
            continue
        for file in source.files:
            try:
                found = files.read(source, shown(file), file)
            except UserError as error:
                problems += error.problems
                continue
            points += found.points
            notes += found.notes
    problems += _contradictions(points)
    if problems:
        raise UserError(problems)
    once = tuple({(point.day, *point.series): point for point in points}.values())
    return Measured(once, (*notes, *gaps(once)))


def _about_feed(source: MetricsSource, kept: store.Kept | None) -> list[str]:
    if kept is None:
        return [f"the metrics of {source.name} were never fetched, so nothing is said of them; fetch:  aiops-cost pull"]
    if kept.definition != definition(source):
        return [f"what `metrics` asks of {source.name} has changed since it was fetched; fetch:  aiops-cost pull"]
    return []


def _contradictions(points: Sequence[Point]) -> list[Problem]:
    """One series of one day, said differently by two sources."""
    seen: dict[tuple[object, ...], Point] = {}
    told: set[tuple[object, ...]] = set()
    problems = []
    for point in points:
        first = seen.setdefault((point.day, *point.series), point)
        if first is not point and first.value != point.value and point.series not in told:
            told.add(point.series)
            problems.append(
                Problem(
                    "metrics-twice",
                    point.source,
                    f"{called(point.series)} on {point.day} is {point.value.normalize():f} here and"
                    f" {first.value.normalize():f} in {first.source}",
                    "Take the series out of one of the two, or give them different dimensions.",
                )
            )
    return problems
