"""Makes a company with bills in three clouds, a plan, and known truths; offline, the same bytes every time."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import as_file, files
from pathlib import Path

from aiops_cost.demo import bills, blueprint, budget, fixed, metrics, sheet, truth, usage
from aiops_cost.demo.blueprint import AS_OF, Blueprint

CONFIG = """\
# The configuration of the demo company. All of it is invented; nothing here reaches a cloud.
ledger: ./ledger
currency: USD
sources:
{sources}
budgets: [budgets/*.yaml]
metrics: [metrics/*.csv]
rules: [rules/*.yaml]
owners: owners.yaml
checks:
  storage: {{prices: {{Google Cloud: 0.010}}}}   # a GB-month of Nearline, by the price list
"""


@dataclass(frozen=True)
class CompanyFacts:
    """What was written, and where: `as_of` is the day on which the company looks at its bills."""

    folder: Path
    config: Path
    truth: Path
    as_of: date
    seed: int
    sources: tuple[str, ...]
    bills: tuple[Path, ...]
    rows: int


def write_company(folder: Path, seed: int = 7) -> CompanyFacts:
    """Write bills, budget, owners, rules, configuration and truth.json into `folder`.

    Files of an earlier run are replaced. The same seed gives the same bytes, on any number of cores.
    """
    plan = blueprint.load()
    used = list(usage.usage(plan, seed))
    charges = [*used, *fixed.fixed(plan, used)]
    lines = budget.plan_lines(plan)
    with bills.database(plan, charges) as database:
        paths = bills.write_bills(database, folder / "bills")
        facts = truth.truth(plan, seed, charges, database, lines)
    _write(folder / "truth.json", truth.render(facts))
    _write(folder / "budgets" / "migration-2026.yaml", budget.render(lines))
    _write(folder / "metrics" / "use.csv", metrics.use(plan, seed))
    _write(folder / "metrics" / "service.csv", metrics.service(seed))
    plan_sheet = sheet.workbook(lines)
    if plan_sheet is not None:
        (folder / "plan-2026.xlsx").write_bytes(plan_sheet)
    _write(folder / "owners.yaml", _owners(plan))
    _write(folder / "aiops-cost.yaml", CONFIG.format(sources=_sources(plan)))
    (folder / "rules").mkdir(exist_ok=True)
    with as_file(files(__package__).joinpath("northfold-rules.yaml")) as rules:
        shutil.copyfile(rules, folder / "rules" / "company.yaml")
    return CompanyFacts(
        folder=folder,
        config=folder / "aiops-cost.yaml",
        truth=folder / "truth.json",
        as_of=AS_OF,
        seed=seed,
        sources=tuple(plan.feeds),
        bills=tuple(paths),
        rows=sum(len(charge.slot) for charge in charges),
    )


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def _sources(plan: Blueprint) -> str:
    return "\n".join(
        f'  - {{name: {name}, provider: focus, location: "./bills/{feed.cloud}"}}' for name, feed in plan.feeds.items()
    )


def _owners(plan: Blueprint) -> str:
    owners: Mapping[str, str] = {line.workload: line.owner for line in plan.lines if line.workload}
    lines = [f"  - {{scope: {{workload: {workload}}}, owner: {owner}}}" for workload, owner in sorted(owners.items())]
    return "\n".join(["# Who answers for what.", "owners:", *lines]) + "\n"
