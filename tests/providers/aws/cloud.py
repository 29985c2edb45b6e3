"""A local AWS: moto's server, and before it a front that answers what moto lacks, counts calls, and injects faults."""

from __future__ import annotations

import contextlib
import csv
import gzip
import http.client
import io
import json
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

SECRET = "canary/SECRET+do0not0print"
KEY_ID = "AKIACANARY0KEYID0000"
BUCKET = "billing-exports"


@dataclass
class Fault:
    """What happens to the next `times` requests that match: another status and body, or a cut after some bytes."""

    matches: Callable[[str, str, str], bool]
    times: int = 1
    status: int = 503
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_after: int | None = None


@dataclass
class Front:
    """The address to give to the program, what was asked there, and what shall go wrong."""

    url: str
    moto: str
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    """Method, path with query, and operation (the header X-Amz-Target, or the range of bytes)."""
    faults: list[Fault] = field(default_factory=list)
    changes: list[Callable[[str, str, bytes], bytes]] = field(default_factory=list)
    """What is done to the body of an answer: method, path, body."""
    wait: float = 0
    """Seconds that a download takes; `peak` is how many were under way at once."""
    peak: int = 0
    busy: int = 0
    answers: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = field(default_factory=dict)
    """Operation -> what answers it instead of moto."""

    def downloads(self) -> list[str]:
        """The keys of data files that were fetched, in order."""
        return [path for method, path, _ in self.asked if method == "GET" and re.search(r"\.(csv\.gz|parquet)$", path)]

    def flips(self, pattern: str) -> None:
        """Answers to matching requests arrive with other bytes, as many as there were."""
        found = re.compile(pattern)
        self.changes.append(
            lambda m, p, body: bytes(b ^ 1 for b in body) if found.search(f"{m} {p}") else body
        )  # fmt: skip

    def fails(self, pattern: str, code: str, status: int, times: int = 10**6, message: str = "no", **more: Any) -> None:
        """Requests whose `METHOD path` the pattern finds are answered with an S3 error."""
        body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
        found = re.compile(pattern)
        self.faults.append(
            Fault(lambda m, p, _: bool(found.search(f"{m} {p}")), times, status, body, **more)
        )  # fmt: skip

    def cuts(self, pattern: str, after: int, times: int = 1) -> None:
        """Answers to matching requests end after some bytes, and the connection with them."""
        found = re.compile(pattern)
        self.faults.append(Fault(lambda m, p, _: bool(found.search(f"{m} {p}")), times, cut_after=after))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """The address of a moto server that lives as long as the tests do."""
    port = _free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        url = f"http://127.0.0.1:{port}"
        until = time.monotonic() + 120
        while True:
            assert server.poll() is None, "moto's server ended"
            assert time.monotonic() < until, "moto's server does not answer"
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/moto-api/data.json", timeout=10):
                break
            time.sleep(0.05)
        yield url
        server.terminate()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    front: Front

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2] or self.headers.get("Range", "")
        if not operation and body.startswith(b"Action="):
            operation = body.decode().split("&")[0].removeprefix("Action=")
        self.front.asked.append((self.command, self.path, operation))
        fault = next(
            (f for f in self.front.faults if f.times > 0 and f.matches(self.command, self.path, operation)), None
        )
        if fault:
            fault.times -= 1
        if fault and fault.cut_after is None:
            return self._answer(fault.status, dict(fault.headers), fault.body.encode())
        if operation in self.front.answers:
            return self._json(self.front.answers[operation](json.loads(body or b"{}")))
        status, headers, content = self._forward(body)
        return self._answer(status, headers, content, fault.cut_after if fault else None)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _handle  # noqa: N815

    def _json(self, answer: dict[str, Any]) -> None:
        status = int(answer.pop("__status", 200))
        self._answer(status, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(answer).encode())

    def _forward(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        with self._busy():
            return self._forwarded(body)

    @contextlib.contextmanager
    def _busy(self) -> Iterator[None]:
        is_data = self.command == "GET" and re.search(r"\.(csv\.gz|parquet)$", self.path) is not None
        self.front.busy += is_data
        self.front.peak = max(self.front.peak, self.front.busy)
        time.sleep(self.front.wait if is_data else 0)
        yield
        self.front.busy -= is_data

    def _forwarded(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        host = self.front.moto.removeprefix("http://")
        connection = http.client.HTTPConnection(host, timeout=60)
        connection.request(self.command, self.path, body, dict(self.headers.items()))
        answer = connection.getresponse()
        content = answer.read()
        headers = {k: v for k, v in answer.getheaders() if k.lower() not in {"connection", "transfer-encoding", "date"}}
        connection.close()
        for change in self.front.changes:
            content = change(self.command, self.path, content)
        return answer.status, headers, content

    def _answer(self, status: int, headers: dict[str, str], content: bytes, cut: int | None = None) -> None:
        self.send_response(status)
        headers = {k: v for k, v in headers.items() if k.lower() != "server"}
        if self.command != "HEAD":
            headers = {k: v for k, v in headers.items() if k.lower() != "content-length"}
            headers["Content-Length"] = str(len(content))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        self.wfile.write(content[:cut])
        if cut is not None and cut < len(content):
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that went away is nobody's concern."""


@pytest.fixture(scope="session")
def standing(moto: str) -> Iterator[Front]:
    front = Front("", moto)
    handler = type("Handler", (_Handler,), {"front": front})
    server = _Server(("127.0.0.1", 0), handler)
    front.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield front
    server.shutdown()


@pytest.fixture
def front(standing: Front, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Front:
    """The local AWS, empty; the environment leads to it, with credentials that must never be printed."""
    urllib.request.urlopen(urllib.request.Request(f"{standing.moto}/moto-api/reset", method="POST"), timeout=60)
    standing.asked.clear()
    standing.faults.clear()
    standing.changes.clear()
    standing.answers.clear()
    standing.wait, standing.peak = 0, 0
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", standing.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-aws-credentials"))
    return standing


# --- deliveries -----------------------------------------------------------------------------------------------------

ROW = {
    "BillingAccountId": "123456789012", "BillingCurrency": "USD", "ChargeCategory": "Usage", "InvoiceIssuerName": "AWS",
    "ProviderName": "AWS", "PublisherName": "AWS", "ServiceCategory": "Compute", "ServiceName": "Amazon SageMaker",
    "SubAccountId": "000000000011", "SkuId": "sku", "ChargeDescription": "", "Tags": "{}",
}  # fmt: skip
COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")
TIMES = ("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd")


def rows(period: str, *costs: str, part: str = "1", **columns: str) -> bytes:
    """A FOCUS file, gzipped: one row per cost, one a day from the first of the month; `part` tells its rows apart."""
    year, month = map(int, period.split("-"))
    after = f"{year + month // 12}-{month % 12 + 1:02}-01T00:00:00Z"
    out = io.StringIO()
    writer = csv.DictWriter(out, [*ROW, *COSTS, *TIMES])
    writer.writeheader()
    for day, cost in enumerate(costs, 1):
        times = (f"{period}-01T00:00:00Z", after, f"{period}-{day:02}T00:00:00Z", f"{period}-{day:02}T01:00:00Z")
        writer.writerow(
            {
                **ROW,
                "SkuId": f"sku-{part}",
                **columns,
                **dict.fromkeys(COSTS, cost),
                **dict(zip(TIMES, times, strict=True)),
            }
        )
    return gzip.compress(out.getvalue().encode(), mtime=0)


@dataclass
class Payer:
    """An account whose exports go into the bucket; `put` is boto3's, and so are the listings of tests."""

    s3: Any
    bucket: str = BUCKET
    later: list[Callable[[], None]] = field(default_factory=list)
    """What happens before the last command of a case."""

    @staticmethod
    def rows(period: str, *costs: str, **columns: str) -> bytes:
        return rows(period, *costs, **columns)

    def then(self, action: Callable[[], None]) -> None:
        self.later.append(action)

    def half(self, period: str) -> None:
        """Half of an overwriting delivery: the first file and the manifest are new, the second file is not."""
        self.put(f"exports/prod/data/BILLING_PERIOD={period}/prod-00001.csv.gz", rows(period, "9"))
        at = f"exports/prod/metadata/BILLING_PERIOD={period}/prod-Manifest.json"
        written = json.loads(self.s3.get_object(Bucket=self.bucket, Key=at)["Body"].read())
        self.put(at, json.dumps({**written, "executionId": "next"}).encode())

    @staticmethod
    def age(front: Front, name: str) -> None:
        """In listings, objects whose key ends like this are of the year 2020."""
        found = re.compile(rf"({re.escape(name)}</Key>\s*<LastModified>)\d{{4}}")
        front.changes.append(
            lambda _m, _p, body: found.sub(r"\g<1>2020", body.decode()).encode() if b"<Key>" in body else body
        )

    @staticmethod
    def freeze(front: Front) -> None:
        """In listings, all objects are of one moment."""
        found = re.compile(rb"<LastModified>[^<]*<")
        front.changes.append(lambda _m, _p, body: found.sub(b"<LastModified>2026-06-03T04:05:06.000Z<", body))

    @staticmethod
    def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
        """Waits between the tries of a download are not waited."""
        from aiops_cost.providers.aws import bucket

        monkeypatch.setattr(bucket.time, "sleep", lambda _: None)

    @staticmethod
    def lock(path: str) -> None:
        """Another process holds a lock."""
        Path(path).parent.mkdir(parents=True)
        code = f"import fcntl, sys; f = open({path!r}, 'w'); fcntl.flock(f, 2); print(1, flush=True); sys.stdin.read()"
        held = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert held.stdout
        held.stdout.readline()
        LOCKS.append(held)

    def put(self, key: str, body: bytes) -> str:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return key

    def export(
        self, period: str, parts: Sequence[bytes], run: str = "", root: str = "exports/prod", named: Sequence[str] = ()
    ) -> list[str]:
        """A Data Exports delivery: data, then manifest. With `run` as `create new` delivers, else overwriting.
        `named` are further files that the manifest names and nobody delivers."""
        name = root.rpartition("/")[2]
        folder = f"{root}/data/BILLING_PERIOD={period}/" + (f"{run}/" if run else "")
        keys = [self.put(f"{folder}{name}-{n:05}.csv.gz", part) for n, part in enumerate(parts, 1)]
        text = json.dumps(
            {"executionId": run or f"run-{period}-{len(parts)}", "columns": [],
             "dataFiles": [f"s3://{self.bucket}/{key}" for key in (*keys, *named)]}
        ).encode()  # fmt: skip
        if run:
            self.put(f"{root}/metadata/BILLING_PERIOD={period}/{run}/{name}-Manifest.json", text)
        self.put(f"{root}/metadata/BILLING_PERIOD={period}/{name}-Manifest.json", text)
        return keys

    def report(self, period: str, parts: Sequence[bytes], assembly: str = "", root: str = "cur/hourly") -> list[str]:
        """A legacy delivery: create-new with an `assembly`, else overwriting."""
        year, month = map(int, period.split("-"))
        span = f"{year}{month:02}01-{year + month // 12}{month % 12 + 1:02}01"
        name = root.rpartition("/")[2]
        folder = f"{root}/{span}/" + (f"{assembly}/" if assembly else "")
        keys = [self.put(f"{folder}{name}-{n}.csv.gz", part) for n, part in enumerate(parts, 1)]
        written = {
            "assemblyId": assembly or "a1", "account": "123456789012", "bucket": self.bucket, "reportName": name,
            "billingPeriod": {"start": f"{year}{month:02}01T000000.000Z", "end": f"{span[9:]}T000000.000Z"},
            "reportKeys": [f"/{key}" for key in keys], "compression": "GZIP", "contentType": "text/csv", "columns": [],
        }  # fmt: skip
        text = json.dumps(written).encode()
        if assembly:
            self.put(f"{folder}{name}-Manifest.json", text)
        self.put(f"{root}/{span}/{name}-Manifest.json", text)
        return keys


LOCKS: list[subprocess.Popen[bytes]] = []


@pytest.fixture
def payer(front: Front) -> Iterator[Payer]:
    """A payer with its bucket."""
    import boto3

    s3 = boto3.client("s3", endpoint_url=front.moto, region_name="us-east-1", aws_access_key_id="x",
                      aws_secret_access_key="y")  # fmt: skip
    s3.create_bucket(Bucket=BUCKET)
    yield Payer(s3)
    while LOCKS:
        with LOCKS.pop() as held:
            held.terminate()


@dataclass
class Desk:
    """A folder with a configuration whose one source is AWS, and the command line in it."""

    folder: Path
    cli: Any

    def source(self, location: str, *more: str) -> Desk:
        keys = ", ".join(["name: aws-prod", "provider: aws", f'location: "{location}"', *more])
        (self.folder / "aiops-cost.yaml").write_text(f"currency: USD\nsources:\n  - {{{keys}}}\n", encoding="utf-8")
        return self

    def __call__(self, *words: str, at: datetime = datetime(2026, 7, 20, 5, tzinfo=UTC)) -> Any:
        found = self.cli(*words, cwd=self.folder, clock=at)
        for said in (found.out, found.err):
            assert SECRET not in said
            assert KEY_ID not in said
            assert "Traceback" not in said
        return found

    def months(self) -> dict[str, str]:
        """BilledCost by month in the ledger, as text."""
        sql = "SELECT x_BillingPeriod AS m, sum(BilledCost) AS c FROM ledger GROUP BY 1 ORDER BY 1"
        found = self("query", sql, "--format", "json")
        if found.code:
            return {}
        return {row["m"]: f"{Decimal(row['c']).normalize():f}" for row in found.rows("rows")}


@pytest.fixture
def desk(tmp_path: Path, cli: Any) -> Desk:
    folder = tmp_path / "desk"
    folder.mkdir()
    return Desk(folder, cli).source(f"s3://{BUCKET}/exports/prod")
