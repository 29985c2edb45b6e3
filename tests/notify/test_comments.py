"""One comment on a pull request, updated and not repeated, against servers that speak the two APIs."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

TOKEN = "ghs-canary-3f9"
AS_OF = ("--as-of", "2026-06-05")
PLAN = "  - {scope: {}, owner: chat-team, amount: AMOUNT, tolerance: {at_least: 1}}"
SERVING = '{"workload": "chat", "ai-activity": "serving", "owner": "chat-team"}'


@dataclass
class Api:
    """Comments by id, as GitHub or GitLab keeps them, a page at a time; `refuse` maps a method to a status."""

    kind: str
    url: str = ""
    comments: dict[int, str] = field(default_factory=dict)
    foreign: set[int] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)
    refuse: dict[str, int] = field(default_factory=dict)
    page: int = 100

    @property
    def env(self) -> dict[str, str]:
        if self.kind == "github":
            return {
                "GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": "acme/finops", "GITHUB_API_URL": self.url,
                "GITHUB_REF": "refs/pull/7/merge",
            }  # fmt: skip
        return {
            "GITLAB_TOKEN": TOKEN, "CI_API_V4_URL": f"{self.url}/api/v4", "CI_PROJECT_ID": "42",
            "CI_MERGE_REQUEST_IID": "7",
        }  # fmt: skip

    @property
    def paths(self) -> tuple[str, str, str]:
        """Listing, one, and the method that updates: as the APIs document them."""
        if self.kind == "github":
            return "/repos/acme/finops/issues/7/comments", r"/repos/acme/finops/issues/comments/(\d+)", "PATCH"
        notes = "/api/v4/projects/42/merge_requests/7/notes"
        return notes, notes + r"/(\d+)", "PUT"


def handler(api: Api) -> type[BaseHTTPRequestHandler]:  # noqa: C901 - a small server
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            path, _, query = self.path.partition("?")
            api.calls.append(self.command)
            sent = (self.headers.get("Authorization"), self.headers.get("PRIVATE-TOKEN"))
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "null")
            if not {f"Bearer {TOKEN}", TOKEN} & set(sent):
                self.reply(401)
            elif self.command in api.refuse:
                self.reply(api.refuse[self.command], {"Location": "http://127.0.0.1:9/"})
            elif self.command == "GET" and path == api.paths[0]:
                self.list(query)
            else:
                self.reply(self.write(path, body))

        def write(self, path: str, body: Any) -> int:
            listing, one, update = api.paths
            found = re.fullmatch(one, path)
            if self.command == "POST" and path == listing:
                api.comments[max(api.comments, default=0) + 1] = body["body"]
                return 201
            if self.command != update or not found or int(found[1]) not in api.comments:
                return 404
            if int(found[1]) in api.foreign:
                return 403
            api.comments[int(found[1])] = body["body"]
            return 200

        do_GET = do_POST = do_PATCH = do_PUT = answer  # noqa: N815 - the names that the server looks for

        def list(self, query: str) -> None:
            number = int(re.search(r"page=(\d+)$", query)[1])  # type: ignore[index]
            rows = sorted(api.comments.items())
            part = rows[(number - 1) * api.page : number * api.page]
            more = len(rows) > number * api.page
            headers = {"Link": '<x>; rel="next"'} if api.kind == "github" and more else {}
            if api.kind == "gitlab":
                headers = {"X-Next-Page": str(number + 1) if more else ""}
            self.reply(200, headers, [{"id": i, "body": text} for i, text in part])

        def reply(self, status: int, headers: dict[str, str] | None = None, body: Any = None) -> None:
            raw = json.dumps(body).encode()
            self.send_response(status)
            for name, value in {**(headers or {}), "Content-Length": str(len(raw))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@pytest.fixture(params=["github", "gitlab"])
def api(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    found = Api(request.param)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(found))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    found.url = f"http://127.0.0.1:{server.server_port}"
    for name, value in found.env.items():
        monkeypatch.setenv(name, value)
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture
def company(small: Any) -> Any:
    small.bill("aws", "2026-05-01", 31, "10", Tags=SERVING)
    return small.budget(PLAN.replace("AMOUNT", "200"), "2026-05..2026-06").config().pulled()


def check(company: Any, api: Api, *more: str) -> Any:
    return company("check", "--comment", api.kind, *AS_OF, *more)


def test_a_comment_is_written_once_and_updated_from_then_on(company, api):
    api.comments = {1: "somebody said", 2: "something"}
    assert check(company, api).code == 1
    assert len(api.comments) == 3
    assert api.comments[3].startswith("<!-- aiops-cost:check:")
    assert "over the line: 1 breach" in api.comments[3]
    company.budget(PLAN.replace("AMOUNT", "310"), "2026-05..2026-06")
    assert check(company, api).code == 0
    assert len(api.comments) == 3
    assert "within the line" in api.comments[3]
    assert "over the line" not in api.comments[3]


def test_our_comment_is_found_on_a_later_page(company, api):
    api.page = 2
    api.comments = dict.fromkeys(range(1, 6), "talk")
    check(company, api)
    check(company, api)
    assert len(api.comments) == 6


def test_two_gates_on_one_request_have_a_comment_each(company, api):
    check(company, api)
    check(company, api, "--owner", "chat-team")
    check(company, api, "--owner", "chat-team")
    assert len(api.comments) == 2


def test_a_comment_of_somebody_else_with_our_mark_is_left_alone(company, api):
    check(company, api)
    api.foreign = {1}
    evil = api.comments[1]
    check(company, api)
    check(company, api)
    assert api.comments[1] == evil
    assert len(api.comments) == 2


@pytest.mark.parametrize("status", [401, 403, 500, 302])
def test_a_comment_that_fails_does_not_hide_the_verdict(company, api, status):
    api.refuse = {"POST": status}
    failed = check(company, api)
    assert failed.code == 1, "the verdict stands"
    assert f"answered {status}, so the comment was not written" in failed.err
    assert "over the line" in failed.out
    company.budget(PLAN.replace("AMOUNT", "310"), "2026-05..2026-06")
    assert check(company, api).code == 4, "an open gate without its comment is not silent"


def test_an_api_that_is_not_there(company, api, monkeypatch):
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("CI_API_V4_URL", "http://127.0.0.1:9")
    failed = check(company, api)
    assert failed.code == 1
    assert "was not reached" in failed.err


def test_the_token_is_never_shown(company, api, monkeypatch):
    monkeypatch.setenv("AIOPS_COST_DEBUG", "1")
    said = ""
    for api.refuse in ({}, {"POST": 500}, {"GET": 401}):
        found = check(company, api)
        said += found.out + found.err
    assert TOKEN not in said
    assert TOKEN not in "".join(api.comments.values())


def test_a_token_does_not_follow_a_redirect(company, api):
    api.refuse = {"GET": 302}
    assert "answered 302" in check(company, api).err
    assert api.calls == ["GET"]


def test_a_very_long_answer_is_cut_and_says_so(api):
    from aiops_cost.notify import comments

    place = comments.place(api.kind, api.env)
    comments.write(place, "\n".join(f"| row {n} | {'x' * 90} |" for n in range(20_000)))
    [text] = api.comments.values()
    assert len(text.encode()) <= place.most
    assert "more lines are in the job's own output" in text


def test_outside_of_a_pull_request(company, api, monkeypatch):
    monkeypatch.setenv("GITHUB_REF", "refs/heads/main")
    monkeypatch.delenv("CI_MERGE_REQUEST_IID", raising=False)
    found = check(company, api)
    assert found.code == 2
    assert "pull request" in found.err or "CI_MERGE_REQUEST_IID" in found.err


def test_a_missing_token_is_named(company, api, monkeypatch):
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    monkeypatch.delenv("GITLAB_TOKEN", raising=False)
    found = check(company, api)
    assert found.code == 2
    assert f"{api.kind.upper()}_TOKEN" in found.err
