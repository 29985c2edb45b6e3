"""The day on which a series left its course, and the days on which it did not."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from aiops_cost.drift import onset

FIRST = date(2026, 1, 1)
WEEK = np.array([1, 1, 1, 1, 1, 0.5, 0.5])


def steady(days: int, seed: int = 0, noise: float = 0.03) -> np.ndarray:
    return 100 * np.exp(np.random.default_rng(seed).normal(0, noise, days))


def day(change: onset.Change) -> int:
    return (change.day - FIRST).days


def test_a_step_is_found_on_its_day():
    values = steady(120)
    values[90:] *= 1.3
    (found,) = onset.changes(values, FIRST)
    assert (found.kind, day(found)) == ("step", 90)
    assert found.size == pytest.approx(0.3, abs=0.05)
    assert found.certainty > 0.9


def test_a_step_is_found_within_a_week():
    values = steady(97)
    values[90:] *= 1.3
    assert [day(one) for one in onset.changes(values, FIRST)] == [90]


def test_a_slope_is_found_near_its_day():
    values = steady(150, noise=0.01)
    values[100:] *= np.exp(0.006 * np.arange(1, 51))
    (found,) = onset.changes(values, FIRST)
    assert found.kind == "slope"
    assert abs(day(found) - 100) <= 3


def test_the_day_of_a_slope_is_told_through_noise():
    """0.6% a day under 6% of noise; sought together with a slope before it, the day is right 16 times of 24."""
    right = 0
    for seed in range(24):
        values = steady(180, seed, noise=0.06)
        values[120:] *= np.exp(0.006 * np.arange(1, 61))
        found = onset.main(onset.changes(values, FIRST), FIRST, FIRST + timedelta(days=179), 1)
        right += found is not None and abs(day(found) - 120) <= 3
    assert right >= 20


def test_a_slope_that_grows_steeper_is_dated_where_it_bends():
    values = steady(160, noise=0.01) * np.exp(0.004 * np.arange(160))
    values[100:] *= np.exp(0.006 * np.arange(1, 61))
    (found,) = onset.changes(values, FIRST)
    assert (found.kind, abs(day(found) - 100) <= 3) == ("slope", True)


@pytest.mark.parametrize("days", [1, 2])
def test_one_spike_is_no_change(days):
    values = steady(120)
    values[90 : 90 + days] *= 5
    assert onset.changes(values, FIRST) == ()


def test_a_week_with_a_shape_is_no_change():
    weekday = (FIRST.weekday() + np.arange(200)) % 7
    assert onset.changes(steady(200) * WEEK[weekday], FIRST) == ()


def test_what_the_plan_expects_is_no_change():
    """A cut-over that was planned, and a growth that was planned."""
    expected = np.where(np.arange(150) < 80, 1.0, 2.0) * 1.001 ** np.arange(150)
    assert onset.changes(steady(150) * expected, FIRST, expected) == ()
    assert [day(one) for one in onset.changes(steady(150) * np.where(np.arange(150) < 80, 1, 2), FIRST)] == [80]


def test_a_planned_step_that_does_not_come_is_a_change():
    expected = np.where(np.arange(150) < 80, 1.0, 2.0)
    (found,) = onset.changes(steady(150), FIRST, expected)
    assert (day(found), found.size) == (80, pytest.approx(-0.5, abs=0.05))


def runs(gaps: list[int], cost: list[float]) -> np.ndarray:
    at = np.cumsum(gaps)
    values = np.zeros(at[-1] + 2)
    values[at] = cost
    return values


def test_runs_twice_as_often_are_another_pace():
    values = runs([7] * 12 + [3, 4] * 4, [1000.0] * 20)
    (found,) = onset.changes(values, FIRST)
    assert found.kind == "frequency"
    assert 84 <= day(found) <= 88
    assert found.size == pytest.approx(1.0, abs=0.2)


def test_dearer_runs_are_another_cost_per_run():
    values = runs([3] * 20, [1000.0] * 14 + [1600.0] * 6)
    (found,) = onset.changes(values, FIRST)
    assert (found.kind, day(found)) == ("cost per run", 45)


def test_one_dear_run_is_no_change():
    assert onset.changes(runs([3] * 20, [1000.0] * 12 + [4000.0] + [1000.0] * 7), FIRST) == ()


@pytest.mark.parametrize("values", [[], [5.0], [5.0] * 13, [0.0] * 60, [-3.0] * 60, [float("nan")] * 60])
def test_what_says_nothing_has_no_change(values):
    assert onset.changes(np.array(values), FIRST) == ()


def test_left_is_news_for_three_weeks_only():
    values, expected = steady(160), np.full(160, 100.0)
    values[100:] *= 1.4
    for until, news in ((108, True), (118, True), (130, False)):
        found = onset.changes(values[:until], FIRST, expected[:until])
        assert (onset.left(found, values[:until], FIRST, expected[:until], 0.1) is not None) is news


def test_coming_up_to_the_plan_is_not_leaving_it():
    values, expected = steady(120), np.full(120, 150.0)
    values[110:] *= 1.4
    found = onset.changes(values, FIRST, expected)
    assert found
    assert onset.left(found, values, FIRST, expected, 0.1) is None


def test_the_main_change_is_the_one_that_did_most():
    made = [
        onset.Change(FIRST, "step", 0.1, 9, 1),
        onset.Change(FIRST + timedelta(days=50), "step", 1.0, 9, 1),
        onset.Change(FIRST + timedelta(days=60), "step", -0.5, 9, 1),
    ]
    assert onset.main(made, FIRST, FIRST + timedelta(days=90), 1) is made[1]
    assert onset.main(made, FIRST, FIRST + timedelta(days=90), -1) is made[2]
    assert onset.main(made[:1], FIRST, FIRST, -1) is None
