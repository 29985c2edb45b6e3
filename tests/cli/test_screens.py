"""Whole screens, as a user sees them: each command on the demo company, on one day and at one width.

A change of what is printed is a change of a file under golden/, to be read before it is accepted with --update.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from aiops_cost import schemas

TODAY = "2026-06-14"
SCREENS: dict[str, tuple[str, ...]] = {
    "status": ("status", "--as-of", TODAY),
    "status-detail": ("status", "--detail", "--as-of", TODAY),
    "report": ("report", "--as-of", TODAY),
    "report-by": ("report", "--by", "activity,workload", "--month", "2026-05", "--as-of", TODAY),
    "report-compared": ("report", "--by", "activity", "--compare-to", "before", "--as-of", TODAY),
    "report-top": ("report", "--by", "service,tags.team", "--top", "5", "--last", "3m", "--as-of", TODAY),
    "report-where": (
        "report", "--by", "model", "--where", "activity=serving", "--where", "provider=AWS", "--as-of", TODAY,
    ),
    "report-billed-by-month": (
        "report", "--by", "month", "--metric", "BilledCost", "--from", "2025-07-01", "--as-of", TODAY,
    ),
    "report-idle": ("report", "--idle", "--last", "3m", "--as-of", TODAY),
    "report-runs": ("report", "--runs", "--month", "2026-05", "--top", "5", "--as-of", TODAY),
    "report-shared": ("report", "--share", "--month", "2026-05", "--as-of", TODAY),
    "report-unit": ("report", "--unit", "requests", "--by", "workload", "--month", "2026-05", "--as-of", TODAY),
    "report-of-nothing": ("report", "--month", "2024-01", "--as-of", TODAY),
    "report-of-the-future": ("report", "--month", "2026-06", "--as-of", TODAY),
    "drift": ("drift", "--as-of", TODAY),
    "drift-why": ("drift", "--why", "training ranker", "--as-of", TODAY),
    "forecast": ("forecast", "--as-of", TODAY),
    "check": ("check", "--as-of", TODAY),
    "check-select": ("check", "--select", "UNB", "--as-of", TODAY),
    "check-owner": ("check", "--owner", "search-ai", "--max-age", "36h", "--min-coverage", "99%", "--as-of", TODAY),
    "accept": ("accept", "--as-of", TODAY),
    "summary": ("summary", "--dry-run", "--as-of", TODAY),
    "explain-code": ("explain", "DRF001"),
    "explain-rule": ("explain", "aws-bedrock-guardrails"),
    "budget-show": ("budget", "show"),
    "budget-check": ("budget", "check"),
    "rules-list": ("rules", "list", "--pack", "northfold"),
    "rules-test": ("rules", "test"),
    "rules-coverage": ("rules", "coverage", "--as-of", TODAY),
    "rules-suggest": ("rules", "suggest", "--top", "2", "--as-of", TODAY),
    "query": (
        "query", "SELECT x_Activity, x_Workload, sum(Cost) AS cost FROM spend WHERE x_Workload = 'ranker' GROUP BY ALL"
        " ORDER BY 1", "--as-of", TODAY,
    ),
    "schema-ledger": ("schema", "ledger"),
}  # fmt: skip
FORMATS = ("json", "csv", "markdown")


@pytest.mark.parametrize("name", SCREENS)
def test_screen(cli, golden, demo_folder, name):
    found = cli(*SCREENS[name], cwd=demo_folder)
    assert found.err == ""
    golden(f"{name}.txt", found.out)


@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize("name", ["report-compared", "check"])
def test_screen_for_a_program(cli, golden, demo_folder, name, format_name):
    found = cli(*SCREENS[name], "--format", format_name, cwd=demo_folder)
    golden(f"{name}.{'md' if format_name == 'markdown' else format_name}", found.out)


def test_narrow_screen(cli, golden, demo_folder, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    golden("report-narrow.txt", cli(*SCREENS["report-compared"], cwd=demo_folder).out)


def test_explained_line(cli, golden, demo_folder):
    sql = "SELECT x_LineId FROM spend WHERE x_Workload = 'support-chat' GROUP BY 1 ORDER BY sum(Cost) DESC, 1 LIMIT 1"
    (row,) = cli("query", sql, "--as-of", TODAY, "--format", "json", cwd=demo_folder).rows("rows")
    golden("explain-line.txt", cli("explain", str(row["x_LineId"]), "--as-of", TODAY, cwd=demo_folder).out)


def test_pull_screens(small, cli, golden):
    """First load, nothing new, a restated month, a dry run."""
    clock = datetime(2026, 6, 14, 5, tzinfo=UTC)

    def pull(*more: str) -> str:
        found = cli("pull", "--quiet", *more, cwd=small.folder, clock=clock)
        assert (found.code, found.err) == (0, "")
        return found.out

    small.bill("aws", "2026-04-01", 61, "10").bill("azure", "2026-05-01", 31, "7.5", ProviderName="Microsoft").config()
    golden("pull.txt", pull())
    golden("pull-again.txt", pull())
    (small.folder / "bills" / "aws" / "focus.csv").unlink()
    small.bill("aws", "2026-04-01", 30, "10").bill("aws", "2026-05-01", 31, "12.345678")
    golden("pull-dry-run.txt", pull("--dry-run"))
    golden("pull-restated.txt", pull())


def test_init_screen(cli, golden, small):
    small.bill("aws", "2026-05-01", 2, "10").bill("azure", "2026-05-01", 2, "10", ProviderName="Microsoft")
    found = cli("init", cwd=small.folder, clock=datetime(2026, 6, 14, tzinfo=UTC))
    golden("init.txt", found.out)
    golden("init-aiops-cost.yaml", (small.folder / "aiops-cost.yaml").read_text(encoding="utf-8"))
    golden("init-budget.yaml", (small.folder / "budgets" / "migration.yaml").read_text(encoding="utf-8"))


# --- the same as data ------------------------------------------------------------------------------------------------


PER_SCHEMA = (
    "status-detail", "report-top", "report-of-nothing", "check", "explain-code", "explain-rule",
    "budget-show", "rules-list", "rules-test", "rules-coverage", "rules-suggest", "query", "schema-ledger",
)  # fmt: skip
"""One screen of each kind of report."""


@pytest.mark.parametrize("name", PER_SCHEMA)
def test_json_is_what_its_schema_says(cli, demo_folder, name):
    found = cli(*SCREENS[name], "--format", "json", cwd=demo_folder)
    jsonschema.validate(found.json, schemas.of("report"))
    assert found.json["schema"].startswith("aiops-cost/")
    assert_no_floats(json.loads(found.out, parse_float=lambda text: pytest.fail(f"{text} is a JSON number")))


def assert_no_floats(value: Any) -> None:
    if isinstance(value, dict):
        for item in value.values():
            assert_no_floats(item)
    elif isinstance(value, list):
        for item in value:
            assert_no_floats(item)
    else:
        assert not isinstance(value, float)


def test_the_suffix_of_a_file_chooses_its_format(cli, ledger_folder, tmp_path):
    for suffix, begins in ((".json", "{"), (".csv", "activity,"), (".md", "### "), (".txt", "Spend by")):
        file = tmp_path / f"answer{suffix}"
        found = cli("report", "-o", str(file), cwd=ledger_folder)
        assert (found.code, found.out) == (0, "")
        assert file.read_text(encoding="utf-8").startswith(begins)
        assert not [path for path in tmp_path.iterdir() if path.name.startswith("tmp")], "no half-written file is left"


def test_a_file_in_json_leaves_the_exit_code_of_the_gate(cli, ledger_folder, tmp_path):
    found = cli("check", "-o", str(tmp_path / "check.json"), cwd=ledger_folder)
    written = json.loads((tmp_path / "check.json").read_text(encoding="utf-8"))
    assert found.code == written["exit_code"] == 3


# --- the schemas of what users write ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in schemas.NAMES if name != "ledger"])
def test_every_schema_is_one(cli, tmp_path, name):
    found = cli("schema", name, cwd=tmp_path)
    assert found.code == 0
    jsonschema.Draft202012Validator.check_schema(found.json)
    assert found.json["$schema"] == "https://json-schema.org/draft/2020-12/schema"


class EditorLoader(yaml.SafeLoader):
    """YAML 1.2, as editors read it: `on` is a word, not a truth."""


EditorLoader.yaml_implicit_resolvers = {
    first: [one for one in found if first not in "yYnNoO" or not one[0].endswith(":bool")]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}

REPOSITORY = Path(__file__).parents[2]
WRITTEN = {
    "config": ("configs/aiops-cost.yaml", "demo:aiops-cost.yaml"),
    "budget": ("configs/budgets/migration.yaml", "demo:budgets/migration-2026.yaml"),
    "rules": ("configs/rules/company.yaml", "demo:rules/company.yaml"),
    "owners": ("configs/owners.yaml", "demo:owners.yaml"),
}


@pytest.mark.parametrize(("name", "file"), [(name, file) for name, files in WRITTEN.items() for file in files])
def test_the_schema_accepts_what_the_program_accepts(demo_folder, name, file):
    path = demo_folder / file.removeprefix("demo:") if file.startswith("demo:") else REPOSITORY / file
    document = yaml.load(path.read_text(encoding="utf-8"), Loader=EditorLoader)
    schema = schemas.of(name)
    validator = jsonschema.validators.validator_for(schema)(schema)
    assert list(validator.iter_errors(json.loads(json.dumps(document, default=str)))) == []
