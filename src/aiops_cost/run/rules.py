"""The rules in force: listed, tested, compared; and the schemas of what users write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from aiops_cost import schemas, spend
from aiops_cost.answers import lists, rule_changes, window
from aiops_cost.config import Config
from aiops_cost.model import Report
from aiops_cost.rules.engine import load_packs
from aiops_cost.rules.examples import run_examples
from aiops_cost.rules.lint import empty_extracts, lint
from aiops_cost.rules.revisions import rule_files
from aiops_cost.run.snapshot import Session, attribute


def listed(config: Config | None, pack: str | None) -> Report:
    """The rules in force: the user's, then ours."""
    return lists.rules(load_packs(config.rules if config else ()), pack)


def tested(config: Config | None) -> Report:
    """Every example of every rule."""
    return lists.examples(run_examples(load_packs(config.rules if config else ())))


def linted(config: Config | None) -> Report:
    """Rules that can never win, and extracts that capture nothing."""
    rules = load_packs(config.rules if config else ())
    return lists.linted(lint(rules), empty_extracts(rules))


def difference(config: Config, as_of: date, old: str, new: str, choose: Callable[[Session], window.Window]) -> Report:
    """What going from one set of the user's rules to another would move. `choose` says which days."""
    with rule_files(old, config.rules, Path.cwd()) as before, rule_files(new, config.rules, Path.cwd()) as after:
        session = attribute(replace(config, rules=before), as_of, with_plan=False)
        lines = spend.decided(session.con, load_packs(after), session.book.tags, session.book.owners)
        return rule_changes.answer(session.con, lines, choose(session), config.cost, config.currency)


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema of a file that users write (config, budget, rules, owners) or of the JSON output (report)."""
    return schemas.of(name)


def columns() -> Report:
    """The ledger's columns and those that attribution adds."""
    return lists.columns()
