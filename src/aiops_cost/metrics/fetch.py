"""What `pull` does for metrics: ask the servers for the days that are missing or may have changed, and keep them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from aiops_cost.errors import AiopsError, ProviderError
from aiops_cost.metrics import cloudwatch, prometheus, store
from aiops_cost.metrics.file import MetricsSource
from aiops_cost.metrics.points import Measured
from aiops_cost.metrics.read import definition
from aiops_cost.model import Problem

AGAIN = 7
"""Days before the last one kept that are asked for again: late samples, late logs."""


@dataclass(frozen=True)
class Fetched:
    """What was done, as sentences, and the errors of the sources that were required."""

    notes: tuple[str, ...] = ()
    errors: tuple[AiopsError, ...] = ()


def fetch(
    sources: Sequence[MetricsSource],
    ledger: str,
    today: date,
    env: Mapping[str, str],
    keep: bool = True,
    say: Callable[[str], None] = lambda _: None,
) -> Fetched:
    """Ask every server for what is missing up to yesterday, and keep it beside the ledger (unless `keep` is false).

    A server that refuses or is away is a note, and what was kept of it stays; where it is `required`, its error comes
    back too.
    """
    known = store.read(ledger) if any(source.fetched for source in sources) else {}
    notes: list[str] = []
    errors: list[AiopsError] = []
    for source in (source for source in sources if source.fetched):
        say(f"{source.name}: asking for metrics")
        kept = known.get(source.name)
        same = kept if kept and kept.definition == definition(source) else None
        first = _first(source, same.last_day if same else None, today)
        try:
            found = _asked(source, first, today - timedelta(days=1), env)
        except ProviderError as error:
            if source.entry.required:
                errors.append(error)
            else:
                notes.append(_without(source, kept, error))
            continue
        if keep:
            store.replace(ledger, source.name, found.points, first if same else None, definition(source))
        notes += [*found.notes, _done(source, found, first, keep)]
    return Fetched(tuple(notes), tuple(errors))


def _first(source: MetricsSource, last: date | None, today: date) -> date:
    if last is None:
        return today - timedelta(days=max(source.entry.history, 1))
    return min(last, today - timedelta(days=1)) - timedelta(days=AGAIN)


def _asked(source: MetricsSource, first: date, last: date, env: Mapping[str, str]) -> Measured:
    if source.entry.cloudwatch:
        return cloudwatch.fetch(source, first, last)
    return prometheus.fetch(source, first, last, _token(source, env))


def _token(source: MetricsSource, env: Mapping[str, str]) -> str | None:
    variable = source.entry.token_from
    if variable is None:
        return None
    if not env.get(variable):
        raise ProviderError(
            Problem(
                "metrics-token",
                f"{source.place} ({source.name})",
                f"`token_from` names the variable {variable}, and it is not set",
                f"Set it where this runs:  export {variable}=...",
            )
        )
    return env[variable]


def _without(source: MetricsSource, kept: store.Kept | None, error: ProviderError) -> str:
    until = f"what was kept until {kept.last_day} stays" if kept and kept.last_day else "nothing is known of it yet"
    return f"metrics of {source.name} did not come: {error.problems[0].sentence}; {until}"


def _done(source: MetricsSource, found: Measured, first: date, keep: bool) -> str:
    days = {point.day for point in found.points}
    if not days:
        return f"metrics of {source.name}: the server has no value since {first}"
    did = "kept" if keep else "would be kept"
    return f"metrics of {source.name}: {len(found.points)} values of {min(days)}..{max(days)} {did}"
