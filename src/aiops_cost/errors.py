"""What can go wrong, as exceptions that carry problems and the exit code they lead to.

    AiopsError
    ├── UserError        2  asked wrongly: usage, configuration, budget, rules, an unreadable file
    ├── CouldNotJudge    3  data missing, stale, partial, or not adding up
    └── ProviderError    4  a provider refused or was not reached

Anything else that surfaces is our bug (5). 0 and 1 are answers, not errors.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable
from pathlib import Path

from aiops_cost.model import Problem


class AiopsError(Exception):
    """The base: every problem known at this moment, not only the first."""

    exit_code = 5

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class UserError(AiopsError):
    """Asked wrongly; nothing was changed."""

    exit_code = 2


class CouldNotJudge(AiopsError):  # noqa: N818 - it is an answer that could not be given, not a fault
    """There is no honest answer: data is missing, stale, partial, or does not add up."""

    exit_code = 3


class ProviderError(AiopsError):
    """A provider refused, or could not be reached; unknown is not zero."""

    exit_code = 4


def defect(error: Exception) -> AiopsError:
    """What nobody expected, as an error that says so and keeps it as its cause (exit code 5); but for what DuckDB says
    of the machine and of files, which is no defect. Its Parquet reader raises the bare `duckdb.Error`, or names the
    file."""
    kind, file = type(error), _PARQUET.search(str(error))
    name = "Error" if kind.__name__ == "InvalidInputException" and file else kind.__name__
    if kind.__module__.lstrip("_").startswith("duckdb") and name in _NO_DEFECT:
        raised, code, sentence, way_out = _NO_DEFECT[name]
        return raised(Problem(code, file[1] if file else "", sentence, way_out))
    last = traceback.extract_tb(error.__traceback__)[-1]
    found = AiopsError(
        Problem(
            "our-bug",
            f"{Path(last.filename).name}:{last.lineno}",
            f"this is a defect of aiops-cost ({type(error).__name__})",
            "Please report it with the command and the output of:  AIOPS_COST_DEBUG=1 aiops-cost ...",
        )
    )
    found.__cause__ = error
    return found


_NO_DEFECT: dict[str, tuple[type[AiopsError], str, str, str]] = {
    "OutOfMemoryException": (
        UserError, "memory", "the answer needs more memory, with the spill folder, than is allowed",
        "Raise `memory_limit:` in the configuration, or let `spill:` name a folder on a larger disk.",
    ),
    "Error": (
        CouldNotJudge, "ledger-damaged", "a file below the ledger cannot be read to its end",
        "Restore the folder from a backup; or pull into a new one (`ledger:` in the configuration).",
    ),
}  # fmt: skip
_PARQUET = re.compile(r"""["']([^"']+\.parquet)["']""")
