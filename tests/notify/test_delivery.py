"""The weekly summary reaches each target once: whatever fails, is retried, is killed, or runs twice."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

AS_OF = ("--as-of", "2026-06-05")
LATER = ("--as-of", "2026-06-10")
"""A Friday, with 25 to 31 May as the week before; and a Wednesday in the week that follows."""
WEEK = "2026-W22"
SERVING = '{"workload": "chat", "ai-activity": "serving", "owner": "chat-team"}'
SEARCH = '{"workload": "search", "ai-activity": "serving", "owner": "search-team"}'
PLAN = """\
  - {scope: {workload: chat}, owner: chat-team, amount: 100, tolerance: {at_least: 1}}
  - {scope: {workload: search}, owner: search-team, amount: 100, tolerance: {at_least: 1}}"""


def overspent(small: Any, notify: str, chat: str = "10", search: str = "5", more: str = "") -> Any:
    """Two teams over their plan (or as told), loaded, with these targets."""
    small.bill("aws", "2026-05-01", 39, chat, Tags=SERVING).bill("aws", "2026-05-01", 39, search, Tags=SEARCH)
    return small.budget(PLAN, "2026-05..2026-06").config(more=f"{notify}{more}").pulled()


def targets(**urls: str) -> str:
    return "notify:\n" + "".join(f'  - {{name: {name}, url: "{url}"}}\n' for name, url in urls.items())


def outcomes(found: Any) -> list[tuple[str, str]]:
    return [(row["target"], row["outcome"]) for row in found.rows("sendings")]


def notify(small: Any, *more: str) -> Any:
    return small("summary", "--notify", *AS_OF, "--format", "json", *more)


def test_a_second_run_of_the_week_is_harmless(small, hook):
    overspent(small, targets(finops=hook.url))
    first, again = notify(small), notify(small)
    assert (first.code, outcomes(first)) == (0, [("finops", "sent")])
    assert (again.code, outcomes(again)) == (0, [("finops", "sent before")])
    [message] = hook.came
    assert message["title"] == f"AI spend, week {WEEK}"
    assert "DRF001, spend over the plan, chat" in message["message"]
    assert "270.00" not in first.err


def test_the_record_is_for_its_owners_eyes(small, hook):
    overspent(small, targets(finops=hook.url))
    notify(small)
    folder = small.folder / "ledger-summaries"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for file in folder.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


@pytest.mark.parametrize("status", [500, 404, 302])
def test_a_failed_one_tells_and_is_sent_next_time(small, hook, status):
    overspent(small, targets(finops=hook.url))
    hook.answer = status
    failed = notify(small)
    assert (failed.code, outcomes(failed)) == (4, [("finops", "failed")])
    if status >= 400:
        assert failed.rows("sendings")[0]["why"] == f"the service answered {status}"
    assert "run it again" in failed.json["verdict"]
    hook.answer = 200
    assert outcomes(notify(small)) == [("finops", "sent")]
    assert outcomes(notify(small)) == [("finops", "sent before")]
    assert len(hook.came) == 1


def test_a_webhook_that_never_answers(small, hook):
    overspent(small, targets(finops=f"{hook.url}?rto=1"))
    hook.answer = None
    failed = notify(small)
    assert (failed.code, outcomes(failed)) == (4, [("finops", "failed")])
    assert "not reached, or did not answer" in failed.rows("sendings")[0]["why"]
    hook.answer = 200
    assert outcomes(notify(small)) == [("finops", "sent")]


def test_nobody_listens(small):
    overspent(small, targets(finops="json://127.0.0.1:9/hook"))
    found = notify(small)
    assert (found.code, outcomes(found)) == (4, [("finops", "failed")])


def test_a_half_sent_one_finishes_the_rest(small, hook, mailbox):
    overspent(small, targets(finops=hook.url, team=mailbox.url("a@example.com")))
    hook.answer = 503
    first = notify(small)
    assert (first.code, outcomes(first)) == (4, [("finops", "failed"), ("team", "sent")])
    hook.answer = 200
    second = notify(small)
    assert (second.code, outcomes(second)) == (0, [("finops", "sent"), ("team", "sent before")])
    assert (len(hook.came), len(mailbox.came)) == (1, 1)


def test_a_mail_server_that_refuses_one_of_two_receivers(small, mailbox):
    overspent(small, targets(team=mailbox.url("a@example.com", "b@example.com")))
    mailbox.refuses = {"a@example.com"}
    first = notify(small)
    assert first.code == 4
    assert [(row["receiver"], row["outcome"]) for row in first.rows("sendings")] == [(1, "failed"), (2, "sent")]
    assert [to for to, _ in mailbox.came] == ["b@example.com"]
    mailbox.refuses = set()
    assert notify(small).code == 0
    assert [to for to, _ in mailbox.came] == ["b@example.com", "a@example.com"]
    assert notify(small).code == 0
    assert len(mailbox.came) == 2


def test_copies_are_receivers_of_their_own(small, mailbox):
    overspent(small, targets(team=f"{mailbox.url('a@example.com')}&cc=b@example.com&bcc=c@example.com"))
    assert notify(small).code == 0
    assert sorted(to for to, _ in mailbox.came) == ["a@example.com", "b@example.com", "c@example.com"]


def test_mail_is_html_with_a_picture_and_asks_nothing_of_the_network(small, mailbox):
    overspent(small, targets(team=mailbox.url("a@example.com")))
    assert notify(small).code == 0
    [(_, message)] = mailbox.came
    assert message["subject"] == f"AI spend, week {WEEK}"
    kinds = [part.get_content_type() for part in message.walk()]
    assert "image/png" in kinds
    [picture] = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert picture.get_content().startswith(b"\x89PNG")
    html = html_of(message)
    assert ">chat<" in html
    assert "<script" not in html
    assert "http" not in html.replace("http-equiv", "")


def test_no_picture_where_none_is_wanted(small, mailbox):
    url = mailbox.url("a@example.com")
    overspent(small, f'notify:\n  - {{name: team, url: "{url}", picture: false}}\n')
    notify(small)
    assert "image/png" not in [part.get_content_type() for part in mailbox.came[0][1].walk()]


def test_a_dry_run_shows_it_all_and_sends_nothing(small, hook):
    overspent(small, targets(finops=hook.url))
    found = small("summary", "--notify", "--dry-run", *AS_OF)
    assert found.code == 0
    assert "--- to finops as chat: AI spend, week 2026-W22" in found.out
    assert "would be sent" in found.out
    assert "DRF001, spend over the plan, chat" in found.out
    assert hook.came == []
    assert not (small.folder / "ledger-summaries").exists()
    notify(small)
    assert "sent before" in small("summary", "--notify", "--dry-run", *AS_OF).out


def test_no_data_sends_nothing_and_leaves_3(small, hook):
    small.bill("aws", "2026-05-01", 31, "10").budget(PLAN).config(more=targets(finops=hook.url))
    found = notify(small)
    assert found.code == 3
    assert "nothing was sent" in found.err
    assert hook.came == []
    assert not (small.folder / "ledger-summaries").exists()


def test_stale_bills_send_nothing_unless_it_is_said(small, hook):
    overspent(small, targets(finops=hook.url))
    found = small("summary", "--notify", "--as-of", "2026-06-29")
    assert found.code == 3
    assert "DAT002: aws is settled only until 2026-06-07" in found.err
    assert hook.came == []
    told = small("summary", "--notify", "--send-unjudged", "--as-of", "2026-06-29")
    assert told.code == 0
    assert "These numbers are not whole" in hook.came[0]["message"]


def test_a_week_without_a_settled_day_sends_nothing(small, hook):
    overspent(small, targets(finops=hook.url))
    found = small("summary", "--notify", "--as-of", "2026-06-15")
    assert found.code == 3
    assert "no day of 2026-W24 is settled" in found.err
    assert hook.came == []
    assert small("summary", "--as-of", "2026-06-15").code == 3


def test_a_quiet_week_is_one_line_or_nothing(small, hook):
    overspent(small, targets(finops=hook.url), chat="3", search="3")
    nothing = notify(small, "--only-if-findings")
    assert (nothing.code, outcomes(nothing)) == (0, [("finops", "nothing to tell")])
    assert hook.came == []
    assert notify(small).code == 0
    [said] = hook.came[0]["message"].strip().splitlines()
    assert "nothing is over the plan, and nothing is new, worse or resolved" in said


def test_each_team_gets_its_own_part(small, hook, mailbox):
    config = (
        f'notify:\n  - {{name: chat, url: "{hook.url}", owners: [chat-team]}}\n'
        f'  - {{name: all, url: "{mailbox.url("a@example.com")}"}}\n'
    )
    overspent(small, config)
    found = notify(small, "--by-owner")
    parts = [(row["target"], row["part"], row["outcome"]) for row in found.rows("sendings")]
    assert parts == [("chat", "chat-team", "sent"), ("all", "chat-team", "sent"), ("all", "search-team", "sent")]
    [message] = hook.came
    assert "DRF001, spend over the plan, chat" in message["message"]
    assert "search" not in message["message"]
    assert [m["subject"].rpartition(", ")[2] for _, m in mailbox.came] == ["chat-team", "search-team"]


def test_each_team_has_its_own_part_by_mail_and_no_other(small, mailbox):
    teams = {"chat-team": "chat@example.com", "search-team": "search@example.com"}
    lines = [f'  - {{name: {owner}, url: "{mailbox.url(to)}", owners: [{owner}]}}\n' for owner, to in teams.items()]
    overspent(small, "notify:\n" + "".join(lines))
    assert notify(small).code == 0
    assert notify(small).code == 0, "and once only"
    came = {to: (message["subject"], html_of(message)) for to, message in mailbox.came}
    assert len(mailbox.came) == 2
    for owner, to in teams.items():
        subject, html = came[to]
        other = next(name for name in teams if name != owner)
        assert subject.endswith(owner)
        assert owner in html
        assert other not in html


def html_of(message) -> str:
    return next(part for part in message.walk() if part.get_content_type() == "text/html").get_content()


def test_the_owners_of_a_target_bind_it_without_by_owner_too(small, hook):
    overspent(small, f'notify:\n  - {{name: search, url: "{hook.url}", owners: [search-team]}}\n')
    notify(small)
    assert "chat" not in hook.came[0]["message"].replace("search", "")


def test_a_file_is_a_target(small):
    overspent(small, 'notify:\n  - {name: archive, file: "told/{week}.md"}\n')
    assert outcomes(notify(small)) == [("archive", "sent")]
    assert (small.folder / "told" / f"{WEEK}.md").read_text(encoding="utf-8").startswith("### AI spend")
    assert outcomes(notify(small)) == [("archive", "sent before")]


def test_an_owner_is_no_path(small):
    tags = SERVING.replace("chat-team", "../../evil")
    small.bill("aws", "2026-05-01", 39, "10", Tags=tags)
    overspent(small, 'notify:\n  - {name: archive, file: "told/{part}.md"}\n')
    assert notify(small, "--by-owner").code == 0
    assert sorted(path.name for path in (small.folder / "told").iterdir()) == [
        "-..-evil.md",
        "chat-team.md",
        "search-team.md",
    ]


# --- since the last one ----------------------------------------------------------------------------------------------


def test_what_changed_since_the_last_summary_is_told(small, hook):
    overspent(small, targets(finops=hook.url))
    assert notify(small).code == 0
    assert "This is the first summary" in hook.came[0]["message"]
    small.budget(
        PLAN.replace("workload: search}, owner: search-team, amount: 100", "workload: search}, owner: x, amount: 300"),
        "2026-05..2026-06",
    )
    assert small("summary", "--notify", *LATER).code == 0
    text = hook.came[1]["message"]
    assert "Since the summary of week 22: 0 new, 1 worse, 0 better, 1 resolved" in text
    assert "worse, DRF001, chat" in text


def test_a_summary_that_was_not_sent_for_weeks_says_so(small, hook):
    overspent(small, targets(finops=hook.url))
    small("summary", "--notify", "--as-of", "2026-05-22")
    assert len(hook.came) == 1
    notify(small)
    assert "The last summary is that of 2026-W20; 1 between was not sent." in hook.came[1]["message"]


def test_a_last_summary_from_the_future_is_told_and_not_compared_with(small, hook):
    overspent(small, targets(finops=hook.url))
    small("summary", "--notify", "--as-of", "2026-08-20", "--send-unjudged")
    assert len(hook.came) == 1
    found = notify(small)
    assert outcomes(found) == [("finops", "sent")]
    assert "2026-W33, which is after this one: a clock was wrong" in hook.came[1]["message"]
    assert "This is the first summary" in hook.came[1]["message"]


def test_a_clock_behind_the_bills_sends_nothing(small, hook, cli):
    overspent(small, targets(finops=hook.url))
    found = cli("summary", "--notify", cwd=small.folder, clock=datetime(2020, 1, 6, tzinfo=UTC))
    assert found.code == 3
    assert "the clock of this machine says 2020-01-06" in found.err
    assert hook.came == []


def test_a_clock_that_jumped_back_over_monday_does_not_send_twice(small, hook):
    overspent(small, targets(finops=hook.url))
    for day in ("2026-06-05", "2026-06-03", "2026-06-07"):
        assert small("summary", "--notify", "--as-of", day).code == 0
    assert len(hook.came) == 1


def test_printing_compares_with_what_was_printed_last(small):
    overspent(small, "")
    for _ in range(2):
        assert "This is the first summary" in small("summary", *AS_OF, "--format", "json").json["headline"]
    assert "Since the summary of week 22" in small("summary", *LATER, "--format", "json").json["headline"]


# --- crashes and crowds ----------------------------------------------------------------------------------------------


def journal(small: Any) -> list[tuple[str, ...]]:
    with sqlite3.connect(small.folder / "ledger-summaries" / "summaries.sqlite") as db:
        return db.execute("SELECT target, attempt, state FROM sendings ORDER BY 1, 2").fetchall()


@pytest.mark.parametrize("arrived", [True, False])
def test_a_crash_between_sending_and_writing_it_down_is_told_and_not_repeated(small, hook, monkeypatch, arrived):
    from aiops_cost.notify import send

    overspent(small, targets(finops=hook.url))
    real = send.send

    def killed(*given: Any) -> None:
        if arrived:
            real(*given)
        raise KeyboardInterrupt

    with monkeypatch.context() as here:
        here.setattr(send, "send", killed)
        assert notify(small).code == 130
    assert journal(small) == [("finops", 1, "begun")]
    for _ in range(2):
        found = notify(small)
        assert (found.code, outcomes(found)) == (4, [("finops", "not known")])
        assert "--resend finops" in found.rows("sendings")[0]["why"]
        assert "not known" in small("summary", "--notify", "--dry-run", *AS_OF).out
    answer = ("--was-sent", "finops") if arrived else ("--resend", "finops")
    assert notify(small, *answer).code == 0
    assert outcomes(notify(small)) == [("finops", "sent before")]
    assert len(hook.came) == 1


def test_a_sending_that_is_not_interrupted_is_not_sent_again_on_request(small, hook):
    overspent(small, targets(finops=hook.url))
    notify(small)
    assert outcomes(notify(small, "--resend", "finops")) == [("finops", "sent before")]


PROGRAM = [sys.executable, "-m", "aiops_cost"]


def environment(tmp_path: Path) -> dict[str, str]:
    """As a job runs it: with bytecode kept, so that a run is short."""
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(tmp_path / "bytecode")}


@pytest.mark.slow
def test_two_at_once_send_one_message(small, hook, mailbox, tmp_path):
    overspent(small, targets(finops=hook.url, team=mailbox.url("a@example.com")))
    words = [*PROGRAM, "summary", "--notify", *AS_OF]
    crowd = [
        subprocess.Popen(words, cwd=small.folder, env=environment(tmp_path), stdout=subprocess.PIPE) for _ in range(4)
    ]
    said = [one.communicate(timeout=600)[0].decode() for one in crowd]
    assert [one.returncode for one in crowd] == [0, 0, 0, 0], said
    assert (len(hook.came), len(mailbox.came)) == (1, 1)
    assert sum("sent before" in text for text in said) == 3


# --- what must not be shown ------------------------------------------------------------------------------------------

CANARY = "Xq7-canary-Zt9"


def test_a_secret_is_never_shown(small, hook, mailbox, monkeypatch):
    monkeypatch.setenv("HOOK_URL", f"{hook.url}/{CANARY}?rto=1")
    monkeypatch.setenv("SMTP_PASSWORD", CANARY)
    monkeypatch.setenv("AIOPS_COST_DEBUG", "1")
    mail = f"mailto://me:${{SMTP_PASSWORD}}@127.0.0.1:{mailbox.port}?from=b@example.com&to=a@example.com&mode=insecure"
    overspent(small, targets(finops="${HOOK_URL}", team=mail))
    said = ""
    for hook.answer in (500, None, 200):
        for more in ((), ("--dry-run",), ("--format", "json")):
            found = small("summary", "--notify", *AS_OF, *more)
            said += found.out + found.err
    monkeypatch.setenv("HOOK_URL", f"nowhere-{CANARY}://x")
    found = small("summary", "--notify", *AS_OF)
    assert found.code == 2
    said += found.out + found.err
    assert hook.paths
    assert CANARY in hook.paths[0], "the secret is really used"
    assert CANARY not in said
    for file in small.folder.rglob("*"):
        if file.is_file():
            assert CANARY.encode() not in file.read_bytes(), file


@pytest.mark.parametrize(
    "url", [f"slack://{CANARY}/b/c", f"mailto://me:{CANARY}@example.com", f"jsons://me:{CANARY}@example.com/x"]
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(small, url):
    small.bill("aws", "2026-05-01", 1, "1").config(more=targets(finops=url))
    found = small("report")
    assert found.code == 2
    assert "has its secret in the file" in found.err
    assert "${FINOPS_URL}" in found.err
    assert CANARY not in found.err + found.out


@pytest.mark.parametrize(
    ("config", "words", "said"),
    [
        ("", ("--notify",), "no target is configured"),
        (
            targets(finops="${NOWHERE_URL}"),
            ("--notify",),
            "needs NOWHERE_URL, and the environment has no such variable",
        ),
        (targets(finops="json://127.0.0.1:1/"), ("--target", "finosp"), "did you mean `finops`?"),
        (targets(finops="gopher://x/${HOME}"), ("--notify",), "is none that apprise knows, or lacks a part"),
        ("notify:\n  - {name: a, url: 'json://x', file: y}\n", (), "give one of `url`, `env` and `file`"),
        ("notify:\n  - {name: a, file: x.md}\n  - {name: a, file: y.md}\n", (), "`a` is given twice"),
        ("notify:\n  - {name: a, file: x.docx}\n", ("--notify",), "no format writes .docx files"),
    ],
)
def test_asked_wrongly(small, config, words, said):
    overspent(small, "")
    small.config(more=config)
    found = small("summary", *words, *AS_OF)
    assert found.code == 2, found
    assert said in found.err
    assert "Traceback" not in found.err


def test_a_record_that_is_damaged_says_so(small, hook):
    overspent(small, targets(finops=hook.url))
    notify(small)
    (small.folder / "ledger-summaries" / "summaries.sqlite").write_bytes(b"not a database, but long enough to be read")
    found = notify(small)
    assert found.code == 2
    assert "is damaged" in found.err
    assert len(hook.came) == 1


def test_a_folder_that_cannot_be_written_sends_nothing(small, hook):
    overspent(small, targets(finops=hook.url), more="summaries: plan.yaml/summaries\n")
    found = notify(small)
    assert found.code == 2
    assert "cannot be written" in found.err
    assert hook.came == []


def test_what_a_bill_says_calls_nobody(small, hook):
    evil = json.dumps({"workload": "<!channel> @here *x*", "ai-activity": "serving"})
    small.bill("aws", "2026-05-01", 39, "50", Tags=evil)
    overspent(small, targets(finops=hook.url))
    assert notify(small).code == 0
    text = hook.came[0]["message"]
    assert "channel" in text
    assert not set("<>@*") & set(text)
