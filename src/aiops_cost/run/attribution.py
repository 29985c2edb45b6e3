"""Opens the ledger and asks what its lines are for, when a question first needs to know."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from aiops_cost import memory, spend
from aiops_cost.budget.rates import Rate
from aiops_cost.config import Config
from aiops_cost.errors import CouldNotJudge
from aiops_cost.ledger.frame import Ledger
from aiops_cost.model import Problem
from aiops_cost.rules.tags import TagMap

if TYPE_CHECKING:
    from aiops_cost.rules.engine import Owners, RuleSet


@dataclass(frozen=True)
class Book:
    """Rules, tags and owners. The files of rules and owners are read when they are asked for: mostly what they say of
    the ledger is remembered."""

    config: Config
    tags: TagMap

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that the user wrote."""
        return (*self.config.rules, *([self.config.owners] if self.config.owners else []))

    @cached_property
    def rules(self) -> RuleSet:
        from aiops_cost.rules.pack import load_packs

        return load_packs(self.config.rules)

    @cached_property
    def owners(self) -> Owners | None:
        from aiops_cost.rules.owners import load_owners

        return load_owners(self.config.owners) if self.config.owners else None

    def read(self) -> spend.Rules:
        """All three. Raises UserError for files that cannot be read."""
        return self.rules, self.tags, self.owners


@dataclass(frozen=True)
class Attribution:
    """A ledger, attributed and in the report currency."""

    config: Config
    ledger: Ledger
    book: Book
    rates: tuple[Rate, ...]

    @property
    def con(self) -> duckdb.DuckDBPyConnection:
        """The connection with the views `ledger`, `lines`, `attributed` and `spend`."""
        return self._opened[0]

    @property
    def found(self) -> memory.Attributed:
        """The problems that attribution met, and the columns that rules look at."""
        return self._opened[1]

    def by_day(self, columns: Iterable[str]) -> duckdb.DuckDBPyConnection | None:
        """A connection whose view `spend` is what lines cost by the day, where that is remembered, has these columns,
        and needs no exchange rate: a twelfth of the ledger's rows, or less, with the same sums."""
        config = self.config
        kept = (self.ledger.location, self._name)
        return memory.by_day(*kept, columns, config.cost, config.currency, config.memory_limit)

    def keep_days(self) -> None:
        """Remember what lines cost by the day, for the next question."""
        memory.keep_days(self.con, self.ledger.location, self._name, self.config.currency)

    def offer_days(self) -> None:
        """The same, as the view `days` of the connection; none where sums would not be the answer."""
        memory.offer_days(self.con, self.ledger.location, self._name, self.config.currency)

    @cached_property
    def _name(self) -> str | None:
        return memory.name_of(self.ledger, self.book.files, self.book.tags)

    @cached_property
    def _opened(self) -> tuple[duckdb.DuckDBPyConnection, memory.Attributed]:
        con = self._connected()
        found = memory.attributed(con, self.ledger.location, self._name, self.book.read)
        spend.converted(con, self.config.cost, self.config.currency, self.rates)
        return con, found

    def _connected(self) -> duckdb.DuckDBPyConnection:
        try:
            return self.ledger.connect(self.config.memory_limit, self.config.spill)
        except duckdb.IOException as error:
            way_out = "Restore the folder from a backup; or pull into a new one (`ledger:` in the configuration)."
            sentence = f"the ledger's files cannot be read: {str(error).splitlines()[0]}"
            raise CouldNotJudge(Problem("ledger-damaged", self.config.ledger, sentence, way_out)) from None
