"""A delivery in a folder on this machine, such as a synced bucket: the same manifests, and no credentials."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from aiops_cost.errors import UserError
from aiops_cost.model import Problem
from aiops_cost.providers.aws.manifests import Stored


class Tree:
    """A folder as a store of deliveries (see `delivery.Store`); keys are paths below it."""

    def __init__(self, root: Path, shown: str) -> None:
        self._root = root
        self._shown = shown.rstrip("/")

    def folder(self, path: str) -> tuple[list[str], list[Stored]]:
        """Sub-folders and files; links out of the tree are not followed. Raises UserError for what cannot be read."""
        here = self._root / path
        if not here.is_dir():
            return [], []
        folders, objects = [], []
        try:
            for item in sorted(here.iterdir()):
                if item.is_dir():
                    folders += [f"{path}{item.name}/"] if self._inside(item) else []
                elif self._inside(item):
                    objects.append(self._stored(item, f"{path}{item.name}"))
        except OSError as error:
            raise self._unreadable(path, error) from None
        return folders, objects

    def read(self, stored: Stored) -> bytes:
        """The bytes of a manifest."""
        try:
            return self.path(stored.key).read_bytes()
        except OSError as error:
            raise self._unreadable(stored.key, error) from None

    def shown(self, key: str) -> str:
        """The path, from where the configuration stands."""
        return f"{self._shown}/{key}".rstrip("/")

    def path(self, key: str) -> Path:
        """Where a key lies."""
        return self._root / key

    def holds(self, stored: Stored) -> bool:
        """True when a file lies there as it was listed."""
        path = self.path(stored.key)
        return path.is_file() and self._stored(path, stored.key).etag == stored.etag

    def _inside(self, item: Path) -> bool:
        return not item.is_symlink() or item.resolve().is_relative_to(self._root.resolve())

    def _stored(self, item: Path, key: str) -> Stored:
        found = item.stat()
        modified = datetime.fromtimestamp(found.st_mtime, UTC)
        return Stored(key, found.st_size, f"{found.st_size}-{found.st_mtime_ns}", modified)

    def _unreadable(self, key: str, error: OSError) -> UserError:
        return UserError(
            Problem("file-unreadable", self.shown(key), f"cannot be read: {error.strerror}",
                    "Nothing was loaded: what is in it would be missing. Check its owner and rights.")
        )  # fmt: skip
