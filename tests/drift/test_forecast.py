"""What comes, how sure it is, and what it is worth beside two simple rules."""

from __future__ import annotations

import calendar
from datetime import date, timedelta

import numpy as np
import pytest

from aiops_cost.drift import forecast

FIRST = date(2026, 6, 1)


def noisy(days: int, level: float = 100.0, noise: float = 0.05) -> np.ndarray:
    return level * np.exp(np.random.default_rng(days).normal(0, noise, days))


def test_ten_full_days_of_100_make_a_month_of_3000():
    made = forecast.forecast(np.full(10, 100.0), FIRST, 20)
    middle, low, high = made.total()
    assert 1000 + middle == pytest.approx(3000, rel=1e-6)
    assert low <= middle <= high


def test_the_week_is_known_after_ten_days():
    """Ten days that hold two weekends of nothing: 20 more days hold 14 working days, 1,400 and not 1,400/10*20."""
    week = np.array([100.0] * 5 + [0.0] * 2)
    values = np.resize(week, 10)
    assert forecast.forecast(values, FIRST, 20).total()[0] == pytest.approx(1400, rel=0.05)


def test_the_new_level_counts_and_not_the_old_one():
    values = np.concatenate([noisy(80), noisy(12, 200)])
    assert forecast.forecast(values, FIRST, 10).total()[0] == pytest.approx(2000, rel=0.06)


def test_one_spike_does_not_raise_the_forecast():
    values = noisy(60)
    values[-3] *= 20
    assert forecast.forecast(values, FIRST, 10).total()[0] == pytest.approx(1000, rel=0.06)


def test_growth_goes_on():
    values = noisy(120, noise=0.01) * np.exp(0.005 * np.arange(120))
    ahead = 100 * np.exp(0.005 * np.arange(120, 150)).sum()
    assert forecast.forecast(values, FIRST, 30).total()[0] == pytest.approx(ahead, rel=0.05)


def test_runs_come_as_often_as_they_came():
    values = np.zeros(120)
    values[::4] = 1000.0
    assert forecast.forecast(values, FIRST, 40).total()[0] == pytest.approx(10_000, rel=0.1)


def test_one_run_in_ten_days_is_worth_two_in_twenty():
    values = np.zeros(10)
    values[3] = 1000.0
    middle, low, high = forecast.forecast(values, FIRST, 20).total()
    assert middle == pytest.approx(2000)
    assert low < 1000
    assert high > 3000


def test_a_day_of_a_short_month_costs_more_where_the_month_is_paid():
    """3,100 GB-months of a steady store: 100 a day in January, 3,100 / 28 in February, and the sum of a month stays."""
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(80)]
    values = np.array([3100.0 / calendar.monthrange(day.year, day.month)[1] for day in days])
    made = forecast.forecast(values[:70], days[0], 10 + 11)
    assert made.path.mean[:10] == pytest.approx(values[70:], rel=1e-6)
    made = forecast.forecast(values[31:59], days[31], 31)
    assert made.total()[0] == pytest.approx(31 * 3100 / 28, rel=1e-6), "one month alone says nothing"


def test_spikes_that_came_again_come_again():
    values = noisy(120)
    values[[20, 50, 80, 110]] += 900.0
    assert forecast.forecast(values, FIRST, 30).total()[0] == pytest.approx(30 * (100 + 4 * 900 / 120), rel=0.06)


def test_a_bar_that_did_better_is_used_and_named():
    """Days that repeat the week before exactly and change every week: nothing beats the last seven days."""
    levels = np.repeat([1, 3, 2, 5, 4, 6, 3, 7, 5, 8, 4, 9, 2, 6, 8, 3], 7)
    values = levels * np.tile([50.0, 80, 100, 120, 90, 10, 5], 16)
    made = forecast.forecast(values, FIRST, 3)
    assert made.scores[0].error <= min(score.error for score in made.scores)
    if made.path.method not in ("level", "runs"):
        assert made.scores[0].method == made.path.method


def test_the_look_back_names_both_bars():
    made = forecast.forecast(noisy(90), FIRST, 15)
    assert {score.method for score in made.scores} == {"level", "run rate", "seasonal naive"}
    assert made.origins >= 4
    assert made.inside is not None
    assert made.origins / 2 < made.inside <= made.origins


def test_a_short_history_is_forecast_without_a_look_back():
    made = forecast.forecast(noisy(10), FIRST, 20)
    assert (made.scores, made.origins, made.inside) == ((), 0, None)
    assert made.total()[0] == pytest.approx(2000, rel=0.1)


@pytest.mark.parametrize("values", [[0.0], [5.0], [0.0] * 40, [-5.0] * 40, [100.0] * 30 + [0.0] * 10])
def test_odd_histories_are_survived(values):
    made = forecast.forecast(np.array(values), FIRST, 15)
    assert np.isfinite(made.path.mean).all()
    assert np.isfinite(made.path.deviation).all()


def test_the_interval_widens_with_the_days():
    made = forecast.forecast(noisy(90), FIRST, 200)
    assert (np.diff(made.path.deviation) > 0).all()
    assert made.path.deviation[-1] > 10 * made.path.deviation[0]


def test_the_chance_of_a_breach_and_its_day():
    made = forecast.forecast(np.full(30, 100.0), FIRST, 30)
    assert made.chance_over(2500) > 0.99
    assert made.chance_over(3500) < 0.01
    assert made.day_over(1050) == 10
    assert made.day_over(10_000) is None


def test_past_errors_widen_far_days_by_what_they_were_and_no_more():
    """Errors three times the promised ones over 30 days: three times there; a year on, the level's error of then, grown
    with the days, and not three times a deviation that allows for a year already."""
    promised = np.linspace(1, 40, 30).tolist() + np.linspace(42, 4000, 335).tolist()
    told = forecast._scaled(np.array(promised), 3.0, 30)
    assert told[:30] == pytest.approx(3 * np.array(promised[:30]))
    assert (np.diff(told) > 0).all()
    assert told[-1] == pytest.approx(np.hypot(4000, np.sqrt(8) * 40 * 365 / 30))
    narrower = forecast._scaled(np.array(promised), 0.6, 30)
    assert (np.diff(narrower) > 0).all()
    assert narrower[-1] == pytest.approx(4000, rel=0.001)


def test_past_errors_that_were_small_never_take_more_away_than_they_say():
    """The sum of runs that keep a rhythm is surer on some far days than on the last near one."""
    promised = np.concatenate([np.full(30, 700.0), [300.0, 0.0, 400.0, 900.0]])
    told = forecast._scaled(promised, 0.6, 30)
    assert told[30:33] == pytest.approx(0.6 * promised[30:33])
    assert told[33] == pytest.approx(np.sqrt(900.0**2 - 0.64 * 700.0**2))


@pytest.mark.parametrize("values", [noisy(90), noisy(12)])
def test_a_day_is_known_worse_than_a_sum_of_days_and_does_not_fan_out_like_one(values):
    path = forecast.forecast(values, FIRST, 25).path
    assert path.daily[0] == pytest.approx(path.deviation[0], rel=0.2)
    assert (path.daily[-1] / path.mean.mean()) > path.deviation[-1] / path.mean.sum()
    assert path.daily[-1] < 1.5 * path.daily[:7].max()
