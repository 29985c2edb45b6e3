"""One comment on a pull or merge request, written once and updated from then on.

A hidden mark on the first line says that a comment is ours, and of which gate: its owners and scope. The token comes
from the environment, goes to the API's own host only, and is never shown.

GitHub: GITHUB_TOKEN, GITHUB_REPOSITORY, GITHUB_API_URL, and the pull request from GITHUB_REF.
GitLab: GITLAB_TOKEN, CI_API_V4_URL, CI_PROJECT_ID, CI_MERGE_REQUEST_IID.
"""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from aiops_cost.errors import ProviderError, UserError
from aiops_cost.model import Problem

PATIENCE = 20.0
"""Seconds to wait for each answer."""

MOST_PAGES = 30
_PULL = re.compile(r"refs/pull/(\d+)/")
_REFUSED = (401, 403, 404, 405, 422)


@dataclass(frozen=True)
class Place:
    """A request to comment on: where comments are listed and made, where one is updated, and how."""

    host: str
    comments: str
    one: str
    update: str
    most: int
    headers: Mapping[str, str] = field(repr=False)


def place(where: str, env: Mapping[str, str]) -> Place:
    """What the environment of the CI job says. Raises UserError for another place, or for what is not set."""
    if where == "github":
        return _github(env)
    if where == "gitlab":
        return _gitlab(env)
    raise UserError(Problem("comment-place", "", f"--comment {where}: nowhere we know", "Choose github or gitlab."))


def write(to: Place, text: str, about: Sequence[str] = ()) -> None:
    """Write the comment, or update the one of the same gate. Raises ProviderError where the API refuses or is silent.

    `about` tells gates on one request apart. A comment that carries our mark and is not ours to change is passed over.
    """
    mark = f"<!-- aiops-cost:check:{sha256(json.dumps(list(about)).encode()).hexdigest()[:12]} -->"
    body = json.dumps({"body": _cut(f"{mark}\n{text}", to.most)}).encode()
    for comment in _listed(to):
        if str(comment.get("body", "")).startswith(mark):
            status, _, _ = _call(to, to.update, to.one.format(id=comment["id"]), body)
            if status < 300:
                return
            if status not in _REFUSED:
                raise _failed(to, status)
    status, _, _ = _call(to, "POST", to.comments, body)
    if status >= 300:
        raise _failed(to, status)


def _github(env: Mapping[str, str]) -> Place:
    token, repository = _needed("github", env, "GITHUB_TOKEN", "GITHUB_REPOSITORY")
    number = _PULL.match(env.get("GITHUB_REF", ""))
    if not number:
        said = "this is not the run of a pull request, so there is nothing to comment on"
        raise UserError(
            Problem("comment-nowhere", "GITHUB_REF", said, "Run it `on: pull_request`, or without --comment.")
        )
    api = env.get("GITHUB_API_URL") or "https://api.github.com"
    base = f"{api.rstrip('/')}/repos/{quote(repository)}/issues"
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}
    return Place(_host(api), f"{base}/{number[1]}/comments", f"{base}/comments/{{id}}", "PATCH", 65_000, headers)


def _gitlab(env: Mapping[str, str]) -> Place:
    token, api, project, number = _needed(
        "gitlab", env, "GITLAB_TOKEN", "CI_API_V4_URL", "CI_PROJECT_ID", "CI_MERGE_REQUEST_IID"
    )
    notes = f"{api.rstrip('/')}/projects/{quote(project, safe='')}/merge_requests/{quote(number)}/notes"
    return Place(_host(api), notes, f"{notes}/{{id}}", "PUT", 900_000, {"PRIVATE-TOKEN": token})


def _needed(where: str, env: Mapping[str, str], *names: str) -> list[str]:
    missing = [name for name in names if not env.get(name)]
    if missing:
        said = f"--comment {where} needs {', '.join(missing)}, and the environment has no such variable"
        raise UserError(Problem("comment-variable", "", said, f"Set it in the job:  export {missing[0]}=..."))
    return [env[name] for name in names]


def _listed(to: Place) -> Iterator[Mapping[str, Any]]:
    """Every comment of the request, page by page; both APIs answer with an empty page after the last one."""
    for page in range(1, MOST_PAGES + 1):
        status, found, more = _call(to, "GET", f"{to.comments}?per_page=100&page={page}", None)
        if status >= 300 or not isinstance(found, list):
            raise _failed(to, status)
        yield from found
        if not found or not more:
            return


def _call(to: Place, method: str, url: str, body: bytes | None) -> tuple[int, Any, bool]:
    """Status, the JSON that came (None where it was none), and whether a next page is announced."""
    headers = {**to.headers, "Content-Type": "application/json", "User-Agent": "aiops-cost"}
    request = urllib.request.Request(url, body, headers, method=method)  # noqa: S310 - the CI's own API
    try:
        with urllib.request.build_opener(_Stay).open(request, timeout=PATIENCE) as answer:
            return answer.status, _json(answer.read()), _more(answer.headers)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code, None, False
    except (OSError, ValueError, urllib.error.URLError) as error:
        reason = getattr(error, "reason", error)
        said = f"{to.host} was not reached ({type(reason).__name__}), so the comment was not written"
        raise ProviderError(
            Problem("comment-failed", to.host, said, "The verdict stands. Run the job again.")
        ) from None


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows nobody to another host: the token would go with the request."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return None


def _more(headers: Mapping[str, str]) -> bool:
    return 'rel="next"' in (headers.get("Link") or "") or bool(headers.get("X-Next-Page"))


def _failed(to: Place, status: int) -> ProviderError:
    ways = {
        401: "Check the token.",
        403: "Give the job the permission to write on pull requests (`pull-requests: write`; for GitLab, `api`).",
    }
    way_out = f"The verdict stands. {ways.get(status, 'Run the job again.')}"
    said = f"{to.host} answered {status}, so the comment was not written"
    return ProviderError(Problem("comment-failed", to.host, said, way_out))


def _host(api: str) -> str:
    return api.partition("://")[2].partition("/")[0].rpartition("@")[2]


def _cut(text: str, most: int) -> str:
    """The text, or as many whole lines of it as there is room for, and a word that there are more."""
    if len(text.encode()) <= most:
        return text
    kept: list[str] = []
    size = 0
    lines = text.splitlines()
    for line in lines:
        size += len(line.encode()) + 1
        if size > most - 200:
            break
        kept.append(line)
    return "\n".join([*kept, "", f"*{len(lines) - len(kept)} more lines are in the job's own output.*", ""])
