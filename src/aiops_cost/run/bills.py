"""Bills into the ledger, and what it holds of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from aiops_cost import feeds
from aiops_cost.answers import doctor as doctor_answer
from aiops_cost.answers import lists
from aiops_cost.answers import reconcile as reconcile_answer
from aiops_cost.answers import status as status_answer
from aiops_cost.config import Config
from aiops_cost.documents import near
from aiops_cost.errors import AiopsError, UserError, defect
from aiops_cost.feeds import fetch
from aiops_cost.ledger import totals
from aiops_cost.ledger.frame import Ledger
from aiops_cost.ledger.load import LoadResult, Options, load
from aiops_cost.ledger.status import state_of
from aiops_cost.metrics import fetch as metrics_fetch
from aiops_cost.model import Diagnosis, Errand, Problem, Report, Source, Table
from aiops_cost.run.snapshot import NEWEST, Known, place_of

PullOptions = Options


def pull(
    config: Config, names: Sequence[str], options: Options, say: Callable[[str], None] = lambda _: None
) -> tuple[list[LoadResult], list[AiopsError]]:
    """Fetch and load the named sources, or all of them. A source that fails does not stop the others; its error
    is returned beside what was loaded. Raises AiopsError for a ledger that cannot be opened, before anything is
    fetched."""
    Ledger.open(config.ledger)
    results: list[LoadResult] = []
    errors: list[AiopsError] = []
    for source in _chosen(config, names):
        say(f"{source.name}: looking at {source.location}")
        try:
            errand = Errand(config.cache, options.periods, options.now, say)
            results.append(load(Path(config.ledger), fetch(source, config.folder, errand), options))
        except AiopsError as error:
            errors.append(error)
        except Exception as error:
            errors.append(defect(error))
    return results, errors


def measure(
    config: Config,
    today: date,
    env: Mapping[str, str],
    dry_run: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> metrics_fetch.Fetched:
    """Fetch the metrics that come over a network, up to the day before `today`, and keep them beside the ledger."""
    return metrics_fetch.fetch(config.metrics, config.ledger, today, env, not dry_run, say)


def loads(
    results: Sequence[LoadResult],
    errors: Sequence[AiopsError],
    dry_run: bool,
    more: Sequence[Table] = (),
    notes: Sequence[str] = (),
    beside: Sequence[AiopsError] = (),
) -> Report:
    """What a pull did, per source and period; the exit code is that of the worst error."""
    found = lists.loads(results, errors, dry_run, more, beside)
    return replace(found, notes=(*found.notes, *notes))


def reconcile(
    config: Config, names: Sequence[str], as_of: date, now: datetime, say: Callable[[str], None] = lambda _: None
) -> tuple[tuple[Table, ...], list[AiopsError]]:
    """Ask the providers for their own totals, and hold the ledger against them (see `feeds.reconcile`)."""
    return feeds.reconcile(Path(config.ledger), _chosen(config, names), as_of, Errand(now=now, say=say))


def status(config: Config, as_of: date, detail: bool = False, known: Known = NEWEST) -> Report:
    """What the ledger holds, per source and period; or held, where `known` says when."""
    ledger = Ledger.open(config.ledger, known.version, known.on)
    states = tuple(state_of(source, ledger.records, as_of) for source in config.sources)
    kept = totals.read(Path(config.ledger), [source.name for source in config.sources])
    return status_answer.answer(states, as_of, ledger.version, detail, reconcile_answer.tables(ledger, kept))


def doctor(
    config: Config, names: Sequence[str], as_of: date, now: datetime, say: Callable[[str], None] = lambda _: None
) -> Report:
    """Everything that can be looked at without changing or paying anything, and what is wrong with it."""
    chosen = _chosen(config, names)
    counted = [lists.counted(len(config.sources), "source"), lists.counted(len(config.budgets), "budget")]
    read = f"{place_of(config.file)}: {', '.join(counted)}"
    found = [Diagnosis("configuration", "file", "ok", read)]
    found += doctor_answer.house(config.ledger, config.cache, chosen, as_of)
    found += feeds.examine(chosen, config.folder, Errand(config.cache, (), now, say))
    return doctor_answer.answer(found)


def paper(config: Config, names: Sequence[str], wanted: str) -> str:
    """A text that an administrator needs for a source: its policy, or the definition of an export to make."""
    return feeds.paper(_chosen(config, names), wanted)


def _chosen(config: Config, names: Sequence[str]) -> list[Source]:
    known = {source.name: source for source in config.sources}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UserError(
            Problem("source-unknown", "", f"there is no source `{name}` in the configuration",
                    near(name, list(known)) or f"The sources are: {', '.join(known)}.")
            for name in unknown
        )  # fmt: skip
    if not known:
        raise UserError(
            Problem("sources-none", str(config.file), "no source is configured", "Add one under `sources:`.")
        )
    return [known[name] for name in names] if names else list(config.sources)
