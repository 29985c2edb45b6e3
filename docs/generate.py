"""Writes the reference pages from the code that they describe:  make docs

Nothing in `docs/reference/` is written by hand; `tests/test_docs.py` fails when a page is stale.
"""

from __future__ import annotations

import csv
import inspect
import runpy
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

from aiops_cost import checks, schemas
from aiops_cost.answers import filters
from aiops_cost.cli.app import app
from aiops_cost.config import CONFIG_VARIABLE, CURRENCY_VARIABLE, LEDGER_VARIABLE
from aiops_cost.ledger import schema
from aiops_cost.providers.contract import Stranger, Strangers, contracts
from aiops_cost.rules.engine import load_packs

DOCS = Path(__file__).parent
ERRORS = DOCS / "generate_errors.py"
WIDTH = 100
NOTE = "<!-- Written by docs/generate.py; run `make docs` instead of editing. -->"
STRANGERS = Path(inspect.getfile(Stranger)).parent / "strangers.yaml"

GENERIC_DEVIATIONS = (
    ("column-missing", "the file lacks columns that the format promises; they are unknown, not zero"),
    ("column-unknown", "the file has columns that the format does not know; left out"),
    ("column-spelling", "the file spells column names in another letter case; read all the same"),
    ("empty-COLUMN", "a cell is empty where the format promises a value"),
    ("file-form", "the file's form is unusual (such as cells separated by `;`); read all the same"),
    ("null-word", "the file writes a word like `NULL` where the standard leaves the cell empty; read as null"),
    ("spelling-COLUMN", "a value is spelled otherwise than the documents do; brought to theirs"),
    ("unread-COLUMN", "a figure that no sum depends on cannot be read; it is unknown there, not zero"),
    ("unknown-COLUMN", "a value that the documents do not list; kept as sent"),
)
"""What is looked for in every format; `ledger/proof.py` and `ledger/record.py` have the code."""


def pages() -> dict[str, str]:
    """File name below `docs/reference/` -> its text."""
    found = {
        "commands.md": commands(),
        "findings.md": findings(),
        "columns.md": columns(),
        "configuration.md": configuration(),
        "rules.md": rules(),
        "deviations.md": deviations(),
        "exit-codes.md": exit_codes(),
    }
    return {name: f"{NOTE}\n\n{text.strip()}\n" for name, text in found.items()}


# --- commands -------------------------------------------------------------------------------------------------------


def every_command() -> Iterator[tuple[str, Any, Any]]:
    """Name as typed (`rules test`), command, context; groups before what is in them."""
    root = typer.main.get_command(app())
    context = root.make_context("aiops-cost", [], resilient_parsing=True, terminal_width=WIDTH)
    yield from _below("", root, context)


def _below(name: str, command: Any, context: Any) -> Iterator[tuple[str, Any, Any]]:
    yield name, command, context
    for part, inner in getattr(command, "commands", {}).items():
        deeper = inner.make_context(part, [], parent=context, resilient_parsing=True, terminal_width=WIDTH)
        yield from _below(f"{name} {part}".strip(), inner, deeper)


def commands() -> str:
    """Each command with its own `--help`."""
    text = ["# Commands", "Each command says the same with `--help`. Data goes to stdout, everything else to stderr."]
    for name, command, context in every_command():
        title = f"aiops-cost {name}".strip()
        text += [f"## `{title}`", f"```text\n{command.get_help(context).rstrip()}\n```"]
    return "\n\n".join(text)


# --- findings -------------------------------------------------------------------------------------------------------


def findings() -> str:
    """Each check's page, once, with the codes that it explains."""
    pages_of: dict[str, list[str]] = {}
    for code in checks.codes():
        pages_of.setdefault(checks.explain(code).split("\n\n", 1)[1].strip(), []).append(code)
    text = ["# Findings", "`aiops-cost explain CODE` prints the same page. A code is never reused."]
    for page, codes in pages_of.items():
        head, body = page.split("\n\n", 1)
        rows = [(f"`{code}`", checks.codes()[code]) for code in codes]
        text += [f"## {', '.join(codes)}", head, table(("code", "says"), rows), body]
    return "\n\n".join(text)


# --- columns --------------------------------------------------------------------------------------------------------


def columns() -> str:
    """The ledger's columns, those that attribution adds, and the short names."""
    shorts = {full: short for short, full in schema.SHORT.items()}
    rows = [
        (f"`{column.name}`", column.sql_type, column.role, _code(shorts.get(column.name)), column.description)
        for column in schema.COLUMNS
    ]
    added = [(f"`{name}`", _code(shorts.get(name))) for name in schema.ATTRIBUTION]
    return "\n\n".join(
        [
            "# Columns",
            "The view `ledger` has one row per line and UTC day. Names without `x_` are FOCUS names. Short names are"
            " what `--by`, `--where`, rules and budgets accept beside the full ones.",
            table(("column", "type", "role", "short name", "meaning"), rows),
            "Roles: *partition* and *id* say where a row is kept, *key* tells two rows of one line apart, *identity*"
            " makes the line, the rest is summed.",
            "## Filters",
            *_filters(),
            "## Added by attribution",
            "The view `attributed` has these besides. The rules fill them; see [rules](rules.md).",
            table(("column", "short name"), added),
        ]
    )


def _filters() -> tuple[str, ...]:
    """What `--where` understands, as the module that reads it says."""
    head, forms, keys = str(filters.__doc__).strip().split("\n\n")
    lines = "\n".join(line.strip() for line in forms.splitlines())
    return head, f"```text\n{lines}\n```", " ".join(keys.split())


# --- configuration --------------------------------------------------------------------------------------------------


def meanings() -> dict[str, str]:
    """Key path -> sentence, from `keys.csv`."""
    with (DOCS / "keys.csv").open(encoding="utf-8", newline="") as file:
        return {row["key"]: row["meaning"] for row in csv.DictReader(file)}


def every_key() -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    """Path (`config.sources[].name`), JSON Schema and whether it must be given, of every key that users write."""
    for file in ("config", "budget", "owners", "accepted"):
        whole = schemas.of(file)
        yield from _keys(file, whole, whole.get("$defs", {}))


def _keys(path: str, node: Mapping[str, Any], defs: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    for key, written in node.get("properties", {}).items():
        inner = _resolved(written, defs)
        yield f"{path}.{key}", {**inner, **written}, key in node.get("required", ())
        item = _resolved(inner.get("items", {}), defs)
        if "properties" in item:
            yield from _keys(f"{path}.{key}[]", item, defs)
        elif "additionalProperties" in inner and inner["additionalProperties"] is False:
            yield from _keys(f"{path}.{key}", inner, defs)


def _resolved(node: Mapping[str, Any], defs: Mapping[str, Any]) -> Mapping[str, Any]:
    options = [node, *node.get("anyOf", ())]
    references = [option["$ref"] for option in options if "$ref" in option]
    return defs[references[0].rpartition("/")[2]] if references else node


def configuration() -> str:
    """Every key of the files that users write."""
    said = meanings()
    text = [
        "# Configuration",
        "`aiops-cost.yaml` is found in the working directory or above it, or named with `--config` or"
        f" `{CONFIG_VARIABLE}`. `{LEDGER_VARIABLE}` and `{CURRENCY_VARIABLE}` replace their keys. Paths in a file are"
        " relative to that file. Unknown and duplicate keys are refused, with their line. `AIOPS_COST_PEOPLE_KEY` is"
        " mixed into the pseudonyms of people, `AIOPS_COST_DEBUG` shows the traceback of a defect, and `NO_COLOR` turns"
        " colours off.",
        "`aiops-cost schema config`, `budget`, `rules`, `owners` and `accepted` print JSON Schemas for editors.",
    ]
    titles = {
        "config": "aiops-cost.yaml",
        "budget": "A budget",
        "owners": "The owners file",
        "accepted": "The file of accepted findings",
    }
    for file, title in titles.items():
        rows = [
            (f"`{path.removeprefix(f'{file}.')}`", _default(node, must), said.get(path) or node["description"])
            for path, node, must in every_key()
            if path.startswith(f"{file}.")
        ]
        text += [f"## {title}", table(("key", "default", "meaning"), rows)]
    return "\n\n".join([*text, _assumptions()])


def _assumptions() -> str:
    from aiops_cost.budget import amounts

    forms = [line.strip() for line in str(amounts.__doc__).splitlines() if " * " in line]
    listed = "\n".join(forms)
    return (
        "### What `assumes` may say\n\nFour forms; `CUR` is the budget's currency in small letters, such as `usd`."
        f" The amount of a month follows from them.\n\n```text\n{listed}\n```"
    )


def _default(node: Mapping[str, Any], must: bool) -> str:
    if must:
        return "*must be given*"
    value = node.get("default")
    if value is None or value == [] or isinstance(value, dict):
        return "-"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


# --- the gate -------------------------------------------------------------------------------------------------------


def exit_codes() -> str:
    """The table that `tests/checks/test_gate_matrix.py` runs: the first row that fits counts."""
    with (DOCS / "exit-codes.csv").open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    shown = [tuple("any" if cell == "*" else f"`{cell}`" if cell[:2] == "--" else cell for cell in row) for row in rows]
    return "\n\n".join(
        [
            "# Exit codes of check",
            "What `aiops-cost check` leaves for each state of the data, kind of finding and option; the first row that"
            " fits counts. A test runs every combination. See [the gate](../gate.md).",
            table(tuple(name.replace("_", " ") for name in head), shown),
        ]
    )


# --- rules, deviations ----------------------------------------------------------------------------------------------


def rules() -> str:
    """The built-in rules, pack by pack, in the order in which they are tried."""
    packs: dict[str, list[tuple[str, ...]]] = {}
    refining: set[str] = set()
    for rule in load_packs():
        row = (f"`{rule.id}`", rule.activity, rule.component or "-", rule.why)
        packs.setdefault(rule.pack, []).append(row)
        if rule.refines:
            refining.add(rule.pack)
    text = [
        "# Rules",
        "The built-in rules in the order in which they are tried; yours come before them, and the first that matches a"
        " line decides. `aiops-cost rules list` shows the ones in force, `aiops-cost explain RULE` one of them.",
    ]
    for pack, rows in packs.items():
        text.append(f"## {pack}")
        if pack in refining:
            text.append("These run after all others, see what those decided, and never touch a line of your own rules.")
        text.append(table(("rule", "activity", "component", "why"), rows))
    return "\n\n".join(text)


def deviations() -> str:
    """What is known to be wrong with real files, per format, and which other files are known by sight."""
    text = [
        "# Deviations",
        "Real bills deviate from their specification. What is listed here is counted at each load, kept in the record,"
        " and shown by `aiops-cost status --detail`.",
        "## In every format",
        table(("code", "what it says"), [(f"`{code}`", sentence) for code, sentence in GENERIC_DEVIATIONS]),
    ]
    for contract in contracts():
        rows = [(f"`{rule.code}`", rule.sentence) for rule in contract.file.deviations]
        text += [f"## {contract.file.title}", table(("code", "what it says"), rows)]
    text += ["## Files that are not read", "They are known by their columns, and refused with this advice."]
    rows = [(stranger.name, stranger.advice or "-") for stranger in _strangers()]
    return "\n\n".join([*text, table(("file", "what to do"), rows)])


def _strangers() -> tuple[Stranger, ...]:
    from aiops_cost.documents import read

    return read(STRANGERS, Strangers, what="list of strangers")[0].strangers


# --- markdown -------------------------------------------------------------------------------------------------------


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A markdown table; bars and line breaks in cells do not break it."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _code(text: str | None) -> str:
    return f"`{text}`" if text else ""


def main() -> None:
    """Write every page that differs."""
    for name, text in pages().items():
        path = DOCS / "reference" / name
        path.parent.mkdir(exist_ok=True)
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8", newline="\n")
            sys.stdout.write(f"wrote {path.name}\n")
    if ERRORS.is_file():
        runpy.run_path(str(ERRORS), run_name="__main__")


if __name__ == "__main__":
    main()
