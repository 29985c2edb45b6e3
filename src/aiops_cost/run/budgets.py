"""The budget files: shown, imported, revised."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from aiops_cost import documents
from aiops_cost.answers import lists, plan_changes
from aiops_cost.budget import revise
from aiops_cost.budget.imports import prepare
from aiops_cost.budget.read import read_budgets
from aiops_cost.config import Config
from aiops_cost.model import Report
from aiops_cost.run.snapshot import place_of, terms

ImportWishes = prepare.Wishes


kept_mapping = prepare.kept_mapping


put_revision = revise.write


def shown(config: Config, by_month: bool = True) -> Report:
    """The budgets as they are understood; reading them checks them."""
    return lists.budgets(read_budgets(config.budgets, terms(config), place_of), by_month)


def imported(file: Path, wishes: prepare.Wishes) -> prepare.Prepared:
    """A plan as it came (XLSX, CSV, an estimate), as the text of a budget file; nothing is written."""
    return prepare.prepare(file, wishes)


def revised(current: Path, new: Path, by: str, on: date, why: str) -> revise.Revision:
    """What a new version of a budget would change; `revise.write` puts it in place."""
    shown_new = place_of(new)
    text = (
        prepare.again(new, current, place_of) if new.suffix not in {".yaml", ".yml"} else documents.text(new, "budget")
    )
    return revise.propose(current, text, (by, on, why), place_of(current), shown_new)


def revision(found: revise.Revision, dry_run: bool) -> Report:
    """The changes of a new version."""
    return plan_changes.revision(found, dry_run)


def history(config: Config) -> Report:
    """Every change of every budget: version, day, who, why, what."""
    return plan_changes.history(read_budgets(config.budgets, terms(config), place_of), config.budgets)
