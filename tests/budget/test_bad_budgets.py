"""Each file in `bad/` is a budget that must be refused; the text beside it is all the user sees."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiops_cost.budget.read import Terms, read_budgets
from aiops_cost.budget.values import Tolerance
from aiops_cost.errors import UserError

BAD = sorted((Path(__file__).parent / "bad").glob("*.yaml"))


def _message(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        read_budgets([path], Terms("USD", Tolerance()), shown=lambda file: file.name)
    return f"{caught.value}\n"


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_bad_budget_is_refused_with_place_and_way_out(path: Path, request: pytest.FixtureRequest) -> None:
    expected = path.with_suffix(".txt")
    if request.config.getoption("--update"):
        expected.write_text(_message(path), encoding="utf-8", newline="\n")
    assert _message(path) == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_every_problem_names_its_line(path: Path) -> None:
    with pytest.raises(UserError) as caught:
        read_budgets([path], Terms("USD", Tolerance()), shown=lambda file: file.name)
    for problem in caught.value.problems:
        assert problem.place.startswith(f"{path.name}:")
        assert problem.code.islower()
