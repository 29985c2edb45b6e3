"""A small company to check: sources, budgets and spend, written so that a reader can add it up.

    company.spend("100x30 140x10", activity="serving", workload="chat")

is thirty days of 100 and ten of 140, from the budget's first day on; `_` is a day that did not come.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from aiops_cost import checks
from aiops_cost.budget.plan import Budget
from aiops_cost.budget.read import Terms, read_budgets
from aiops_cost.checks.view import View
from aiops_cost.config import Config, load_config
from aiops_cost.ledger import schema
from aiops_cost.metrics import points
from aiops_cost.model import Amounts, Finding, PeriodState, Source, SourceState

FIRST = date(2026, 4, 1)
_RUN = re.compile(r"(_|-?\d+(?:\.\d+)?)(?:x(\d+))?\Z")


def series(text: str) -> list[Decimal | None]:
    """`100x2 _ 50` -> 100, 100, None, 50."""
    found: list[Decimal | None] = []
    for run in text.split():
        match = _RUN.match(run)
        assert match, run
        value = None if match[1] == "_" else Decimal(match[1])
        found += [value] * int(match[2] or 1)
    return found


@dataclass
class Company:
    """Collects spend, sources and budgets; `view` and `find` look at them on a day."""

    folder: Path
    first: date = FIRST
    connection: duckdb.DuckDBPyConnection = field(default_factory=duckdb.connect)
    days: dict[str, set[date]] = field(default_factory=dict)
    sources: dict[str, SourceState] = field(default_factory=dict)
    budget_files: list[Path] = field(default_factory=list)
    settings: str = ""

    def __post_init__(self) -> None:
        columns = [f'"{column.name}" {column.sql_type}' for column in schema.COLUMNS]
        columns += [f'"{name}" VARCHAR' for name in schema.ATTRIBUTION]
        self.connection.execute(f"CREATE TABLE spend ({', '.join(columns)}, Cost DECIMAL(38,18))")
        named = ", ".join(f"{name} {kind}" for name, kind in points.COLUMNS.items())
        self.connection.execute(f"CREATE TABLE metrics ({named})")

    def spend(self, days: str, source: str = "aws", first: date | None = None, **columns: str) -> Company:
        """One row per day that came."""
        start = first or self.first
        for offset, amount in enumerate(series(days)):
            if amount is not None:
                self._row(start + timedelta(days=offset), amount, source, columns)
        return self

    def measure(self, values: str, metric: str, first: date | None = None, **dimensions: str) -> Company:
        """One value per day, as spend is given."""
        start = first or self.first
        for offset, value in enumerate(series(values)):
            if value is not None:
                point = points.Point(start + timedelta(days=offset), metric, value, "m.csv", **dimensions)
                marks = ", ".join("?" for _ in points.COLUMNS)
                self.connection.execute(f"INSERT INTO metrics VALUES ({marks})", list(point.row))
        return self

    def budget(self, text: str) -> Company:
        """A budget file; `lines` are given without their key when the text starts with a dash."""
        if text.lstrip().startswith("-"):
            name = f"plan-{len(self.budget_files)}"
            text = f"budget: {name}\ncurrency: USD\nmonths: 2026-04..2027-03\nlines:\n{text}"
        path = self.folder / f"budget-{len(self.budget_files)}.yaml"
        path.write_text(text, encoding="utf-8")
        self.budget_files.append(path)
        return self

    def config(self) -> Config:
        path = self.folder / "aiops-cost.yaml"
        path.write_text(f"ledger: ledger\n{self.settings}", encoding="utf-8")
        return load_config(path, self.folder, {})

    def budgets(self) -> tuple[Budget, ...]:
        config = self.config()
        terms = Terms(config.currency, config.checks.drift.tolerance)
        return read_budgets(self.budget_files, terms, shown=lambda path: path.name)

    def view(self, as_of: date, **fields: object) -> View:
        states = tuple(self._state(name) for name in sorted({*self.days, *self.sources}))
        budgets = self.budgets()
        known = {"states": states, "budgets": budgets, "used_columns": None, **fields}
        return View(self.connection, as_of=as_of, currency="USD", cost="EffectiveCost", **known)

    def find(self, as_of: date, *codes: str, **fields: object) -> list[Finding]:
        """The findings, all of them or those of some codes."""
        found = checks.run(self.view(as_of, **fields), self.config(), as_of)
        return [one for one in found if not codes or one.code in codes]

    def _row(self, day: date, amount: Decimal, source: str, columns: Mapping[str, str]) -> None:
        values: dict[str, object] = {
            "x_Source": source,
            "x_BillingPeriod": f"{day:%Y-%m}",
            "ChargePeriodStart": day,
            "ChargePeriodEnd": day + timedelta(days=1),
            "BillingCurrency": "USD",
            "x_RowCount": 1,
            "x_Activity": "unattributed",
            **dict.fromkeys(("BilledCost", "EffectiveCost", "Cost"), amount),
            **{schema.SHORT.get(name, name): value for name, value in columns.items()},
        }
        names = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join("?" for _ in values)
        self.connection.execute(f"INSERT INTO spend ({names}) VALUES ({marks})", list(values.values()))
        self.days.setdefault(source, set()).add(day)

    def _state(self, name: str) -> SourceState:
        """What the source's days say, unless a test has put its own state into `sources`."""
        if name in self.sources:
            return self.sources[name]
        return state(name, *sorted(self.days[name]))


def state(name: str, *days: date, **fields: object) -> SourceState:
    """A source that delivered these days, all settled, and every month between them."""
    first, last = days[0], days[-1]
    span = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    months = sorted({f"{day:%Y-%m}" for day in days})
    known = {
        "periods": tuple(period(name, month) for month in months),
        "first_day": first,
        "last_day": last,
        "settled_until": last,
        "gaps": tuple(day for day in span if day not in days),
        **fields,
    }
    source = known.pop("source", Source(name, "focus", "bills"))
    return SourceState(source, **known)


def period(source: str, month: str, **fields: object) -> PeriodState:
    """A month that came whole."""
    first = date.fromisoformat(f"{month}-01")
    known = {
        "loaded_at": datetime(2026, 4, 2, tzinfo=UTC),
        "version": 1,
        "rows": 30,
        "rejected": 0,
        "amounts": {"USD": Amounts()},
        "before": None,
        "first_day": first,
        "last_day": first.replace(day=calendar.monthrange(first.year, first.month)[1]),
        **fields,
    }
    return PeriodState(source, month, **known)


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path)


@pytest.fixture
def make_state():
    return state


@pytest.fixture
def make_period():
    return period
