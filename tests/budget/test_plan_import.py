"""Plans as they come: what is taken, what is refused by its cell, and that a total is checked and never imported."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_cost.budget.imports import cells
from aiops_cost.budget.imports.prepare import Wishes, kept_mapping, prepare
from aiops_cost.budget.imports.sheet import Cell
from aiops_cost.budget.read import read_budget
from aiops_cost.budget.values import Tolerance
from aiops_cost.errors import UserError

HEAD = ["Activity", "Product", "Team", date(2026, 4, 1), "May 2026"]
ROWS = [["Serving", "chat", "chat-platform", 1000, 1100], ["Training", "ranker", "search-ai", 300, 300]]


def xlsx(path: Path, rows: list[list[Any]], merge: str = "", title: str = "Plan") -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    if merge:
        sheet.merge_cells(merge)
    book.save(path)
    return path


@pytest.fixture
def imported(tmp_path):
    """The budget that a plan becomes, and what was said about it."""

    def read(rows, merge="", mapping="", **wishes):
        if isinstance(rows, str):
            plan = tmp_path / "plan.csv"
            plan.write_text(rows, encoding="utf-8")
        elif isinstance(rows, dict):
            plan = tmp_path / "plan.json"
            plan.write_text(json.dumps(rows), encoding="utf-8")
        else:
            plan = xlsx(tmp_path / "plan.xlsx", rows, merge)
        target = tmp_path / "budgets" / "plan.yaml"
        given = {}
        if mapping:
            (tmp_path / "given.mapping").write_text(mapping, encoding="utf-8")
            given = {"mapping": tmp_path / "given.mapping"}
        asked = {"guess": True, "shown": lambda path: path.name, **given, **wishes}
        made = prepare(plan, Wishes(target, "USD", **asked))
        target.parent.mkdir(exist_ok=True)
        target.write_text(made.text, encoding="utf-8")
        return read_budget(target, Tolerance()), made

    return read


def amounts(budget):
    return {line.scope.get("workload"): [str(value) for value in line.amounts.values()] for line in budget.lines}


# --- what is taken --------------------------------------------------------------------------------------------------


def test_months_as_columns_by_date_and_by_text(imported):
    budget, made = imported([["AI migration plan"], [], HEAD, *ROWS])
    assert budget.months == ("2026-04", "2026-05")
    assert amounts(budget) == {"chat": ["1000.00", "1100.00"], "ranker": ["300.00", "300.00"]}
    assert [line.owner for line in budget.lines] == ["chat-platform", "search-ai"]
    assert made.mapping.header == 3


def test_one_row_per_line_and_month(imported):
    budget, _ = imported("Activity;Workload;Month;Amount\nserving;chat;2026-04;10\nserving;chat;2026-05;12,50\n")
    assert amounts(budget) == {"chat": ["10.00", "12.50"]}


def test_assumptions_come_too_and_the_amount_may_follow_from_them(imported):
    rows = [["Workload", "Runs per month", "USD per run", "Prep per run"], ["ranker", 4, 900.25, 120]]
    budget, _ = imported(rows, months="2026-04..2026-06")
    assert amounts(budget) == {"ranker": ["4081.000000000000000000"] * 3}
    assert budget.lines[0].assumes == {
        "runs_per_month": 4, "per_run": Decimal("900.25"), "data_prep_per_run": 120
    }  # fmt: skip


def test_an_activity_merged_over_its_rows_belongs_to_each(imported):
    rows = [HEAD, ROWS[0], [None, "copilot", "docs", 5, 6]]
    budget, _ = imported(rows, merge="A2:A3")
    assert [dict(line.scope) for line in budget.lines] == [
        {"activity": "serving", "workload": "chat"},
        {"activity": "serving", "workload": "copilot"},
    ]


def test_a_total_is_checked_and_not_imported(imported):
    budget, made = imported(
        [[*HEAD, "Total"], [*ROWS[0], 2100], [*ROWS[1], 600], ["Total", None, None, 1300, 1400, 2700]]
    )
    assert len(budget.lines) == 2
    assert made.notes == ("Plan!A4: `Total` was checked against 2 lines and not imported",)


def test_subtotals_are_of_the_lines_since_the_last_one(imported):
    sub = ["Subtotal", None, None]
    budget, _ = imported(
        [HEAD, ROWS[0], [*sub, 1000, 1100], ROWS[1], [*sub, 300, 300], ["Grand total", "", "", 1300, 1400]]
    )
    assert len(budget.lines) == 2


def test_an_empty_month_is_not_planned_as_zero(imported):
    budget, _ = imported([HEAD, ["Serving", "chat", "t", None, 7]])
    assert budget.lines[0].amounts == {"2026-05": 7}


@pytest.mark.parametrize("currency", ["USD", "EUR"])
def test_the_mapping_is_asked_once_and_kept(tmp_path, currency):
    plan = xlsx(tmp_path / "plan.xlsx", [["What", "Use case", "Who", "2026-04"], ["Serving", "chat", "t", 10]])
    asked: list[str] = []

    def ask(question, default):
        asked.append(question)
        answers = {"Column `What` is (- to leave it out)": "activity", "Column `Who` is (- to leave it out)": "owner"}
        return currency if "Currency" in question else answers.get(question, default)

    target = tmp_path / "plan.yaml"
    made = prepare(plan, Wishes(target, "USD", ask=ask))
    assert len(asked) == 5
    kept_mapping(target).write_text(made.new_mapping or "", encoding="utf-8")
    again = prepare(plan, Wishes(target, "USD", ask=lambda *_: pytest.fail("asked again")))
    assert (again.text, again.new_mapping) == (made.text, None)
    assert f"currency: {currency}" in again.text


# --- what is refused, and where -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([HEAD, ["Serving", "chat", "t", "12,000", 1]], r"Plan!D2: '12,000' may be 12000 or 12\.000; write `decimals"),
        ([HEAD, ["Serving", "chat", "t", "€100", 1]], r"Plan!D2: '€100' is in EUR, and the budget is in USD"),
        ([HEAD, ["Serving", "chat", "t", "100 EUR", 1]], r"is in EUR, and the budget is in USD"),
        ([HEAD, ["Serving", "chat", "t", "about 5", 1]], r"Plan!D2: 'about 5' is not a number"),
        ([HEAD, ["Serving", "chat", "t", -5, 1]], r"Plan!D2: -5 is negative"),
        ([HEAD, ["Serving", "chat", "t", "=1+1", 1]], r"Plan!D2: a formula whose value was never calculated"),
        ([HEAD, ["Serving", "chat", "t", date(2026, 1, 2), 1]], r"Plan!D2: 2026-01-02 is a date"),
        ([[*HEAD, "04/05/2026"], [*ROWS[0], 1]], r"Plan!F1: '04/05/2026': which of the two is the month"),
        ([[*HEAD, "2026-04"], [*ROWS[0], 1]], r"Plan!F1: 2026-04 is a column already, at Plan!D1"),
        ([HEAD, *ROWS, ["Total", None, None, 1300, 1401]], r"Plan!E4: the lines sum to 1,400\.00, .* says 1,401"),
        ([[*HEAD, "Total"], [*ROWS[0], 2101]], r"Plan!F2: the months sum to 2,100\.00, and this total says 2,101"),
        ([["Activity", "Product"], ["Serving", "chat"]], r"the plan has no months"),
        ([["a", "b"], [1, 2]], r"no row looks like the headers of a plan"),
        ([HEAD], r"no row below the headers is a line"),
        ([HEAD, [None, None, "t", 5, 5]], r"Plan!C2: this row names neither activity nor workload"),
        ([HEAD, ["Serving", "chat", "t", None, None]], r"Plan!A2: this row has neither an amount nor assumptions"),
        ([["Activity", "Growth", "2026-04"], ["Serving", 3, 5]], r"Plan!B2: 3 may be a share or a percentage"),
        ("Activity,Workload,Month,Amount\nserving,chat,2026-04,1\nserving,chat,2026-04,2\n",
         r"plan\.csv:3:1: 2026-04 of this line has an amount already, at plan\.csv:2:1"),
        ("Activity,Workload,Month,Amount\nserving,chat,soon,1\n", r"plan\.csv:2:3: 'soon' is not a month"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_for_certain_is_refused_by_its_cell(imported, rows, said):
    with pytest.raises(UserError, match=said):
        imported(rows)


def test_an_amount_merged_over_rows_is_refused(imported):
    with pytest.raises(UserError, match=r"Plan!D2: a merged cell \(D2:D3\): whose amount this is cannot be told"):
        imported([HEAD, *ROWS], merge="D2:D3")


def test_every_bad_cell_is_told_at_once(imported):
    with pytest.raises(UserError) as caught:
        imported([HEAD, ["Serving", "chat", "t", "x", "y"], ["Training", "r", "t", "z", 1]])
    assert [problem.place for problem in caught.value.problems] == ["Plan!D2", "Plan!E2", "Plan!D3"]


def test_what_the_mapping_says_of_separators_decides(imported):
    kept = "budget: plan\ncurrency: USD\nsheet: Plan\ndecimals: %s\ncolumns: {activity: Activity, workload: Product}\n"
    rows = [HEAD, ["Serving", "chat", "t", "12,000", 1]]
    assert amounts(imported(rows, mapping=kept % "point")[0])["chat"][0] == "12000.00"
    assert amounts(imported(rows, mapping=kept % "comma")[0])["chat"][0] == "12.00"


def test_a_mapping_that_names_a_missing_column_is_refused(imported):
    with pytest.raises(UserError, match="there is no column `Produkt` in row 1; did you mean `Product`"):
        imported([HEAD, *ROWS], mapping="budget: p\ncurrency: USD\nsheet: Plan\ncolumns: {workload: Produkt}\n")


def test_several_sheets_need_a_name(tmp_path):
    plan = xlsx(tmp_path / "plan.xlsx", [HEAD, *ROWS])
    book = openpyxl.load_workbook(plan)
    book.create_sheet("Notes")
    book.save(plan)
    with pytest.raises(UserError, match=r"there are 2 sheets, and the mapping names none"):
        prepare(plan, Wishes(tmp_path / "b.yaml", "USD", guess=True))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not a zip", b"plain text"])
def test_a_file_that_is_no_workbook(tmp_path, content):
    (tmp_path / "plan.xlsx").write_bytes(content)
    with pytest.raises(UserError, match="not a workbook that can be read"):
        prepare(tmp_path / "plan.xlsx", Wishes(tmp_path / "b.yaml", "USD", guess=True))


# --- cells ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12000.50", "12000.50"), ("12,000.50", "12000.50"), ("12.000,50", "12000.50"), ("1,234,567", "1234567"),
        ("$ 1 234.5", "1234.5"), ("1'234'567.00 USD", "1234567.00"), ("USD 5", "5"), ("12,5", "12.5"), ("7", "7"),
    ],
)  # fmt: skip
def test_a_number_that_can_mean_one_thing_is_taken(text, value):
    assert cells.number(text, "USD", None) == Decimal(value)


@given(st.decimals(min_value=0, max_value=10**12, places=2))
def test_grouped_numbers_with_decimals_are_read_exactly_in_both_styles(value):
    assert cells.number(f"{value:,.2f}", "USD", None) == value
    assert cells.number(f"{value:,.2f}".translate(str.maketrans(",.", ".,")), "USD", None) == value


@pytest.mark.parametrize(
    ("text", "month"),
    [("2026-04", "2026-04"), ("Apr 2026", "2026-04"), ("April-26", "2026-04"), ("04/2026", "2026-04"),
     ("2026/4/1", "2026-04"), ("Activity", None), ("2026", None)],
)  # fmt: skip
def test_a_month_by_its_text(text, month):
    assert cells.month(Cell(text, "A1")) == month


# --- estimates of other tools ---------------------------------------------------------------------------------------


def infracost(*resources, total, **more):
    made = [
        {"name": name, "tags": tags, "metadata": {}, "hourlyCost": None, "monthlyCost": cost}
        for name, tags, cost in resources
    ]
    project = {"name": "infra", "metadata": {}, "breakdown": {"resources": made, "totalMonthlyCost": total}}
    return {"version": "0.2", "currency": "USD", "projects": [project], "totalMonthlyCost": total, **more}


UNTAGGED = "budget: infra\ncurrency: USD\nmonths: 2026-04..2026-05\ncolumns: {workload: tags.app}\n"
BY_APP = f"{UNTAGGED}scope: {{activity: serving}}\n"


def test_infracost_by_tag_and_what_depends_on_use_is_said(imported):
    estimate = infracost(
        ("aws_sagemaker_endpoint.a", {"app": "chat"}, "730.5"), ("aws_instance.b", {"app": "chat"}, "9.25"),
        ("aws_instance.c", {"app": "search"}, "100"), ("aws_s3_bucket.d", {"app": "search"}, None), total="839.75",
        summary={"totalUnsupportedResources": 2},
    )  # fmt: skip
    budget, made = imported(estimate, mapping=BY_APP)
    assert amounts(budget) == {"chat": ["739.75"] * 2, "search": ["100.00"] * 2}
    assert "1 resources depend on use and have no amount: aws_s3_bucket.d; they are not free" in made.notes
    assert "2 resources are not priced" in made.notes[-1]


@pytest.mark.parametrize(
    ("estimate", "said"),
    [
        (infracost(("a", {"app": "x"}, "1"), total="2"), r"the resources sum to 1\.00, and its total says 2\.00"),
        (infracost(("a", {"app": "x"}, "oops"), total="2"), "'oops' is not a plain number"),
        ({**infracost(total="0"), "currency": "EUR"}, "the estimate is in EUR"),
        ({"hello": 1}, "neither an Infracost breakdown nor an AI estimate"),
    ],
)
def test_an_estimate_that_does_not_add_up_is_refused(imported, estimate, said):
    with pytest.raises(UserError, match=said):
        imported(estimate, mapping=BY_APP)


def test_infracost_without_the_tag_is_refused_and_named(imported):
    with pytest.raises(
        UserError, match=r"infra/a: costs 5\.00 USD a month and has none of the mapped tags \(tags\.app\)"
    ):
        imported(infracost(("a", {}, "5"), total="5"), mapping=UNTAGGED)


PLANNER = {
    "phase": "estimate", "accuracy_confidence": "±15-25%",
    "token_volume": {"monthly_input_tokens": 600000000, "monthly_output_tokens": 400000000},
    "recommended_model": {"model": "llama-70b", "monthly_cost": 600}, "embeddings": {"monthly_cost": 12},
    "cost_comparison": {"current_gcp_monthly": 450, "projected_bedrock_monthly": 612},
    "one_time_costs": {"total_one_time": 4900},
}  # fmt: skip


def test_the_planners_ai_estimate_with_its_tokens(imported):
    budget, made = imported(PLANNER, months="2026-04..2026-05")
    [line] = budget.lines
    assert list(line.amounts.values()) == [612, 612]
    assert line.assumes == {"tokens_per_month": 10**9, "per_1m_tokens": Decimal("0.612")}
    assert line.derived == {"2026-04": 612, "2026-05": 612}
    assert "one-time costs of 4900 are work" in made.notes[0]
    assert "llama-70b, ±15-25%" in made.text


def test_an_ai_estimate_whose_parts_do_not_sum_is_refused(imported):
    with pytest.raises(UserError, match=r"sum to 612\.00, and the projection says 700\.00"):
        imported({**PLANNER, "cost_comparison": {"projected_bedrock_monthly": 700}}, months="2026-04..2026-05")


def test_an_estimate_without_months_asks_for_them(imported):
    with pytest.raises(UserError, match="an estimate has no months"):
        imported(PLANNER)


def test_the_first_budget_can_be_imported_before_there_is_one(small):
    (small.folder / "aiops-cost.yaml").write_text("currency: EUR\nbudgets: [budgets/*.yaml]\n", encoding="utf-8")
    (small.folder / "plan.csv").write_text("Activity,2026-04\nserving,100\n", encoding="utf-8")
    done = small("budget", "import", "plan.csv", "--guess")
    assert done.code == 0, done.err
    assert "currency: EUR" in (small.folder / "budgets" / "plan.yaml").read_text(encoding="utf-8")
    assert small("budget", "check").out == "1 budget, 1 line: no problem found\n"
    assert "revision that somebody approves" in small("budget", "import", "plan.csv").err
