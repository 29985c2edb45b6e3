"""Spikes and stops: few and true."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from aiops_cost.drift import anomalies

FIRST = date(2026, 1, 5)


def noisy(days: int) -> np.ndarray:
    return 100 * np.exp(np.random.default_rng(7).normal(0, 0.05, days))


def spikes(values: np.ndarray) -> list[anomalies.Anomaly]:
    return anomalies.spikes(values, FIRST, FIRST)


@pytest.mark.parametrize("days", [1, 2])
def test_a_spike_is_one_event(days):
    values = noisy(100)
    values[60 : 60 + days] *= 4
    (found,) = spikes(values)
    assert (found.first, found.last) == (FIRST + timedelta(days=60), FIRST + timedelta(days=59 + days))
    assert found.expected == pytest.approx(100 * days, rel=0.1)


def test_a_spike_on_the_last_day_is_told_at_once():
    values = noisy(61)
    values[60] *= 4
    assert len(spikes(values)) == 1


def test_what_stays_is_no_spike():
    values = noisy(100)
    values[60:] *= 4
    assert spikes(values) == []


def test_a_year_of_weeks_raises_no_alarm():
    week = np.array([1.0, 1.2, 1.1, 1.0, 0.9, 0.1, 0.1])
    values = np.resize(week, 364) * noisy(364)
    assert spikes(values) == []


def test_a_spike_does_not_raise_its_own_threshold():
    values = noisy(100)
    values[[60, 70, 80]] *= 4
    assert len(spikes(values)) == 3


def test_a_dear_run_is_a_spike_and_a_run_more_is_none():
    values = np.zeros(120)
    values[::4] = 1000.0 + np.arange(30)
    assert spikes(values) == []
    values[101] = 1000.0
    assert spikes(values) == []
    values[108] = 9000.0
    assert [event.first for event in spikes(values)] == [FIRST + timedelta(days=108)]


def test_three_days_of_nothing_are_a_stop():
    values = np.concatenate([noisy(60), np.zeros(3)])
    found = anomalies.stop(values, FIRST, FIRST)
    assert found is not None
    assert (found.kind, found.first) == ("stop", FIRST + timedelta(days=60))
    assert anomalies.stop(values[:-1], FIRST, FIRST) is None


def test_a_weekend_is_no_stop():
    values = np.resize([100.0] * 5 + [0.0] * 2, 96)
    assert all(anomalies.stop(values[:until], FIRST, FIRST) is None for until in range(40, 97))


def test_runs_stop_after_a_silence_three_times_as_long():
    values = np.zeros(100)
    values[:60:6] = 500.0
    assert anomalies.stop(values[:70], FIRST, FIRST) is None
    assert anomalies.stop(values, FIRST, FIRST) is not None


def test_an_old_stop_is_no_news():
    values = np.concatenate([noisy(60), np.zeros(40)])
    assert anomalies.stop(values, FIRST, FIRST + timedelta(days=80)) is None
