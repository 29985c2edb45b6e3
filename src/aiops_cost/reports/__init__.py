"""Report formats: one file each, found by listing this folder.

`reports/<format>.py` is a format: the first line of its docstring describes it, `SUFFIXES` are the
file names it answers to, and `render(report, *, width=100, color=False)` is pure and returns text, or
bytes for a format that is not text (`IS_BINARY = True`). A module whose name starts with an underscore
helps the formats and is none. A format is imported when it is used.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from aiops_cost.model import Problem, Report


def formats() -> tuple[str, ...]:
    """The names of all formats, in alphabetical order."""
    found = pkgutil.iter_modules(__path__)
    return tuple(sorted(module.name for module in found if not module.name.startswith("_")))


def describe(format: str) -> str:  # noqa: A002 - it is what the option is called
    """What a format is for, in one line. Raises ValueError when there is no such format."""
    return str(_module(format).__doc__).splitlines()[0]


def render(
    report: Report,
    format: str = "table",  # noqa: A002 - it is what the option is called
    width: int = 100,
    color: bool = False,
) -> str:
    """The report as text that ends with a line break; `width` is in terminal columns.

    Raises ValueError when there is no such format, or when it is not text: then `to_bytes` is the way.
    """
    if is_binary(format):
        raise ValueError(f"{format} is not text")
    text: str = _module(format).render(report, width=width, color=color)
    return text


def to_bytes(
    report: Report,
    format: str,  # noqa: A002 - it is what the option is called
    width: int = 100,
) -> bytes:
    """The report in any format, as the bytes of a file; text as UTF-8. Raises ValueError as `render` does."""
    if not is_binary(format):
        return render(report, format, width).encode()
    content: bytes = _module(format).render(report, width=width)
    return content


def is_binary(format: str) -> bool:  # noqa: A002 - it is what the option is called
    """True for a format whose files are not text. Raises ValueError when there is no such format."""
    return bool(getattr(_module(format), "IS_BINARY", False))


class Unreadable(ValueError):  # noqa: N818 - it is what the file is
    """What is wrong with a saved report: `place` is the file with line or key, `way_out` what to type next."""

    def __init__(self, place: str, sentence: str, way_out: str) -> None:
        super().__init__(f"{place}: {sentence}")
        self.place, self.sentence, self.way_out = place, sentence, way_out


def read(document: str, name: str) -> Report:
    """A report from its JSON; `name` is what messages call the file. In every format it looks as it did.

    Raises Unreadable for what is not a report of ours, is damaged, or comes from a newer program.
    """
    from aiops_cost.reports import _saved

    return _saved.read(document, name)


def format_for(path: str | PurePath, default: str) -> str:
    """The format that a file's suffix asks for; `default` where the name has no suffix.

    Raises ValueError, which lists the known suffixes, for any other suffix.
    """
    suffix = PurePath(path).suffix.lower()
    if not suffix:
        return default
    known = {known: name for name in formats() for known in _module(name).SUFFIXES}
    if suffix not in known:
        raise ValueError(f"no format writes {suffix} files (known: {', '.join(sorted(known))})")
    return known[suffix]


def _module(name: str) -> Any:
    if name not in formats():
        raise ValueError(f"there is no format `{name}` (there are: {', '.join(formats())})")
    return importlib.import_module(f"{__name__}.{name}")


def problems(found: Sequence[Problem], exit_code: int, as_json: bool = False) -> str:
    """Problems as text for stderr, or as JSON for a program."""
    from aiops_cost.reports import _problems

    return _problems.as_json(found, exit_code) if as_json else _problems.text(found)
