"""The demo's sheet is the demo's budget, and its metrics are what its bills were made of."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal

import pytest

from aiops_cost.budget.imports.prepare import Wishes, prepare
from aiops_cost.budget.read import read_budget
from aiops_cost.budget.values import Tolerance
from aiops_cost.demo import blueprint, sheet
from aiops_cost.demo.budget import plan_lines


def test_the_sheet_becomes_the_budget_to_the_cent(company, tmp_path):
    folder = company.facts.folder
    target = tmp_path / "plan.yaml"
    target.write_text(prepare(folder / "plan-2026.xlsx", Wishes(target, "USD", guess=True)).text, encoding="utf-8")
    imported = {str(line.constraints): line for line in read_budget(target, Tolerance()).lines}
    planned = read_budget(folder / "budgets" / "migration-2026.yaml", Tolerance()).lines
    assert len(imported) == len(planned)
    for line in planned:
        same = imported[str(line.constraints)]
        assert same.owner == line.owner
        assert same.assumes == line.assumes
        for month, amount in line.amounts.items():
            assert abs(same.amounts[month] - amount) <= Decimal("0.005")


def test_the_sheet_has_the_same_bytes_every_time(company):
    made = sheet.workbook(plan_lines(blueprint.load()))
    assert made == (company.facts.folder / "plan-2026.xlsx").read_bytes()


def _use(company, name, workload):
    with (company.facts.folder / "metrics" / "use.csv").open(encoding="utf-8") as text:
        rows = [row for row in csv.DictReader(text) if (row["name"], row["workload"]) == (name, workload)]
    return {date.fromisoformat(row["day"]): Decimal(row["value"]) for row in rows}


@pytest.mark.parametrize("workload", ["hr-assistant", "support-chat"])
def test_the_tokens_measured_are_those_that_were_billed(company, workload):
    measured = sum(_use(company, "input_tokens", workload).values()) + sum(
        _use(company, "output_tokens", workload).values()
    )
    [(billed,)] = company.sql.execute(
        "SELECT sum(CAST(PricingQuantity AS DECIMAL(38, 6))) FROM bill"
        " WHERE Tags ILIKE ? AND ChargePeriodStart < '2026-06-12' AND ServiceName <> 'Tax'",
        [f"%{workload}%"],
    ).fetchall()
    size = measured / billed
    assert min(abs(size / lot - 1) for lot in (1_000, 1_000_000)) < Decimal("0.02")


def test_a_planted_change_shows_in_the_metrics(company):
    requests = _use(company, "requests", "support-chat")
    before, after = (sum(v for d, v in requests.items() if d.month == m and d.year == 2026) for m in (4, 6))
    assert after / 11 > Decimal("1.8") * before / 30
