"""Stored data: growth, class and age, against the plan and the price list.

What it means: STO001 is stored data that is more than its plan by now, and grows faster. STO002 is data in a hot
class that nobody reads (metric `gb_unread`). STO003 is checkpoints beyond their retention: by the metric
`gb_checkpoints_expired`, or because they grew and did not shrink on any of `checks.storage.checkpoint_days` days.

Why it matters: stored data costs every month until somebody deletes or moves it, and nobody is paged for it.

What to do: set a lifecycle rule on the buckets that the evidence names: delete what has expired, move what nobody
reads. Or revise the plan with the growth that is wanted.

Stays silent: within the line's `breach` tolerance and below `at_least` (STO001); below `checks.storage.at_least` a
month (STO002, STO003). Nothing is guessed: the price of a GB is what the bill charged for it, and the price of the
colder class what the bill of the same provider charges there, or `checks.storage.prices`; where neither says it, the
finding has no amount. A bill does not tell how old data is, so STO002 needs the metric.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from aiops_cost import money
from aiops_cost.budget.plan import BudgetLine, days_of
from aiops_cost.budget.volumes import planned_volume
from aiops_cost.checks.view import Condition, View, both, charges, in_days, scoped
from aiops_cost.config import Config
from aiops_cost.model import Finding, Scope, Severity
from aiops_cost.rules.storage import storage_class

CODES = {
    "STO001": "stored data beyond its plan",
    "STO002": "data that nobody reads in a hot class",
    "STO003": "checkpoints beyond their retention",
}
GB_MONTHS = Condition(
    "coalesce(regexp_matches(lower(coalesce(PricingUnit, ConsumedUnit)), 'gi?b(y)?[^a-z]*mo'), false)",
    (),
    frozenset({"PricingUnit", "ConsumedUnit"}),
)
"""Charges for data kept, as providers write the unit: GB-Mo, GB/Month, GiBy.mo."""
HOT = ("standard", "intelligent")
_GROWN = Decimal("1.05")
_PRICE_DAYS = 30


@dataclass(frozen=True)
class Kept:
    """Data kept, as billed. `price` is per GB-month; `daily` is GB by day."""

    cost: Decimal = Decimal(0)
    gb_months: Decimal = Decimal(0)
    daily: Mapping[date, Decimal] = field(default_factory=dict)

    @property
    def price(self) -> Decimal | None:
        return money.multiply(self.cost, 1, self.gb_months) if self.gb_months > 0 else None


def check(view: View, config: Config, as_of: date) -> list[Finding]:
    """STO001 per line with planned GB, STO002 per workload, STO003 per workload."""
    if view.settled_until is None:
        return []
    return [*_growth(view, view.settled_until), *_unread(view, config), *_checkpoints(view, config)]


def _growth(view: View, until: date) -> Iterator[Finding]:
    month = f"{until:%Y-%m}"
    for line in view.lines:
        plan = planned_volume(line, "gb", month) if month in line.amounts else None
        if not plan:
            continue
        most = plan * (1 + line.tolerance.breach)
        measured = view.volume("gb", line.scope).get(until)
        if measured and measured <= most:
            continue
        kept = _kept(view, both(charges(line), GB_MONTHS), days_of(month)[0], until)
        now = measured or kept.daily.get(until)
        if now is None or kept.price is None or now <= most:
            continue
        amount = money.multiply(money.EXACT.subtract(now, plan), kept.price)
        if amount >= line.tolerance.at_least:
            yield _beyond_plan(view, line, (until, now, plan), kept.price, amount)


def _beyond_plan(
    view: View, line: BudgetLine, found: tuple[date, Decimal, Decimal], price: Decimal, amount: Decimal
) -> Finding:
    until, now, plan = found
    growth = line.assumes.get("growth", Decimal(0))
    return Finding(
        code="STO001",
        severity=Severity.WARNING,
        message=(
            f"{now:,.0f} GB on {until}, {plan:,.0f} planned for {until:%Y-%m} (growing {growth:.1%} a month):"
            f" {money.show(amount, view.currency)} a month more, at {_unit(price)} {view.currency} per GB-month"
        ),
        advice="Delete or move what is not needed (a lifecycle rule), or revise the plan with the growth you want.",
        scope=line.scope,
        owner=line.owner,
        period=f"{until:%Y-%m}",
        currency=view.currency,
        planned=money.multiply(plan, price),
        actual=money.multiply(now, price),
        amount=amount,
        cause="growth",
        evidence=_buckets(view, both(charges(line), GB_MONTHS), until),
        place=line.place,
    )


def _unread(view: View, config: Config) -> Iterator[Finding]:
    for scope, day, gb in _latest(view, "gb_unread"):
        hot = _class(view, scope, day, HOT)
        if hot is None or hot[1].price is None:
            continue
        provider, price = hot[0], hot[1].price
        colder, said = _colder(view, config, provider, day)
        saving = money.multiply(gb, money.EXACT.subtract(price, colder)) if colder is not None else None
        if saving is not None and saving < config.checks.storage.at_least:
            continue
        cold = f"{config.checks.storage.colder} class"
        yield Finding(
            code="STO002",
            severity=Severity.WARNING,
            message=f"{gb:,.0f} GB that nobody reads are in a hot class at {_unit(price)} {view.currency} per GB-month"
            + (f"; in the {cold} ({said}) they cost {money.show(saving, view.currency)} a month less" if saving
               else f"; what the {cold} of {provider} costs is not known, so no saving is named"),
            advice="Set a lifecycle rule that moves what nobody reads; mind the class's fees and its least time."
            if saving else "Name the price:  checks: {storage: {prices: {" + str(provider) + ": PRICE}}}",
            scope=scope,
            owner=view.owner_of(scope),
            period=str(day),
            currency=view.currency,
            actual=money.multiply(gb, price),
            amount=saving,
            cause="class",
            evidence=_buckets(view, both(scoped(scope), GB_MONTHS), day),
        )  # fmt: skip


def _checkpoints(view: View, config: Config) -> Iterator[Finding]:
    until = view.settled_until
    if until is None:
        return
    measured = {str(scope.get("workload")): (day, gb) for scope, day, gb in _latest(view, "gb_checkpoints_expired")}
    keep = config.checks.storage.checkpoint_days
    billed = view.spend_by(["x_Workload"], both(scoped({"component": "checkpoints"}), GB_MONTHS))
    for workload, _ in billed:
        scope: Scope = {"component": "checkpoints", **({"workload": workload} if workload else {})}
        condition = both(scoped(scope), GB_MONTHS)
        kept = _kept(view, condition, until - timedelta(days=keep), until)
        if kept.price is None:
            continue
        if str(workload) in measured:
            gb, why = measured[str(workload)][1], f"are older than {keep} days"
        else:
            gb, why = _not_deleted(kept, keep), f"were added in {keep} days and nothing was deleted on any of them"
        amount = money.multiply(gb, kept.price)
        if gb > 0 and amount >= config.checks.storage.at_least:
            yield Finding(
                code="STO003",
                severity=Severity.WARNING,
                message=f"{gb:,.0f} GB of checkpoints {why}: deleting them saves {money.show(amount, view.currency)}"
                f" a month, at {_unit(kept.price)} {view.currency} per GB-month",
                advice=f"Delete checkpoints after {keep} days (a lifecycle rule on the bucket); keep the last of each"
                " run.",
                scope=scope,
                owner=view.owner_of({"activity": "storage", **scope}),
                period=f"{until - timedelta(days=keep)}..{until}",
                currency=view.currency,
                amount=amount,
                cause="retention",
                evidence=_buckets(view, condition, until),
            )


def _not_deleted(kept: Kept, days: int) -> Decimal:
    """What was added in so many days if not one of them shrank the data; with a working retention and steady writing
    it would have stayed as it was. Zero where it shrank, hardly grew, or where days are missing."""
    values = [kept.daily[day] for day in sorted(kept.daily)]
    if len(values) <= days or any(b < a for a, b in itertools.pairwise(values)):
        return Decimal(0)
    return money.EXACT.subtract(values[-1], values[0]) if values[-1] > values[0] * _GROWN else Decimal(0)


def _kept(view: View, condition: Condition, first: date, last: date) -> Kept:
    rows = view.quantity_by_day(both(condition, in_days([(first, last)])))
    daily = {day: money.multiply(months, days_of(f"{day:%Y-%m}")[1].day) for day, _, months in rows if months}
    return Kept(money.total(cost for _, cost, _ in rows), money.total(months for *_, months in rows if months), daily)


def _class(view: View, scope: Scope, day: date, classes: tuple[str, ...]) -> tuple[str | None, Kept] | None:
    """The provider and what it charges for data of a scope in one of the classes, over the last weeks."""
    days = in_days([(day - timedelta(days=_PRICE_DAYS), day)])
    found = view.spend_by(["ProviderName", *_WORDS], both(scoped(scope), GB_MONTHS, days))
    for provider, *words, _ in found:
        if storage_class(" ".join(word or "" for word in words)) in classes:
            exactly = Condition(
                " AND ".join(f"{name} IS NOT DISTINCT FROM ?" for name in ("ProviderName", *_WORDS)),
                (provider, *words),
                frozenset({"ProviderName", *_WORDS}),
            )
            kept = _kept(view, both(scoped(scope), GB_MONTHS, exactly), day - timedelta(days=_PRICE_DAYS), day)
            return provider, kept
    return None


_WORDS = ("x_UsageType", "x_SkuMeterName", "x_SkuDescription", "ChargeDescription")


def _colder(view: View, config: Config, provider: str | None, day: date) -> tuple[Decimal | None, str]:
    """What a GB-month costs in the colder class, and who says so: the bill of that provider, else the configuration."""
    colder = config.checks.storage.colder
    billed = _class(view, {"ProviderName": provider} if provider else {}, day, (colder,))
    if billed and billed[1].price is not None:
        return billed[1].price, "by the bill"
    price = config.checks.storage.prices.get(provider or "")
    return price, "by `checks.storage.prices`"


def _latest(view: View, metric: str) -> list[tuple[Scope, date, Decimal]]:
    """The last settled value of a metric per workload."""
    rows = view.fetch(
        "SELECT workload, max(day), arg_max(value, day) FROM metrics WHERE name = ? AND day <= ? AND model IS NULL"
        " GROUP BY workload ORDER BY workload",
        [metric, view.settled_until],
    )
    return [({"activity": "storage", **({"workload": name} if name else {})}, day, gb) for name, day, gb in rows]


def _buckets(view: View, condition: Condition, day: date) -> tuple[str, ...]:
    rows = view.fetch(
        f"SELECT name, sum(Cost) AS amount FROM {_stored(view, condition, day)} WHERE {condition.sql} GROUP BY name"
        " ORDER BY amount DESC, name NULLS FIRST LIMIT 3",
        condition.parameters,
    )
    return tuple(f"{name or 'no name'}: {money.show(cost, view.currency)} in 30 days" for name, cost in rows)


def _stored(view: View, condition: Condition, day: date) -> str:
    """A table of what each resource that keeps data cost in the weeks up to a day. What tells lines of the budget apart
    is read from the ledger's rows once for all of them; for a condition on other columns it is done again."""
    usual = {"x_Activity", "x_Workload", "x_Component", "ChargeCategory"}.union(
        GB_MONTHS.columns, *(scoped(line.scope).columns for line in view.lines)
    )
    columns = sorted(usual if condition.columns <= usual else usual | condition.columns)
    known: dict[tuple[date, tuple[str, ...]], str] = view.memo.setdefault("stored", {})
    at = (day, tuple(columns))
    if at not in known:
        known[at] = f"stored_{len(known)}"
        kept = both(GB_MONTHS, in_days([(day - timedelta(days=_PRICE_DAYS), day)]))
        keys = ", ".join(f'"{column}"' for column in columns)
        view.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {known[at]} AS SELECT {keys}, coalesce(ResourceName, ResourceId) AS name,"
            f" sum(Cost) AS Cost FROM spend WHERE {kept.sql} GROUP BY ALL",
            kept.parameters,
        )
    return known[at]


def _unit(price: Decimal) -> str:
    return money.show(price, places=4)
