"""What providers themselves say that months cost, kept beside the ledger: asked once, compared many times."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from aiops_cost.errors import CouldNotJudge
from aiops_cost.model import Problem, ProviderAmount, ProviderTotal

_FOLDER = "totals"
_SCHEMA = 1


def read(location: Path, sources: Iterable[str]) -> tuple[ProviderTotal, ...]:
    """What is kept for the sources. Raises CouldNotJudge for a file that cannot be read or understood."""
    found: list[ProviderTotal] = []
    for source in sources:
        found += _read(_path(location, source), source)
    return tuple(found)


def keep(location: Path, source: str, totals: Sequence[ProviderTotal]) -> None:
    """Put totals in the place of those of the same months; the file is whole or as it was, and private."""
    new = {one.period for one in totals}
    kept = [*(one for one in read(location, [source]) if one.period not in new), *totals]
    path = _path(location, source)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_suffix(".part")
    written = {"schema": _SCHEMA, "totals": [asdict(one) for one in sorted(kept, key=lambda one: one.period)]}
    with os.fdopen(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(written, file, indent=1, default=str)
    part.replace(path)


def _path(location: Path, source: str) -> Path:
    return location / _FOLDER / f"{source}.json"


def _read(path: Path, source: str) -> list[ProviderTotal]:
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
        return [
            ProviderTotal(
                source=source,
                period=one["period"],
                account=one["account"],
                currency=one["currency"],
                asked_at=datetime.fromisoformat(one["asked_at"]),
                estimated=one["estimated"],
                amounts=tuple(
                    ProviderAmount(a["service"], a["kind"], Decimal(a["billed"]), Decimal(a["effective"]))
                    for a in one["amounts"]
                ),
            )
            for one in written["totals"]
        ]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError, ArithmeticError):
        raise CouldNotJudge(
            Problem("totals-damaged", str(path), "the provider's totals that are kept here cannot be understood",
                    f"Remove the file, and ask again:  aiops-cost pull {source} --reconcile")
        ) from None  # fmt: skip
