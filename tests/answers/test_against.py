"""What a report puts beside spend as its plan: parts are taken out of wholes, days are spread, nothing is guessed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_cost.answers.against import ANY, planned_by
from aiops_cost.answers.window import Window
from aiops_cost.budget.plan import Budget, BudgetLine
from aiops_cost.budget.values import Tolerance

D = Decimal
JUNE = Window(date(2026, 6, 1), date(2026, 6, 30))


def line(amount: str, owner: str | None = None, **scope: str | tuple[str, ...]) -> BudgetLine:
    months = {"2026-05": D(310), "2026-06": D(amount)}
    return BudgetLine("plan", scope, owner, months, {}, {}, Tolerance(), "plan.yaml:1:1")


def plan(*lines: BudgetLine) -> tuple[Budget, ...]:
    return (Budget("plan", "USD", ("2026-05", "2026-06"), lines, "plan.yaml:1:1"),)


WHOLE = line("900", activity="serving")
CHAT = line("600", "chat-team", activity="serving", workload="chat")
BOTH = line("60", activity="training", workload=("a", "b"))
PLAN = plan(WHOLE, CHAT, BOTH)


def test_a_part_is_not_counted_twice():
    found = planned_by(PLAN, ["activity"], JUNE, ()).amounts
    assert found == {("serving",): D(900), ("training",): D(60)}


def test_what_a_scope_does_not_say_stands_alone():
    found = planned_by(PLAN, ["activity", "workload"], JUNE, ())
    assert found.amounts == {("serving", ANY): D(300), ("serving", "chat"): D(600), ("training", "a|b"): D(60)}
    assert ANY in found.notes[0]


def test_days_are_spread_evenly_over_the_month():
    found = planned_by(PLAN, ["day"], Window(date(2026, 6, 1), date(2026, 6, 3)), ()).amounts
    assert found == {(date(2026, 6, day),): D(32) for day in (1, 2, 3)}
    assert planned_by(PLAN, ["month"], Window(date(2026, 5, 31), date(2026, 6, 15)), ()).amounts == {
        ("2026-05",): D(20),
        ("2026-06",): D(480),
    }


def test_the_owner_is_the_one_that_the_line_names():
    assert planned_by(PLAN, ["owner"], JUNE, ()).amounts[("chat-team",)] == D(600)


@pytest.mark.parametrize(
    ("where", "total", "unsure"),
    [
        (["activity=serving"], 900, 0),
        (["activity!=serving"], 60, 0),
        (["activity~serv"], 900, 0),
        (["workload=chat"], 600, 1),
        (["workload=a"], 0, 2),
        (["workload=a,b"], 60, 1),
        (["provider=AWS"], 0, 3),
    ],
    ids=str,
)
def test_filters_choose_among_the_lines_and_say_what_they_cannot_tell(where, total, unsure):
    found = planned_by(PLAN, [], JUNE, where)
    assert sum(found.amounts.values()) == D(total)
    assert any(note.startswith(f"{unsure} budget line") for note in found.notes) == bool(unsure)


@given(
    st.sets(st.sampled_from(["activity", "workload", "owner"])),
    st.integers(0, 60),
    st.integers(0, 30),
    st.sampled_from([None, "day", "week", "month"]),
)
def test_the_groups_always_add_up_to_the_plan(by, start, length, stretch):
    first = date.fromordinal(date(2026, 5, 1).toordinal() + start)
    window = Window(first, date.fromordinal(first.toordinal() + length))
    keys = ([stretch] if stretch else []) + sorted(by)
    parts = planned_by(PLAN, keys, window, ()).amounts
    whole = planned_by(PLAN, [], window, ()).amounts
    assert sum(parts.values()) == sum(whole.values())


MOVING = BudgetLine(
    "plan", {"workload": "chat"}, None, {"2026-06": D(300)}, {}, {}, Tolerance(), "plan.yaml:1:1", flex="requests"
)


def test_a_plan_that_moves_with_volume_is_said_to_be_what_the_volume_allows():
    (note,) = planned_by(plan(MOVING), ["workload"], JUNE, ()).notes
    assert note.startswith("chat: the plan moves with volume")
    assert planned_by(plan(MOVING), ["workload"], JUNE, ["workload=search"]).notes == ()


def test_each_day_of_a_plan_that_moves_allows_what_its_own_volume_is_worth():
    def allowed(line, first, last):
        return sum((D(day) for day in range(first.day, last.day + 1)), D(0))

    found = planned_by(plan(MOVING), ["day"], Window(date(2026, 6, 1), date(2026, 6, 3)), (), allowed).amounts
    assert found == {(date(2026, 6, day),): D(day) for day in (1, 2, 3)}
    assert planned_by(plan(MOVING), [], JUNE, (), allowed).amounts == {(): D(465)}
