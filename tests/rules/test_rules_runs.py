"""Runs as a whole: a retry that passes for a run, or preparation that is nobody's, makes a wrong price per run."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from aiops_cost.rules.runs import Day, Run, cadence, retries, runs


def day(number: int, cost: str, run: str | None = None, prep: bool = False, workload: str = "ranker") -> Day:
    return Day(workload, run, date(2026, 5, number), prep, Decimal(cost))


def one(found: list[Run], name: str) -> Run:
    return next(run for run in found if run.name == name)


def test_a_run_is_all_that_carries_its_name() -> None:
    (run,) = runs([day(1, "5", "r-1", prep=True), day(2, "70", "r-1"), day(3, "25", "r-1")], {})
    assert (run.first, run.last) == (date(2026, 5, 2), date(2026, 5, 3))
    assert (run.compute, run.prepared, run.cost) == (95, 5, 100)


def test_preparation_alone_is_no_run() -> None:
    assert runs([day(1, "5", "r-1", prep=True)], {}) == []


def test_preparation_without_a_name_is_of_the_next_run_within_three_days() -> None:
    found = runs([day(1, "5", prep=True), day(3, "70", "r-1"), day(9, "70", "r-2"), day(20, "7", prep=True)], {})
    assert one(found, "r-1").fed == 5
    assert one(found, "r-2").fed == 0


def test_preparation_before_two_runs_at_once_is_joined_to_neither() -> None:
    found = runs([day(1, "5", prep=True), day(2, "70", "r-1"), day(2, "70", "r-2")], {})
    assert [run.fed for run in found] == [0, 0]


def test_a_failed_run_is_known_by_its_tag_or_by_the_retry_after_it() -> None:
    tags = {("ranker", "r-2"): [{"Job_Status": "Failed"}], ("ranker", "r-3"): [{"status": "Completed"}]}
    rows = [day(1, "9", "r-1"), day(2, "9", "r-1-retry-1"), day(3, "9", "r-2"), day(4, "9", "r-3")]
    found = runs(rows, tags)
    assert one(found, "r-1").failed == "a retry followed it"
    assert one(found, "r-2").failed == "tag Job_Status: failed"
    assert one(found, "r-3").failed == ""
    assert [run.name for run in found if run.retry] == ["r-1-retry-1"]


def test_an_attempt_is_a_retry_from_the_second_on() -> None:
    tags = {("ranker", f"r-{n}"): [{"attempt": str(n)}] for n in (1, 2)}
    assert [bool(run.retry) for run in runs([day(1, "9", "r-1"), day(2, "9", "r-2")], tags)] == [False, True]


def test_the_first_attempt_is_no_retry() -> None:
    found = runs([day(1, "9", "r-attempt-1"), day(2, "9", "r-attempt-2")], {})
    assert [(run.name, bool(run.retry), run.failed) for run in found] == [
        ("r-attempt-1", False, "a retry followed it"),
        ("r-attempt-2", True, ""),
    ]


def test_retries_are_known_by_name_or_tag() -> None:
    lines = [("a", "r-1", None), ("a", "r-1-rerun", None), (None, "r-2", '{"Retry-Of": "r-1"}'), ("a", "r-3", "{}")]
    assert retries(lines) == {("a", "r-1-rerun"), (None, "r-2")}


def test_training_without_names_is_inferred_from_days_with_spend() -> None:
    found = runs([day(1, "9"), day(2, "9"), day(8, "9"), day(15, "9")], {})
    assert [(run.first.day, run.last.day, run.found) for run in found] == [
        (1, 2, "inferred"),
        (8, 8, "inferred"),
        (15, 15, "inferred"),
    ]


def test_training_that_never_pauses_has_no_runs() -> None:
    assert runs([day(number, "9") for number in range(1, 31)], {}) == []


def test_the_cadence_leaves_retries_out() -> None:
    found = runs([day(1, "9", "a"), day(2, "9", "a-retry"), day(8, "9", "b"), day(15, "9", "c")], {})
    assert cadence(found) == 7
    assert cadence(found[:1]) is None
