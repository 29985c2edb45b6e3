"""Looks after a source of FOCUS files on this machine: are there any, and can they be read?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from aiops_cost.errors import AiopsError
from aiops_cost.model import Diagnosis, Errand, Source
from aiops_cost.providers.folder import listed


def examine(source: Source, base: Path, _errand: Errand) -> Iterator[Diagnosis]:
    """The files at the location."""
    try:
        found = listed(source, base)
        for _, path in found:
            path.open("rb").close()
    except AiopsError as error:
        yield from (
            Diagnosis(source.name, "files", "wrong", one.sentence, one.way_out, error.exit_code)
            for one in error.problems
        )
    except OSError as error:
        yield Diagnosis(source.name, "files", "wrong", f"{error.filename} cannot be read: {error.strerror}",
                        "Check its owner and rights.", exit_code=2)  # fmt: skip
    else:
        size = sum(path.stat().st_size for _, path in found)
        yield Diagnosis(source.name, "files", "ok", f"{len(found)} files, {size:,} bytes")


def written(_source: Source) -> Mapping[str, str]:
    """Nothing is needed from an administrator."""
    return {}
