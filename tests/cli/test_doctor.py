"""doctor looks at what every configuration has, whatever the provider."""

from __future__ import annotations


def diagnoses(found):
    return {(row["subject"], row["what"]): (row["state"], row["says"]) for row in found.rows("diagnoses")}


def test_a_company_that_is_well(small):
    small.bill("aws", "2026-05-01", 31, "10").config().pulled()
    found = small("doctor", "--as-of", "2026-06-02", "--format", "json")
    assert found.code == 0, found.out
    said = diagnoses(found)
    assert said["configuration", "file"] == ("ok", "aiops-cost.yaml: 1 source, 0 budgets")
    assert said["ledger", "folder"][0] == "ok"
    assert said["ledger", "content"] == ("ok", "version 0, 1 loads")
    assert said["aws", "ledger"] == ("ok", "usage to 2026-05-31, settled until 2026-05-31")
    assert said["aws", "files"][0] == "ok"


def test_what_is_stale_open_to_others_or_gone_is_said_with_the_way_out(small):
    small.bill("aws", "2026-05-01", 31, "10").bill("gcp", "2026-05-01", 31, "10", SubAccountId="22").config().pulled()
    (small.folder / "ledger").chmod(0o755)
    (small.folder / "bills" / "gcp" / "focus.csv").unlink()
    found = small("doctor", "--as-of", "2026-07-01", "--format", "json")
    assert found.code == 3
    said = diagnoses(found)
    assert said["ledger", "folder"] == ("note", "others on this machine can read it (0755)")
    assert said["aws", "ledger"][0] == "wrong"
    assert said["gcp", "files"][0] == "wrong"
    assert "aws, ledger: aiops-cost pull aws" in found.json["notes"]


def test_one_bill_from_two_sources_is_counted_twice_and_said(small):
    small.bill("cur", "2026-05-01", 31, "10").bill("focus", "2026-05-01", 31, "10", Tags='{"a": "b"}').config().pulled()
    found = small("doctor", "--as-of", "2026-06-02", "--format", "json")
    assert found.code == 3
    assert diagnoses(found)["ledger", "bills"] == (
        "wrong", "account 11 in 2026-05 came from cur and focus: counted more than once"
    )  # fmt: skip


def test_a_source_that_does_not_exist_is_asked_wrongly(small):
    small.bill("aws", "2026-05-01", 31, "10").config()
    assert small("doctor", "asw").code == 2
