"""Where a summary goes: `notify:` in the configuration. Secrets are named there and stand in the environment.

notify:
  - {name: finops, url: "${SLACK_URL}"}                 # any service that apprise knows
  - name: search-team
    url: "mailtos://${SMTP_USER}:${SMTP_PASSWORD}@smtp.example.com?to=search@example.com"
    owners: [search-ai]                                 # only their part
  - {name: archive, file: "summaries/{week}.md"}
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from aiops_cost.documents import Marks, Strict
from aiops_cost.errors import UserError
from aiops_cost.model import Problem

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
MAIL = ("mailto", "mailtos")
OPEN = (*MAIL, "json", "jsons", "xml", "xmls", "form", "forms")
"""Schemes whose URL may be written out, as long as it has no password: it carries no token."""

_NAME = re.compile(r"[a-z0-9]+([-_.][a-z0-9]+)*\Z")
Format = Literal["chat", "markdown", "table", "html", "mail", "json"]


class TargetEntry(Strict):
    """One receiver: `url` for apprise (or `env`, the variable that holds it), or `file`."""

    name: str = Field(pattern=_NAME.pattern.replace(r"\Z", "$"))
    url: str | None = None
    env: str | None = None
    file: str | None = None
    owners: tuple[str, ...] = ()
    format: Format | None = None
    picture: bool | None = None

    @model_validator(mode="after")
    def _one_way(self) -> TargetEntry:
        if sum(part is not None for part in (self.url, self.env, self.file)) != 1:
            raise ValueError("give one of `url`, `env` and `file`")
        return self


@dataclass(frozen=True)
class Target:
    """A receiver, ready to be resolved. `template` may hold `${VARIABLE}`; `file` may hold `{week}` and `{part}`."""

    name: str
    template: str = field(repr=False)
    file: str | None
    folder: Path
    owners: tuple[str, ...]
    format: str | None
    picture: bool | None
    place: str

    @property
    def is_mail(self) -> bool:
        """True where the configuration shows a mail address; a URL that is all variable is asked later."""
        return self.template.partition("://")[0] in MAIL


def targets(entries: Sequence[TargetEntry], folder: Path, marks: Marks, problems: list[Problem]) -> tuple[Target, ...]:
    """The targets of the configuration; what is wrong with them is added to `problems`."""
    seen: set[str] = set()
    for index, entry in enumerate(entries):
        place = marks.place("notify", index, "name")
        if entry.name in seen:
            said = f"the target `{entry.name}` is given twice"
            problems.append(Problem("target-twice", place, said, "Give each target a name of its own."))
        seen.add(entry.name)
        problems += _unsafe(entry, marks.place("notify", index, "url"))
    return tuple(
        Target(
            name=entry.name,
            template=entry.url or (f"${{{entry.env}}}" if entry.env else ""),
            file=entry.file,
            folder=folder,
            owners=entry.owners,
            format=entry.format,
            picture=entry.picture,
            place=marks.place("notify", index, "name"),
        )
        for index, entry in enumerate(entries)
    )


def _unsafe(entry: TargetEntry, place: str) -> Iterator[Problem]:
    """A URL that carries its secret in the file; the message does not repeat it."""
    if entry.url is None:
        return
    without = VARIABLE.sub("x", entry.url)
    scheme = without.partition("://")[0].lower()
    try:
        password = urlsplit(entry.url).password
    except ValueError:
        password = "x"  # noqa: S105 - it cannot be read, so nobody can say that it is harmless
    literal = password is not None and not VARIABLE.fullmatch(password)
    if literal or (scheme not in OPEN and not VARIABLE.search(entry.url)):
        name = re.sub(r"\W", "_", entry.name).upper()
        yield Problem(
            "secret-in-file",
            place,
            f"the URL of the target `{entry.name}` has its secret in the file",
            f'Put it into the environment and name it here:  url: "${{{name}_URL}}"',
        )


def resolved(target: Target, env: Mapping[str, str]) -> str:
    """The URL with its variables filled in. Raises UserError that names a variable which is not set."""
    missing = [name for name in VARIABLE.findall(target.template) if not env.get(name)]
    if missing:
        raise UserError(
            Problem(
                "secret-missing",
                target.place,
                f"the target `{target.name}` needs {', '.join(missing)}, and the environment has no such variable",
                f"Set it where the job runs:  export {missing[0]}=...",
            )
        )
    return VARIABLE.sub(lambda found: env[found[1]], target.template)
