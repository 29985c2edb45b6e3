"""Problems as a person or a program reads them; whatever they quote came from outside and is neutralised."""

from __future__ import annotations

import json
from collections.abc import Sequence

from aiops_cost.model import Problem
from aiops_cost.money import exact
from aiops_cost.reports._cells import clean, no_commands


def text(problems: Sequence[Problem]) -> str:
    """Place, sentence and way out of each, one below the other."""
    lines = [line for problem in problems for line in str(problem).splitlines()]
    return "".join(f"{no_commands(clean(line))}\n" for line in lines)


def as_json(problems: Sequence[Problem], exit_code: int) -> str:
    """The same parts as JSON, under the schema `aiops-cost/problems/1`."""
    listed = [
        {
            "code": problem.code,
            "place": problem.place,
            "sentence": problem.sentence,
            "details": list(problem.details),
            "way_out": problem.way_out,
            "money": {currency: exact(amount) for currency, amount in problem.money.items()},
        }
        for problem in problems
    ]
    return json.dumps({"schema": "aiops-cost/problems/1", "exit_code": exit_code, "problems": listed}, indent=2) + "\n"
