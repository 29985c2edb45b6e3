"""A delivery in S3: listed folder by folder, manifests read, files downloaded, several at once, and resumed."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from threading import Lock
from typing import Any

from aiops_cost.errors import ProviderError, UserError
from aiops_cost.model import Problem, Source
from aiops_cost.providers.aws.account import Account
from aiops_cost.providers.aws.cache import Cache, hashes, private
from aiops_cost.providers.aws.delivery import WORKERS
from aiops_cost.providers.aws.manifests import Stored

CUTS = 6
"""So many times one file's download may be cut off before we give up; each try goes on where the last one ended."""
_BLOCK = 1 << 20
_STEP = 0.1
"""A line of progress for every tenth of the bytes, where there are many."""
_MANY = 20_000_000
_BUCKET = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(?P<prefix>.*))?")


class Bucket:
    """A bucket as a store of deliveries (see `delivery.Store`)."""

    def __init__(self, account: Account, name: str) -> None:
        self.account = account
        self.name = name
        self.arn = f"arn:{account.partition}:s3:::{name}"
        self.client = account.client("s3")

    def folder(self, path: str) -> tuple[list[str], list[Stored]]:
        """Sub-folders and objects, all pages of them."""
        folders: list[str] = []
        objects: list[Stored] = []
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=path, Delimiter="/")
        with self.account.asking("s3:ListBucket", self.arn):
            for page in pages:
                folders += [item["Prefix"] for item in page.get("CommonPrefixes", ())]
                objects += [
                    Stored(item["Key"], item["Size"], item["ETag"].strip('"'), item["LastModified"])
                    for item in page.get("Contents", ())
                    if item["Key"] != path
                ]
        return folders, objects

    def read(self, stored: Stored) -> bytes:
        """The content of a manifest, as it was listed."""
        with self.account.asking("s3:GetObject", f"{self.arn}/{stored.key}"):
            answer = self.client.get_object(Bucket=self.name, Key=stored.key, IfMatch=f'"{stored.etag}"')
            return bytes(answer["Body"].read())

    def shown(self, key: str) -> str:
        """The address of an object."""
        return f"s3://{self.name}/{key}"


def at(source: Source) -> tuple[str, str]:
    """Bucket and prefix (empty, or ending with `/`) of a location. Raises UserError."""
    match = _BUCKET.fullmatch(source.location)
    if not match:
        raise UserError(
            Problem("location-bad", source.name, f"`{source.location}` is not the address of a folder in S3",
                    "Write it as  s3://BUCKET/PREFIX/EXPORT-NAME")
        )  # fmt: skip
    prefix = (match["prefix"] or "").strip("/")
    return match["bucket"], f"{prefix}/" if prefix else ""


def download(bucket: Bucket, wanted: Sequence[Stored], cache: Cache, say: Callable[[str], None]) -> None:
    """Bring the wanted objects into the cache, several at once; the first failure stops the rest, and what came stays.

    Raises ProviderError.
    """
    progress = _Progress(bucket.account.source.name, wanted, say)
    with ThreadPoolExecutor(WORKERS) as pool:
        tasks = [pool.submit(_one, bucket, stored, cache, progress) for stored in wanted]
        try:
            for task in as_completed(tasks):
                task.result()
        except BaseException:
            progress.stopped = True
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _one(bucket: Bucket, stored: Stored, cache: Cache, progress: _Progress) -> None:
    target = cache.path(stored)
    part = target.with_name(f"{target.name}.part")
    with bucket.account.asking("s3:GetObject", f"{bucket.arn}/{stored.key}"):
        answer = _resumed(bucket, stored, part, progress)
    if progress.stopped:
        return
    found = hashes(part)
    if part.stat().st_size != stored.size or (_is_md5(stored, answer) and found.md5 != stored.etag):
        raise _damaged(bucket, stored, part)
    part.replace(target)
    with progress.lock:
        cache.keep(stored, found, answer.get("VersionId"))


def _damaged(bucket: Bucket, stored: Stored, part: Path) -> ProviderError:
    part.unlink(missing_ok=True)
    return ProviderError(
        Problem("download-damaged", bucket.account.source.name,
                f"{bucket.shown(stored.key)} arrived with other bytes than S3 holds",
                "Nothing was loaded; the ledger is as it was. Type the command again.")
    )  # fmt: skip


def _resumed(bucket: Bucket, stored: Stored, part: Path, progress: _Progress) -> dict[str, Any]:
    """Download into `part`, going on after each cut; returns the last answer."""
    from botocore.exceptions import FlexibleChecksumError, HTTPClientError, IncompleteReadError, ResponseStreamingError

    for cut in range(CUTS):
        if cut:
            time.sleep(random.uniform(0, min(2**cut / 2, 20)))  # noqa: S311 - jitter
        try:
            return _streamed(bucket, stored, part, progress)
        except FlexibleChecksumError:
            raise _damaged(bucket, stored, part) from None
        except (HTTPClientError, IncompleteReadError, ResponseStreamingError):
            if progress.stopped:
                raise
    came = part.stat().st_size if part.exists() else 0
    raise ProviderError(
        Problem("download-cut", bucket.account.source.name,
                f"the download of {bucket.shown(stored.key)} was cut off {CUTS} times;"
                f" {came:,} of {stored.size:,} bytes came",
                "Nothing was loaded; what came is kept, and goes on from there when you type the command again.")
    )  # fmt: skip


def _streamed(bucket: Bucket, stored: Stored, part: Path, progress: _Progress) -> dict[str, Any]:
    have = part.stat().st_size if part.exists() else 0
    if have >= stored.size:
        have = 0
    rest = {"Range": f"bytes={have}-"} if have else {}
    same = f'"{stored.etag}"'
    answer: dict[str, Any] = bucket.client.get_object(Bucket=bucket.name, Key=stored.key, IfMatch=same, **rest)
    going_on = have and answer["ResponseMetadata"]["HTTPStatusCode"] == 206
    progress.begin(stored, have if going_on else 0)
    with private(part, "a" if going_on else "w") as file:
        for block in answer["Body"].iter_chunks(_BLOCK):
            if progress.stopped:
                break
            file.write(block)
            progress.add(stored, len(block))
    return answer


def _is_md5(stored: Stored, answer: dict[str, Any]) -> bool:
    """True where the ETag is documented to be the MD5 of the bytes: one part, and no key of KMS or of the caller."""
    own = answer.get("ServerSideEncryption", "AES256") == "AES256" and "SSECustomerAlgorithm" not in answer
    return own and re.fullmatch(r"[0-9a-f]{32}", stored.etag) is not None


class _Progress:
    """Counts bytes over all threads, and says each tenth."""

    def __init__(self, name: str, wanted: Sequence[Stored], say: Callable[[str], None]) -> None:
        self.lock = Lock()
        self.stopped = False
        self._name, self._say = name, say
        self._came = {stored.key: 0 for stored in wanted}
        self._total = sum(stored.size for stored in wanted)
        self._next = _STEP

    def begin(self, stored: Stored, have: int) -> None:
        with self.lock:
            self._came[stored.key] = have

    def add(self, stored: Stored, count: int) -> None:
        with self.lock:
            self._came[stored.key] += count
            came = sum(self._came.values())
            if self._total >= _MANY and came >= self._next * self._total and came < self._total:
                self._say(f"{self._name}: {human(came)} of {human(self._total)}")
                while came >= self._next * self._total:
                    self._next += _STEP


def human(size: int) -> str:
    """Bytes in the largest unit that leaves a number of at least 1."""
    amount, units = float(size), ["bytes", "kB", "MB", "GB", "TB"]
    while amount >= 1000 and len(units) > 1:
        amount, units = amount / 1000, units[1:]
    return f"{amount:.0f} {units[0]}" if units[0] == "bytes" else f"{amount:.1f} {units[0]}"
