"""`query` reads the ledger's views and nothing else on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiops_cost import reports
from aiops_cost.answers.query import answer
from aiops_cost.errors import UserError
from aiops_cost.ledger.frame import Ledger
from aiops_cost.model import Report


def ask(folder: Path, sql: str) -> Report:
    """What `query` does once the views are there; these stand for those that attribution would make."""
    ledger = Ledger.open(folder / "ledger")
    with ledger.connect() as con:
        con.execute("CREATE TEMP VIEW attributed AS SELECT *, 'serving' AS x_Activity FROM ledger")
        con.execute("CREATE TEMP VIEW spend AS SELECT *, EffectiveCost AS Cost FROM attributed")
        con.execute("CREATE TEMP TABLE budget AS SELECT 1.5 AS amount")
        return answer(con, sql, ledger.files)


@pytest.mark.parametrize(
    "sql",
    [
        "COPY ledger TO '{folder}/stolen.csv'",
        "INSERT INTO budget VALUES ('x')",
        "UPDATE budget SET amount = 0",
        "DELETE FROM loads",
        "DROP VIEW ledger",
        "CREATE TABLE mine AS SELECT 1",
        "CREATE OR REPLACE TEMP VIEW spend AS SELECT 1 AS Cost",
        "ATTACH '{folder}/other.db'",
        "PRAGMA database_list",
        "SET memory_limit = '100GB'",
        "SET enable_external_access = true",
        "RESET lock_configuration",
        "INSTALL httpfs",
        "LOAD httpfs",
        "CALL pragma_version()",
        "EXPORT DATABASE '{folder}/all'",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP VIEW ledger",
        "EXPLAIN ANALYZE COPY ledger TO '{folder}/stolen.csv'",
        "",
        "-- nothing",
        "SELEKT 1",
        "SELECT * FROM nowhere",
        "SELECT nothing FROM ledger",
        "SELECT * FROM ledgr",
        "SELECT 1/'x'",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_csv('{folder}/aiops-cost.yaml')",
        "SELECT * FROM '{folder}/bills/aws/focus.csv'",
        "SELECT * FROM read_csv('{folder}/bills/aws/*.csv')",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM read_csv('https://example.com/a.csv')",
        "SELECT getenv('HOME')",
        "FROM sniff_csv('{folder}/aiops-cost.yaml')",
        "SELECT content FROM read_blob('{folder}/aiops-cost.yaml')",
    ],
)
def test_what_is_not_a_question_to_the_ledger_is_refused(ledger_folder, sql):
    before = sorted(path.name for path in ledger_folder.iterdir())
    with pytest.raises(UserError) as error:
        ask(ledger_folder, sql.format(folder=ledger_folder))
    (problem,) = error.value.problems
    assert problem.sentence
    assert problem.way_out
    assert len(str(problem).splitlines()) <= 8, "one clear message"
    assert sorted(path.name for path in ledger_folder.iterdir()) == before


@pytest.mark.parametrize(
    "sql", ["SELECT * FROM read_text('/etc/passwd')", "DROP VIEW ledger", "SELECT nothing FROM spend"]
)
def test_a_refusal_is_2_and_prints_no_data(cli, ledger_folder, sql):
    found = cli("query", sql, cwd=ledger_folder)
    assert found.code == 2
    assert found.out == ""
    assert "Traceback" not in found.err


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "FROM loads LIMIT 1",
        "WITH a AS (SELECT x_Activity, Cost FROM spend) SELECT x_Activity, sum(Cost) AS cost FROM a GROUP BY 1",
        "SELECT count(*) FROM ledger",
        "SELECT count(*) FROM lines",
        "SELECT count(*) FROM attributed",
        "SELECT sum(amount) FROM budget",
        "EXPLAIN SELECT * FROM ledger",
        "SELECT x_LineId FROM lines LIMIT 1;",
        "VALUES (1)",
        "SELECT [1, 2] AS list, {'a': 1} AS struct, NULL AS nothing, true AS truth, 1.5::DOUBLE AS float",
        "SELECT 'NaN'::DOUBLE AS nan",
        "SELECT 1 AS a, 2 AS a",
    ],
)
def test_questions_are_answered_in_every_format(ledger_folder, sql):
    report = ask(ledger_folder, sql)
    assert report.tables[0].rows
    for name in reports.formats():
        assert reports.to_bytes(report, name)


def test_ids_keep_their_digits(cli, ledger_folder):
    sql = "SELECT x_LineId, SubAccountId FROM lines LIMIT 1"
    (row,) = cli("query", sql, "--format", "json", cwd=ledger_folder).rows("rows")
    assert row["SubAccountId"] == "0011"
    assert str(row["x_LineId"]).isdigit()


@pytest.mark.parametrize(
    "words",
    [
        ("--by", "tags.a'; DROP VIEW ledger; --"),
        ("--by", 'tags."x" OR 1=1'),
        ("--by", "tags.a/b~c"),
        ("--where", "workload=x' OR '1'='1"),
        ("--where", "tags.it's=O'Brien"),
        ("--where", "service~%' --"),
    ],
)
def test_hostile_names_are_only_names(cli, ledger_folder, words):
    found = cli("report", *words, "--format", "json", "--month", "2026-05", cwd=ledger_folder)
    assert found.code == 0, found.err
    assert found.json["tables"]["spend"]["columns"]


def test_a_name_that_is_no_column_is_refused(cli, ledger_folder):
    for name in ("Cost) FROM spend; --", "*", "1", "x_LineId; DROP"):
        assert cli("report", "--by", name, "--month", "2026-05", cwd=ledger_folder).code == 2


def test_a_view_that_there_is_not_is_compared_with_ours(ledger_folder):
    with pytest.raises(UserError) as caught:
        ask(ledger_folder, "SELECT * FROM atributed")
    (problem,) = caught.value.problems
    assert problem.way_out.startswith("did you mean `attributed`?")
    assert "pg_" not in str(problem)
