"""The ad-hoc report: groups, the rest, filters, and what it says about sources that are not all there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import duckdb
import pytest

from aiops_cost.answers.against import Plan
from aiops_cost.answers.report import Question, answer, refuse
from aiops_cost.answers.window import Window
from aiops_cost.errors import UserError
from aiops_cost.ledger import schema
from aiops_cost.model import Deviation, PeriodState, Report, Source, SourceState

MAY = Window(date(2026, 5, 1), date(2026, 5, 31))
APRIL = Window(date(2026, 4, 1), date(2026, 4, 30))
PERIOD = PeriodState("aws", "2026-05", datetime(2026, 6, 1, tzinfo=UTC), 1, 1, 0, {}, None, None, None)
AWS = SourceState(
    Source("aws", "focus", "x"), (PERIOD,), date(2026, 1, 1), date(2026, 6, 12), settled_until=date(2026, 6, 11)
)


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """serving 60 (chat 40, search 15, nobody 5), training 40; April: serving 30, storage 7."""
    columns = [f"{column.name} {column.sql_type}" for column in schema.COLUMNS]
    columns += [f"{name} VARCHAR" for name in schema.ATTRIBUTION]
    with duckdb.connect() as made:
        made.execute(f"CREATE TABLE spend ({', '.join(columns)}, Cost DECIMAL(38, 18))")
        rows = [
            ("2026-05-01", "serving", "chat", "40", '{"team": "a"}'),
            ("2026-05-02", "serving", "search", "15", '{"team": "b"}'),
            ("2026-05-31", "serving", None, "5", "{}"),
            ("2026-05-03", "training", "chat", "40", '{"team": ""}'),
            ("2026-04-30", "serving", "chat", "30", None),
            ("2026-04-01", "storage", "lake", "7", None),
            ("2026-06-01", "serving", "chat", "1000", None),
        ]
        made.executemany(
            "INSERT INTO spend (ChargePeriodStart, x_Activity, x_Workload, Cost, Tags) VALUES (?, ?, ?, ?, ?)", rows
        )
        yield made


def asked(con, by: Sequence[str], states: Sequence[SourceState] = (AWS,), **more: object) -> Report:
    return answer(con, Question(tuple(by), MAY, **more), states, "EffectiveCost", "USD")


def rows(report: Report) -> list[tuple[object, ...]]:
    """The rows without what is drawn."""
    table = report.tables[0]
    keep = [i for i, column in enumerate(table.columns) if column.kind not in {"bar", "spark"}]
    return [tuple(row[i] for i in keep) for row in table.rows]


def test_the_last_day_is_in(con):
    """An exclusive end taken as inclusive, or the other way round, is 3% of a month."""
    assert rows(asked(con, ["activity"])) == [
        ("serving", Decimal(60), Decimal("0.6")),
        ("training", Decimal(40), Decimal("0.4")),
    ]


def test_top_folds_and_the_total_stays(con):
    table = asked(con, ["activity", "workload"], top=1).tables[0]
    assert [row[:3] for row in table.rows] == [("serving", "chat", Decimal(40)), ("3 more", "", Decimal(60))]
    assert table.total[2] == Decimal(100)


def test_equal_amounts_stand_in_the_order_of_their_names(con):
    assert [row[0] for row in rows(asked(con, ["activity", "workload"]))] == [
        "serving",
        "training",
        "serving",
        "serving",
    ]


def test_months_stand_in_their_order(con):
    whole = Question(("month",), Window(date(2026, 4, 1), date(2026, 6, 30)))
    table = answer(con, whole, (AWS,), "EffectiveCost", "USD").tables[0]
    assert [row[0] for row in table.rows] == ["2026-04", "2026-05", "2026-06"]


def test_what_has_no_name_is_a_group_and_what_is_empty_another(con):
    found = {row[0]: row[1] for row in rows(asked(con, ["tags.team"]))}
    assert found == {"a": Decimal(40), "b": Decimal(15), None: Decimal(5), "": Decimal(40)}


@pytest.mark.parametrize(
    ("where", "total"),
    [
        (["activity=serving"], 60),
        (["activity!=serving"], 40),
        (["workload="], 5),
        (["workload!="], 95),
        (["workload=chat,search"], 95),
        (["workload!=chat,search"], 5),
        (["workload~CHA"], 80),
        (["workload!~CHA"], 20),
        (["tags.team=a"], 40),
        (["activity=serving", "workload=chat"], 40),
        (["activity = serving"], 60),
        (["month=2026-05"], 100),
        (["day=2026-05-02"], 15),
        (["workload=no such"], 0),
    ],
    ids=str,
)
def test_filters(con, where, total):
    table = asked(con, ["activity"], where=tuple(where)).tables[0]
    assert table.total[1] == Decimal(total)


def test_what_is_new_and_what_is_gone_are_both_in_the_comparison(con):
    found = rows(asked(con, ["activity"], compare=APRIL))
    assert [(row[0], row[1], *row[3:]) for row in found] == [
        ("serving", Decimal(60), Decimal(30), Decimal(30), Decimal(1)),
        ("training", Decimal(40), Decimal(0), Decimal(40), "new"),
        ("storage", Decimal(0), Decimal(7), Decimal(-7), Decimal(-1)),
    ]


def test_a_row_per_month_and_top_keeps_the_same_groups_throughout(con):
    question = Question(("activity",), Window(date(2026, 4, 1), date(2026, 5, 31)), top=1, granularity="month")
    report = answer(con, question, (AWS,), "EffectiveCost", "USD")
    assert [row[:3] for row in rows(report)] == [
        ("2026-04", "serving", Decimal(30)),
        ("2026-04", "1 more", Decimal(7)),
        ("2026-05", "serving", Decimal(60)),
        ("2026-05", "1 more", Decimal(40)),
    ]
    assert report.tables[0].total[2] == Decimal(137)
    assert report.title == "Spend by activity per month"


def test_a_sparkline_adds_up_to_its_row(con):
    question = Question(("activity",), Window(date(2026, 4, 8), date(2026, 5, 1)))
    table = answer(con, question, (AWS,), "EffectiveCost", "USD").tables[0]
    for row in (*table.rows, table.total):
        assert sum(value for value in row[-1] if value is not None) == row[1]


def test_days_left_over_are_in_the_total_though_not_drawn(con):
    """31 days in stretches of two: the first day is not drawn, and still counted."""
    question = Question(("activity",), Window(date(2026, 5, 1), date(2026, 5, 31)))
    table = answer(con, question, (AWS,), "EffectiveCost", "USD").tables[0]
    serving = dict(zip([column.name for column in table.columns], table.rows[0], strict=True))
    assert serving["EffectiveCost"] == Decimal(60)
    assert len(serving["trend"]) == 15


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (["workload=chatt"], "did you mean `chat`?"),
        (["workload=lake"], "but 1 charges on others"),
        (["activity=storag", "workload=chat"], "`activity=storag` matches nothing"),
        (["activity=training", "workload=search"], "no charge matches all of them"),
        (["workload~zzz"], "nor on any other"),
    ],
)
def test_a_filter_that_matches_nothing_is_named(con, where, said):
    note = asked(con, ["activity"], where=tuple(where)).notes[0]
    assert said in note
    assert "`workload=chat`" not in note


def test_days_without_bills_say_which_days_have_some(con):
    question = Question(("activity",), Window(date(2020, 1, 1), date(2020, 1, 31)), where=("activity=serving",))
    note = answer(con, question, (AWS,), "EffectiveCost", "USD").notes[0]
    assert "from 2026-04-01 to 2026-06-01" in note


def test_the_ledger_version_is_always_named(con):
    question = Question(("activity",), MAY)
    assert answer(con, question, (AWS,), "EffectiveCost", "USD", 7).facts["ledger_version"] == "7"
    assert asked(con, ["activity"]).facts["ledger_version"] == "none yet"


def test_a_line_over_time_and_bars_of_the_largest(con):
    (bars,) = asked(con, ["activity"]).charts
    assert (bars.kind, bars.rows[0]) == ("bars", ("serving", None, Decimal(60)))
    (line,) = asked(con, [], granularity="day").charts
    assert line.kind == "timeline"
    assert line.rows[0] == ("total", date(2026, 5, 1), Decimal(40), None, None)


def test_without_columns_there_is_one_row(con):
    assert [row[0] for row in rows(asked(con, []))] == [Decimal(100)]


def test_a_source_that_begins_is_no_increase(con):
    late = replace(AWS, source=Source("gcp", "focus", "x"), first_day=date(2026, 5, 1))
    notes = asked(con, ["activity"], (AWS, late), compare=APRIL).notes
    assert notes == ("gcp begins on 2026-05-01: what it cost before is not in the comparison.",)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"last_day": date(2026, 5, 20)}, "aws has delivered usage up to 2026-05-20 only."),
        ({"settled_until": date(2026, 5, 29)}, "aws is settled until 2026-05-29; later days may still grow."),
        (
            {"first_day": date(2026, 5, 9)},
            "aws has delivered usage from 2026-05-09 on: 8 of 31 of these days are missing.",
        ),
        ({"periods": ()}, "aws was never loaded, so this total is without it."),
    ],
    ids=str,
)
def test_a_total_says_what_is_not_in_it(con, change, said):
    assert asked(con, ["activity"], (replace(AWS, **change),)).notes == (said,)


def test_a_cost_that_is_not_known_is_told_where_it_is_summed(con):
    """A bill without the cost of what a commitment covers: its sum is less than what it cost."""
    sentence = "use that a commitment covers carries no effective cost; it is missing from sums"
    said = Deviation("no-cost", sentence, 1624, unknown="EffectiveCost")
    period = replace(PERIOD, deviations=(said, Deviation("x", "y", 1)))
    may = replace(AWS, periods=(period,))
    assert asked(con, ["activity"], (may,)).notes == (f"aws: {sentence} (1,624 rows as loaded).",)
    assert answer(con, Question(("activity",), APRIL), (may,), "EffectiveCost", "USD").notes == ()
    assert answer(con, Question(("activity",), MAY), (may,), "BilledCost", "USD").notes == ()


def test_a_tag_that_nobody_has_is_named_with_where_to_look(con):
    (note,) = asked(con, ["activity", "tags.taem"]).notes
    assert note.startswith("Nothing has `tags.taem` on these days.")
    assert "json_keys(Tags)" in note
    assert asked(con, ["tags.team"]).notes == ()


def test_no_rows_is_not_zero(con):
    question = Question(("activity",), Window(date(2020, 1, 1), date(2020, 1, 31)))
    report = answer(con, question, (replace(AWS, first_day=date(2019, 1, 1)),), "EffectiveCost", "USD")
    assert report.tables[0].rows == ()
    assert "not the same as zero" in report.notes[0]


def test_settled_until_is_unknown_while_one_source_is(con):
    unsettled = replace(AWS, settled_until=None)
    assert asked(con, ["activity"], (AWS, unsettled)).facts["settled_until"] is None


def test_folders_and_cost_categories_are_columns(con):
    con.execute("UPDATE spend SET x_CostCategories = '{\"folder\": \"ml/prod\"}' WHERE x_Workload = 'chat'")
    assert [row[:2] for row in rows(asked(con, ["categories.folder"]))] == [
        ("ml/prod", Decimal(80)),
        (None, Decimal(20)),
    ]
    only = asked(con, ["workload"], where=("categories.folder=ml/prod",))
    assert [row[:2] for row in rows(only)] == [("chat", Decimal(80))]


@pytest.mark.parametrize(
    ("by", "more"),
    [
        (["workloda"], {}),
        (["tags."], {}),
        (["Cost"], {}),
        ([""], {}),
        (["activity"], {"granularity": "year"}),
        (["activity"], {"plan": Plan(())}),
    ],
)
def test_asked_wrongly(con, by, more):
    with pytest.raises(UserError) as error:
        asked(con, by, **more)
    assert error.value.problems[0].way_out


@pytest.mark.parametrize(("by", "granularity"), [(["activity", "activity"], None), (["activity"], "year")])
def test_what_no_ledger_is_needed_to_refuse(by, granularity):
    with pytest.raises(UserError) as error:
        refuse(by, granularity)
    assert error.value.problems[0].way_out
