"""Whatever the rules, no dollar is made or lost by them, and a change of rules moves what it is said to move."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiops_cost import spend
from aiops_cost.answers import rule_changes
from aiops_cost.answers.allocation import allocate
from aiops_cost.answers.window import Window
from aiops_cost.ledger import schema
from aiops_cost.rules.engine import DEFAULT_TAGS, RuleSet, load_packs
from aiops_cost.rules.sharing import Stage

FIRST = date(2026, 4, 20)
WINDOW = Window(FIRST, FIRST + timedelta(days=30))
ACTIVITIES = ("serving", "training", "storage", "shared", "other", "unattributed")
PATIENT = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """Twelve lines over thirty days: services, accounts, tags and credits."""
    with duckdb.connect() as made:
        made.execute(f"CREATE TABLE ledger ({', '.join(f'{c.name} {c.sql_type}' for c in schema.COLUMNS)})")
        rows = [
            (line, FIRST + timedelta(days=day), f"Service {line % 3}", f"account-{line % 4}",
             f'{{"app": "app-{line % 5}"}}' if line % 2 else None, f"{(line - 2) * day}.{line:018}")
            for line in range(12) for day in range(30)
        ]  # fmt: skip
        made.executemany(
            "INSERT INTO ledger BY NAME SELECT ? AS x_LineId, ? AS ChargePeriodStart, ? AS ServiceName, ? AS"
            " SubAccountName, ? AS Tags, CAST(? AS DECIMAL(38, 18)) AS EffectiveCost, 'USD' AS BillingCurrency",
            rows,
        )
        yield made


conditions = st.fixed_dictionaries(
    {},
    optional={
        "ServiceName": st.sampled_from(["Service 0", "/Service [12]/", "{not: Service 1}", "[Service 0, Service 2]"]),
        "SubAccountName": st.sampled_from(["account-1", "/-[23]$/", "{present: true}"]),
        "tags.app": st.sampled_from(["app-1", "/app/", "{present: false}", "{not: {present: true}}"]),
    },
)
one_rule = st.tuples(
    conditions.filter(bool),
    st.sampled_from(ACTIVITIES),
    st.sampled_from(["stated", "named", "inferred"]),
    st.booleans(),
)


@st.composite
def packs(draw: st.DrawFn) -> list[str]:
    """A few packs of arbitrary rules, as a user writes them."""
    texts = []
    for number, (when, activity, confidence, refines) in enumerate(draw(st.lists(one_rule, max_size=5))):
        asked = ", ".join(f"{name}: {value if value[0] in '{[' else repr(value)}" for name, value in when.items())
        texts.append(
            f"pack: p{number}\nrefines: {str(refines).lower()}\nrules:\n  - {{id: r-{number}, when: {{{asked}}},"
            f" activity: {activity}, confidence: {confidence}, why: w, set: {{workload: w-{number % 2}}},"
            " fires: [{ServiceName: x}], quiet: [{ServiceName: y}]}\n"
        )
    return texts


def loaded(texts: Sequence[str]) -> RuleSet:
    """The packs as files in this order, read as a user's are."""
    with TemporaryDirectory() as folder:
        files = [Path(folder) / f"{number}.yaml" for number in range(len(texts))]
        for file, text in zip(files, texts, strict=True):
            file.write_text(text, encoding="utf-8")
        return load_packs(files, builtin=False)


def rule_sets() -> st.SearchStrategy[RuleSet]:
    return packs().flatmap(st.permutations).map(loaded)


def attribute(con: duckdb.DuckDBPyConnection, rules: RuleSet) -> None:
    spend.attributed(con, rules, DEFAULT_TAGS, None)
    spend.converted(con, "EffectiveCost", "USD", ())


def report(con: duckdb.DuckDBPyConnection) -> dict[tuple[object, ...], object]:
    rows = con.execute(
        "SELECT strftime(ChargePeriodStart, '%Y-%m'), x_Activity, x_Workload, sum(Cost) FROM spend GROUP BY 1, 2, 3"
    ).fetchall()
    return {tuple(row[:3]): row[3] for row in rows}


@given(rules=rule_sets())
@PATIENT
def test_activities_sum_to_the_bill_before_and_after_sharing(con, rules):
    attribute(con, rules)
    whole = con.execute("SELECT sum(EffectiveCost) FROM ledger").fetchone()
    by_activity = "SELECT sum(cost) FROM (SELECT x_Activity, sum(Cost) AS cost FROM {} GROUP BY 1)"
    assert con.execute(by_activity.format("spend")).fetchone() == whole
    allocate(con, (Stage("shared"),), keep_own=False)
    assert con.execute(by_activity.format("allocated")).fetchone() == whole
    assert con.execute("SELECT count(*) FROM spend").fetchone() == con.execute("SELECT count(*) FROM ledger").fetchone()


@given(texts=packs(), data=st.data())
@PATIENT
def test_the_order_of_packs_of_one_precedence_does_not_matter(con, texts, data):
    decided = []
    for files in (texts, data.draw(st.permutations(texts))):
        attribute(con, loaded(files))
        decided.append(con.execute("SELECT * FROM attribution ORDER BY x_LineId").fetchall())
    assert decided[0] == decided[1]


@given(old=rule_sets(), new=rule_sets())
@PATIENT
def test_what_a_change_of_rules_moves_is_the_difference_of_two_reports(con, old, new):
    attribute(con, new)
    after = report(con)
    attribute(con, old)
    before = report(con)
    then = spend.decided(con, new, DEFAULT_TAGS, None)
    tables = rule_changes.answer(con, then, WINDOW, "EffectiveCost", "USD").tables
    gains = {tuple(row[:3]): row[3] for table in tables if table.name == "gains" for row in table.rows}
    changed = {key: after.get(key, 0) - before.get(key, 0) for key in {*before, *after}}
    assert gains == {key: change for key, change in changed.items() if change}
