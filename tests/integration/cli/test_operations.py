"""What those who run it rely on: logs, request ids, readiness, metrics, a champion everywhere."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import time
import urllib.error
import urllib.request
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.app_access import ADMIN_TOKEN
from tests.support.serving import ask, ask_json, children_of, served, wait_until
from webapp.settings import ROOT

MODELS = ROOT / "models"
ROW = "&".join(f"G{i}={i % 2}" for i in range(1, 11))


def call(url: str, method: str = "GET", body: Any = None, **headers: str) -> tuple[int, Any, Any]:
    """Status, headers and body of one request."""
    data = None if body is None else json.dumps(body).encode()
    fields = {"Content-Type": "application/json", **headers}
    request = urllib.request.Request(url, data, fields, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def samples(url: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    text = call(f"{url}/metrics")[2].decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def answered(url: str, route: str = "/", status: str = "200") -> float:
    labels = (("method", "GET"), ("route", route), ("status", status))
    return samples(url).get(("everycase_http_requests_total", labels), 0)


def workers_of(master: int) -> list[int]:
    return [pid for pid, command in children_of(master).items() if "gunicorn" in command]


def test_metrics_are_those_of_all_workers(tmp_path: Path) -> None:
    with served(MODELS, tmp_path) as (url, master):
        for _ in range(60):  # a connection each, so both workers have some
            assert ask(f"{url}/?{ROW}")[0] == 200
        assert {answered(url) for _ in range(10)} == {60}
        ask(f"{url}/?{ROW}&G11=1")
        assert answered(url, status="400") == 1
        os.kill(workers_of(master.pid)[0], signal.SIGKILL)
        wait_until(lambda: len(workers_of(master.pid)) == 2, 20, "another worker")
        for _ in range(20):
            assert ask(f"{url}/?{ROW}")[0] == 200
        assert {answered(url) for _ in range(10)} == {80}  # what the dead one served is kept
        events = ("everycase_events", (("source", "api"),))
        wait_until(lambda: samples(url)[events] == 80, 20, "a worker counts once a second")
        metrics = samples(url)
        assert metrics["everycase_http_request_duration_seconds_count", (("route", "/"),)] == 81
        assert metrics["everycase_champion_ready", (("version", "logit_games_v1"),)] == 1
        assert metrics["everycase_log_up", ()] == 1
        assert metrics["everycase_champion_matured_events", ()] == 0
        assert ("everycase_champion_age_seconds", ()) not in metrics, "it was never promoted"


def test_every_request_has_an_id_in_its_answer_and_in_the_log(tmp_path: Path) -> None:
    with served(MODELS, tmp_path, LOG_FORMAT="json") as (url, _master):
        _, headers, _ = call(f"{url}/healthz", **{"X-Request-ID": "mine-1.2"})
        assert headers["X-Request-ID"] == "mine-1.2"
        _, headers, _ = call(f"{url}/?{ROW}&secret=1", **{"X-Request-ID": 'no"quotes'})
        request_id = headers["X-Request-ID"]
        log = tmp_path / "gunicorn.log"
        wait_until(lambda: "everycase.supervisor" in log.read_text(), 20)
        assert request_id.isalnum()
    lines = (tmp_path / "gunicorn.log").read_text().splitlines()
    entries = [json.loads(line) for line in lines if not line.startswith("Sign in as")]
    assert all({"event", "level", "logger", "timestamp"} <= set(line) for line in entries)
    requests = {line["request_id"]: line for line in entries if line["event"] == "request"}
    assert requests["mine-1.2"]["path"] == "/healthz"
    assert (requests[request_id]["path"], requests[request_id]["status"]) == ("/", 400)
    assert {"client", "method", "bytes", "ms"} <= set(requests[request_id])
    assert "secret" not in json.dumps(entries)  # queries stay out of it
    assert {"gunicorn.error", "everycase.supervisor"} <= {line["logger"] for line in entries}


def test_a_terminal_reads_lines_of_text(tmp_path: Path) -> None:
    with served(MODELS, tmp_path, LOG_FORMAT="text") as (url, _master):
        ask(f"{url}/healthz")
    log = (tmp_path / "gunicorn.log").read_text()
    assert '127.0.0.1 "GET /healthz" 200 ' in log
    assert f"Everycase is ready: {url}" in log
    assert "{" not in log


def test_a_promotion_reaches_every_worker_in_time(tmp_path: Path) -> None:
    bearer = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    with served(MODELS, tmp_path, ADMIN_TOKEN=ADMIN_TOKEN) as (url, _master):
        place = f"{url}/api/v1/champion"
        for version in ("hgb_games_v1", "logit_games_v2", "logit_games_v1"):
            body = {"version": version, "reason": "a test"}
            status, _, answer = call(place, "PUT", body, **bearer)
            assert (status, json.loads(answer)["version"]) == (200, version)
            start = time.monotonic()

            def everywhere(version: str = version) -> bool:
                versions = {ask_json(f"{url}/?{ROW}")[1]["version"] for _ in range(20)}
                return versions == {version}

            wait_until(everywhere, 5, "every worker answers with it")
            assert time.monotonic() - start < 5
        message = ask_json(place)[1]
        assert (message["previous"], message["reason"]) == ("logit_games_v2", "a test")
        assert (message["actor"], message["version"]) == ("admin token", "logit_games_v1")


def test_a_missing_champion_is_reported_loudly(tmp_path: Path) -> None:
    models = tmp_path / "models"
    shutil.copytree(MODELS, models)
    with served(models, tmp_path / "var") as (url, _master):
        assert ask(f"{url}/?{ROW}")[0] == 200
        (models / "logit_games_v1" / "MLmodel").write_text("{")
        wait_until(lambda: ask(f"{url}/readyz")[0] == 503, 20, "it is not ready")
        wait_until(lambda: all(ask(f"{url}/?{ROW}")[0] == 503 for _ in range(20)), 5)
        status, headers, body = call(f"{url}/readyz")
        assert status == 503
        assert int(headers["Retry-After"]) >= 1
        assert "logit_games_v1" in json.loads(body)["problems"]["champion"]
        assert b"champion-banner" in ask(f"{url}/_dash-layout")[1]
        assert ask_json(f"{url}/?{ROW}&version=hgb_games_v1")[0] == 200  # by name, others answer


def test_idle_connections_do_not_hold_up_a_stop(tmp_path: Path) -> None:
    with served(MODELS, tmp_path) as (url, master):
        connection = HTTPConnection("127.0.0.1", int(url.rpartition(":")[2]))
        connection.request("GET", "/healthz")
        assert connection.getresponse().read()
        start = time.monotonic()
        master.terminate()
        assert master.wait(30) == 0
        assert time.monotonic() - start < 5
        connection.close()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_leaves_no_process_behind(tmp_path: Path, stop: int) -> None:
    with served(MODELS, tmp_path) as (_url, master):
        wait_until(lambda: len(children_of(master.pid)) == 4, 20, "workers, supervisor, analyst")
        children = list(children_of(master.pid))
        master.send_signal(stop)
        assert master.wait(30) == 0
        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children), 10)


def test_a_request_after_an_unread_body_is_answered(tmp_path: Path) -> None:
    with served(ROOT / "models", tmp_path / "var") as (url, _):
        host, _, port = url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=5) as client:
            head = "OPTIONS /api/v1/champion HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"
            client.sendall(head.encode() + b"12345")  # a view gets a request that is whole
            assert b" 204 " in client.recv(4096)
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b" 200 " in client.recv(4096)
