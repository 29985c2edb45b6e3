"""Every state of the data, with every kind of finding, under every option, leaves the exit code of a written table.

The table is `docs/exit-codes.csv`; `*` stands for anything, and the first row that fits counts.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from aiops_cost.checks.view import View
from aiops_cost.gate import baseline
from aiops_cost.gate.accepted import Acceptance
from aiops_cost.gate.decide import Asked, decide
from aiops_cost.model import Deviation, Source, SourceState

TABLE = Path(__file__).parents[2] / "docs" / "exit-codes.csv"
TODAY = date(2026, 5, 5)
"""The data ends on 3 May; a source must be settled until 30 April."""

FINDINGS = {"none": 3000, "warning": 2800, "breach": 2000, "unbudgeted": 3000, "accepted breach": 2000,
            "expired acceptance": 2000}  # fmt: skip
"""What the plan gives each month to a workload that costs 100 a day."""

OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "": {},
    "--warn-only": {"warn_only": True},
    "--fail-on warning": {"fail_on": ["warn"]},
    "--fail-on unbudgeted": {"fail_on": ["unbudgeted"]},
    "--fail-on forecast-breach": {"fail_on": ["forecast-breach"]},
    "--select UNB": {"select": ["UNB"]},
    "--ignore DRF": {"ignore": ["DRF"]},
    "--max-age 36h": {"max_age": timedelta(hours=36)},
    "--min-coverage 95%": {"min_coverage": Decimal("0.95")},
    "--owner chat-team": {"owners": ["chat-team"]},
    "--scope workload=chat": {"scope": {"workload": "chat"}},
    "--baseline": {},
    "--warn-only --select DAT": {"warn_only": True, "select": ["DAT"]},
}


def plan(amount: int, months: str = "2026-04..2027-03", workload: str = "chat") -> str:
    line = f"- {{scope: {{workload: {workload}}}, owner: chat-team, amount: {amount}}}"
    return f"budget: plan\ncurrency: USD\nmonths: {months}\nlines:\n  {line}"


def chat(company: Any, days: str = "100x33", first: date | None = None) -> Any:
    """What the days cost; and what nobody planned, where there is such."""
    if company.unplanned:
        company.spend(days.replace("100", "20"), first=first, activity="serving", workload="new", owner="new-team")
    return company.spend(days, first=first, activity="serving", workload="chat", owner="chat-team")


def with_state(company: Any, **fields: Any) -> Any:
    """The usual days, and a state of the source that says more than they do."""
    days = [date(2026, 4, 1) + timedelta(days=n) for n in range(33)]
    company.sources["aws"] = company.make_state("aws", *days, **fields)
    return chat(company)


def never(company: Any, name: str) -> Any:
    company.sources[name] = SourceState(Source(name, "focus", "bills"))
    return company


UNKNOWN = Deviation("lost", "use carries no effective cost", 7, ("2026-04",), unknown="EffectiveCost")
DATA: Mapping[str, Callable[[Any], Any]] = {
    "fresh": chat,
    "low coverage": lambda c: chat(c).spend("100x33", activity="unattributed"),
    "nothing loaded": lambda c: never(c, "aws"),
    "no source": lambda c: c,
    "a source never came": lambda c: never(chat(c), "azure"),
    "a month is missing": lambda c: chat(c, "100x3", date(2026, 5, 1)),
    "stale": lambda c: chat(c, "100x20"),
    "days missing inside": lambda c: chat(c, "100x10 _x3 100x20"),
    "rows rejected": lambda c: with_state(c, periods=(c.make_period("aws", "2026-04", rejected=5),)),
    "a cost not known": lambda c: with_state(c, periods=(c.make_period("aws", "2026-04", deviations=(UNKNOWN,)),)),
    "a column lost": lambda c: with_state(c, lost_columns=("Tags",)),
    "not reconciled": chat,
    "no budget": chat,
    "budget matches nothing": chat,
    "plan has ended": chat,
}
PLANS = {
    "no budget": None,
    "budget matches nothing": plan(3000, workload="misspelt"),
    "plan has ended": plan(3000, "2026-04..2026-04"),
}


@pytest.fixture
def made(company: Any, make_state: Any, make_period: Any) -> Callable[[str, str], tuple[Any, View]]:
    """A company in a state of data, with a kind of finding."""

    def make(data: str, found: str) -> tuple[Any, View]:
        company.make_state, company.make_period = make_state, make_period
        company.unplanned = found == "unbudgeted"
        DATA[data](company)
        written = PLANS.get(data, plan(FINDINGS[found]))
        if written:
            company.budget(written)
        odd = (("aws", "2026-04", "USD", Decimal("0.01")),) if data == "not reconciled" else ()
        return company, company.view(TODAY, unreconciled=odd)

    return make


def written() -> list[dict[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def expected(data: str, found: str, options: str) -> int:
    wanted = {"data": data, "findings": found, "options": options}
    fits = (row for row in written() if all(row[key] in {"*", value} for key, value in wanted.items()))
    return int(next(fits)["exit_code"])


@pytest.mark.parametrize(("data", "found"), [*product(DATA, FINDINGS)])
def test_the_matrix(made, data: str, found: str) -> None:
    company, view = made(data, found)
    config = company.config()
    now = datetime(2026, 5, 5, tzinfo=UTC)
    first = decide(view, config, TODAY, Asked())
    breaches = [one.fingerprint for one in first.findings if one.code == "DRF001"]
    until = {"accepted breach": TODAY, "expired acceptance": TODAY - timedelta(days=1)}.get(found)
    accepted = [Acceptance(one, "known", until, None, None, "accepted.yaml:2:5") for one in breaches] if until else []
    for options, given in OPTIONS.items():
        known = {one.fingerprint: one.severity for one in first.findings}
        asked = Asked(
            **given, now=now, baseline=baseline.Baseline("2026-05-04", known) if "baseline" in options else None
        )
        code = decide(view, config, TODAY, asked, accepted).verdict.exit_code
        assert code == expected(data, found, options), (data, found, options)
        if data not in {"fresh", "low coverage"}:
            assert code == 3, "no state of bad data ever gives 0"


def test_bills_that_are_fresh_by_the_configuration_may_be_too_old_for_a_gate(made) -> None:
    company, view = made("fresh", "none")
    asked = {
        hours: Asked(max_age=timedelta(hours=hours), now=datetime(2026, 5, 5, 13, tzinfo=UTC)) for hours in (36, 37)
    }
    codes = {h: decide(view, company.config(), TODAY, one).verdict.exit_code for h, one in asked.items()}
    assert codes == {36: 3, 37: 0}


def test_every_row_of_the_table_is_needed() -> None:
    used = set()
    for data, found, options in product(DATA, FINDINGS, OPTIONS):
        wanted = {"data": data, "findings": found, "options": options}
        used.add(next(i for i, row in enumerate(written()) if all(row[k] in {"*", v} for k, v in wanted.items())))
    assert used == set(range(len(written())))
