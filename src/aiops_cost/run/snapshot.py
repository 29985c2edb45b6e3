"""One snapshot of everything: the ledger, what its lines are for, the plan, what the money bought."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from aiops_cost import checks, memory, spend
from aiops_cost.budget import revise
from aiops_cost.budget.plan import Budget
from aiops_cost.budget.rates import read_rates
from aiops_cost.budget.read import Terms, read_budgets
from aiops_cost.config import Config, shown
from aiops_cost.ledger import recount, schema, totals
from aiops_cost.ledger.frame import Ledger
from aiops_cost.ledger.status import state_of
from aiops_cost.metrics import read as metrics_read
from aiops_cost.model import Problem, ProviderTotal, SourceState
from aiops_cost.rules import tables
from aiops_cost.rules.tags import TagMap, tag_map
from aiops_cost.run.attribution import Attribution, Book

if TYPE_CHECKING:
    import duckdb


COSTS = schema.AMOUNTS


@dataclass(frozen=True)
class Known:
    """Which of the ledger's snapshots to look at: the newest, the one after a commit, or the one at a day's end."""

    version: int | None = None
    on: date | None = None


NEWEST = Known()


@dataclass(frozen=True)
class Session:
    """One snapshot of everything, attributed and in the report currency: what questions are asked of."""

    config: Config
    as_of: date
    states: tuple[SourceState, ...]
    attribution: Attribution
    budgets: tuple[Budget, ...]
    totals: tuple[ProviderTotal, ...] = ()
    metric_notes: tuple[str, ...] = ()
    unreconciled: tuple[recount.Mismatch, ...] = ()

    @property
    def con(self) -> duckdb.DuckDBPyConnection:
        """The connection with the views that everything is asked of (see `spend`)."""
        return self.attribution.con

    @property
    def ledger(self) -> Ledger:
        return self.attribution.ledger

    @property
    def book(self) -> Book:
        return self.attribution.book

    @property
    def tag_problems(self) -> tuple[Problem, ...]:
        """What attribution met: tags that contradict each other."""
        return self.attribution.found.problems

    @property
    def view(self) -> checks.View:
        """What the checks look at."""
        config = self.config
        return checks.View(
            self.con,
            self.states,
            self.budgets,
            self.as_of,
            config.currency,
            config.cost,
            self.attribution.found.used_columns,
            self.totals,
            unreconciled=self.unreconciled,
        )


def attribute(
    config: Config, as_of: date, with_plan: bool = True, against: str = "current", known: Known = NEWEST
) -> Session:
    """Open the ledger, run the rules over its lines, convert to the report currency, read the budgets.

    `with_plan=False` leaves the budgets out: who only looks at spend is not stopped by a plan that cannot be read.
    `against` is the version of the budgets: `current`, `original`, or a number. `known` goes back to what the ledger
    held earlier; rules and budgets are the files as they are now.
    """
    rates = read_rates(config.fx)
    book = Book(config, _tag_map(config))
    plans = [revise.of_version(path, against, place_of(path)) for path in config.budgets] if with_plan else []
    budgets = read_budgets(plans, terms(config), place_of)
    ledger = Ledger.open(config.ledger, known.version, known.on)
    states = tuple(state_of(source, ledger.records, as_of) for source in config.sources)
    kept = totals.read(Path(config.ledger), [source.name for source in config.sources])
    session = Session(config, as_of, states, Attribution(config, ledger, book, tuple(rates)), budgets, kept)
    return _with_plan(session) if with_plan else session


def _with_plan(session: Session) -> Session:
    """With all that only questions about the plan look at: what closed months had been before, the plan, the metrics,
    and whether the ledger is what was loaded."""
    con, config = session.con, session.config
    spend.before(con, session.ledger, config.sources, session.book.read, config.cost, config.currency)
    spend.planned(con, session.budgets)
    session.attribution.offer_days()
    return replace(session, metric_notes=measure(session), unreconciled=recount.mismatches(con, session.states))


def measure(session: Session) -> tuple[str, ...]:
    """Read the metrics into the table `metrics`; returns what is to be said of them."""
    sources, folder = session.config.metrics, session.config.ledger
    return memory.measured(session.con, Path(folder), sources, lambda: metrics_read.known(sources, folder, place_of))


def _tag_map(config: Config) -> TagMap:
    """Where fields come from, how their values are spelled, and what accounts are for."""
    values = tables.values(config.values, config.marks.place("values"))
    accounts = tables.accounts(config.accounts, config.marks.place("accounts"))
    return tag_map(config.tags, config.marks.place("tags"), values, accounts)


def terms(config: Config) -> Terms:
    return Terms(config.currency, config.checks.drift.tolerance, read_rates(config.fx))


def place_of(file: Path) -> str:
    """A file as messages call it: from where the user stands, when that is shorter."""
    return shown(file, Path.cwd())


def facts(session: Session) -> dict[str, str | None]:
    """What every answer names: cost, currency, the day it looks at, until when bills are settled, which ledger."""
    settled = session.view.settled_until
    return {
        "cost": session.config.cost,
        "currency": session.config.currency,
        "as_of": session.as_of.isoformat(),
        "settled_until": settled.isoformat() if settled else None,
        "ledger_version": ledger_version(session),
    }


def ledger_version(session: Session) -> str:
    """As facts name it; there is none before the first load."""
    return "none yet" if session.ledger.version is None else str(session.ledger.version)
