"""Owners: spend that is charged to a team which no longer owns it is a quarrel; so is one owned twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from aiops_cost import spend
from aiops_cost.errors import UserError
from aiops_cost.ledger import schema
from aiops_cost.rules.engine import DEFAULT_TAGS, explain, load_packs
from aiops_cost.rules.owners import load_owners

MOVED = """\
owners:
  - {scope: {workload: chat}, owner: old-team, until: 2026-05-14}
  - {scope: {workload: chat}, owner: new-team, from: 2026-05-15}
  - {scope: {account: /^ml-/}, owner: ml-platform}
"""
CHAT = {"ServiceName": "Amazon SageMaker", "x_UsageType": "USE1-Host:ml.g5.xlarge", "ProviderName": "AWS"}


def owners(folder: Path, text: str, name: str = "owners.yaml"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return load_owners(path)


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """One line of chat, 1 USD a day from March to May, and one in an ml account that nobody named."""
    with duckdb.connect() as made:
        columns = ", ".join(f"{column.name} {column.sql_type}" for column in schema.COLUMNS)
        made.execute(f"CREATE TABLE ledger ({columns})")
        rows = [
            (line, date(2026, 3, 1) + timedelta(days=day), tags, account)
            for line, tags, account in ((1, '{"app": "chat"}', "x"), (2, None, "ml-1"))
            for day in range(92)
        ]
        made.executemany(
            "INSERT INTO ledger BY NAME SELECT ? AS x_LineId, ? AS ChargePeriodStart, ? AS Tags, ? AS SubAccountName,"
            " 'AWS' AS ProviderName, 'Amazon SageMaker' AS ServiceName, 'USE1-Host:ml.g5.xlarge' AS x_UsageType,"
            " 1 AS EffectiveCost, 'USD' AS BillingCurrency",
            rows,
        )
        yield made


def owned(con: duckdb.DuckDBPyConnection, found: object) -> dict[tuple[str, str | None], Decimal]:
    spend.attributed(con, load_packs(), DEFAULT_TAGS, found)  # type: ignore[arg-type]
    spend.converted(con, "EffectiveCost", "USD", ())
    rows = con.execute("SELECT strftime(ChargePeriodStart, '%Y-%m'), x_Owner, sum(Cost) FROM spend GROUP BY 1, 2")
    return {(month, owner): cost for month, owner, cost in rows.fetchall()}


def test_an_owner_that_changed_in_mid_month_owns_its_own_days_and_march_stays_as_it_was(con, tmp_path):
    before = owned(con, owners(tmp_path, "owners:\n  - {scope: {workload: chat}, owner: old-team}\n"))
    after = owned(con, owners(tmp_path, MOVED))
    assert after["2026-05", "old-team"] == 14
    assert after["2026-05", "new-team"] == 17
    assert after["2026-05", "ml-platform"] == 31
    assert {key: cost for key, cost in after.items() if key[0] == "2026-03" and key[1] == "old-team"} == {
        key: cost for key, cost in before.items() if key[0] == "2026-03" and key[1] == "old-team"
    }
    assert sum(after.values()) == sum(before.values()) == 184


def test_a_gap_between_owners_is_owned_by_nobody(con, tmp_path):
    found = owned(con, owners(tmp_path, MOVED.replace("from: 2026-05-15", "from: 2026-05-20")))
    assert found["2026-05", None] == 5


def test_explain_names_both_owners_with_their_days(tmp_path):
    told = explain({**CHAT, "tags.app": "chat"}, load_packs(), owners=owners(tmp_path, MOVED))
    assert [(last, owner) for _, last, owner in told.owned] == [(date(2026, 5, 14), "old-team"), (date.max, "new-team")]


def test_owners_of_one_thing_must_not_overlap(tmp_path):
    with pytest.raises(UserError) as caught:
        owners(tmp_path, MOVED.replace("from: 2026-05-15", "from: 2026-05-14"))
    (problem,) = caught.value.problems
    assert problem.code == "owners-overlap"
    assert problem.place.endswith("owners.yaml:3:6")
    assert "new-team and old-team" in problem.sentence
    assert "from 2026-05-14 to 2026-05-14" in problem.sentence


def test_an_owner_cannot_end_before_it_begins(tmp_path):
    with pytest.raises(UserError, match="before it begins"):
        owners(tmp_path, "owners:\n  - {scope: {workload: a}, owner: b, from: 2026-05-02, until: 2026-05-01}\n")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("owners.csv", "workload,owner,from,until\nchat,old-team,,2026-05-14\nchat,new-team,2026-05-15,\n"),
        (
            "catalog-info.yaml",
            "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: chat}\n"
            "spec: {type: service, owner: 'group:default/new-team'}\n---\n"
            "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {name: new-team}\nspec: {type: team}\n",
        ),
        ("CODEOWNERS", "# who\n*  @org/old-team\n/services/chat/  @org/new-team @someone\n"),
    ],
)
def test_other_peoples_files_are_read(con, tmp_path, name, text):
    found = owned(con, owners(tmp_path, text, name))
    assert found["2026-05", "new-team"] >= 17


def test_in_codeowners_the_last_line_that_fits_counts(tmp_path):
    found = owners(tmp_path, "chat @a\nchat* @b\n* @c\nchat @d\n", "CODEOWNERS")
    assert [entry.owner for entry in found.entries] == ["d", "c", "b"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("owners.csv", "workload,owner\nchat,\n", "owners.csv:2: this row names no owner"),
        ("owners.csv", "workload\nchat\n", "owners.csv:1: the column `owner` is missing"),
        (
            "owners.csv",
            "workload,owner,from\nchat,a,31.5.2026\n",
            "owners.csv:2: `31.5.2026` under `from` is not a day",
        ),
        ("owners.csv", "workloda,owner\nchat,a\n", "unknown column `workloda`; did you mean `workload`"),
        ("catalog-info.yaml", "kind: Component\nmetadata: &a {name: x}\nspec: *a\n", "anchors and aliases"),
        ("catalog-info.yaml", "kind: Component\nmetadata: {name\n", "not valid YAML"),
    ],
)
def test_a_bad_file_is_told_at_its_place(tmp_path, name, text, said):
    with pytest.raises(UserError) as caught:
        owners(tmp_path, text, name)
    assert said in str(caught.value)
