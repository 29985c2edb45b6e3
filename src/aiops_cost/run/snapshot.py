"""One snapshot of everything: the ledger, what its lines are for, the plan, what the money bought."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from aiops_cost import checks, memory, spend
from aiops_cost.budget import revise
from aiops_cost.budget.plan import Budget
from aiops_cost.budget.rates import read_rates
from aiops_cost.budget.read import Terms, read_budgets
from aiops_cost.config import Config, shown
from aiops_cost.errors import CouldNotJudge
from aiops_cost.ledger import recount, totals
from aiops_cost.ledger.frame import Ledger
from aiops_cost.ledger.status import state_of
from aiops_cost.metrics import read as metrics_read
from aiops_cost.model import Problem, ProviderTotal, SourceState
from aiops_cost.rules import tables
from aiops_cost.rules.engine import Owners, RuleSet, TagMap, load_packs, tag_map
from aiops_cost.rules.owners import load_owners


@dataclass(frozen=True)
class Known:
    """Which of the ledger's snapshots to look at: the newest, the one after a commit, or the one at a day's end."""

    version: int | None = None
    on: date | None = None


NEWEST = Known()


@dataclass(frozen=True)
class Session:
    """One snapshot of everything, attributed and in the report currency: what questions are asked of."""

    con: duckdb.DuckDBPyConnection
    config: Config
    as_of: date
    ledger: Ledger
    states: tuple[SourceState, ...]
    rules: RuleSet
    tags: TagMap
    owners: Owners | None
    budgets: tuple[Budget, ...]
    tag_problems: tuple[Problem, ...]
    totals: tuple[ProviderTotal, ...] = ()
    metric_notes: tuple[str, ...] = ()
    unreconciled: tuple[recount.Mismatch, ...] = ()

    @property
    def view(self) -> checks.View:
        """What the checks look at."""
        used = frozenset(name for rule in self.rules for name, _ in rule.when)
        config = self.config
        return checks.View(
            self.con,
            self.states,
            self.budgets,
            self.as_of,
            config.currency,
            config.cost,
            used,
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
    rules, tags = load_packs(config.rules), _tag_map(config)
    owners = load_owners(config.owners) if config.owners else None
    plans = [revise.of_version(path, against, place_of(path)) for path in config.budgets] if with_plan else []
    budgets = read_budgets(plans, terms(config), place_of)
    ledger = Ledger.open(config.ledger, known.version, known.on)
    con = _connected(ledger, config)
    files = (*config.rules, *([config.owners] if config.owners else []))
    name = memory.name_of(ledger, files, tags)
    problems = memory.attributed(con, ledger.location, name, rules, tags, owners)
    spend.converted(con, config.cost, config.currency, rates)
    spend.before(con, ledger, config.sources, (rules, tags, owners), config.cost, config.currency)
    spend.planned(con, budgets)
    measured = metrics_read.known(config.metrics, config.ledger, place_of)
    spend.measured(con, measured.points)
    states = tuple(state_of(source, ledger.records, as_of) for source in config.sources)
    kept = totals.read(Path(config.ledger), [source.name for source in config.sources])
    odd = recount.mismatches(con, states) if with_plan else ()
    return Session(
        con, config, as_of, ledger, states, rules, tags, owners, budgets, problems, kept, measured.notes, odd
    )


def _tag_map(config: Config) -> TagMap:
    """Where fields come from, how their values are spelled, and what accounts are for."""
    values = tables.values(config.values, config.marks.place("values"))
    accounts = tables.accounts(config.accounts, config.marks.place("accounts"))
    return tag_map(config.tags, config.marks.place("tags"), values, accounts)


def _connected(ledger: Ledger, config: Config) -> duckdb.DuckDBPyConnection:
    try:
        return ledger.connect(config.memory_limit, config.spill)
    except duckdb.IOException as error:
        way_out = "Restore the folder from a backup; or pull into a new one (`ledger:` in the configuration)."
        sentence = f"the ledger's files cannot be read: {str(error).splitlines()[0]}"
        raise CouldNotJudge(Problem("ledger-damaged", config.ledger, sentence, way_out)) from None


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
