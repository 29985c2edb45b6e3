"""Metrics from a real Prometheus server, whose history is made for these tests; and from servers that misbehave."""

from __future__ import annotations

import itertools
import json
import shutil
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from aiops_cost.errors import ProviderError
from aiops_cost.metrics import prometheus
from aiops_cost.metrics.fetch import fetch
from aiops_cost.metrics.read import known

FIRST = date(2026, 5, 1)
DAYS = 10
MINUTES = "{metric: requests, query: 'sum(increase(asked_total{app=\"search\"}[2m])) / 2', step: 1m, workload: search}"
TODAY = FIRST + timedelta(days=DAYS)
HERE = shutil.which("prometheus") and shutil.which("promtool")
needs_prometheus = pytest.mark.skipif(not HERE, reason="there is no Prometheus on this machine (apt: prometheus)")


def _history() -> str:
    """`asked_total` of two apps: a request a minute (chat, restarted at noon on the fifth day) and two (search);
    `latency_seconds` of chat: 0.2, but NaN on the third day; for ten hours of the seventh day nothing was scraped."""
    start = int(datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC).timestamp())
    lines = ["# TYPE asked counter"]
    for app, each in (("chat", 1), ("search", 2)):
        for minute in range(DAYS * 1440 + 1):
            if 6 * 1440 < minute <= 6 * 1440 + 600:
                continue
            reset = 4 * 1440 + 720 if app == "chat" and minute >= 4 * 1440 + 720 else 0
            lines.append(f'asked_total{{app="{app}"}} {(minute - reset) * each} {start + minute * 60}')
    lines.append("# TYPE latency_seconds gauge")
    for minute in range(0, DAYS * 1440 + 1, 5):
        value = "NaN" if 2 * 1440 < minute <= 3 * 1440 else "0.2"
        lines.append(f'latency_seconds{{app="chat"}} {value} {start + minute * 60}')
    return "\n".join([*lines, "# EOF", ""])


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "history.txt").write_text(_history(), encoding="utf-8")
    (folder / "p.yml").write_text("global: {}\n", encoding="utf-8")
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=240h"]
    subprocess.run([*command, str(folder / "history.txt"), str(folder / "data")], check=True, capture_output=True)
    port = _free_port()
    options = [
        f"--config.file={folder}/p.yml",
        f"--storage.tsdb.path={folder}/data",
        "--storage.tsdb.retention.time=10y",
    ]
    with subprocess.Popen(
        ["prometheus", *options, f"--web.listen-address=127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as running:
        try:
            yield _ready(f"http://127.0.0.1:{port}", running)
        finally:
            running.terminate()


def _ready(url: str, running: subprocess.Popen[bytes]) -> str:
    for _ in range(200):
        assert running.poll() is None, "Prometheus ended at once"
        try:
            urllib.request.urlopen(f"{url}/-/ready", timeout=1).close()
            return url
        except OSError:
            time.sleep(0.05)
    raise AssertionError("Prometheus did not become ready")


def entry(url: str, query: str, more: str = "") -> str:
    return f"  - prometheus: {url}\n    history: 10\n{more}    queries:\n      - {query}"


def values(found, name="requests"):
    return {(str(p.day), p.workload): p.value for p in found.points if p.name == name}


@needs_prometheus
def test_a_day_is_a_utc_day_and_a_counter_that_began_anew_loses_nothing(server, sources):
    [source] = sources(
        entry(server, "{metric: requests, query: 'sum by (app) (increase(asked_total[1d]))', labels: {workload: app}}")
    )
    found = values(prometheus.fetch(source, FIRST, date(2026, 5, 10), None))
    assert [round(found[f"2026-05-0{day}", "search"]) for day in (2, 3, 4)] == [2880] * 3
    assert 1430 <= found["2026-05-05", "chat"] <= 1441
    assert ("2026-05-11", "chat") not in found


@needs_prometheus
def test_more_than_11_000_points_are_asked_in_parts(server, sources):
    [source] = sources(
        entry(
            server,
            MINUTES,
        )
    )
    asked = list(prometheus.ranges(FIRST, date(2026, 5, 10), 60))
    assert len(asked) == 2
    found = prometheus.fetch(source, FIRST, date(2026, 5, 10), None)
    assert 2870 <= values(found)["2026-05-10", "search"] <= 2881
    assert 2870 <= values(found)["2026-05-09", "search"] <= 2881


@needs_prometheus
def test_a_day_that_lacks_steps_is_left_out_and_it_is_said(server, sources):
    [source] = sources(
        entry(
            server,
            "{metric: requests, query: 'sum by (app) (increase(asked_total[1h]))', step: 1h, labels: {workload: app}}",
        )
    )
    found = prometheus.fetch(source, FIRST, date(2026, 5, 10), None)
    assert ("2026-05-07", "chat") not in values(found)
    assert any("days of requests lack steps of 1h" in note for note in found.notes)


@needs_prometheus
def test_a_level_is_averaged_scaled_and_no_number_is_left_out(server, sources):
    query = "{metric: latency_p95_ms, query: 'avg_over_time(latency_seconds[1h])', step: 1h, scale: 1000, "
    query += "labels: {workload: app}}"
    [source] = sources(entry(server, query))
    found = prometheus.fetch(source, FIRST, date(2026, 5, 10), None)
    got = values(found, "latency_p95_ms")
    assert got["2026-05-02", "chat"] == 200
    assert ("2026-05-03", "chat") not in got
    assert any("no number" in note for note in found.notes)


@needs_prometheus
def test_a_query_that_prometheus_refuses_says_why(server, sources):
    [source] = sources(entry(server, "{metric: requests, query: 'sum by ((('}"))
    with pytest.raises(ProviderError, match=r"refused `sum by.*` with 400: .*parse error"):
        prometheus.fetch(source, FIRST, TODAY, None)


@needs_prometheus
def test_what_was_fetched_is_kept_and_read_without_the_server(server, sources, tmp_path):
    ledger = str(tmp_path / "ledger")
    asked = sources(
        entry(server, "{metric: requests, query: 'sum by (app) (increase(asked_total[1d]))', labels: {workload: app}}")
    )
    done = fetch(asked, ledger, TODAY, {})
    assert done.errors == ()
    assert "values of 2026-05-01..2026-05-10 kept" in done.notes[-1]
    kept = known(asked, ledger)
    assert len(kept.points) == len({(p.day, p.series) for p in kept.points}) > 10
    fetch(asked, ledger, TODAY, {})
    assert known(asked, ledger).points == kept.points
    away = sources(
        entry(
            "http://127.0.0.1:9",
            "{metric: requests, query: 'sum by (app) (increase(asked_total[1d]))', labels: {workload: app}}",
        )
    )
    assert "has changed since it was fetched" in known(away, ledger).notes[0]


def test_ranges_meet_without_gap_or_overlap():
    first, last = date(2025, 1, 1), date(2026, 6, 30)
    for step in prometheus.SECONDS.values():
        asked = list(prometheus.ranges(first, last, step))
        points = [1 + (end - start) // step for start, end in asked]
        assert max(points) <= prometheus.MAX_POINTS
        assert sum(points) == ((last - first).days + 1) * 86_400 // step
        assert all(b[0] == a[1] + step for a, b in itertools.pairwise(asked))


# --- servers that misbehave -----------------------------------------------------------------------------------------


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, list[tuple[int, bytes]], list[dict[str, str]]]]:
    """An address, the answers to give in turn (the last one for ever), and the headers that were sent."""
    monkeypatch.setattr(prometheus, "RETRY_AFTER", (0.01, 0.01))
    answers: list[tuple[int, bytes]] = []
    seen: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            seen.append(dict(self.headers))
            code, body = answers.pop(0) if len(answers) > 1 else answers[0]
            self.send_response(code)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}", answers, seen
        listening.shutdown()


EMPTY = json.dumps({"status": "success", "data": {"resultType": "matrix", "result": []}}).encode()
QUERY = "{metric: requests, query: asked}"


def test_a_busy_server_is_asked_again(fake, sources):
    url, answers, seen = fake
    answers += [(503, b""), (429, b""), (200, EMPTY)]
    [source] = sources(entry(url, QUERY))
    assert prometheus.fetch(source, FIRST, FIRST, None).points == ()
    assert len(seen) == 3


def test_the_token_is_sent_and_is_in_no_message(fake, sources, tmp_path):
    url, answers, seen = fake
    answers += [(401, b'{"error": "who are you"}')]
    asked = sources(entry(url, QUERY, "    token_from: PROM_TOKEN\n    required: true\n"))
    done = fetch(asked, str(tmp_path / "ledger"), TODAY, {"PROM_TOKEN": "canary-9c1"})
    assert seen[0]["Authorization"] == "Bearer canary-9c1"
    assert "canary" not in str(done)
    assert "with 401: who are you" in str(done.errors[0])


@pytest.mark.parametrize(
    "body", [b"<html>", b'{"status": "error"}', b"[]", b'{"status": "success", "data": {"resultType": "scalar"}}']
)
def test_an_answer_of_something_else_is_no_empty_answer(fake, sources, body):
    url, answers, _ = fake
    answers += [(200, body)]
    [source] = sources(entry(url, QUERY))
    with pytest.raises(ProviderError, match="its answer"):
        prometheus.fetch(source, FIRST, FIRST, None)


@pytest.mark.parametrize(("required", "errors"), [("", 0), ("    required: true\n", 1)])
def test_a_server_that_is_away_is_an_error_only_where_it_is_required(sources, tmp_path, monkeypatch, required, errors):
    monkeypatch.setattr(prometheus, "RETRY_AFTER", (0.0,))
    asked = sources(entry(f"http://127.0.0.1:{_free_port()}", QUERY, required))
    done = fetch(asked, str(tmp_path / "ledger"), TODAY, {})
    assert len(done.errors) == errors
    assert all(error.exit_code == 4 for error in done.errors)
    assert errors or "did not come: the server was not reached" in done.notes[0]


def test_a_token_that_is_not_set_is_said(sources, tmp_path):
    asked = sources(entry("http://127.0.0.1:9", QUERY, "    token_from: NOWHERE\n"))
    assert "the variable NOWHERE, and it is not set" in fetch(asked, str(tmp_path / "l"), TODAY, {}).notes[0]


def test_pull_leaves_4_where_metrics_were_required(small):
    needed = entry(f"http://127.0.0.1:{_free_port()}", QUERY, "    required: true\n")
    small.bill("aws", "2026-05-01", 31, "10").config(more=f"metrics:\n{needed}\n")
    found = small("pull", "--quiet")
    assert (found.code, "was not reached" in found.err) == (4, True)
    assert small("report").code == 0
    assert Path(small.folder / "ledger").is_dir()
