"""What every check looks at: the attributed spend, the state of the sources, the budgets. Read
only."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from aiops_cost import money
from aiops_cost.budget import scope
from aiops_cost.budget.plan import Budget, BudgetLine, DayRange, joined, planned_days
from aiops_cost.checks import by_day, flex, gathered
from aiops_cost.metrics import volume
from aiops_cost.model import AI_ACTIVITIES, ProviderTotal, Scope, SourceState

if TYPE_CHECKING:
    import duckdb

WATCHED = (*AI_ACTIVITIES, "unattributed")
"""The activities whose spend a migration budget should know: AI, and what may be AI."""
_PURPOSE = ("x_Activity", "x_Workload")


@dataclass(frozen=True)
class Condition:
    """SQL on the view `spend` that is true or false and never null, its parameters, its columns."""

    sql: str
    parameters: tuple[Any, ...] = ()
    columns: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Spent:
    """What rows add up to, and how many there were: nothing is not the same as zero."""

    amount: Decimal
    rows: int


@dataclass(frozen=True)
class View:
    """One day's knowledge, for all checks alike.

    `connection` has a view or table `spend`: the ledger's columns, the attribution columns, and
    `Cost` DECIMAL(38,18), which is the column named `cost` in the report currency. `as_of` is
    today, never a whole day. `used_columns` are the columns that the rules read, or None where that
    is not known; `totals` are the providers' own, where they were asked.
    """

    connection: duckdb.DuckDBPyConnection
    states: tuple[SourceState, ...]
    budgets: tuple[Budget, ...]
    as_of: date
    currency: str
    cost: str
    used_columns: frozenset[str] | None = None
    totals: tuple[ProviderTotal, ...] = ()
    memo: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """What checks have worked out already, for the next one that asks: never a result by itself."""
    unreconciled: tuple[tuple[str, str, str, Decimal], ...] = ()
    """Source, period, currency and difference, where the ledger's rows do not add up to the record of their load."""

    @property
    def spend(self) -> str:
        """The view to ask of what is the same on lines that are alike: `spend`, or its sums in memory."""
        if "spend" not in self.memo:
            self.memo["spend"] = gathered.gather(self.connection, self.cost)
        name: str = self.memo["spend"]
        return name

    def rows(self, *sql: str) -> str:
        """The view to ask with this SQL: one that has the columns which it names, and as few rows as may be."""
        return "spend" if any(map(gathered.tells_lines_apart, sql)) else self.spend

    @property
    def described(self) -> str:
        """All lines, with what they are for: `lines` of the ledger, or `spend` where that stands alone."""
        return "(described JOIN attribution USING (x_LineId))" if self.spend == "gathered" else "spend"

    @property
    def current(self) -> tuple[Budget, ...]:
        """The budgets that plan the last settled day, or the ones that ended last before it.

        A budget that another has followed is history: what it exceeded is not told for ever.
        """
        day = self.settled_until or self.as_of
        begun = [budget for budget in self.budgets if budget.first_day <= day]
        if not begun:
            return self.budgets
        latest = max(min(budget.last_day, day) for budget in begun)
        return tuple(budget for budget in begun if min(budget.last_day, day) == latest)

    @property
    def lines(self) -> tuple[BudgetLine, ...]:
        """The lines of the current budgets."""
        return tuple(line for budget in self.current for line in budget.lines)

    @property
    def settled_until(self) -> date | None:
        """The last day that is settled on every source with data; None when there is none.

        Never today: the day is not over yet, whatever a source says.
        """
        days = [self.settled(state) for state in self.states if state.periods]
        known = [day for day in days if day is not None]
        if not known or len(known) < len(days):
            return None
        return min(*known, self.as_of - timedelta(days=1))

    def settled(self, state: SourceState) -> date | None:
        """The last settled day of one source.

        Where days without a bill are normal (`sparse`), old enough is settled: silence means nothing.
        """
        if state.source.sparse and state.periods:
            return self.as_of - timedelta(days=state.source.settles_after)
        return state.settled_until

    def settled_window(self, first: date, last: date) -> DayRange | None:
        """The days from `first` to `last` that are settled on every source; None when none is."""
        until = self.settled_until
        if until is None or until < first:
            return None
        return first, min(last, until)

    def budget_window(self) -> DayRange | None:
        """From the current budgets' first day to the last settled day that one of them plans."""
        if not self.budgets:
            return None
        return self.settled_window(
            min(budget.first_day for budget in self.current),
            max(budget.last_day for budget in self.current),
        )

    def judged_days(self) -> tuple[DayRange, ...]:
        """The settled days of the current budgets; without a budget, those of the last settled month."""
        if not self.budgets:
            until = self.settled_until
            return () if until is None else ((until.replace(day=1), until),)
        windows = (self.settled_window(b.first_day, b.last_day) for b in self.current)
        return joined(window for window in windows if window is not None)

    def spent(self, items: Sequence[tuple[Scope, Sequence[DayRange]]]) -> list[Spent]:
        """What each scope cost on its days, exact; one scan for all of them."""
        return self._on_days([(scoped(of), days) for of, days in items])

    def spent_where(self, conditions: Sequence[Condition]) -> list[Spent]:
        """The same, for conditions: tried on what the rows add up to, not on each row."""
        if not conditions:
            return []
        names = frozenset().union(*(condition.columns for condition in conditions))
        met = ", ".join(f"({condition.sql}) AS met_{i}" for i, condition in enumerate(conditions))
        sums = ", ".join(
            f"coalesce(sum(Cost) FILTER (met_{i}), 0), coalesce(sum(n) FILTER (met_{i}), 0)"
            for i in range(len(conditions))
        )
        (found,) = self.fetch(
            f"SELECT {sums} FROM (SELECT Cost, n, {met} FROM {self._summed(names)})",
            [value for condition in conditions for value in condition.parameters],
        )
        return [Spent(found[i], found[i + 1]) for i in range(0, len(found), 2)]

    def allowed(self, line: BudgetLine, days: Iterable[DayRange]) -> Decimal:
        """What the line allows on these days: the planned amount; of a line that flexes, the planned unit cost times
        the actual volume, on the days whose volume is known (see `checks.flex`)."""
        return flex.allowed(self, line, days)

    def spent_by(self, items: Sequence[tuple[BudgetLine, Sequence[DayRange]]]) -> list[Spent]:
        """What each line's scope cost on its days: before credits where its budget plans gross."""
        return self._on_days([(charges(line), days) for line, days in items])

    def _on_days(self, items: Sequence[tuple[Condition, Sequence[DayRange]]]) -> list[Spent]:
        """The sums of the days; what each condition's days cost is asked once, for all lines together."""
        known = self._by_day(items)
        found = []
        for condition, days in items:
            spent = [one for stretch in joined(days) for one in by_day.within(known[condition], stretch)]
            found.append(Spent(money.total(cost for _, cost, _ in spent if cost), sum(n for *_, n in spent)))
        return found

    def _by_day(self, items: Sequence[tuple[Condition, Sequence[DayRange]]]) -> Mapping[Condition, by_day.Days]:
        """What meets the conditions of these items, and of all budget lines with them, by the day. Days before all that
        was asked for are not read: a ledger is longer than a plan."""
        first = min((first for _, days in items for first, _ in days), default=date.max)
        since: date
        known: dict[Condition, by_day.Days]
        since, known = self.memo.get("by_day", (date.max, {}))
        if first < since:
            since, known = first, {}
        missing = dict.fromkeys(condition for condition, _ in items if condition not in known)
        if missing:
            every = list(dict.fromkeys([*missing, *(each for each in map(charges, self.lines) if each not in known)]))
            names = {"ChargePeriodStart"}.union(*(condition.columns for condition in every))
            days = f"(SELECT * FROM {self._summed(names)} WHERE ChargePeriodStart >= DATE '{since}')"
            known |= zip(every, by_day.costs(self.connection, days, every), strict=True)
        self.memo["by_day"] = since, known
        return known

    def _summed(self, names: AbstractSet[str]) -> str:
        """Where the rows are added up by these columns at least, and by as few others as may be. What budget lines
        are made of is added up once; for other columns it is done each time."""
        usual = {"ChargePeriodStart", "ChargeCategory", "x_Activity"}.union(
            *(scoped(x.scope).columns for x in self.lines)
        )
        columns = usual if names <= usual else names
        keys = "".join(f'"{name}", ' for name in sorted(columns))
        rows = self.rows(keys)
        counted = "sum(n)" if rows == "gathered" else "count(*)"
        select = f"SELECT {keys}sum(Cost) AS Cost, {counted} AS n FROM {rows} GROUP BY ALL"
        if columns is not usual:
            return f"({select})"
        if "summed" not in self.memo:
            self.connection.execute(f"CREATE OR REPLACE TEMP TABLE summed AS {select}")
            self.memo["summed"] = "summed"
        return "summed"

    def volume(self, metric: str, of: Scope) -> Mapping[date, Decimal]:
        """Day -> how much was measured within a scope (see `metrics.volume.daily`); each is asked for once."""
        known: dict[tuple[str, str], Mapping[date, Decimal]] = self.memo.setdefault("volumes", {})
        at = (metric, repr(sorted(of.items())))
        if at not in known:
            values: volume.Known = self.memo.setdefault("metric_values", {})
            known[at] = volume.daily(self.connection, metric, of, values)
        return known[at]

    def owner_of(self, of: Scope) -> str | None:
        """The owner of the budget line for this activity and workload, if there is one."""
        wanted = scope.constraints(of)
        mine = (line for line in self.lines if all(line.constraints.get(n) == wanted.get(n) for n in _PURPOSE))
        return next((line.owner for line in mine), None)

    def ended(self) -> list[tuple[BudgetLine, DayRange]]:
        """The lines whose last day is over, with the settled days since."""
        until = self.settled_until
        return [
            (line, (line.ends + timedelta(days=1), until))
            for line in self.lines
            if line.ends and until and line.ends < until
        ]

    def counted(self) -> Condition:
        """All charges but the credits of what is planned gross: a plan that knows no credits is not met by them."""
        gross = either(*(scoped(line.scope) for line in self.lines if line.plans == "gross"))
        return negated(both(CREDITS, gross))

    def unplanned(self) -> Condition:
        """AI spend, or what may be AI, on the judged days, that no budget line with a scope plans; spend after the end
        of a line is told by BUD004 and BUD005."""
        days = self.judged_days()
        planned = covered(self.lines, *span(days)) if days else NEVER
        over = either(*(both(scoped(line.scope), in_days([since])) for line, since in self.ended()))
        return both(watched(), in_days(days), negated(planned), negated(over))

    def spend_by(self, columns: Sequence[str], condition: Condition, limit: int | None = None) -> list[tuple[Any, ...]]:
        """Rows of (the columns' values, amount), largest amount first, then by the values.

        `columns` are SQL over the view's columns, written by a check and never by a user.
        """
        keys = ", ".join(columns)
        order = ", ".join(f"{i + 1} NULLS FIRST" for i in range(len(columns)))
        most = "" if limit is None else f" LIMIT {limit}"
        return self.fetch(
            f"SELECT {keys}, sum(Cost) AS amount FROM {self.rows(keys, condition.sql)} WHERE {condition.sql} "
            f"GROUP BY {keys} ORDER BY amount DESC, {order}{most}",
            condition.parameters,
        )

    def since(self, columns: Sequence[str], condition: Condition) -> dict[tuple[Any, ...], date]:
        """The first day with a charge, per values of the columns; looked for in the whole ledger."""
        keys = ", ".join(columns)
        found = self.fetch(
            f"SELECT {keys}, min(ChargePeriodStart) FROM {self.rows(keys, condition.sql)} WHERE {condition.sql}"
            f" GROUP BY {keys}",
            condition.parameters,
        )
        return {tuple(row[:-1]): row[-1] for row in found}

    def quantity_by_day(self, condition: Condition) -> list[tuple[date, Decimal, Decimal | None]]:
        """Day, cost and priced quantity of the charges that meet a condition on their unit."""
        return self.fetch(
            "SELECT ChargePeriodStart, sum(Cost), sum(CASE WHEN PricingUnit IS NULL THEN ConsumedQuantity"
            f" ELSE PricingQuantity END) FROM {self.rows(condition.sql)} WHERE {condition.sql}"
            " GROUP BY 1 ORDER BY 1",
            condition.parameters,
        )

    def fetch(self, sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The rows of a statement over `spend` and `metrics`, written by a check and never by a user."""
        return self.connection.execute(sql, parameters).fetchall()


def report_of(of: Scope, first: date, last: date, by: str = "service,resource") -> str:
    """The command that shows what a scope is made of on these days."""
    values = {key: value if isinstance(value, str) else ",".join(value) for key, value in of.items()}
    where = "".join(f" --where {shlex.quote(f'{key}={value}')}" for key, value in values.items())
    return f"aiops-cost report --by {by}{where} --from {first} --to {last}"


def typed(of: Scope) -> str:
    """A scope as it is typed after `--why` and `explain`: as tables show it."""
    return shlex.quote(scope.text(of))


def span(ranges: Sequence[DayRange]) -> DayRange:
    """From the first day of the first range to the last of the last; they are in order."""
    return ranges[0][0], ranges[-1][1]


def days_in(ranges: Iterable[DayRange]) -> int:
    """How many days the ranges hold."""
    return sum((last - first).days + 1 for first, last in ranges)


NEVER = Condition("false")
CREDITS = Condition("coalesce(ChargeCategory = 'Credit', false)", (), frozenset({"ChargeCategory"}))
"""Money that a provider gives; FOCUS has a category for it."""


def in_days(ranges: Iterable[DayRange]) -> Condition:
    """Charges that begin on one of the days."""
    pairs = list(ranges)
    if not pairs:
        return NEVER
    sql = " OR ".join("ChargePeriodStart BETWEEN ? AND ?" for _ in pairs)
    days = tuple(day for pair in pairs for day in pair)
    return Condition(f"coalesce({sql}, false)", days, frozenset({"ChargePeriodStart"}))


def scoped(of: Scope) -> Condition:
    """Charges that a scope holds for."""
    sql, parameters = scope.where(of)
    names = (scope.column_of(key) for key in of)
    columns = frozenset("Tags" if name.startswith(scope.TAG) else name for name in names)
    return Condition(sql, tuple(parameters), columns)


def charges(line: BudgetLine) -> Condition:
    """What counts against a line: its scope, without credits where its budget plans gross."""
    return both(scoped(line.scope), negated(CREDITS)) if line.plans == "gross" else scoped(line.scope)


def both(*conditions: Condition) -> Condition:
    """Charges that meet all of the conditions."""
    return _combined(conditions, " AND ")


def either(*conditions: Condition) -> Condition:
    """Charges that meet one of the conditions at least; none when there is no condition."""
    return _combined(conditions, " OR ") if conditions else NEVER


def negated(condition: Condition) -> Condition:
    """All charges but those; safe because a condition is never null."""
    return Condition(f"NOT ({condition.sql})", condition.parameters, condition.columns)


def watched() -> Condition:
    """Spend on AI, and spend that nobody has attributed."""
    return activity_in(WATCHED)


def activity_in(activities: Sequence[str]) -> Condition:
    """Spend on one of the activities."""
    return scoped({"activity": tuple(activities)})


def covered(lines: Iterable[BudgetLine], first: date, last: date) -> Condition:
    """Charges that one of the lines plans by name, on the days that it plans.

    A line with an empty scope does not count: it would hide all that nobody planned.
    """
    counted = [line for line in lines if line.scope]
    return either(*(both(scoped(line.scope), in_days(planned_days(line, first, last))) for line in counted))


def _combined(conditions: Sequence[Condition], word: str) -> Condition:
    return Condition(
        word.join(f"({condition.sql})" for condition in conditions),
        tuple(value for condition in conditions for value in condition.parameters),
        frozenset().union(*(condition.columns for condition in conditions)),
    )
