"""What `--help` promises can be typed."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest
import typer

from aiops_cost.cli.app import app

TODAY = "2026-06-14"


def commands() -> Iterator[tuple[str, typer.core.TyperCommand]]:
    root = typer.main.get_command(app())
    for name, command in root.commands.items():
        for inner, part in getattr(command, "commands", {"": command}).items():
            yield f"{name} {inner}".strip(), part


NAMES = dict(commands())


@pytest.mark.parametrize("name", NAMES)
def test_every_command_and_option_is_described(cli, name):
    found = cli(*name.split(), "--help")
    assert found.code == 0
    assert "Example:" in found.out
    assert f"aiops-cost {name}" in re.sub(r"\s+", " ", found.out.partition("Example:")[2])
    for parameter in NAMES[name].params:
        assert getattr(parameter, "help", None), f"{name}: {parameter.name} has no help"


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name not in {"demo", "init", "pull", "rules diff", "budget revise", "render"}]
)
def test_the_example_runs_in_the_demo_folder(cli, demo_folder, name):
    words = example(name)
    dated = any("--as-of" in parameter.opts for parameter in NAMES[name].params) and "--as-of" not in words
    found = cli(*words, *(["--as-of", TODAY] if dated else []), cwd=demo_folder)
    assert found.code in ({0, 1} if name == "check" else {0}), found.err
    assert found.out


def test_the_example_of_pull_runs(cli, demo_folder):
    assert "--dry-run" in example("pull"), "an example that writes would change the folder"
    assert cli(*example("pull"), cwd=demo_folder).code == 0


def test_the_example_of_render_runs(cli, demo_copy):
    assert cli("status", "--as-of", TODAY, "-o", "report.json", cwd=demo_copy).code == 0
    assert cli(*example("render"), cwd=demo_copy).code == 0
    assert (demo_copy / "report.html").is_file()


@pytest.mark.slow
def test_the_example_of_rules_diff_runs(cli, demo_copy):
    found = cli(*example("rules diff"), "--as-of", TODAY, cwd=demo_copy)
    assert found.code == 0, found.err


def test_the_example_of_init_runs(cli, demo_folder, tmp_path):
    shutil.copytree(demo_folder / "bills" / "azure", tmp_path / "bills")
    assert cli(*example("init"), cwd=tmp_path).code == 0


@pytest.mark.slow
def test_the_example_of_demo_runs(cli, tmp_path):
    found = cli(*example("demo"), "--data-only", cwd=tmp_path)
    assert found.code == 0
    assert found.err.startswith("DEMO: ")
    assert (tmp_path / "demo" / "aiops-cost.yaml").exists()


def example(name: str) -> list[str]:
    """The words after `aiops-cost` in the command's epilog."""
    text = NAMES[name].epilog or ""
    program, *words = shlex.split(text.partition("Example:")[2])
    assert program == "aiops-cost"
    return words


def test_help_without_anything_lists_the_commands(cli):
    found = cli("--help")
    assert found.code == 0
    for name in {name.split()[0] for name in NAMES}:
        assert name in found.out
    for code in range(6):
        assert f"{code} " in found.out.partition("Exit codes:")[2]


def test_version(cli):
    assert re.fullmatch(r"aiops-cost \d+\.\d+\.\d+\n", cli("--version").out)


def test_a_command_is_read_without_the_others():
    assert [*typer.main.get_command(app(["check", "--format", "json"])).commands] == ["check"]
    assert [*typer.main.get_command(app(["rules", "test"])).commands] == ["rules"]
    assert {name.split()[0] for name in NAMES} == {*typer.main.get_command(app(["chekc"])).commands}
    assert {name.split()[0] for name in NAMES} == {*typer.main.get_command(app(["--help"])).commands}


def test_a_command_that_is_mistyped_is_told_the_near_one(cli):
    found = cli("chekc")
    assert found.code == 2
    assert "check" in found.err


def test_what_only_loads_need_is_not_read_by_a_question(demo_folder):
    code = (
        "import sys; from aiops_cost.cli import run_cli;"
        f"code = run_cli(['report', '--as-of', '{TODAY}']);"
        "assert code == 0, code;"
        "print(sorted({'aiops_cost.providers', 'aiops_cost.budget.imports', 'aiops_cost.cli.pull'} & {*sys.modules}))"
    )
    found = subprocess.run([sys.executable, "-c", code], check=True, cwd=demo_folder, capture_output=True, text=True)
    assert found.stdout.splitlines()[-1] == "[]"
