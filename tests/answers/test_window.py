"""Which days a question is about: on the first of a month, on leap days, and when options contradict each other."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from aiops_cost.answers.window import Window, choose, compared
from aiops_cost.errors import CouldNotJudge, UserError
from aiops_cost.model import Source, SourceState


def state(name: str = "aws", last: str = "2026-06-12", settled: str | None = "2026-06-11") -> SourceState:
    days = date(2025, 7, 1), date.fromisoformat(last), date.fromisoformat(settled) if settled else None
    return SourceState(Source(name, "focus", "x"), (), *days)


def window(text: str) -> Window:
    first, _, last = text.partition("..")
    return Window(date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("options", "days"),
    [
        ({}, "2026-06-01..2026-06-11"),
        ({"month": "2026-02"}, "2026-02-01..2026-02-28"),
        ({"month": "2028-02"}, "2028-02-01..2028-02-29"),
        ({"month": "2025-12"}, "2025-12-01..2025-12-31"),
        ({"last": "1d"}, "2026-06-11..2026-06-11"),
        ({"last": "30d"}, "2026-05-13..2026-06-11"),
        ({"last": "2w"}, "2026-05-29..2026-06-11"),
        ({"last": "1m"}, "2026-06-01..2026-06-11"),
        ({"last": "7m"}, "2025-12-01..2026-06-11"),
        ({"first_day": date(2026, 5, 4)}, "2026-05-04..2026-06-11"),
        ({"last_day": date(2026, 5, 4)}, "2026-05-01..2026-05-04"),
        ({"first_day": date(2024, 2, 29), "last_day": date(2024, 2, 29)}, "2024-02-29..2024-02-29"),
    ],
    ids=str,
)
def test_days(options, days):
    assert choose([state()], date(2026, 6, 14), **options) == window(days)


@pytest.mark.parametrize("as_of", ["2026-06-01", "2028-02-29", "2026-12-31", "2026-01-01"])
def test_on_the_first_of_a_month_the_last_settled_month_is_meant(as_of):
    """Start = end, or an empty stretch, is what calendars trap programs into."""
    today = date.fromisoformat(as_of)
    settled = today - timedelta(days=2)
    found = choose([state(last=str(today), settled=str(settled))], today)
    assert found == Window(settled.replace(day=1), settled)


def test_the_slowest_source_decides():
    assert choose([state(), state("azure", "2026-06-09", "2026-06-08")], date(2026, 6, 14)).last == date(2026, 6, 8)


@pytest.mark.parametrize(
    "options",
    [
        {"month": "2026-5"}, {"month": "2026-00"}, {"month": "05-2026"}, {"month": "2026-05-01"},
        {"last": "0d"}, {"last": "d"}, {"last": "-3d"}, {"last": "3y"}, {"last": "99999d"},
        {"month": "2026-05", "last": "3d"}, {"last": "3d", "first_day": date(2026, 5, 1)},
        {"first_day": date(2026, 5, 2), "last_day": date(2026, 5, 1)},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_stretch_of_days_is_refused(options):
    with pytest.raises(UserError) as error:
        choose([state()], date(2026, 6, 14), **options)
    assert error.value.problems[0].way_out


def test_an_empty_ledger_has_no_days():
    with pytest.raises(CouldNotJudge):
        choose([SourceState(Source("aws", "focus", "x"))], date(2026, 6, 14))


@pytest.mark.parametrize(
    ("text", "days", "expected"),
    [
        ("before", "2026-05-01..2026-05-31", "2026-04-01..2026-04-30"),
        ("before", "2026-03-01..2026-03-31", "2026-02-01..2026-02-28"),
        ("before", "2026-06-01..2026-06-11", "2026-05-21..2026-05-31"),
        ("before", "2026-01-01..2026-01-01", "2025-12-31..2025-12-31"),
        ("last-month", "2026-06-01..2026-06-11", "2026-05-01..2026-05-11"),
        ("last-month", "2026-05-01..2026-05-31", "2026-04-01..2026-04-30"),
        ("last-month", "2026-03-01..2026-03-31", "2026-02-01..2026-02-28"),
        ("last-month", "2026-03-29..2026-03-31", "2026-02-28..2026-02-28"),
        ("2026-04", "2026-06-01..2026-06-11", "2026-04-01..2026-04-30"),
        ("2026-04-01..2026-04-11", "2026-06-01..2026-06-11", "2026-04-01..2026-04-11"),
    ],
)
def test_what_to_compare_with(text, days, expected):
    assert compared(text, window(days)) == window(expected)


@pytest.mark.parametrize("text", ["yesterday", "2026", "2026-04-01..", "2026-04-30..2026-04-01", "..", ""])
def test_what_cannot_be_compared_with(text):
    with pytest.raises(UserError):
        compared(text, window("2026-06-01..2026-06-11"))
