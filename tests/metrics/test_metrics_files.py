"""Metrics from CSV: what is added, what is averaged, what is said, and what is refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from aiops_cost.errors import UserError

D = date.fromisoformat


def values(found):
    return {(str(p.day), p.name, p.workload): p.value for p in found.points}


def test_a_value_a_row(measured):
    found = measured("day,name,workload,value\n2026-05-01,requests,chat,48000\n2026-05-02,requests,chat,0.5\n")
    assert values(found) == {
        ("2026-05-01", "requests", "chat"): 48000,
        ("2026-05-02", "requests", "chat"): Decimal("0.5"),
    }
    assert {(p.unit, p.source, p.activity) for p in found.points} == {("requests", "m.csv", None)}
    assert found.notes == ()


def test_a_column_per_metric_and_an_empty_cell_is_no_zero(measured):
    found = measured("\ufeffday;workload;requests;orders\n2026-05-01;chat;10;3\n2026-05-02;chat;12;\n")
    assert values(found) == {
        ("2026-05-01", "requests", "chat"): 10,
        ("2026-05-01", "orders", "chat"): 3,
        ("2026-05-02", "requests", "chat"): 12,
    }


def test_times_go_to_their_utc_day_and_add_up(measured):
    times = ("2026-05-01T23:30:00+02:00", "2026-05-02T01:30:00+02:00", "2026-05-02T12:00:00Z")
    lines = "time,name,value\n" + "".join(f"{time},requests,{2**n}\n" for n, time in enumerate(times))
    assert values(measured(lines)) == {("2026-05-01", "requests", None): 3, ("2026-05-02", "requests", None): 4}


def test_times_without_offset_are_in_the_zone_of_the_entry(measured):
    lines = "time,name,value\n2026-05-02T01:30:00,requests,2\n"
    found = measured(lines, "csv: m.csv, timezone: Europe/Berlin")
    assert values(found) == {("2026-05-01", "requests", None): 2}


def test_whole_days_of_another_zone_are_taken_and_it_is_said(measured):
    found = measured("day,name,value\n2026-05-02,requests,2\n", "csv: m.csv, timezone: America/New_York")
    assert values(found) == {("2026-05-02", "requests", None): 2}
    assert "about 4 hours of each fall on the day beside it" in found.notes[0]


def test_levels_are_averaged_and_a_percentile_says_so(measured):
    lines = "time,latency_p95_ms,quality\n2026-05-01T01:00:00Z,100,0.8\n2026-05-01T02:00:00Z,300,0.9\n"
    found = measured(lines)
    assert values(found) == {
        ("2026-05-01", "latency_p95_ms", None): 200,
        ("2026-05-01", "quality", None): Decimal("0.85"),
    }
    assert "near the percentile of the day and not the same" in found.notes[0]


def test_the_same_row_twice_counts_once_and_it_is_said(measured):
    found = measured("day,name,value\n2026-05-01,requests,5\n2026-05-01,requests,5.0\n")
    assert values(found) == {("2026-05-01", "requests", None): 5}
    assert "1 rows say what another row says" in found.notes[0]


def test_two_rows_that_contradict_each_other_are_refused(measured):
    with pytest.raises(UserError, match=r"m\.csv:3:1: requests is 6 here and 5 at m\.csv:2"):
        measured("day,name,value\n2026-05-01,requests,5\n2026-05-01,requests,6\n")


def test_a_counter_becomes_differences_and_a_reset_counts_from_zero(measured):
    lines = "time,name,value\n" + "".join(
        f"2026-05-0{day}T00:00:00Z,requests,{value}\n" for day, value in ((1, 100), (2, 160), (3, 40), (4, 90))
    )
    found = measured(lines, "csv: m.csv, counters: [requests]")
    assert values(found) == {
        ("2026-05-02", "requests", None): 60,
        ("2026-05-03", "requests", None): 40,
        ("2026-05-04", "requests", None): 50,
    }
    assert found.notes[0].startswith("m.csv:4: the counter requests began anew")


def test_gaps_are_told_and_not_filled(measured):
    days = [1, 2, 3, 6, 7, 8]
    found = measured("day,requests\n" + "".join(f"2026-05-0{day},10\n" for day in days))
    assert len(found.points) == 6
    assert "requests: 2 of 8 days, the first 2026-05-04 without a value" in found.notes[0]


def test_runs_on_some_days_are_no_gaps(measured):
    found = measured("day,runs\n2026-05-01,1\n2026-05-08,1\n2026-05-15,1\n")
    assert found.notes == ()


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("", "no column `day`"),
        ("day,name,value,worklod\n", "unknown column `worklod`; did you mean `workload`?"),
        ("day,worklod,requests\n2026-05-01,chat,3\n", "did you mean `workload`?"),
        ("day,name\n2026-05-01,requests\n", "`name` and `value` belong together"),
        ("day,requests,requests\n", "`requests` is there twice"),
        ("day,requests\n01.05.2026,3\n", r"m\.csv:2:1: '01\.05\.2026' is neither a day"),
        ("day,requests\n2026-05-01,1,2\n", r"m\.csv:2:1: 3 cells where the first line has 2"),
        ('day,requests\n2026-05-01,"1,200"\n', r"m\.csv:2:2: '1,200' is not a plain number"),
        ("day,requests\n2026-05-01,NaN\n", "is not a plain number"),
        ("day,Requests!\n2026-05-01,1\n", "is not the name of a metric"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(measured, lines, said):
    with pytest.raises(UserError, match=said) as caught:
        measured(lines)
    assert all(problem.place and problem.way_out for problem in caught.value.problems)
