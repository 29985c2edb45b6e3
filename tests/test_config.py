"""The configuration: which file, which value wins, and what is refused."""

from __future__ import annotations

import csv
from dataclasses import fields
from decimal import Decimal
from pathlib import Path

import pytest

from aiops_cost import documents, schemas
from aiops_cost.budget.rates import read_rates
from aiops_cost.budget.read import Terms, read_budgets
from aiops_cost.config import Config, ConfigFile, load_config
from aiops_cost.errors import UserError
from aiops_cost.rules.examples import run_examples
from aiops_cost.rules.owners import load_owners
from aiops_cost.rules.pack import load_packs

STARTER = Path(__file__).parents[1] / "configs"


def _load(folder: Path, text: str = "", **env: str) -> Config:
    (folder / "aiops-cost.yaml").write_text(text or "currency: USD\n", encoding="utf-8")
    return load_config(None, folder, env)


def _refused(folder: Path, text: str, **env: str) -> str:
    with pytest.raises(UserError) as caught:
        _load(folder, text, **env)
    return str(caught.value)


def test_the_starter_configuration_loads_with_all_that_it_names():
    config = load_config(STARTER / "aiops-cost.yaml", STARTER, {})
    terms = Terms(config.currency, config.checks.drift.tolerance, read_rates(config.fx))
    (budget,) = read_budgets(config.budgets, terms)
    assert [path.name for path in config.rules] == ["company.yaml"]
    assert config.tags == {"workload": ("tags.product", "tags.workload", "account /^ml-(.+)-prod$/")}
    assert budget.lines[1].amounts["2026-05"] == Decimal(4464)  # 31 days of 40,000 x 1,200 tokens
    storage = next(line for line in budget.lines if line.scope == {"activity": "storage"})
    assert storage.amounts == storage.derived


def test_the_starter_rules_and_owners_hold_their_own_examples():
    rules = load_packs([STARTER / "rules" / "company.yaml"])
    own = [result for result in run_examples(rules) if result.rule.id.startswith("company-")]
    assert len(own) == 4
    assert all(result.passed for result in own)
    assert len(load_owners(STARTER / "owners.yaml").entries) == 2


def test_the_starter_shows_every_key():
    text = (STARTER / "aiops-cost.yaml").read_text(encoding="utf-8")
    for key in ConfigFile.model_fields:
        assert f"{key}:" in text


def test_the_defaults_are_what_the_starter_says_they_are(tmp_path):
    config = _load(tmp_path)
    starter = load_config(STARTER / "aiops-cost.yaml", STARTER, {})
    assert config.checks == starter.checks
    assert (config.people, config.cost, config.memory_limit) == ("pseudonym", "EffectiveCost", "2GB")
    assert config.ledger == str(tmp_path / "ledger")


def test_no_configuration_at_all_says_how_to_get_one(tmp_path):
    with pytest.raises(UserError, match="aiops-cost init") as caught:
        load_config(None, tmp_path, {})
    assert [problem.code for problem in caught.value.problems] == ["config-missing"]


def test_the_file_is_found_above_the_working_directory(tmp_path):
    _load(tmp_path, "ledger: ./here\n")
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    assert load_config(None, deep, {}).ledger == str(tmp_path / "here")


def test_an_option_beats_the_environment_and_that_the_file_found(tmp_path):
    for name in ("aiops-cost", "env", "option"):
        (tmp_path / f"{name}.yaml").write_text(f"ledger: ./{name}\n", encoding="utf-8")
    env = {"AIOPS_COST_CONFIG": "env.yaml"}
    assert load_config(None, tmp_path, {}).ledger.endswith("/aiops-cost")
    assert load_config(None, tmp_path, env).ledger.endswith("/env")
    assert load_config(Path("option.yaml"), tmp_path, env).ledger.endswith("/option")


def test_a_named_file_that_is_missing_is_not_replaced_by_another(tmp_path):
    _load(tmp_path)
    with pytest.raises(UserError, match="there is no such configuration"):
        load_config(Path("other.yaml"), tmp_path, {})


def test_the_environment_replaces_ledger_and_currency(tmp_path):
    env = {"AIOPS_COST_LEDGER": "elsewhere", "AIOPS_COST_CURRENCY": "EUR"}
    config = _load(tmp_path, "ledger: ./x\ncurrency: USD\n", **env)
    assert (config.ledger, config.currency) == (str(tmp_path / "elsewhere"), "EUR")
    assert "not a currency code" in _refused(tmp_path, "ledger: x\n", AIOPS_COST_CURRENCY="euro")


def test_a_ledger_in_a_bucket_is_refused_and_not_taken_for_a_folder(tmp_path):
    assert "not a folder on this machine" in _refused(tmp_path, "ledger: s3://bucket/ledger\n")


def test_paths_are_relative_to_the_file_and_uris_stay(tmp_path):
    config = _load(
        tmp_path,
        "sources:\n"
        "  - {name: a, provider: focus, location: ./bills}\n"
        "  - {name: b, provider: aws, location: 's3://bucket/x', settles_after: 5, max_age: 0, sparse: true}\n"
        "spill: tmp\n",
    )
    assert [source.location for source in config.sources] == [str(tmp_path / "bills"), "s3://bucket/x"]
    second = config.sources[1]
    assert (second.settles_after, second.max_age, second.sparse) == (5, 0, True)
    assert config.spill == tmp_path / "tmp"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("curency: USD", "aiops-cost.yaml:1:1: unknown key `curency`; did you mean `currency`?"),
        ("ledger: a\nledger: b", "aiops-cost.yaml:2:1: `ledger` is given twice"),
        ("currency: usd", "aiops-cost.yaml:1:1: `currency`: 'usd' is not a currency code"),
        ("budgets: [plans/*.yaml]", "aiops-cost.yaml:1:11: `plans/*.yaml` under `budgets` matches no file"),
        ("rules: [/nowhere/*.yaml]", "`/nowhere/*.yaml` under `rules` matches no file"),
        ("owners: people.yaml", "aiops-cost.yaml:1:1: `owners` names people.yaml, and there is no such file"),
        ("fx: rates.csv", "`fx` names rates.csv, and there is no such file"),
        ("memory_limit: lots", "'lots' is not an amount of memory"),
        ("cost: NetCost", "`cost`"),
        ("people: no", "`people`"),
        ("sources: [{name: AWS Prod, provider: aws, location: x}]", "'AWS Prod' is not a name"),
        ("sources: [{name: a, provider: aws, location: x, max_age: 1_0}]", "not a whole number of days"),
        ("tags: {workload: [product]}", "write `tags.product`"),
        ("tags: {worklaod: [tags.x]}", "did you mean `workload`?"),
        ("checks: {coverage: {at_least: 95}}", "'95' is not a percentage"),
        ("checks: {coverage: {atleast: 95%}}", "unknown key `atleast` under `checks.coverage`"),
        ("checks: {drift: {tolerance: {warn: 20%}}}", "breach 10% is lower than warn 20%"),
        ("checks: {unbudgeted: {at_least: '1,000'}}", "'1,000' is not a plain number"),
        ("checks: {unbudgeted: {at_least: -1}}", "-1 is negative"),
    ],
)
def test_what_is_wrong_is_said_at_its_line(tmp_path, text, said):
    assert said in _refused(tmp_path, text + "\n")


def test_two_sources_cannot_share_a_name(tmp_path):
    said = _refused(
        tmp_path,
        "sources:\n  - {name: a, provider: aws, location: x}\n  - {name: a, provider: aws, location: y}\n",
    )
    assert said.startswith("aiops-cost.yaml:3:6: the source name `a` is given twice")


def test_all_problems_are_told_at_once(tmp_path):
    said = _refused(tmp_path, "budgets: [a.yaml, b.yaml]\nowners: c.yaml\n")
    assert said.count("aiops-cost.yaml:") == 3


def test_a_file_that_two_globs_match_is_read_once(tmp_path):
    (tmp_path / "b.yaml").write_text("x", encoding="utf-8")
    assert _load(tmp_path, "budgets: [b.yaml, '*.yaml']\n").budgets == (
        tmp_path / "b.yaml",
        tmp_path / "aiops-cost.yaml",
    )


def test_every_key_of_the_file_reaches_the_configuration():
    assert set(ConfigFile.model_fields) <= {item.name for item in fields(Config)}


def test_a_configuration_remembers_where_its_keys_stand(tmp_path):
    config = _load(tmp_path, "ledger: x\nsources:\n  - {name: a, provider: asw, location: x}\n")
    assert config.marks.place("sources", 0, "provider") == "aiops-cost.yaml:3:15"


@pytest.mark.parametrize("name", ["config", "budget"])
def test_the_defaults_of_a_schema_fit_it(name):
    for definition in schemas.of(name)["$defs"].values():
        for key, described in definition.get("properties", {}).items():
            if described.get("type") == "number" and "default" in described:
                assert isinstance(described["default"], int | float), key
            if "pattern" in described and "default" in described:
                assert described["default"].endswith("%"), key


def test_an_unknown_schema_names_the_near_one():
    with pytest.raises(UserError, match="did you mean `budget`"):
        schemas.of("budgets")


def test_the_starter_rates_have_the_header_that_is_asked_for():
    with (STARTER / "fx.csv").open(encoding="utf-8", newline="") as file:
        assert next(csv.reader(file)) == ["date", "from", "to", "rate"]


def test_a_message_names_only_schemas_that_can_be_asked_for():
    assert set(documents.SCHEMAS.values()) == set(schemas.FILES)
