"""Sends one message to one target through apprise, or into a file, and says what became of it.

A target with several mail addresses is several receivers: one that a server refuses does not make the others get the
message twice. Of what a service answers only numbers are told, for its words may hold a secret.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from aiops_cost.errors import UserError
from aiops_cost.model import Problem
from aiops_cost.notify.targets import Target, resolved

CONNECT, ANSWER = 10.0, 20.0
"""Seconds to wait for a connection and for an answer, where the URL (`cto`, `rto`) does not say."""

BODIES = {"mail": "html", "html": "html", "markdown": "markdown"}
"""Format of ours -> what apprise calls it; all others are plain text."""

_STATUS = re.compile(r"\b([45]\d\d)\b")


@dataclass(frozen=True)
class Message:
    """What is sent: a title in plain text, the body in the target's format, perhaps a picture (PNG)."""

    title: str
    body: str
    format: str
    picture: bytes | None = None


@dataclass(frozen=True)
class Receiver:
    """One end of a target: a key that tells it from the others without naming it, and what apprise needs for it."""

    key: str
    number: int
    plugin: Any
    is_mail: bool


def receivers(target: Target, env: Mapping[str, str]) -> tuple[Receiver, ...]:
    """Everyone that the target names; each gets a message of his own, those in `cc` and `bcc` too.

    Raises UserError for a variable that is not set, a URL that apprise does not know, or a missing apprise.
    """
    if target.file is not None:
        return (Receiver("file", 1, None, is_mail=False),)
    url = resolved(target, env)
    plugin = _plugin(target, url)
    if url.partition("://")[0].lower() not in {"mailto", "mailtos"}:
        return (Receiver("all", 1, _patient(plugin, url), is_mail=False),)
    ends = [address for _, address in plugin.targets]
    ends += sorted(address for address in {*plugin.cc, *plugin.bcc} if address not in ends)
    found = []
    for number, address in enumerate(dict.fromkeys(ends), 1):
        one = _patient(_plugin(target, url), url)
        one.targets, one.cc, one.bcc = [(False, address)], set(), set()
        found.append(Receiver(sha256(address.lower().encode()).hexdigest()[:16], number, one, is_mail=True))
    return tuple(found)


def send(target: Target, to: Receiver, message: Message, names: Mapping[str, str]) -> str | None:
    """Deliver the message; None when it has arrived, else a short reason. `names` fill the name of a file."""
    if target.file is not None:
        return _into_file(target, message, names)
    import apprise

    box = apprise.Apprise()
    box.add(to.plugin)
    attached = apprise.AppriseAttachment()
    if message.picture is not None:
        attached.add(_picture(message.picture))
    with _heard() as said:
        result = box.notify(
            body=message.body,
            title=message.title,
            body_format=apprise.NotifyFormat(BODIES.get(message.format, "text")),
            attach=attached if message.picture is not None else None,
        )
    return None if result else _reason(said)


def _plugin(target: Target, url: str) -> Any:
    try:
        import apprise
    except ImportError:
        said = "sending needs apprise, which is not installed"
        raise UserError(Problem("notify-missing", target.place, said, "pip install 'aiops-cost[notify]'")) from None
    asset = apprise.AppriseAsset(app_id="aiops-cost", app_desc="aiops-cost", app_url="")
    with _heard():
        plugin = apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
    if not plugin:
        said = f"the URL of the target `{target.name}` is none that apprise knows, or lacks a part"
        way_out = "The URL is not shown, for it may hold a secret. Each service has its form:  apprise --details"
        raise UserError(Problem("target-url", target.place, said, way_out))
    return plugin


def _patient(plugin: Any, url: str) -> Any:
    """Waits as long as we want, and once: repeating is decided here, where it is written down."""
    if "cto=" not in url:
        plugin.socket_connect_timeout = CONNECT
    if "rto=" not in url:
        plugin.socket_read_timeout = ANSWER
    plugin.retry = 0
    plugin.optional = False
    return plugin


def _picture(png: bytes) -> Any:
    from apprise.attachment import memory

    make: Any = memory.AttachMemory
    return make(content=png, name="summary.png", mimetype="image/png")


def _into_file(target: Target, message: Message, names: Mapping[str, str]) -> str | None:
    path = file_of(target, names)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.new")
        part.write_text(message.body, encoding="utf-8", newline="")
        part.replace(path)
    except OSError as error:
        return f"cannot be written: {error.strerror}"
    return None


def file_of(target: Target, names: Mapping[str, str]) -> Path:
    """The file of a target, with the week and the part in its name; a part is no path."""
    assert target.file is not None  # noqa: S101 - the caller has looked
    safe = {key: re.sub(r"[^A-Za-z0-9._-]+", "-", value).strip(".") or "all" for key, value in names.items()}
    name = target.file.replace("{week}", safe["week"]).replace("{part}", safe["part"])
    return target.folder / name


@contextmanager
def _heard() -> Iterator[list[str]]:
    """What apprise logs, kept here and shown to nobody: its words may hold an address or a token."""
    said: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    logger = logging.getLogger("apprise")
    before = (logger.propagate, logger.level, list(logger.handlers))
    logger.propagate, logger.handlers = False, [Ear(logging.WARNING)]
    try:
        yield said
    finally:
        logger.propagate, logger.level, logger.handlers = before


def _reason(said: Sequence[str]) -> str:
    """In our words, with the number that the service answered, if it did."""
    text = " ".join(said)
    number = _STATUS.search(text)
    if "refused" in text and number:
        return f"the mail server refused the receiver ({number[1]})"
    if number and "onnection" not in text:
        return f"the service answered {number[1]}"
    return "the service was not reached, or did not answer in time"
