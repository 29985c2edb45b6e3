"""Receivers on this machine: a webhook and a mail server that remember what came, and can be told to misbehave."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from aiosmtpd.controller import Controller


@dataclass
class Hook:
    """A webhook. `answer` is its status; None means that it takes the message and never answers."""

    url: str = ""
    answer: int | None = 200
    came: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def hook() -> Iterator[Hook]:
    found = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.paths.append(self.path)
            if found.answer is None:
                found.released.wait(30)
                return
            if found.answer < 300:
                found.at.append(time.time())
                found.came.append(json.loads(body))
            self.send_response(found.answer)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    found.url = f"json://127.0.0.1:{server.server_port}/hook"
    yield found
    found.released.set()
    server.shutdown()
    server.server_close()


@dataclass
class Mailbox:
    """A mail server: what it accepted, as (receiver, message); `refuses` are the receivers that it refuses."""

    port: int
    refuses: set[str] = field(default_factory=set)
    came: list[tuple[str, EmailMessage]] = field(default_factory=list)

    def url(self, *receivers: str) -> str:
        return f"mailto://127.0.0.1:{self.port}?from=finops@example.com&to={','.join(receivers)}&mode=insecure"

    async def handle_RCPT(  # noqa: N802 - the name that the server looks for
        self, server: Any, session: Any, envelope: Any, address: str, rcpt_options: list[str]
    ) -> str:
        if address in self.refuses:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.came += [(address, message) for address in envelope.rcpt_tos]
        return "250 OK"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    found = Mailbox(port)
    controller = Controller(found, hostname="127.0.0.1", port=port)
    controller.start()
    yield found
    controller.stop()
