"""Would a library do it better? The same series, the same preparation, the same rule for alarms; another method inside.

    python -m benchmarks truth --compare [--count N] [--seed N]

Onset: what is searched is the logarithm that `onset` makes (the plan, the week and spikes taken out), scaled by its
noise; of runs, what they cost and the days between them. The searches of ruptures get the penalty that did best on the
tuning seed: most drifts found with at most 2% false alarms, or the fewest false alarms where that cannot be had.
Forecast: each model is asked the same months, once with the days as they are and the season of a week, and once
prepared as our own is (the days since the last step, without week, length of months and spikes, which are put back).
statsforecast is compared where it is installed; it is no dependency.

Own search and libraries are looked at once a week for false alarms here, so that it ends; `truth` itself looks daily.
"""

from __future__ import annotations

import importlib.util
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import numpy as np

from aiops_cost.drift import forecast, onset, paths, weekly
from aiops_cost.drift.onset import Change
from aiops_cost.drift.weekly import Floats
from benchmarks import truth
from benchmarks.simulated import drifting, still
from benchmarks.truth import Finder, Question

TUNING = 1
WEEKLY = truth.YEAR[::7]
LEAST_AFTER = 4
Search = Callable[[Floats, float], list[int]]
Model = Callable[[Floats, int, int | None], "Ahead"]
"""Days known, days asked for, the length of a season or None."""


@dataclass(frozen=True)
class Ahead:
    """The days ahead; and 200 courses that they may take, one a column, where the library draws such."""

    mean: Floats
    paths: Floats | None = None


def run(seed: int, count: int) -> None:
    """Prints both tables."""
    warnings.simplefilter("ignore")
    np.random.seed(seed)  # statsmodels draws from it
    for part in (_onsets, _forecasts):
        part(seed, count)


def _onsets(seed: int, count: int) -> None:
    print("  onset (penalty)                            found  false  onset  of slopes  CPU per look")
    _told("own", onset.changes, seed, count)
    for name, (search, penalties) in _searches().items():
        tried = {}
        for penalty in truth.progress(penalties, len(penalties), f"penalties of {name}"):
            tried[penalty] = _measured(_finder(search, penalty), TUNING, max(12, count // 4))
        best = max(tried, key=lambda penalty: (-max(0.02, tried[penalty].false), tried[penalty].found))
        _told(f"{name} ({best:g})", _finder(search, best), seed, count)


@dataclass(frozen=True)
class Onsets:
    found: float
    false: float
    right: float
    slopes: float
    took: float


def _told(name: str, finder: Finder, seed: int, count: int) -> None:
    one = _measured(finder, seed, count)
    figures = f"{one.found:7.1%} {one.false:6.1%} {one.right:6.1%} {one.slopes:10.1%} {one.took * 1e3:10.2f} ms"
    print(f"  {name:40} {figures}", flush=True)


def _measured(finder: Finder, seed: int, count: int) -> Onsets:
    looks = 0

    def counted(values: Floats, first: date, expected: Floats) -> Sequence[Change]:
        nonlocal looks
        looks += 1
        return finder(values, first, expected)

    began = time.process_time()
    false = [any(truth.seen(case, until, counted) for until in WEEKLY) for case in still(seed, count)]
    moved = list(drifting(seed, count))
    found = [truth.is_found(case, counted) for case in moved]
    right = [truth.is_right(case, truth.named(case, case.reached + truth.LATER, counted)) for case in moved]
    slopes = [good for case, good in zip(moved, right, strict=True) if case.name == "slope"]
    took = (time.process_time() - began) / looks
    return Onsets(float(np.mean(found)), float(np.mean(false)), float(np.mean(right)), float(np.mean(slopes)), took)


def _searches() -> dict[str, tuple[Search, Sequence[float]]]:
    """Name -> (search, the penalties it is tried with)."""
    import ruptures

    def with_cost(algorithm: Any, model: str) -> Search:
        def search(line: Floats, penalty: float) -> list[int]:
            fitted = algorithm(model=model, min_size=LEAST_AFTER, jump=1).fit(_signal(line, model))
            return list(fitted.predict(pen=penalty))

        return search

    def with_kernel(kernel: str) -> Search:
        def search(line: Floats, penalty: float) -> list[int]:
            return list(ruptures.KernelCPD(kernel=kernel, min_size=LEAST_AFTER).fit(line[:, None]).predict(pen=penalty))

        return search

    def window(line: Floats, penalty: float) -> list[int]:
        fitted = ruptures.Window(width=28, model="l2", min_size=LEAST_AFTER, jump=1).fit(line[:, None])
        return list(fitted.predict(pen=penalty))

    squares = (15, 30, 60, 120)
    return {
        "ruptures KernelCPD linear (Pelt l2)": (with_kernel("linear"), squares),
        "ruptures KernelCPD rbf": (with_kernel("rbf"), (2, 4, 8, 16)),
        "ruptures Binseg l2": (with_cost(ruptures.Binseg, "l2"), squares),
        "ruptures BottomUp l2": (with_cost(ruptures.BottomUp, "l2"), squares),
        "ruptures Window l2": (window, squares),
        "ruptures Binseg linear": (with_cost(ruptures.Binseg, "linear"), squares),
        "ruptures Binseg clinear": (with_cost(ruptures.Binseg, "clinear"), squares),
    }


def _signal(line: Floats, model: str) -> Floats:
    """What a cost of ruptures takes: the line; for a regression on time, the line, the time and a constant."""
    if model != "linear":
        return line[:, None]
    return np.column_stack([line, np.arange(len(line)), np.ones(len(line))])


def _finder(search: Search, penalty: float) -> Finder:
    """A search as `onset.changes` is one: on steady series and on runs."""

    def find(values: Floats, first: date, expected: Floats) -> Sequence[Change]:
        if weekly.is_lumpy(values):
            return _of_runs(values, first, search, penalty)
        line, days = onset._straightened(values, first, expected)
        found = _breaks(line, search, penalty)
        return [Change(first + timedelta(days=int(days[at])), "step", size, 0, 0) for at, size in found]

    return find


def _of_runs(values: Floats, first: date, search: Search, penalty: float) -> list[Change]:
    at = weekly.bursts(values)
    if len(at) < 3 * LEAST_AFTER:
        return []
    dearer = _breaks(onset._without_odd_ones(np.log(values[at])), search, penalty)
    oftener = _breaks(np.log(np.diff(at).astype(float)), search, penalty)
    days = [first + timedelta(days=int(day)) for day in at]
    costs = [Change(days[index], "cost per run", size, 0, 0) for index, size in dearer]
    return costs + [Change(days[i] + timedelta(days=1), "frequency", 1 / (1 + size) - 1, 0, 0) for i, size in oftener]


def _breaks(line: Floats, search: Search, penalty: float) -> list[tuple[int, float]]:
    """(index, share by which the level changed) of each break that is worth telling."""
    if len(line) < 2 * LEAST_AFTER:
        return []
    noise = max(weekly.spread(np.diff(line)) / np.sqrt(2), onset._FLOOR)
    edges = [0, *search(line / noise, penalty)]
    medians = [weekly.median(line[a:b][-28:]) for a, b in pairwise(edges)]
    sizes = [float(np.expm1(after - before)) for before, after in pairwise(medians)]
    return [(at, size) for at, size in zip(edges[1:-1], sizes, strict=True) if abs(size) >= onset.LEAST_SIZE]


def _forecasts(seed: int, count: int) -> None:
    asked = list(truth.questions(seed, count))
    print(
        f"  month end from day 10, {len(asked):4} months           error   of runs  within 80%  failed  CPU per month"
    )
    for name, own in (("own, with its look back", forecast.forecast), ("own, without", forecast.quick)):
        _scored(name, asked, lambda q, own=own: own(q.values, q.first, q.ahead).total())
    for bar in (paths.run_rate, paths.naive):
        _scored(bar.__name__, asked, lambda q, bar=bar: (float(bar(q.values, q.first, q.ahead).mean.sum()), None, None))
    for name, model in (_statsmodels() | _statsforecast()).items():
        _scored(name, asked, lambda q, model=model: _as_they_are(q, model))
        _scored(f"{name}, prepared", asked, lambda q, model=model: _prepared(q, model))


Told = tuple[float, float | None, float | None]


def _scored(name: str, asked: Sequence[Question], answer: Callable[[Question], Told]) -> None:
    """One line of the table; where a model fails, as with too few days, the run rate stands in for it."""
    errors, runs, inside, failed = [], [], [], 0
    began = time.process_time()
    for question in truth.progress(asked, len(asked), f"months, {name}"):
        try:
            middle, low, high = answer(question)
            if not np.isfinite(middle):
                raise ValueError("no number")
        except Exception:
            failed += 1
            bar = paths.run_rate(question.values, question.first, question.ahead)
            middle, low, high = float(bar.mean.sum()), None, None
        (runs if weekly.is_lumpy(question.values) else errors).append(question.error(middle))
        if low is not None and high is not None:
            inside.append(low <= question.came <= high)
    took = (time.process_time() - began) / len(asked) * 1e3
    held = f"{np.mean(inside):.1%}" if inside else "-"
    print(f"  {name:47} {np.mean(errors):6.2%} {np.mean(runs):9.1%} {held:>11} {failed:7} {took:11.1f} ms", flush=True)


def _as_they_are(question: Question, model: Model) -> Told:
    return _summed(model(question.values[-forecast.LOOK_BACK :], question.ahead, 7), np.ones(question.ahead))


def _prepared(question: Question, model: Model) -> Told:
    """What the own method looks at, and what it makes of it again; runs are as they are, to both."""
    values = question.values[-forecast.LOOK_BACK :]
    if weekly.is_lumpy(values):
        return _summed(model(values, question.ahead, None), np.ones(question.ahead))
    first = question.first + timedelta(days=len(question.values) - len(values))
    line, factor, odd = paths.prepared(values, first, question.ahead)
    made = model(line, question.ahead, None)
    return _summed(Ahead(made.mean + odd.mean, made.paths), factor)


def _summed(made: Ahead, factor: Floats) -> Told:
    middle = float(made.mean @ factor)
    if made.paths is None:
        return middle, None, None
    low, high = np.quantile(factor @ made.paths, [0.1, 0.9])
    return middle, float(low), float(high)


def _statsmodels() -> dict[str, Model]:
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel
    from statsmodels.tsa.holtwinters import ExponentialSmoothing, SimpleExpSmoothing
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    def simple(values: Floats, days: int, season: int | None) -> Ahead:
        return Ahead(SimpleExpSmoothing(values, initialization_method="estimated").fit().forecast(days))

    def winters(values: Floats, days: int, season: int | None) -> Ahead:
        kind = "add" if season else None
        made = ExponentialSmoothing(values, trend="add", damped_trend=True, seasonal=kind, seasonal_periods=season)
        return Ahead(made.fit().forecast(days))

    def ets(trend: str | None) -> Model:
        def ahead(values: Floats, days: int, season: int | None) -> Ahead:
            size, kind = float(np.abs(values).mean()), "add" if season else None
            made = ETSModel(values / size, error="add", trend=trend, damped_trend=trend is not None, seasonal=kind,
                            seasonal_periods=season).fit(disp=False, maxiter=100)  # fmt: skip
            return Ahead(made.forecast(days) * size, _drawn(made, days) * size)

        return ahead

    def components(values: Floats, days: int, season: int | None) -> Ahead:
        size = float(np.abs(values).mean())
        made = UnobservedComponents(values / size, "llevel", seasonal=season).fit(disp=False, maxiter=50)
        return Ahead(made.forecast(days) * size, _drawn(made, days) * size)

    return {
        "statsmodels SES": simple,
        "statsmodels Holt-Winters, damped": winters,
        "statsmodels ETS, level": ets(None),
        "statsmodels ETS, damped": ets("add"),
        "statsmodels local level": components,
    }


def _drawn(made: Any, days: int) -> Floats:
    return np.asarray(made.simulate(days, anchor="end", repetitions=200)).reshape(days, -1)


def _statsforecast() -> dict[str, Model]:
    if importlib.util.find_spec("statsforecast") is None:
        print("  statsforecast is not installed; it is left out")
        return {}
    from statsforecast import models

    def of(make: Callable[[int], Any]) -> Model:
        def ahead(values: Floats, days: int, season: int | None) -> Ahead:
            return Ahead(make(season or 1).forecast(y=np.ascontiguousarray(values, dtype=float), h=days)["mean"])

        return ahead

    return {
        "statsforecast AutoETS": of(lambda season: models.AutoETS(season_length=season)),
        "statsforecast AutoTheta": of(lambda season: models.AutoTheta(season_length=season)),
        "statsforecast AutoARIMA": of(lambda season: models.AutoARIMA(season_length=season)),
        "statsforecast TSB": of(lambda season: models.TSB(alpha_d=0.1, alpha_p=0.1)),
    }
