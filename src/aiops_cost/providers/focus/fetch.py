"""Finds the FOCUS files of a source on this machine: a file, a folder, or a glob. Copies nothing.

This is the folder to copy for a new provider: `fetch` answers what the source delivers now, as files with their
hashes; the contracts beside it say what is in them.
"""

from __future__ import annotations

from pathlib import Path

from aiops_cost.model import Errand, Export, Source
from aiops_cost.providers.folder import hashed, listed


def fetch(source: Source, base: Path, _errand: Errand | None = None) -> Export:
    """All files that `source.location` names, relative to `base`, in the order of their names.

    A folder means every file below it that ends like a table (hidden ones and `_SUCCESS` markers left out).
    Raises UserError when there is none, or one cannot be read.
    """
    return Export(source, hashed(listed(source, base)))
