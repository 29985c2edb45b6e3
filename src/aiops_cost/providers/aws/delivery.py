"""From a place to the one current set of files per billing period, or to the reason why there is none.

A store (`bucket.py`, `tree.py`) lists folders and reads manifests; this decides. What was found the last time
(`Known`) is needed to see that a manifest has run ahead of its files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from aiops_cost.errors import CouldNotJudge, UserError
from aiops_cost.model import Errand, Problem, Source
from aiops_cost.providers.aws import manifests
from aiops_cost.providers.aws.manifests import Manifest, Place, Stored

WORKERS = 8
MAX_FOLDERS = 2000
"""More folders than this below a location are not a billing export's."""
STILL_MOVING = timedelta(days=1)
"""Files of a delivery that is under way are younger than this; what has lain longer is what there is."""
SLACK = timedelta(minutes=15)
"""So much later than its manifest may a file be where a bucket was copied; a delivery is hours after the last."""

Kept = Callable[[Stored], bool]
"""Tells whether a file, as it was taken the last time, is still on this machine."""

_PERIOD = re.compile(r"(BILLING_PERIOD=\d{4}-\d\d|\d{8}-\d{8})/$")


class Store(Protocol):
    """Where deliveries lie. Keys are relative to the store; `shown` is how messages call a key."""

    def folder(self, path: str) -> tuple[list[str], list[Stored]]:
        """Sub-folders (each ending with `/`) and objects directly in a folder (`""`, or ending with `/`)."""
        ...

    def read(self, stored: Stored) -> bytes:
        """The content of a small object."""
        ...

    def shown(self, key: str) -> str:
        """The address of a key, as a person would type it."""
        ...


@dataclass(frozen=True)
class Known:
    """What was taken the last time: the manifest, and each file by its key."""

    manifest: Stored
    identity: str
    files: Mapping[str, Stored]


@dataclass(frozen=True)
class Delivery:
    """The current files of one billing period."""

    period: str
    manifest: Stored
    identity: str
    files: tuple[Stored, ...]


def find(store: Store, start: str, source: Source) -> dict[tuple[str, str], list[Place]]:
    """All current manifests below `start`, by export. Looks into no folder that can only hold data."""
    found: list[Place] = []
    level, seen = [start], 0
    with ThreadPoolExecutor(WORKERS) as pool:
        while level:
            seen += len(level)
            if seen > MAX_FOLDERS:
                raise UserError(
                    Problem("delivery-too-wide", source.name,
                            f"more than {MAX_FOLDERS:,} folders below {source.location}",
                            "Name the folder of the export itself under `location`:  s3://BUCKET/PREFIX/EXPORT-NAME")
                )  # fmt: skip
            below: list[str] = []
            for path, (folders, objects) in zip(level, pool.map(store.folder, level), strict=True):
                found += [place for stored in objects if (place := manifests.place_of(stored))]
                below += [] if _PERIOD.search(path) else list(_worth_a_look(folders))
            level = below
    return manifests.exports(found)


def _worth_a_look(folders: Sequence[str]) -> Iterator[str]:
    names = {folder.rstrip("/").rpartition("/")[2]: folder for folder in folders}
    for name, folder in names.items():
        is_data = name == "data" and "metadata" in names
        if not is_data and not name.startswith(("year=", ".", "_")):
            yield folder


def chosen(found: Mapping[tuple[str, str], list[Place]], store: Store, source: Source) -> list[Place]:
    """The manifests of the one export that was found. Raises UserError for several: each is the whole bill."""
    if len(found) == 1:
        return next(iter(found.values()))
    details = []
    for (root, name), places in found.items():
        months = places[0].period if len(places) == 1 else f"{places[0].period}..{places[-1].period}"
        newest = max(place.stored.modified for place in places)
        details.append(f"{name}: {places[0].kind}, {months}, last delivered {newest:%Y-%m-%d %H:%M} UTC")
        details.append(f"    location: {store.shown(root + '/')}")
    raise UserError(
        Problem("delivery-several", source.name, f"{len(found)} exports lie below {source.location}",
                "Each may be the whole bill, and adding them up would double it. Name one of them under `location`;\n"
                "exports of other payers are sources of their own.", details=tuple(details))
    )  # fmt: skip


def current(
    store: Store,
    places: Sequence[Place],
    source: Source,
    known: Mapping[str, Known],
    errand: Errand,
    kept: Kept = lambda _: False,
) -> tuple[Delivery, ...]:
    """The delivery of each place, in the order of months; all that is wrong with any of them is told at once.

    `kept` tells whether a file of the last time is still here, so that it need not be there. Raises CouldNotJudge
    for what is not whole, and UserError for a manifest that leads elsewhere.
    """
    with ThreadPoolExecutor(WORKERS) as pool:
        bodies = list(pool.map(lambda place: store.read(place.stored), places))
    read: list[Manifest] = []
    problems: list[Problem] = []
    for place, body in zip(places, bodies, strict=True):
        try:
            read.append(manifests.read(place, body))
        except manifests.Climbs as error:
            raise UserError(_climbs(store, source, place, str(error))) from None
        except manifests.Unreadable as error:
            problems.append(_broken(store, source, place, str(error)))
    for manifest in read:
        if not manifest.keys:
            errand.say(f"{source.name}: the manifest of {manifest.place.period} names no file")
    named = [manifest for manifest in read if manifest.keys]
    with ThreadPoolExecutor(WORKERS) as pool:
        there = dict(zip(_folders(named), pool.map(lambda path: store.folder(path)[1], _folders(named)), strict=True))
    stored = {one.key: one for objects in there.values() for one in objects}
    found = []
    for manifest in named:
        before = known.get(manifest.place.period)
        delivery, problem = _whole(manifest, stored, before, store, source, errand, kept)
        found += [delivery] if delivery else []
        problems += [problem] if problem else []
    if problems:
        raise CouldNotJudge(problems)
    return tuple(found)


def _folders(named: Sequence[Manifest]) -> list[str]:
    return sorted({key.rpartition("/")[0] + "/" for manifest in named for key in manifest.keys})


def _whole(
    manifest: Manifest,
    stored: Mapping[str, Stored],
    before: Known | None,
    store: Store,
    source: Source,
    errand: Errand,
    kept: Kept,
) -> tuple[Delivery | None, Problem | None]:
    """The period's files when they are all there and of one delivery; else the reason."""
    at, same = manifest.place.stored, before is not None and before.manifest.etag == manifest.place.stored.etag
    files, missing, cut = [], [], []
    for key in manifest.keys:
        file = stored.get(key)
        if file is None and same and before and key in before.files and kept(before.files[key]):
            file = before.files[key]  # cleaned up there, still here, and the word of AWS is the same
        if file is None:
            missing.append(key)
            continue
        if file.size != manifest.sizes.get(key, file.size):
            cut.append(key)
        files.append(file)
    place = f"{source.name} {manifest.place.period}"
    if missing or cut:
        return None, _incomplete(place, manifest, missing, cut, store, source)
    delivery = Delivery(manifest.place.period, at, manifest.identity, tuple(files))
    late = [file for file in files if file.modified > at.modified + SLACK]
    stale = [] if same or before is None else [f for f in files if _untouched(f, before)]
    for which, newest in ((late, max(f.modified for f in files)), (stale, at.modified)):
        if which and _is_moving(newest, errand.now):
            return None, _under_way(place, which is late, len(which), len(files), store.shown(at.key), source)
    if late or stale:
        errand.say(f"{place}: {len(late or stale)} of {len(files)} files are not of the manifest's delivery;"
                   " nothing has moved for a day, so they are taken as they are")  # fmt: skip
    return delivery, None


def _untouched(file: Stored, before: Known) -> bool:
    """True for a file that lay there under the manifest before this one: a delivery writes every file anew."""
    earlier = before.files.get(file.key)
    return earlier is not None and (earlier.etag, earlier.modified) == (file.etag, file.modified)


def _is_moving(last: datetime, now: datetime | None) -> bool:
    return now is None or now - last < STILL_MOVING


def _under_way(place: str, files_ahead: bool, odd: int, of: int, manifest: str, source: Source) -> Problem:
    sentence = (
        f"{odd} of {of} files are newer than their manifest; a delivery is under way"
        if files_ahead
        else f"the manifest is newer than its files: {odd} of {of} are those of the delivery before"
    )
    return Problem(
        "delivery-under-way",
        place,
        f"{sentence} ({manifest})",
        "Nothing was loaded; the ledger is as it was. Type the command again in an hour; or load the other months:\n"
        f"  aiops-cost pull {source.name} --period MONTH",
    )


def _incomplete(
    place: str, manifest: Manifest, missing: Sequence[str], cut: Sequence[str], store: Store, source: Source
) -> Problem:
    details = [f"{store.shown(key)} is not there" for key in missing[:5]]
    details += [f"{store.shown(key)} is not as long as the manifest says" for key in cut[:5]]
    return Problem(
        "delivery-incomplete",
        place,
        f"{len(missing) + len(cut)} of {len(manifest.keys)} files that the manifest names are not there, or not whole",
        "A part of a month is not the month: nothing was loaded, the ledger is as it was. If the delivery is under\n"
        "way, type the command again in an hour. If the files were removed, have the export delivered again, or load\n"
        f"the other months:  aiops-cost pull {source.name} --period MONTH",
        details=tuple(details),
    )


def _broken(store: Store, source: Source, place: Place, why: str) -> Problem:
    return Problem(
        "manifest-broken",
        f"{source.name} {place.period}",
        f"the manifest {store.shown(place.stored.key)} cannot be understood: {why}",
        "Nothing was loaded. Copy it again, or wait for the next delivery (AWS writes a new one at least once a day).",
    )


def _climbs(store: Store, source: Source, place: Place, name: str) -> Problem:
    return Problem(
        "manifest-path",
        f"{source.name} {place.period}",
        f"the manifest {store.shown(place.stored.key)} names {name!r}, which is not of its own export and month",
        "Nothing was read or loaded. AWS writes no such manifest: find out who wrote it, and who may write there.",
    )


def nothing(store: Store, source: Source, start: str) -> UserError:
    """What to say where no manifest lies."""
    hint = (
        "Name the folder above `data` and `metadata`"
        if re.search(r"/(data|metadata)(/|$)", f"/{start}")
        else "Check it"
    )
    return UserError(
        Problem("delivery-none", source.name, f"no manifest of a billing export lies below {store.shown(start)}",
                f"{hint}: `location` is s3://BUCKET/PREFIX/EXPORT-NAME. What exports there are, and what makes one:\n"
                f"  aiops-cost doctor {source.name}")
    )  # fmt: skip
