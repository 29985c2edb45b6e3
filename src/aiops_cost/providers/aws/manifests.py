"""What AWS says it delivered: a manifest's place and text become the one list of files of a billing period.

Pure: names and bytes in, values out; the same for a bucket and for a folder that was synced from one. Two layouts,
as https://docs.aws.amazon.com/cur/latest/userguide/ describes them (understanding-report-versions,
dataexports-export-delivery, dataexports-manifest):

    Data Exports  ROOT/metadata/BILLING_PERIOD=2026-05/NAME-Manifest.json     `dataFiles`, full s3:// addresses
    legacy CUR    ROOT/20260501-20260601/NAME-Manifest.json                   `reportKeys`, keys of the bucket

The manifest that lies directly in the folder of its period is the current one, whatever the delivery mode; copies of
older ones lie deeper. Only files that it names count: a folder may hold every delivery of the month.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

DATA_EXPORT = "data export"
LEGACY = "cost and usage report"

_AT = (
    (DATA_EXPORT, re.compile(r"(?:(?P<root>.*)/)?metadata/BILLING_PERIOD=(?P<period>\d{4}-\d\d)/(?P<name>[^/]+)")),
    (LEGACY, re.compile(r"(?:(?P<root>.*)/)?(?P<start>(?P<y>\d{4})(?P<m>\d\d)01)-\d{6}01/(?P<name>[^/]+)")),
)
_ENDING = "-Manifest.json"
_BELOW_ROOT = re.compile(
    r"(?:^|/)(?P<inner>"
    r"data/BILLING_PERIOD=(?P<export>\d{4}-\d\d)/.+"
    r"|(?P<cur>\d{6})01-\d{8}/.+"
    r"|[^/]+/year=(?P<year>\d{4})/month=(?P<month>\d{1,2})/.+"
    r")$"
)
"""Where data files lie below an export's root; what stands before is the prefix at the time of delivery, which a copy
of the bucket need not have kept."""


class Unreadable(Exception):  # noqa: N818 - it is what a manifest is
    """A manifest that cannot be understood, and why."""


class Climbs(Unreadable):
    """A manifest that names a file outside its own export and period."""


@dataclass(frozen=True)
class Stored:
    """One object of a listing. `etag` changes whenever the content does; it is not a hash to rely on."""

    key: str
    size: int
    etag: str
    modified: datetime


@dataclass(frozen=True)
class Place:
    """What a manifest's own key says: which export it belongs to (`root`, `name`), and which month."""

    kind: str
    root: str
    name: str
    period: str
    stored: Stored


@dataclass(frozen=True)
class Manifest:
    """The word of AWS on one billing period: the delivery's `identity` (assembly or execution id) and its files, keys
    below the place where the manifest was found; `sizes` where the manifest states them."""

    place: Place
    identity: str
    keys: tuple[str, ...]
    sizes: Mapping[str, int]


def place_of(stored: Stored) -> Place | None:
    """The place of a current manifest; None for any other object.

    >>> from datetime import datetime
    >>> found = place_of(Stored("x/hourly/20260501-20260601/hourly-Manifest.json", 9, "", datetime(2026, 6, 1)))
    >>> found.kind, found.root, found.name, found.period
    ('cost and usage report', 'x/hourly', 'hourly', '2026-05')
    """
    for kind, pattern in _AT:
        match = pattern.fullmatch(stored.key)
        if match and match["name"].endswith(_ENDING):
            groups = match.groupdict()
            period = groups.get("period") or f"{groups['y']}-{groups['m']}"
            return Place(kind, match["root"] or "", match["name"].removesuffix(_ENDING), period, stored)
    return None


def exports(places: Iterable[Place]) -> dict[tuple[str, str], list[Place]]:
    """Places by export (root and name), each in the order of months."""
    found: dict[tuple[str, str], list[Place]] = {}
    for place in sorted(places, key=lambda place: (place.root, place.name, place.period)):
        found.setdefault((place.root, place.name), []).append(place)
    return found


def read(place: Place, body: bytes) -> Manifest:
    """Understand a manifest. Raises Unreadable, and Climbs for a path that leads out of the export."""
    try:
        written = json.loads(body.decode("utf-8-sig"))
    except ValueError:
        raise Unreadable("it is not JSON; its delivery may have been cut off") from None
    if not isinstance(written, dict):
        raise Unreadable("it is not a JSON object")
    sizes: dict[str, int] = {}
    for name, size in _named(place.kind, written):
        key = _resolved(place, name)
        if size is not None:
            sizes[key] = size
        else:
            sizes.setdefault(key, -1)
    _same_period(place, written)
    identity = str(written.get("assemblyId" if place.kind == LEGACY else "executionId") or "")
    return Manifest(place, identity, tuple(sizes), {key: size for key, size in sizes.items() if size >= 0})


def _named(kind: str, written: Mapping[str, Any]) -> Iterator[tuple[str, int | None]]:
    """Each file that the manifest names, with its size where that is stated."""
    key = "reportKeys" if kind == LEGACY else "dataFiles"
    listed = written.get(key)
    if not isinstance(listed, list):
        raise Unreadable(f"it has no list `{key}`")
    for item in listed:
        if isinstance(item, str):
            yield item, None
            continue
        name = (item.get("s3Uri") or item.get("key")) if isinstance(item, dict) else None
        if not isinstance(name, str):
            raise Unreadable(f"`{key}` holds something that is no file name")
        size = item.get("size")
        yield name, size if isinstance(size, int) and not isinstance(size, bool) else None


def _resolved(place: Place, name: str) -> str:
    """The key of a data file, below the place where its manifest lies."""
    key = re.sub(r"^s3://[^/]*/", "", name).lstrip("/")
    parts = key.split("/")
    if "\\" in key or any(part in {"", ".", ".."} or not part.isprintable() for part in parts):
        raise Climbs(name)
    match = _BELOW_ROOT.search(key)
    if not match:
        raise Climbs(name)
    if match["export"]:
        period = match["export"]
    elif match["cur"]:
        period = f"{match['cur'][:4]}-{match['cur'][4:]}"
    else:
        period = f"{match['year']}-{int(match['month']):02}"
    if period != place.period:
        raise Climbs(name)
    return f"{place.root}/{match['inner']}" if place.root else match["inner"]


def _same_period(place: Place, written: Mapping[str, Any]) -> None:
    """A legacy manifest states its month; the folder must agree (a Data Exports manifest need not state any)."""
    period = written.get("billingPeriod")
    if not isinstance(period, dict):
        return
    start = re.sub(r"\D", "", str(period.get("start", "")))[:6]
    if start and start != place.period.replace("-", ""):
        raise Unreadable(f"it says that it is of {start[:4]}-{start[4:]}, and lies in the folder of {place.period}")
