"""Each folder here is a mistake: what is broken, the command that meets it, and all that the user then reads.

`command.txt` says what provokes it and what is typed; `make.py`, where there is one, makes what cannot lie in a
repository; `message.txt` is the golden answer. The name of the folder is the problem's code, and after `--` a variant.
Cases with a `stand_in.py` need a cloud, and are run where its tests are.
"""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import runpy
import shutil
from pathlib import Path
from types import ModuleType

import pytest

import aiops_cost
from aiops_cost.budget.read import WAYS_OUT
from aiops_cost.cli import output, run_cli
from aiops_cost.model import Problem

HERE = Path(__file__).parent
REPO = HERE.parents[1]
PLACELESS = {
    "config-missing", "rate-missing", "dimension-unknown", "dimension-twice", "filter-syntax", "granularity-unknown",
    "plan-missing", "ledger-version-twice", "paper-unknown", "paper-which", "target-unknown", "summary-unjudged",
    "owner-unknown", "scope-empty", "fail-on-unknown", "accept-unknown", "report-options",
    "also-form", "format-name", "usage", "baseline-file", "code-unknown", "comment-place", "cost-unknown",
    "currency-bad", "explain-unknown", "metric-unknown", "not-a-day", "schema-unknown",
    "scope-form", "scope-unknown", "span-form", "window-compare", "window-last", "window-month",
    "window-reversed", "window-twice", "accept-unjudged", "budgets-none", "code-not-ignorable", "comment-variable",
    "currency-code", "ledger-empty", "line-unknown", "plan-unsettled", "query-failed", "query-not-select",
    "query-syntax", "rules-revision", "scope-column", "share-form", "source-unknown",
}  # fmt: skip
"""There is no file to point at: that is the problem, or it stands on the command line."""
CASES = sorted(path.parent for path in HERE.glob("*/command.txt") if not (path.parent / "stand_in.py").exists())


def _commands(case: Path) -> list[list[str]]:
    lines = (case / "command.txt").read_text(encoding="utf-8").splitlines()
    return [line.split()[1:] for line in lines if not line.startswith("#")]


def _answer(case: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Type the commands in a copy of the case; returns the last one's exit code and what it said on stderr."""
    shutil.copytree(case, folder, dirs_exist_ok=True)
    os.chdir(folder)
    if (folder / "make.py").exists():
        runpy.run_path(str(folder / "make.py"))
    *before, last = _commands(case)
    for command in before:
        assert run_cli(command) == 0, capsys.readouterr().err
    capsys.readouterr()
    code = run_cli(last)
    said = capsys.readouterr()
    assert not said.out, said.out
    return code, said.err.replace(str(folder), ".")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_mistake_is_answered_with_place_sentence_and_way_out(
    case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    seen: list[Problem] = []
    printed = output.problems

    def problems(found: list[Problem], *rest: object) -> None:
        seen.extend(found)
        printed(found, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(output, "problems", problems)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(tmp_path)
    code, text = _answer(case, tmp_path, capsys)
    golden = case / "message.txt"
    answer = f"{text}exit code {code}\n"
    if request.config.getoption("--update"):
        golden.write_text(answer, encoding="utf-8", newline="\n")
    assert answer == golden.read_text(encoding="utf-8")
    assert code in {2, 3}
    assert seen
    assert {problem.code for problem in seen} == {case.name.split("--", maxsplit=1)[0]}
    for problem in seen:
        assert problem.place or problem.code in PLACELESS
        assert problem.sentence
        assert problem.way_out or re.search("did you mean|write", problem.sentence)
    assert not re.search(r"Traceback|File \"|pydantic|duckdb|Error:", text)


def _codes() -> set[str]:
    """Every code in the source: given to `Problem` itself, or to a function that passes its `code` on."""
    found = {f"budget-{part}" for part in WAYS_OUT}
    for path in Path(aiops_cost.__file__).parent.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        takes = {"Problem": 0}
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and "code" in (names := [one.arg for one in node.args.args]):
                takes[node.name] = names.index("code") - (names[0] == "self")
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                at = takes.get(name)
                if at is not None and len(node.args) > at and isinstance(node.args[at], ast.Constant):
                    found.add(node.args[at].value)
    return {code for code in found if isinstance(code, str) and re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", code)}


def test_every_code_has_a_case_or_a_sentence() -> None:
    cases = {path.parent.name.partition("--")[0] for path in HERE.glob("*/message.txt")}
    others = set(_generate().others())
    assert _codes() - cases - others == set(), "make a folder in tests/errors, or a line in docs/errors-more.csv"
    assert others - _codes() == set(), "nothing says these"
    assert others & cases == set(), "these have a case; take them out of docs/errors-more.csv"


def _generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_errors", REPO / "docs" / "generate_errors.py")
    assert spec
    assert spec.loader
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    return generate


def test_the_catalogue_of_errors_is_what_the_program_says() -> None:
    assert (REPO / "docs" / "errors.md").read_text(encoding="utf-8") == _generate().page(), (
        "stale; run:  python docs/generate_errors.py"
    )
