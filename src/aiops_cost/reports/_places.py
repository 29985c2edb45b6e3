"""Where a finding points: the file, line and column of the budget or rule that it is about."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote

from aiops_cost.model import Finding

NOWHERE = "aiops-cost.yaml"
"""What a finding without a place is about: the configuration, for a report does not know another file."""

_PLACE = re.compile(r"(?P<file>.+?)(?::(?P<line>\d+))?(?::(?P<column>\d+))?\Z", re.DOTALL)


class Place(NamedTuple):
    """A place in a file; lines and columns count from 1."""

    file: str
    line: int = 1
    column: int = 1

    @property
    def uri(self) -> str:
        """The file as a URI reference, relative where the path is."""
        path = quote(self.file.replace("\\", "/"), safe="/")
        return f"file://{path}" if path.startswith("/") else path


def place_of(finding: Finding) -> Place:
    """The place of a finding; the first line of the configuration for one that has none."""
    found = _PLACE.match(finding.place or "")
    if not found:
        return Place(NOWHERE)
    return Place(found["file"], max(int(found["line"] or 1), 1), max(int(found["column"] or 1), 1))
