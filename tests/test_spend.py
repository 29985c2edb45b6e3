"""Attribution joined back to the money, in DuckDB: nothing is made, lost or doubled, and currencies never meet.

The ledgers here are tables of lines and days that Hypothesis makes; amounts have all 18 decimals.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal, localcontext
from functools import cache
from pathlib import Path

import duckdb
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiops_cost import money, spend
from aiops_cost.answers import report
from aiops_cost.answers.window import Window
from aiops_cost.budget.rates import Rate
from aiops_cost.errors import UserError
from aiops_cost.ledger import schema
from aiops_cost.model import ACTIVITIES
from aiops_cost.rules.engine import RuleSet, load_packs, tag_map

FIRST = date(2026, 5, 1)
WINDOW = Window(FIRST, FIRST + timedelta(days=30))
SMALL = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
SERVICES = ("Amazon SageMaker", "Amazon Bedrock", "Virtual Machines", "Amazon S3", "Tax", "x'); DROP TABLE lines; --")
KEYS = ("workload", "service", "ServiceName", "x_Activity", "ai-activity", "Cost", "owner")
"""Tag keys; most are named like a column."""
WORDS = ("chat", "ranker", "Amazon Bedrock", "serving", "training", "", "ünïcode", "a,b", "O'Brien")

amounts = st.decimals(
    min_value=-(10**13), max_value=10**13, places=18, allow_nan=False, allow_infinity=False
) | st.sampled_from(
    [Decimal("0.1"), Decimal("1E-18"), Decimal(0), Decimal("-40"), Decimal("999999999.999999999999999999")]
)
lines = st.fixed_dictionaries(
    {
        "ServiceName": st.sampled_from(SERVICES) | st.none(),
        "ProviderName": st.sampled_from(["AWS", "Microsoft", "Google Cloud"]) | st.none(),
        "ChargeCategory": st.sampled_from(["Usage", "Credit", "Tax", "Purchase"]),
        "SkuMeter": st.sampled_from(["USE1-Host:ml.g5.xlarge", "TimedStorage-ByteHrs", "BoxUsage:p4d.24xlarge"])
        | st.none(),
        "SubAccountName": st.sampled_from(["ml", "web"]) | st.none(),
        "BillingCurrency": st.sampled_from(["USD", "EUR"]),
        "Tags": st.dictionaries(st.sampled_from(KEYS), st.sampled_from(WORDS), max_size=3).map(json.dumps),
    }
)
days = st.lists(st.tuples(st.integers(0, 30), amounts), min_size=1, max_size=4)
ledgers = st.lists(st.tuples(lines, days), min_size=1, max_size=12)
matchers = st.one_of(
    st.tuples(st.just("ServiceName"), st.sampled_from([*SERVICES, "/Amazon/", "/^x/"])),
    st.tuples(st.sampled_from([f"tags.{key}" for key in KEYS]), st.sampled_from([*(w for w in WORDS if w), "/./"])),
    st.tuples(st.just("ChargeCategory"), st.sampled_from(["Usage", "Credit"])),
    st.tuples(st.just("SubAccountName"), st.sampled_from(["ml", "web"])),
)
rules = st.lists(st.tuples(st.lists(matchers, min_size=1, max_size=2), st.sampled_from(ACTIVITIES)), max_size=4)
Lines = Sequence[tuple[dict[str, str], Sequence[tuple[int, Decimal]]]]


def ledger(made: Lines) -> duckdb.DuckDBPyConnection:
    """A connection with `ledger` and `lines`, as the ledger's own has them."""
    con = duckdb.connect(config={"threads": 1})
    columns = ", ".join(f"{column.name} {column.sql_type}" for column in schema.COLUMNS)
    con.execute(f"CREATE TABLE ledger ({columns})")
    for number, (line, spent) in enumerate(made):
        for offset, amount in spent:
            row = {
                **line, "x_LineId": number, "x_Source": "s", "x_BillingPeriod": "2026-05", "x_RowCount": 1,
                "ChargePeriodStart": FIRST + timedelta(days=offset), **dict.fromkeys(schema.AMOUNTS, amount),
            }  # fmt: skip
            marks = ", ".join("?" for _ in row)
            con.execute(f"INSERT INTO ledger ({', '.join(row)}) VALUES ({marks})", list(row.values()))
    identity = ", ".join(f"any_value({name}) AS {name}" for name in schema.IDENTITY)
    con.execute(f"CREATE VIEW lines AS SELECT x_LineId, {identity} FROM ledger GROUP BY x_LineId")
    return con


@cache
def builtin() -> RuleSet:
    return load_packs()


def rule_set(folder: Path, given_rules: Sequence[tuple[Sequence[tuple[str, str]], str]]) -> RuleSet:
    """Rules as a user would write them, before the built-in ones."""
    written = [
        {
            "id": f"mine-{n}",
            "when": dict(when),
            "activity": activity,
            "component": "thing",
            "why": "because",
            "fires": [dict(when)],
            "quiet": [{"ServiceName": "none"}],
        }
        for n, (when, activity) in enumerate(given_rules)
    ]
    if not written:
        return builtin()
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump({"pack": "mine", "rules": written}), encoding="utf-8")
    return RuleSet((*load_packs([path], builtin=False).rules, *builtin().rules), builtin().refining)


def attributed(made: Lines, found: RuleSet) -> duckdb.DuckDBPyConnection:
    con = ledger(made)
    spend.attributed(con, found, tag_map({}), None)
    return con


def by(con: duckdb.DuckDBPyConnection, relation: str, *names: str) -> dict[tuple[object, ...], Decimal]:
    keys = ", ".join(names)
    rows = con.execute(f"SELECT {keys}, sum(EffectiveCost) FROM {relation} GROUP BY ALL").fetchall()
    return {tuple(row[:-1]): row[-1] for row in rows}


@SMALL
@given(made=ledgers, given_rules=rules)
def test_attribution_neither_makes_nor_loses_money(tmp_path, made, given_rules):
    """Per currency and day, and in rows: serving + training + ... + unattributed = total, exactly."""
    con = attributed(made, rule_set(tmp_path, given_rules))
    parts = by(con, "attributed", "BillingCurrency", "ChargePeriodStart", "x_Activity")
    assert {activity for *_, activity in parts} <= set(ACTIVITIES)
    summed: dict[tuple[object, ...], Decimal] = defaultdict(Decimal)
    with localcontext(prec=60):
        for (currency, day, _), amount in parts.items():
            summed[currency, day] += amount
    assert summed == by(con, "ledger", "BillingCurrency", "ChargePeriodStart")
    count = "SELECT count(*) FROM "
    assert con.execute(count + "attributed").fetchone() == con.execute(count + "ledger").fetchone()


groupings = st.lists(
    st.sampled_from(["activity", "service", "tags.service", "tags.owner", "day", "month", "workload", "account"]),
    unique=True,
    max_size=3,
)


@SMALL
@given(made=ledgers, names=groupings, top=st.integers(1, 4))
def test_any_grouping_and_any_top_sums_to_the_total(made, names, top):
    """A line without the tag is one group, not several; what --top folds away is still in the total."""
    usd = [({**line, "BillingCurrency": "USD"}, spent) for line, spent in made]
    con = attributed(usd, builtin())
    spend.converted(con, "EffectiveCost", "USD", ())
    whole = con.execute("SELECT sum(EffectiveCost) FROM ledger").fetchall()[0][0]
    for n in (None, top):
        question = report.Question(tuple(names), WINDOW, top=n)
        (table,) = report.answer(con, question, (), "EffectiveCost", "USD").tables
        with localcontext(prec=60):
            assert sum((row[len(names)] for row in table.rows), Decimal(0)) == whole
        if table.total:
            assert table.total[len(names)] == whole


@SMALL
@given(tags=st.dictionaries(st.sampled_from(KEYS), st.sampled_from(WORDS), max_size=4))
def test_a_tag_named_like_a_column_never_meets_it(tags):
    line = {"ServiceName": "Amazon S3", "BillingCurrency": "USD", "ChargeCategory": "Usage", "Tags": json.dumps(tags)}
    con = attributed([(line, [(0, Decimal(1))])], builtin())
    spend.converted(con, "EffectiveCost", "USD", ())
    question = report.Question(("service", "tags.service", "tags.ServiceName", "tags.Cost"), WINDOW)
    (row,) = report.answer(con, question, (), "EffectiveCost", "USD").tables[0].rows
    expected = ("Amazon S3", *(tags.get(name) for name in ("service", "ServiceName", "Cost")), Decimal(1))
    assert row[:5] == expected


LINE = {"ServiceName": "Amazon S3", "ChargeCategory": "Usage", "Tags": "{}"}
EUR = [({**LINE, "BillingCurrency": "EUR"}, [(0, Decimal("10.000000000000000001")), (20, Decimal(5))])]
USD = [({**LINE, "BillingCurrency": "USD"}, [(0, Decimal(1))])]


def cost(con: duckdb.DuckDBPyConnection, currency: str, rates: Sequence[Rate]) -> Decimal:
    spend.converted(con, "EffectiveCost", currency, rates)
    found: Decimal = con.execute("SELECT sum(Cost) FROM spend").fetchall()[0][0]
    return found


def test_currencies_are_never_added():
    con = attributed([*EUR, *USD], builtin())
    with pytest.raises(UserError) as error:
        cost(con, "USD", ())
    (problem,) = error.value.problems
    assert "from EUR to USD" in problem.sentence
    assert "2026-05-01,EUR,USD," in problem.way_out


def test_a_label_is_not_a_conversion():
    """One foreign currency alone is no reason to print it under another's name."""
    with pytest.raises(UserError):
        cost(attributed(EUR, builtin()), "USD", ())


def test_a_rate_that_begins_too_late_is_missing_for_the_days_before():
    con = attributed(EUR, builtin())
    with pytest.raises(UserError) as error:
        cost(con, "USD", [Rate(date(2026, 5, 10), "EUR", "USD", Decimal(2))])
    assert "on 2026-05-01" in error.value.problems[0].sentence


def test_a_closed_month_keeps_its_rates():
    con = attributed([*EUR, *USD], builtin())
    old = [Rate(date(2026, 4, 1), "EUR", "USD", Decimal("1.1"))]
    before = cost(con, "USD", old)
    assert before == Decimal("10.000000000000000001") * Decimal("1.1").quantize(Decimal("1.0")) + Decimal(
        "5.5"
    ) + 1 - Decimal("1E-19")
    later = [*old, Rate(date(2026, 6, 1), "EUR", "USD", Decimal(9)), Rate(date(2027, 1, 1), "EUR", "USD", Decimal(7))]
    assert cost(con, "USD", later) == before


def test_a_rate_holds_from_its_day_on():
    rates = [Rate(date(2026, 4, 1), "EUR", "USD", Decimal(1)), Rate(date(2026, 5, 21), "EUR", "USD", Decimal(2))]
    con = attributed([({**LINE, "BillingCurrency": "EUR"}, [(19, Decimal(10)), (20, Decimal(10))])], builtin())
    assert cost(con, "USD", rates) == Decimal(30)


@SMALL
@given(amount=amounts, rate=st.decimals(min_value=Decimal("1E-9"), max_value=100_000, places=18).filter(bool))
def test_a_conversion_is_exact_to_the_18th_decimal(amount, rate):
    """Weak and strong currencies, large and small amounts: no digit is cut by the width of a column."""
    con = attributed([({**LINE, "BillingCurrency": "EUR"}, [(0, amount)])], builtin())
    found = cost(con, "USD", [Rate(date(2026, 1, 1), "EUR", "USD", rate)])
    assert abs(found - money.multiply(amount, rate)) <= Decimal("1E-18")


def test_every_path_names_the_missing_rate(small):
    small.bill("aws", "2026-05-01", 31, "10").bill("azure", "2026-05-01", 31, "10", BillingCurrency="EUR")
    small.config().pulled()
    for words in (("report",), ("check",), ("drift",), ("query", "SELECT sum(Cost) FROM spend"), ("rules", "coverage")):
        found = small(*words, "--as-of", "2026-06-05")
        assert found.code == 2
        assert "no rate from EUR to USD" in found.err
        assert found.out == ""
    (small.folder / "fx.csv").write_text("date,from,to,rate\n2026-05-01,EUR,USD,1.085\n", encoding="utf-8")
    small.config(more="fx: fx.csv\n")
    (row,) = small("report", "--by", "month", "--format", "json", "--as-of", "2026-06-05").rows()
    assert row["EffectiveCost"] == "646.35"  # 31 x 10 + 31 x 10 x 1.085
