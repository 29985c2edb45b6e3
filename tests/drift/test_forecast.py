"""What comes, how sure it is, and what it is worth beside two simple rules."""

from __future__ import annotations

from datetime import date

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
    assert 0 <= (made.covered or 0) <= 1


def test_a_short_history_is_forecast_without_a_look_back():
    made = forecast.forecast(noisy(10), FIRST, 20)
    assert (made.scores, made.origins, made.covered) == ((), 0, None)
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
