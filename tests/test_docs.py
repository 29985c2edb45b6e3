"""Documentation that cannot rot: what it shows was just printed, what it names exists, what exists is named."""

from __future__ import annotations

import csv
import importlib.util
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from aiops_cost import checks, reports
from aiops_cost.cli.demo import STORY
from aiops_cost.ledger import schema
from aiops_cost.providers.contract import contracts
from aiops_cost.rules.engine import load_packs

REPO = Path(__file__).parents[1]
DOCS = REPO / "docs"
TODAY = "2026-06-14"
HAND_WRITTEN = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "DECISIONS.md", "CHANGELOG.md"]
HAND_WRITTEN += ["docs/drift.md", "docs/tour.md", "docs/why.md", "docs/plan.md", "docs/gate.md"]


def loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"docs_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generate = loaded(DOCS / "generate.py")


def all_text() -> str:
    pages = [REPO / "README.md", *sorted(DOCS.rglob("*.md"))]
    return "\n".join(page.read_text(encoding="utf-8") for page in pages)


# --- the reference is generated, and names everything -------------------------------------------------------------


@pytest.mark.parametrize("name", generate.pages())
def test_a_reference_page_says_what_the_code_says(name: str) -> None:
    written = DOCS / "reference" / name
    assert written.read_text(encoding="utf-8") == generate.pages()[name], "stale; run:  make docs"


def test_every_command_and_option_is_in_the_docs() -> None:
    text = all_text()
    for name, command, _ in generate.every_command():
        assert f"`{f'aiops-cost {name}'.strip()}`" in text, name
        assert command.help, f"{name} has no help"
        for option in command.params:
            for spelled in option.opts if option.opts[0].startswith("-") else ():
                assert spelled in text, f"{name} {spelled}"


def test_every_configuration_key_has_its_sentence() -> None:
    text = (DOCS / "reference" / "configuration.md").read_text(encoding="utf-8")
    there = {path for path, _, _ in generate.every_key()}
    for path in there:
        assert f"`{path.partition('.')[2]}`" in text, path
    with (DOCS / "keys.csv").open(encoding="utf-8", newline="") as file:
        described = [row["key"] for row in csv.DictReader(file)]
    assert len(described) == len(set(described))
    assert set(described) <= there, "docs/keys.csv describes keys that no file has"


def things() -> Iterator[tuple[str, str]]:
    yield from (("finding", code) for code in checks.codes())
    yield from (("column", name) for name in (*schema.NAMES, *schema.ATTRIBUTION))
    yield from (("short name", name) for name in schema.SHORT)
    yield from (("rule", rule.id) for rule in load_packs())
    yield from (("deviation", rule.code) for contract in contracts() for rule in contract.file.deviations)


def test_every_code_column_and_rule_is_in_the_docs() -> None:
    text = all_text()
    assert [thing for thing in things() if f"`{thing[1]}`" not in text] == []


def test_providers_formats_and_exit_codes_are_in_the_readme() -> None:
    text = (REPO / "README.md").read_text(encoding="utf-8")
    for contract in contracts():
        assert contract.provider.upper() in text.upper(), contract.provider
    for name in reports.formats():
        assert name in text.lower(), name
    for code in range(6):
        assert re.search(rf"^\| {code} \|", text, re.MULTILINE), f"exit code {code}"


# --- what pages name exists -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", HAND_WRITTEN)
def test_a_link_leads_somewhere(page: str) -> None:
    path = REPO / page
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (path.parent / target).exists(), f"{page}: {target}"


@pytest.mark.parametrize("page", HAND_WRITTEN)
def test_a_file_that_is_named_is_there(page: str) -> None:
    """Names in backticks with a slash and a suffix are files: of the project, or of the package."""
    text = (REPO / page).read_text(encoding="utf-8")
    for name in re.findall(r"`((?:[\w.-]+/)+[\w.-]+\.(?:py|yaml|yml|sql|csv|md|json|toml|txt))(?:::?\w+)?`", text):
        if "NAME" not in name:
            homes = [REPO, REPO / "src" / "aiops_cost"]
            assert any((home / name).exists() for home in homes), f"{page}: {name}"


@pytest.mark.parametrize("page", HAND_WRITTEN)
def test_a_function_that_is_named_is_there(page: str) -> None:
    """`ledger/load.py:load` names a function or class of that file."""
    text = (REPO / page).read_text(encoding="utf-8")
    for file, name in re.findall(r"`([\w/]+\.py):(\w+)`", text):
        code = (REPO / "src" / "aiops_cost" / file).read_text(encoding="utf-8")
        assert re.search(rf"^(?:def|class) {name}\b|^{name}\b.* =", code, re.MULTILINE), f"{page}: {file}:{name}"


def test_the_architecture_names_every_room() -> None:
    text = (REPO / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rooms = loaded(REPO / "tests" / "test_arrow.py").MAY_IMPORT
    assert [room for room in rooms if room[0] != "_" and not re.search(rf"`{room}(?:\.py|/)`", text)] == []


def test_no_text_tells_anyone_to_type_a_command_that_does_not_exist() -> None:
    known = {name.split(" ")[0] for name, _, _ in generate.every_command()}
    wrong = []
    for path in project_files():
        if path.suffix in {".py", ".md", ".yaml", ".yml"} and path.parts[0] != "tests":
            for word in re.findall(r"(?:`|:  |\$ )aiops-cost ([a-z]+)", (REPO / path).read_text(encoding="utf-8")):
                if word not in known:
                    wrong.append(f"{path}: aiops-cost {word}")
    assert wrong == []


# --- what pages show was just printed -------------------------------------------------------------------------------

Step = tuple[str, list[str]]


def steps(page: Path) -> list[Step]:
    """Every command of the page's console blocks with the lines shown below it; `> ` lines continue a command."""
    found: list[Step] = []
    for block in re.findall(r"^```console\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            elif line.startswith("> ") and not found[-1][1]:
                found[-1] = (f"{found[-1][0]}\n{line[2:]}", [])
            else:
                found[-1][1].append(line.rstrip())
    return found


def missing_line(shown: list[str], printed: str) -> str | None:
    """The first shown line that was not printed where it should stand; `...` stands for any lines."""
    actual = [line.rstrip() for line in printed.strip("\n").splitlines()]
    at, gap = 0, False
    for line in shown:
        if line == "...":
            gap = True
            continue
        where = next((i for i in range(at, len(actual)) if actual[i] == line), None)
        if where is None or (where != at and not gap):
            return line
        at, gap = where + 1, False
    return None if gap or not actual[at:] else f"(more was printed: {actual[at]!r})"


def test_a_comparison_of_screens_finds_a_difference() -> None:
    assert missing_line(["a", "...", "c"], "a\nb\nc\n") is None
    assert missing_line(["a", "c"], "a\nb\nc\n") == "c"
    assert missing_line(["a", "..."], "b\na\n") == "a"
    assert missing_line(["a"], "a\nb\n") == "(more was printed: 'b')"


class Reader:
    """Someone who types what the page says, one folder at a time."""

    def __init__(self, cli: Any, folder: Path) -> None:
        self.cli, self.folder, self.code = cli, folder, 0

    def types(self, command: str) -> str:
        command = re.sub(r"\$\((.*?)\)", lambda inner: self.types(inner[1]).strip(), command)
        words = shlex.split(command) if "<<" not in command else []
        if words[:1] == ["cd"]:
            self.folder = (self.folder / words[1]).resolve()
            return ""
        if command == "echo $?":
            return f"{self.code}\n"
        if words[:1] == ["aiops-cost"]:
            outcome = self.cli(*words[1:], cwd=self.folder)
            self.code = outcome.code
            return str(outcome.err + outcome.out)
        done = subprocess.run(["bash", "-c", command], cwd=self.folder, capture_output=True, text=True, check=False)
        self.code = done.returncode
        return done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("page", ["tour.md", "plan.md"])
def test_a_page_shows_what_is_printed(cli: Any, tmp_path: Path, page: str) -> None:
    reader = Reader(cli, tmp_path)
    wrong = []
    for command, shown in steps(DOCS / page):
        printed = reader.types(command)
        line = missing_line(shown, printed)
        if line is not None:
            wrong.append(f"$ {command}\n  shown, not printed: {line}\n--- printed:\n{printed}")
    assert not wrong, "\n\n".join(wrong)


def test_the_first_screen_of_the_readme_is_what_the_demo_prints(cli: Any, demo_folder: Path) -> None:
    text = (REPO / "README.md").read_text(encoding="utf-8")
    [block] = re.findall(r"^```text\n\$ make demo\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    wanted = {line[2:] for line in block.splitlines() if line.startswith("$ ")}
    printed = ""
    for words in STORY:
        typed = shlex.join(["aiops-cost", *words, "--as-of", TODAY])
        if typed in wanted:
            printed += f"\n$ {typed}\n\n{cli(*words, '--as-of', TODAY, cwd=demo_folder).out}"
            wanted.remove(typed)
    assert wanted == set(), "the demo does not run these"
    assert missing_line(block.splitlines(), printed) is None


def test_the_readme_stays_short() -> None:
    assert len((REPO / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


# --- what must not be in the project --------------------------------------------------------------------------------

FORBIDDEN = {
    "an issue number": r"(?<![\w&#/])#\d+\b(?![;.\w])|\bissues? \d+\b",
    "a path of one machine": r"/[w]ork/|/[t]mp/env|/[r]oot/|/[h]ome/\w+/",
    "a package index": r"[p]ypi\.org|[p]ythonhosted|(?<!no-emit-)[i]ndex-url",
}


def project_files() -> list[Path]:
    """All files that are in git or would be."""
    if not (REPO / ".git").exists():
        pytest.skip("not a checkout, so nobody knows which files are the project's")
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=REPO, capture_output=True, text=True, check=True
    )
    return [path for line in listed.stdout.splitlines() if (REPO / (path := Path(line))).is_file()]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_nothing_names_what_only_its_authors_know(what: str) -> None:
    pattern = re.compile(FORBIDDEN[what], re.IGNORECASE)
    found = []
    for path in project_files():
        try:
            text = (REPO / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{path}: {match[0]}" for match in pattern.finditer(text)]
    assert found == []
