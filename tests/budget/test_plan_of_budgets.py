"""What a budget means: amounts, days, parts and wholes, and the SQL that matches its rows."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_cost import money
from aiops_cost.budget import scope
from aiops_cost.budget.plan import (
    days_of,
    joined,
    months_between,
    parents_and_parts,
    planned,
    planned_days,
    roots,
)
from aiops_cost.budget.rates import rate_on, read_rates
from aiops_cost.budget.read import Terms, read_budget, read_budgets
from aiops_cost.budget.scope import Relation, relation
from aiops_cost.budget.show import table
from aiops_cost.budget.values import Tolerance
from aiops_cost.errors import UserError

HEAD = "budget: plan\ncurrency: %s\nmonths: %s\nlines:\n"


@pytest.fixture
def budget(tmp_path):
    def read(lines, months="2026-04..2027-03", currency="USD", **terms):
        path = tmp_path / "plan.yaml"
        path.write_text(HEAD % (currency, months) + lines, encoding="utf-8")
        return read_budgets([path], Terms(**{"currency": "USD", "tolerance": Tolerance(), **terms}))[0]

    return read


def _line(budget, text, **settings):
    return budget(f"  - {{scope: {{activity: serving}}, {text}}}\n", **settings).lines[0]


@pytest.mark.parametrize(
    ("text", "months", "expected"),
    [
        ("amount: 1200.50", "2026-04..2026-05", ["1200.50", "1200.50"]),
        ("amount: {start: 1000, growth: 10%/month}", "2026-04..2026-06", ["1000", "1100", "1210"]),
        ("amount: {start: 1000, growth: -10%/month}", "2026-04..2026-05", ["1000", "900"]),
        # 40,000 requests x 1,200 tokens = 48 million tokens a day; at 3.00 that is 144 a day
        (
            "assumes: {requests_per_day: 40000, tokens_per_request: 1200, usd_per_1m_tokens: 3.00}",
            "2028-01..2028-03",
            ["4464", "4176", "4464"],
        ),
        ("assumes: {runs_per_month: 4, usd_per_run: 900, usd_data_prep_per_run: 120}", "2026-04..2026-04", ["4080"]),
        ("assumes: {runs_per_month: 4, usd_per_run: 900}", "2026-04..2026-04", ["3600"]),
        (
            "assumes: {gb_at_start: 1000, growth: 50%/month, usd_per_gb_month: 0.02}",
            "2026-04..2026-06",
            ["20", "30", "45"],
        ),
        ("assumes: {instance_hours_per_day: 48, usd_per_hour: 1.5}", "2026-02..2026-03", ["2016", "2232"]),
    ],
)
def test_amounts_follow_from_what_is_written(budget, text, months, expected):
    line = _line(budget, text, months=months)
    assert list(line.amounts.values()) == [Decimal(amount) for amount in expected]


def test_months_that_a_line_does_not_name_are_not_planned_as_zero(budget):
    line = _line(budget, "amount: {2026-04: 30, 2026-06: 60}")
    assert set(line.amounts) == {"2026-04", "2026-06"}
    assert planned(line, date(2026, 5, 1), date(2026, 5, 31)) == 0
    assert planned_days(line, date(2026, 4, 20), date(2026, 6, 2)) == (
        (date(2026, 4, 20), date(2026, 4, 30)),
        (date(2026, 6, 1), date(2026, 6, 2)),
    )


@pytest.mark.parametrize("month", ["2026-02", "2028-02", "2026-04", "2026-12"])
def test_a_whole_month_is_exactly_its_amount_and_each_day_its_part(budget, month):
    line = _line(budget, "amount: 1000.01", months="2026-01..2028-12")
    first, last = days_of(month)
    assert planned(line, first, last) == Decimal("1000.01")
    assert planned(line, first, first) == (Decimal("1000.01") / last.day).quantize(Decimal("1e-18"))


@given(cut=st.integers(0, 29))
def test_cutting_a_stretch_in_two_loses_less_than_one_unit_of_the_last_digit(tmp_path_factory, cut):
    path = tmp_path_factory.mktemp("b") / "b.yaml"
    path.write_text(HEAD % ("USD", "2026-04..2026-05") + "  - {scope: {}, amount: 100}\n", encoding="utf-8")
    line = read_budget(path, Tolerance()).lines[0]
    first, last = date(2026, 4, 1), date(2026, 5, 31)
    middle = first + timedelta(days=cut)
    parts = planned(line, first, middle) + planned(line, middle + timedelta(days=1), last)
    assert abs(parts - 200) <= Decimal("1e-18")


def test_parts_are_found_without_the_parts_of_parts(budget):
    plan = budget(
        "  - {scope: {}, amount: 100}\n"
        "  - {scope: {activity: serving}, amount: 60}\n"
        "  - {scope: {activity: serving, workload: [a, b]}, amount: 50}\n"
        "  - {scope: {activity: serving, workload: a}, amount: 20}\n"
        "  - {scope: {activity: training}, amount: 40}\n"
    )
    whole, serving, both, one, training = plan.lines
    assert parents_and_parts(plan.lines) == [
        (whole, (serving, training)),
        (serving, (both,)),
        (both, (one,)),
    ]
    assert list(roots(plan.lines, "2026-04")) == [whole]


def test_a_part_may_have_the_months_that_its_whole_leaves_out(budget):
    plan = budget(
        "  - {scope: {activity: serving}, amount: {2026-04: 50}}\n"
        "  - {scope: {activity: serving, workload: a}, amount: {2026-04: 20, 2026-05: 900}}\n"
    )
    assert [line.scope for line in roots(plan.lines, "2026-05")] == [plan.lines[1].scope]


def test_the_same_scope_may_be_planned_twice_in_months_that_do_not_meet(budget):
    plan = budget(
        "  - {scope: {activity: serving}, amount: {2026-04: 50}}\n"
        "  - {scope: {activity: serving}, amount: {2026-05: 60}}\n"
    )
    assert len(plan.lines) == 2


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({}, {"activity": "serving"}, Relation.PARENT),
        ({"activity": "serving"}, {"x_Activity": ("serving",)}, Relation.SAME),
        ({"activity": ("serving", "training")}, {"activity": "serving"}, Relation.PARENT),
        ({"activity": "serving", "workload": "a"}, {"activity": "serving"}, Relation.PART),
        ({"activity": "serving"}, {"activity": "training", "workload": "a"}, Relation.DISJOINT),
        ({"activity": "serving"}, {"workload": "a"}, Relation.OVERLAP),
        ({"tags.service": "a"}, {"service": "a"}, Relation.OVERLAP),
    ],
)
def test_how_two_scopes_relate(one, other, expected):
    assert relation(one, other) is expected


_SCOPES = st.dictionaries(
    st.sampled_from(["activity", "workload", "environment"]),
    st.lists(st.sampled_from(["serving", "training"]), min_size=1, unique=True).map(tuple),
)
_ROWS = [
    dict(zip(("activity", "workload", "environment"), values, strict=True))
    for values in [(a, b, c) for a in ["serving", "training"] for b in ("serving", None) for c in ("training", None)]
]


@given(one=_SCOPES, other=_SCOPES)
def test_no_row_contradicts_how_scopes_relate(one, other):
    def matches(wanted, row):
        return all(row[key] in values for key, values in wanted.items())

    pairs = {(matches(one, row), matches(other, row)) for row in _ROWS}
    match relation(one, other):
        case Relation.SAME:
            assert pairs <= {(True, True), (False, False)}
        case Relation.PARENT:
            assert (False, True) not in pairs
        case Relation.PART:
            assert (True, False) not in pairs
        case Relation.DISJOINT:
            assert (True, True) not in pairs


@pytest.mark.parametrize("key", ["plain", "with space", "a.b", "a/b~c", 'quote"', "$[0]", "ü"])
def test_any_tag_key_can_be_a_scope_and_none_is_sql(key):
    con = duckdb.connect()
    con.execute("CREATE TABLE spend (Tags VARCHAR, x_Workload VARCHAR)")
    con.execute("INSERT INTO spend VALUES (json_object(?, 'x'), NULL), ('{}', NULL), (NULL, 'x')", [key])
    sql, parameters = scope.where({f"tags.{key}": "x"})
    assert con.execute(f"SELECT count(*) FROM spend WHERE {sql}", parameters).fetchone() == (1,)
    assert con.execute(f"SELECT count(*) FROM spend WHERE NOT ({sql})", parameters).fetchone() == (2,)


def test_hostile_values_travel_as_parameters():
    sql, parameters = scope.where({"workload": "x') OR 1=1 --"})
    assert sql == 'coalesce("x_Workload" IN (?), false)'
    assert parameters == ["x') OR 1=1 --"]


def test_a_budget_in_another_currency_is_converted_once_and_not_relabelled(budget, tmp_path):
    (tmp_path / "fx.csv").write_text(
        "date,from,to,rate\n2026-03-01,EUR,USD,1.10\n2026-05-01,EUR,USD,2\n", encoding="utf-8"
    )
    rates = read_rates(tmp_path / "fx.csv")
    plan = budget(
        "  - {scope: {activity: training}, assumes: {runs_per_month: 4, eur_per_run: 100}}\n",
        currency="EUR",
        rates=rates,
    )
    assert (plan.currency, plan.written_in, plan.rate) == ("USD", "EUR", Decimal("1.10"))
    assert set(plan.lines[0].amounts.values()) == {Decimal(440)}  # one rate for the whole plan
    assert plan.lines[0].assumes == {"runs_per_month": Decimal(4), "per_run": Decimal(110)}
    assert table(plan).note == "not approved; written in EUR, at 1.10 USD"


def test_the_rate_of_a_day_is_the_latest_stated_before_it(tmp_path):
    path = tmp_path / "fx.csv"
    path.write_text("date,from,to,rate\n2026-05-01,EUR,USD,2\n2026-03-01,EUR,USD,1.10\n", encoding="utf-8")
    rates = read_rates(path)
    assert rate_on(rates, "EUR", "USD", date(2026, 2, 28)) is None
    assert rate_on(rates, "EUR", "USD", date(2026, 4, 30)) == Decimal("1.10")
    assert rate_on(rates, "EUR", "USD", date(2026, 5, 1)) == Decimal(2)
    assert rate_on(rates, "USD", "EUR", date(2026, 5, 1)) is None


def test_every_bad_rate_is_told_at_its_line(tmp_path):
    path = tmp_path / "fx.csv"
    path.write_text(
        "date,from,to,rate\n01.03.2026,EUR,USD,1\n2026-03-01,EUR,USD,1,10\n2026-03-01,EUR,USD,0\n"
        "2026-03-01,eur,USD,1\n2026-03-01,EUR,USD,1\n2026-03-01,EUR,USD,2\n",
        encoding="utf-8",
    )
    with pytest.raises(UserError) as caught:
        read_rates(path, "fx.csv")
    assert [problem.place for problem in caught.value.problems] == [
        "fx.csv:2:1",
        "fx.csv:3:1",
        "fx.csv:4:1",
        "fx.csv:5:1",
        "fx.csv:7:1",
    ]


def test_rates_need_their_header(tmp_path):
    (tmp_path / "fx.csv").write_text("EUR,USD,1\n", encoding="utf-8")
    with pytest.raises(UserError, match="the first line must be date,from,to,rate"):
        read_rates(tmp_path / "fx.csv")


def test_two_budgets_are_checked_against_each_other(tmp_path):
    paths = []
    for name in ("one", "two"):
        path = tmp_path / f"{name}.yaml"
        path.write_text(HEAD % ("USD", "2026-04..2026-05") + "  - {scope: {activity: serving}, amount: 1}\n")
        paths.append(path)
    with pytest.raises(UserError) as caught:
        read_budgets(paths, Terms("USD", Tolerance()), shown=lambda path: path.name)
    assert [p.code for p in caught.value.problems] == ["budget-name-twice", "budget-line-twice"]


def test_the_table_of_a_budget_does_not_add_parts_to_wholes(budget):
    shown = table(
        budget(
            "  - {scope: {activity: serving}, owner: ml, amount: 60}\n"
            "  - {scope: {activity: serving, workload: a}, amount: 20}\n"
            "  - {scope: {activity: training}, amount: {2026-05: 5}}\n",
            months="2026-04..2026-05",
        )
    )
    assert [column.name for column in shown.columns[3:]] == ["2026-04", "2026-05", "total"]
    assert shown.rows[0] == ("serving", "ml", "5%/10%", Decimal(60), Decimal(60), Decimal(120))
    assert shown.rows[2][3] is None
    assert shown.total == ("total", None, None, Decimal(60), Decimal(65), Decimal(125))


def test_sums_of_large_amounts_keep_their_last_digit():
    large = Decimal("99999999999.000000000000000001")  # 29 digits; Decimal alone would round to 28
    assert money.total([large, Decimal(1)]) == Decimal("100000000000.000000000000000001")


def test_ranges_of_days_are_joined_without_counting_a_day_twice():
    april, may = days_of("2026-04"), days_of("2026-05")
    assert joined([may, april, (date(2026, 4, 20), date(2026, 5, 3))]) == ((april[0], may[1]),)
    assert months_between("2026-11", "2027-02") == ("2026-11", "2026-12", "2027-01", "2027-02")


def test_a_line_that_ends_in_mid_month_plans_the_days_up_to_it_everywhere(budget):
    read = budget("  - {scope: {activity: serving}, amount: 300, ends: 2026-05-31}\n"
                  "  - {scope: {activity: training}, amount: 300, ends: 2026-06-10, kind: scaffolding}\n")  # fmt: skip
    assert list(read.lines[1].amounts) == ["2026-04", "2026-05", "2026-06"]
    assert planned(read.lines[1], date(2026, 6, 1), date(2026, 6, 30)) == 100
    assert planned_days(read.lines[1], date(2026, 6, 5), date(2026, 7, 30)) == ((date(2026, 6, 5), date(2026, 6, 10)),)
    shown = table(read)
    assert [row[-1] for row in shown.rows] == [600, 700]
    assert shown.total[-1] == 1300


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("kind: scaffolding, amount: 1", "needs its last day"),
        ("ends: 2026-03-31, amount: 1", "before the budget's first month"),
        ("flex: orders, amount: 1", "how many orders were planned is not known"),
        ("flex: 'Orders!', amount: 1", "is not the name of a metric"),
        ("amount: {steady: 1}", "'steady' is not a month"),
    ],
)
def test_what_a_line_says_of_its_end_and_volume_must_make_sense(budget, lines, said):
    with pytest.raises(UserError, match=said):
        _line(budget, lines)


def test_phases_and_credits(tmp_path):
    path = tmp_path / "plan.yaml"
    path.write_text(
        "budget: b\ncurrency: EUR\nmonths: 2026-01..2026-04\n"
        "phases: [{name: parallel-run, months: 2026-01..2026-02}, {name: steady-state, months: 2026-03..2026-04}]\n"
        "credits: [{name: start, amount: 310, ends: 2026-03-15}]\n"
        "lines: [{scope: {}, amount: {parallel-run: 20, steady-state: 10}}]\n",
        encoding="utf-8",
    )
    read = read_budget(path, Tolerance())
    assert [str(amount) for amount in read.lines[0].amounts.values()] == ["20", "20", "10", "10"]
    [credit] = read.credits
    assert (credit.on(date(2026, 3, 15)), credit.on(date(2026, 3, 16))) == (10, 0)
