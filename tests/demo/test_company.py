"""The demo company is what it says: the same every time, FOCUS all through, and true to its truths."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import yaml

from aiops_cost.demo.company import write_company
from aiops_cost.demo.restatement import write_restatement

COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
NOT_NULL = (
    "BilledCost",
    "EffectiveCost",
    "ListCost",
    "ContractedCost",
    "BillingCurrency",
    "BillingAccountId",
    "BillingPeriodStart",
    "BillingPeriodEnd",
    "ChargePeriodStart",
    "ChargePeriodEnd",
    "ChargeCategory",
    "InvoiceIssuerName",
    "ProviderName",
    "PublisherName",
    "ServiceCategory",
    "ServiceName",
)
MANDATORY = {*NOT_NULL, "BillingAccountName", "ChargeClass", "ChargeDescription", "PricingQuantity", "PricingUnit"}


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def exact(value: object) -> Decimal:
    return Decimal(str(value))


# ---- the same company every time ------------------------------------------------------------------------------


def test_a_second_run_is_another_company(company, tmp_path):
    write_company(tmp_path / "again")
    assert hashes(tmp_path / "again") == hashes(company.facts.folder)


def test_the_seed_is_decoration(company, tmp_path):
    other = write_company(tmp_path / "eight", seed=8)
    bills, again = hashes(company.facts.folder / "bills"), hashes(other.folder / "bills")
    assert bills.keys() == again.keys()
    assert not any(bills[name] == again[name] for name in bills)
    assert_stable(json.loads(other.truth.read_text(encoding="utf-8")))


# ---- the bills are FOCUS --------------------------------------------------------------------------------------


def test_a_file_lacks_a_mandatory_column(company):
    for cloud in ("aws", "azure"):
        for path in company.files(cloud):
            with gzip.open(path, "rt", encoding="utf-8", newline="") as text:
                assert set(next(csv.reader(text))) >= MANDATORY, path
    for path in company.files("gcp"):
        assert set(duckdb.sql(f"SELECT * FROM '{path}' LIMIT 0").columns) >= MANDATORY, path


@pytest.mark.parametrize("cloud", ["aws", "azure"])
def test_an_amount_is_missing_or_not_plain(company, cloud):
    plain = re.compile(r"-?\d+(\.\d+)?\Z")
    for _, row in company.csv_rows(cloud):
        assert all(row[name] for name in NOT_NULL)
        assert all(plain.match(row[name]) for name in COSTS)


def test_cost_is_not_quantity_times_price(company):
    wrong = company.sql.execute(
        "SELECT count(*) FROM bill WHERE ChargeCategory <> 'Tax' AND ("
        "ListCost <> PricingQuantity::DECIMAL(18, 6) * ListUnitPrice::DECIMAL(18, 12) OR "
        "ContractedCost <> PricingQuantity::DECIMAL(18, 6) * ContractedUnitPrice::DECIMAL(18, 12))"
    ).fetchone()
    assert wrong == (0,)


def test_what_is_not_committed_costs_what_was_contracted(company):
    wrong = company.sql.execute(
        "SELECT count(*) FROM bill WHERE CommitmentDiscountId IS NULL "
        "AND (BilledCost <> ContractedCost OR EffectiveCost <> ContractedCost)"
    ).fetchone()
    assert wrong == (0,)


def test_a_commitment_is_paid_twice(company):
    """Bought and used: over a day of the plan's, and of the reservation's year, the money is there once."""
    rows = company.sql.execute(
        "SELECT CommitmentDiscountId, ChargeCategory, sum(BilledCost), sum(EffectiveCost) FROM bill "
        "WHERE CommitmentDiscountId IS NOT NULL GROUP BY ALL"
    ).fetchall()
    money = {(name.split("/")[-1][:4], category): (billed, effective) for name, category, billed, effective in rows}
    assert money["7c1f", "Purchase"][1] == money["1a7c", "Purchase"][1] == 0
    assert money["7c1f", "Usage"] == (0, money["7c1f", "Purchase"][0])
    year, half_days = money["1a7c", "Purchase"][0], 2 * 346 + 1
    assert money["1a7c", "Usage"] == (0, year / 365 / 2 * half_days)
    states = company.sql.execute("SELECT DISTINCT source, CommitmentDiscountStatus FROM bill").fetchall()
    assert {("aws-prod", "Used"), ("aws-prod", "Unused"), ("azure-prod", "Used"), ("azure-prod", "Unused")} <= set(
        states
    )


def test_the_last_day_is_whole(company):
    days = company.sql.execute(
        "SELECT day, sum(EffectiveCost), count(*) FROM bill WHERE ChargeCategory = 'Usage' GROUP BY day ORDER BY day"
    ).fetchall()
    assert str(days[0][0]) == "2025-07-01"
    assert [str(day) for day, _, _ in days[-2:]] == ["2026-06-11", "2026-06-12"]
    assert len(days) == 347
    assert Decimal("0.4") < days[-1][1] / days[-2][1] < Decimal("0.6")


def test_an_open_month_has_an_invoice(company):
    rows = company.sql.execute(
        "SELECT DISTINCT day >= '2026-06-01', InvoiceId IS NULL FROM bill WHERE source <> 'azure-prod'"
    ).fetchall()
    assert sorted(rows) == [(False, False), (True, True)]


def test_the_company_is_a_toy(company):
    (rows,) = company.sql.execute("SELECT count(*) FROM bill").fetchone()
    assert rows == company.facts.rows > 200_000
    months = company.sql.execute(
        "SELECT sum(EffectiveCost) FROM bill WHERE day < '2026-06-01' GROUP BY date_trunc('month', day)"
    ).fetchall()
    assert all(400_000 < cost < 620_000 for (cost,) in months)


# ---- the truths are true --------------------------------------------------------------------------------------


@pytest.mark.parametrize("cloud", ["aws", "azure"])
def test_the_totals_were_summed_by_those_who_wrote_them(company, cloud):
    sums: dict[str, dict[str, Decimal]] = defaultdict(lambda: dict.fromkeys(COSTS, Decimal(0)))
    rows: Counter[str] = Counter()
    for month, row in company.csv_rows(cloud):
        rows[month] += 1
        for cost in COSTS:
            sums[month][cost] += Decimal(row[cost])
        assert row["BillingPeriodStart"].startswith(month)
    assert_totals(company.truth["totals"][f"{cloud}-prod"], rows, sums)


def test_the_totals_of_parquet_were_summed_by_those_who_wrote_them(company):
    sums, rows = {}, {}
    for path in company.files("gcp"):
        month = path.stem.removeprefix("focus-")
        found = company.sql.execute(
            f"SELECT count(*), {', '.join(f'sum({cost})' for cost in COSTS)} FROM '{path}'"
        ).fetchone()
        rows[month], sums[month] = found[0], dict(zip(COSTS, found[1:], strict=True))
    assert_totals(company.truth["totals"]["gcp-prod"], rows, sums)


def assert_totals(said, rows, sums) -> None:
    assert said.keys() == rows.keys() == sums.keys()
    for month, total in said.items():
        assert total["rows"] == rows[month]
        assert {cost: exact(total[cost]) for cost in COSTS} == dict(sums[month])


def test_a_line_has_two_truths_or_none(company):
    lines = company.truth["lines"]
    keys = [tuple(row[: len(lines["key"])]) for row in lines["rows"]]
    assert len(keys) == len(set(keys))
    assert all(row[len(lines["key"])] for row in lines["rows"]), "a line without an activity"
    billed = company.sql.execute(f"SELECT DISTINCT {', '.join(lines['key'])} FROM bill").fetchall()
    assert set(billed) == set(keys)


def test_an_activity_is_unheard_of(company):
    activities = Counter(row[5] for row in company.truth["lines"]["rows"])
    assert activities.keys() == {"serving", "training", "storage", "shared", "other", "unattributed"}


def test_training_runs_are_counted_once_per_machine(company):
    rows = company.sql.execute(
        "SELECT DISTINCT strftime(day, '%Y-%m'), "
        "coalesce(Tags ->> 'run_id', Tags ->> 'RunId', Tags ->> '$.\"run-id\"') AS run "
        "FROM bill WHERE run IS NOT NULL"
    ).fetchall()
    found = Counter((run.rsplit("-", 1)[0], month) for month, run in rows)
    said = {
        (scope.split("/")[1], month): count
        for scope, months in company.truth["runs"].items()
        for month, count in months.items()
    }
    assert found == said
    assert (said["ranker", "2026-03"], said["ranker", "2026-05"]) == (4, 8)


# ---- what was planted can be seen -----------------------------------------------------------------------------


def assert_stable(truth) -> None:
    stable = [line for line in truth["budget"] if line["kind"] == "stable"]
    assert len(stable) >= 12
    for line in stable:
        for window in ("month", "year"):
            assert abs(exact(line[window]["drift"])) < exact(line[window]["planned"]) * Decimal("0.03"), line


def test_a_stable_workload_drifts(company):
    assert_stable(company.truth)


def test_a_planted_drift_hides_in_the_noise(company):
    kinds = Counter(drift["kind"] for drift in company.truth["drifts"])
    assert kinds == {"volume": 1, "mix": 1, "rate": 4, "frequency": 1, "growth": 2, "unbudgeted": 2}
    for line in company.truth["budget"]:
        if line["kind"] not in ("stable", "never-came"):
            for window in ("month", "year"):
                assert exact(line[window]["drift"]) > exact(line[window]["planned"]) * Decimal("0.10"), line


def test_an_onset_is_a_day_on_which_nothing_changes(company):
    steps = [drift for drift in company.truth["drifts"] if drift["kind"] in ("volume", "mix", "rate")]
    for drift in steps:
        tag = f'"{drift["scope"]["workload"]}"'
        before, after = (
            company.sql.execute(
                "SELECT sum(EffectiveCost) / count(DISTINCT day) FROM bill WHERE Tags LIKE '%' || $1 || '%' "
                f"AND day BETWEEN $2::DATE + {first} AND $2::DATE + {first + 27}",
                [tag, drift["onset"]],
            ).fetchone()[0]
            for first in (-28, 0)
        )
        assert after > before * 1.15, drift


def test_nothing_was_planned_and_nothing_came(company):
    never = {scope["workload"] for scope in company.truth["never_came"]}
    assert never == {"store-avatar", "speech-custom"}
    assert not never & {row[7] for row in company.truth["lines"]["rows"]}
    unbudgeted = {scope["workload"] for scope in company.truth["unbudgeted"]}
    planned = {line["scope"]["workload"] for line in company.truth["budget"]}
    assert unbudgeted == {"agent-assist", "forecast-lab"}
    assert not unbudgeted & planned


def test_an_idle_endpoint_answers(company):
    (idle,) = company.truth["idle"]
    rows = company.sql.execute(
        "SELECT day >= $1::DATE AS later, count(DISTINCT SkuId), count(DISTINCT day) FROM bill "
        "WHERE ResourceName = $2 GROUP BY later ORDER BY later",
        [idle["onset"], idle["scope"]["workload"]],
    ).fetchall()
    assert rows == [(False, 2, 234), (True, 1, 113)], "hours and bytes before, and after the onset hours alone"


def test_credits_go_on_for_ever(company):
    (credit,) = company.truth["credits"]
    total, last = company.sql.execute(
        "SELECT sum(BilledCost), max(day) FROM bill WHERE ChargeCategory = 'Credit'"
    ).fetchone()
    assert str(last) == credit["last_day"]
    assert total == exact(credit["a_day"]) * 274


def test_tags_are_tame(company):
    (text,) = company.sql.execute("SELECT string_agg(DISTINCT Tags, ' ') FROM bill").fetchone()
    for hostile in ("<img src=x onerror", "=cmd|", "jo.doe@northfold.example", "::error::", "<!channel>"):
        assert hostile in text
    (untagged,) = company.sql.execute(
        "SELECT count(*) FROM bill WHERE Tags IS NULL AND ResourceName LIKE '%tmp%'"
    ).fetchone()
    assert untagged > 1000


# ---- the plan, and the files beside the bills -----------------------------------------------------------------


def test_the_plan_costs_something_else_than_it_assumes(company):
    budget = yaml.safe_load((company.facts.folder / "budgets" / "migration-2026.yaml").read_text(encoding="utf-8"))
    forms = Counter(map(form_of, budget["lines"]))
    assert {"months", "plain", "growth"} == set(forms)
    assert len(budget["lines"]) > 30
    for line in budget["lines"]:
        if "assumes" in line:
            for said, follows in both(line):
                assert abs(said - follows) <= Decimal("0.01"), line


def form_of(line) -> str:
    if isinstance(line["amount"], dict):
        return "growth" if "growth" in line["amount"] else "months"
    return "plain"


def both(line) -> Iterable[tuple[Decimal, Decimal]]:
    """What the line says, and what follows from its assumptions, for January and February."""
    assumes = {key: exact(str(value).removesuffix("%/month")) for key, value in line["assumes"].items()}
    for since, (month, days) in enumerate((("2026-01", 31), ("2026-02", 28))):
        if "requests_per_day" in assumes:
            a_day = assumes["requests_per_day"] * assumes["tokens_per_request"] * assumes["usd_per_1m_tokens"] / 10**6
            yield exact(line["amount"][month]), a_day * days
        elif "instance_hours_per_day" in assumes:
            yield exact(line["amount"][month]), assumes["instance_hours_per_day"] * assumes["usd_per_hour"] * days
        elif "runs_per_month" in assumes:
            each = assumes["usd_per_run"] + assumes.get("usd_data_prep_per_run", Decimal(0))
            yield exact(line["amount"]), assumes["runs_per_month"] * each
        else:
            growth = 1 + exact(line["amount"]["growth"].removesuffix("%/month")) / 100
            start = assumes["gb_at_start"] * assumes["usd_per_gb_month"]
            yield exact(line["amount"]["start"]) * growth**since, start * (1 + assumes["growth"] / 100) ** since


def test_the_program_refuses_its_own_demo(company):
    from aiops_cost.budget.read import Terms, read_budgets
    from aiops_cost.budget.values import Tolerance
    from aiops_cost.config import load_config
    from aiops_cost.rules.owners import load_owners
    from aiops_cost.rules.pack import load_packs

    folder = company.facts.folder
    config = load_config(company.facts.config, folder, {})
    assert [source.name for source in config.sources] == list(company.facts.sources)
    (budget,) = read_budgets(config.budgets, Terms("USD", Tolerance()))
    assert len(budget.lines) == len(company.truth["budget"])
    assert len(load_packs(config.rules, builtin=False).rules) == 3
    assert load_owners(folder / "owners.yaml").entries


# ---- a month that is delivered again --------------------------------------------------------------------------


def test_a_restatement_changes_what_it_does_not_tell(company, tmp_path):
    month = tmp_path / "bills" / "azure" / "focus-2026-04.csv.gz"
    month.parent.mkdir(parents=True)
    original = company.facts.folder / "bills" / "azure" / month.name
    month.write_bytes(original.read_bytes())
    told = write_restatement(tmp_path)
    before, after = sums_by_service(original), sums_by_service(month)
    moved = {key: after[key] - before[key] for key in before if after[key] != before[key]}
    assert {service for service, _ in moved} == told.keys() == {"SQL Database", "Azure Monitor"}
    assert all(getattr(told[service], cost) == difference for (service, cost), difference in moved.items())
    assert told["SQL Database"].BilledCost > 0 > told["Azure Monitor"].BilledCost


def sums_by_service(path: Path) -> dict[tuple[str, str], Decimal]:
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    with gzip.open(path, "rt", encoding="utf-8", newline="") as text:
        for row in csv.DictReader(text):
            for cost in COSTS:
                sums[row["ServiceName"], cost] += Decimal(row[cost])
    return sums
