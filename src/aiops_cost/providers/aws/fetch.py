"""What AWS delivers now: from S3, or from a folder that was synced from it; only what changed is downloaded.

location -> manifests -> one current set of files per billing period -> files on this machine, each with its hash
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from aiops_cost.model import Errand, Export, Source
from aiops_cost.providers.aws import bucket, cache, delivery
from aiops_cost.providers.aws.account import Account
from aiops_cost.providers.aws.delivery import Delivery, Known
from aiops_cost.providers.aws.manifests import Place, Stored
from aiops_cost.providers.aws.tree import Tree
from aiops_cost.providers.folder import hashed, listed

DOWNLOADS = "downloads"


def fetch(source: Source, base: Path, errand: Errand | None = None) -> Export:
    """The current files of every billing period at `source.location`: `s3://...`, or a path relative to `base`.

    A folder without manifests means every table below it, as for any FOCUS source. Raises ProviderError when AWS
    refuses or is not reached, CouldNotJudge for a delivery that is not whole, UserError for what only the person can
    cure (several exports at the location, a manifest that leads elsewhere).
    """
    errand = errand or Errand()
    home = errand.cache or base / DOWNLOADS
    if source.location.startswith("s3://"):
        return _from_bucket(source, home, errand)
    return _from_folder(source, base, home, errand)


def _from_bucket(source: Source, home: Path, errand: Errand) -> Export:
    name, prefix = bucket.at(source)
    store = bucket.Bucket(Account(source), name)
    with cache.opened(home, source) as kept:
        found = delivery.find(store, prefix, source)
        if not found:
            raise delivery.nothing(store, source, prefix)
        places = delivery.chosen(found, store, source)
        deliveries = _current(store, places, source, kept.known, errand, kept.holds)
        files = [file for one in deliveries for file in one.files]
        wanted = [file for file in files if not kept.holds(file)]
        if wanted:
            size = bucket.human(sum(file.size for file in wanted))
            errand.say(f"{source.name}: {len(wanted)} of {len(files)} files to download, {size}")
            bucket.download(store, wanted, kept, errand.say)
        kept.taken(deliveries)
        return Export(source, tuple(kept.file(file, _named(file, places)) for file in files))


def _from_folder(source: Source, base: Path, home: Path, errand: Errand) -> Export:
    root = base / source.location
    tree = Tree(root, source.location)
    found = delivery.find(tree, "", source) if root.is_dir() else {}
    if not found:
        return Export(source, hashed(listed(source, base)))
    places = delivery.chosen(found, tree, source)
    with cache.opened(home, source) as kept:
        deliveries = _current(tree, places, source, kept.known, errand, tree.holds)
        files = hashed((_named(file, places), tree.path(file.key)) for one in deliveries for file in one.files)
        kept.taken(deliveries)
    return Export(source, files)


def _current(
    store: delivery.Store,
    places: Sequence[Place],
    source: Source,
    known: Mapping[str, Known],
    errand: Errand,
    kept: delivery.Kept,
) -> tuple[Delivery, ...]:
    """The deliveries of the months that are asked for, and those of the others as they were taken before: a month
    that nobody asks for is not looked at, and not forgotten either."""
    asked = [place for place in places if not errand.periods or place.period in errand.periods]
    now = delivery.current(store, asked, source, known, errand, kept)
    others = {place.period for place in places} - {place.period for place in asked}
    before = [
        Delivery(period, one.manifest, one.identity, tuple(one.files.values()))
        for period, one in known.items()
        if period in others and all(map(kept, one.files.values()))
    ]
    return tuple(sorted((*now, *before), key=lambda one: one.period))


def _named(file: Stored, places: Sequence[Place]) -> str:
    """How messages and the record call a file: its key below the export's folder."""
    root = places[0].root
    return file.key[len(root) + 1 :] if root else file.key
