"""Writes a first configuration and a budget to fill in, from the FOCUS files that lie in a folder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import duckdb

from aiops_cost.errors import AiopsError, UserError
from aiops_cost.ledger import intake
from aiops_cost.model import Problem, Source
from aiops_cost.money import is_currency
from aiops_cost.providers.aws.manifests import Stored, place_of
from aiops_cost.providers.folder import listed

_S3 = "s3://"

CONFIG = """\
# aiops-cost reads this file from the working directory or above it. Every key:  aiops-cost schema config
ledger: ./ledger            # where the normalized bills are kept; a folder of its own, for your eyes only
currency: {currency}               # everything is reported in it; other currencies need `fx:`
sources:                    # one entry per billing feed
{sources}
budgets: [budgets/*.yaml]   # the migration plan
# rules: [rules/*.yaml]     # your rules about what spend is for; they come before the built-in ones
# owners: owners.yaml       # who owns what no tag names
# fx: fx.csv                # date,from,to,rate
# tags:                     # where names stand in your tags; the first that is present counts
#   workload: [tags.workload, tags.app]
"""

BUDGET = """\
# The migration plan: what each activity may cost per month. Every key:  aiops-cost schema budget
budget: migration
currency: {currency}
# approved: {{by: who, on: 2026-01-31}}
months: {first}..{last}
lines:
  - scope: {{activity: serving}}
    amount: {{start: 1000, growth: 0%/month}}   # or 1000, or {{2026-01: 1000, 2026-02: 1100}}
    tolerance: {{warn: 5%, breach: 10%, at_least: 100}}
  - scope: {{activity: training}}
    amount: 1000
  - scope: {{activity: storage}}
    amount: 1000
"""

_NAMES = ("ProviderName", "BillingAccountId", "SubAccountId", "ServiceName", "ResourceId", "ChargeDescription")
"""Columns of text by which two bills of equal sums are told apart."""


@dataclass(frozen=True)
class Made:
    """What was written, as sentences for the person who asked."""

    said: tuple[str, ...]


def write(folder: Path, locations: Sequence[str], currency: str | None, months: tuple[str, str], force: bool) -> Made:
    """Write aiops-cost.yaml and budgets/migration.yaml into `folder`.

    `locations` are files, folders, globs or `s3://` addresses; without any, every folder below `folder` that holds
    bills becomes a source. Raises UserError when a file is there already (unless `force`), or a location holds no bill.
    """
    if currency is not None and not is_currency(currency):
        raise UserError(
            Problem(
                "currency-code", "", f"`{currency}` is not a currency code", "Write three capital letters, like USD."
            )
        )
    config, budget = folder / "aiops-cost.yaml", folder / "budgets" / "migration.yaml"
    there = [path for path in (config, budget) if path.exists()]
    if there and not force:
        raise UserError(
            Problem("init-exists", str(path), "this file is there already", "Keep it, or replace it with --force.")
            for path in there
        )
    delivered = _deliveries(folder)
    found, copies = ([], {}) if locations else _apart(folder, _found(folder, delivered))
    chosen = list(locations) or [*delivered, *found]
    aws = {where for where in chosen if where.startswith(_S3) or where.rstrip("/") in delivered}
    names = _names(chosen)
    sources = [
        _delivery(name, where) if where in aws else _source(folder, where)
        for name, where in zip(names, chosen, strict=True)
    ]
    entries = [
        f"  - {{name: {name}, provider: {'aws' if where in aws else 'focus'}, location: {_quoted(where)}}}"
        for name, where in zip(names, chosen, strict=True)
    ]
    if not entries:
        entries = [
            "  - {name: bills, provider: focus, location: ./bills}   # put FOCUS files (CSV, CSV.gz, Parquet) there"
        ]
    budget.parent.mkdir(parents=True, exist_ok=True)
    files = [where for where in chosen if where not in aws]
    code = currency or next(filter(None, (_billed_in(folder, where) for where in files)), "USD")
    config.write_text(CONFIG.format(currency=code, sources="\n".join(entries)), encoding="utf-8")
    budget.write_text(BUDGET.format(currency=code, first=months[0], last=months[1]), encoding="utf-8")
    said = [f"wrote {config} and {budget}"]
    said += [f"source {name}: {text}" for name, text in zip(names, sources, strict=True)]
    said += [f"left out: {copy} holds the same bills as {first}" for copy, first in copies.items()]
    said.append("Next:  aiops-cost pull, then aiops-cost report; fill in the budget, then aiops-cost check")
    return Made(tuple(said))


def _deliveries(folder: Path) -> list[str]:
    """Folders below `folder` in which AWS's manifests say what is a bill: what lies there is one source, not many."""
    roots = set()
    for path in folder.rglob("*-Manifest.json"):
        key = path.relative_to(folder).as_posix()
        if place := place_of(Stored(key, 0, "", datetime.min.replace(tzinfo=UTC))):
            roots.add(f"./{place.root}" if place.root else ".")
    return sorted(roots)


def _delivery(name: str, location: str) -> str:
    where = "in S3" if location.startswith(_S3) else f"an AWS delivery at {location}"
    return f"{where}; who may read it, and what is there:  aiops-cost doctor {name}"


def _found(folder: Path, delivered: Sequence[str]) -> list[str]:
    """Folders below `folder` that hold a file which a contract recognises, nearest first, outside of deliveries and of
    Delta tables: a ledger speaks FOCUS, too, and is no bill."""
    found: list[str] = []
    tables = {log.parent for log in folder.rglob("_delta_log")}
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if any(root == "." or f"./{inside.as_posix()}".startswith(f"{root}/") for root in delivered):
            continue
        if (
            not path.is_file()
            or not path.name.endswith((".csv", ".csv.gz", ".parquet"))
            or any(p[0] == "." for p in inside.parts)
            or tables & set(path.parents)
        ):
            continue
        where = f"./{inside.parent}" if inside.parent != Path() else f"./{inside.name}"
        if where in found or any(where.startswith(f"{known}/") for known in found):
            continue
        try:
            intake.peek(path)
        except AiopsError:
            continue  # not a bill; init looks around, it does not judge
        found.append(where)
    return found


def _apart(folder: Path, found: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The locations that hold bills of their own, and each copy with the location that it is a copy of."""
    seen: dict[object, str] = {}
    copies: dict[str, str] = {}
    for where in found if len(found) > 1 else ():
        first = seen.setdefault(_contents(folder, where), where)
        if first != where:
            copies[where] = first
    return [where for where in found if where not in copies], copies


def _contents(folder: Path, location: str) -> object:
    """What the bills of a location say, however they are written and divided into files: rows, sums, and whose and
    for what; the bytes themselves where they are in no FOCUS column."""
    files = [path for _, path in listed(Source("init", "focus", location), folder)]
    named = ", ".join(f"'{name}'" for name in _NAMES)
    sql = (
        "SELECT count(*), sum(TRY_CAST(BilledCost AS DECIMAL(38,18))), sum(TRY_CAST(EffectiveCost AS DECIMAL(38,18))),"
        f" sum(CAST(hash(*COLUMNS(lambda name: name IN ({named}))) AS HUGEINT)) FROM "
    )
    sums = []
    try:
        with duckdb.connect() as con:
            for path in files:
                sums.append(con.execute(sql + _reader(path), [str(path)]).fetchone() or (0,) * 4)
        return tuple(sum(part or 0 for part in parts) for parts in zip(*sums, strict=True))
    except duckdb.Error:
        return frozenset(sha256(path.read_bytes()).hexdigest() for path in files)


def _reader(path: Path) -> str:
    return "read_parquet(?)" if path.name.endswith((".parquet", ".pq")) else "read_csv(?, all_varchar = true)"


def _source(folder: Path, location: str) -> str:
    files = listed(Source("init", "focus", location), folder)
    contract, version = intake.peek(files[0][1])
    count = f"{len(files)} file{'s' if len(files) > 1 else ''}"
    return f"{count} at {location}, the first is {contract.file.title}" + (f" (version {version})" if version else "")


def _billed_in(folder: Path, location: str) -> str | None:
    """The currency of the first bill there; None where its rows do not say."""
    path = listed(Source("init", "focus", location), folder)[0][1]
    try:
        with duckdb.connect() as con:
            sql = f"SELECT BillingCurrency FROM {_reader(path)} WHERE BillingCurrency IS NOT NULL LIMIT 1"
            row = con.execute(sql, [str(path)]).fetchone()
    except duckdb.Error:
        return None  # the pull will tell what is wrong with the file, at its line
    return row[0] if row and row[0] and is_currency(row[0]) else None


def _names(locations: Sequence[str]) -> list[str]:
    """A short name for each location, each different."""
    names: list[str] = []
    for location in locations:
        parts = [part for part in re.split(r"[/\\]", location) if part not in {"", "."} and "*" not in part]
        base = re.sub(r"[^a-z0-9]+", "-", (parts[-1] if parts else "bills").lower().split(".")[0]).strip("-") or "bills"
        name, number = base, 2
        while name in names:
            name, number = f"{base}-{number}", number + 1
        names.append(name)
    return names


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
