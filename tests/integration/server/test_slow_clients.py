"""Slow clients and the app as the Procfile starts it; ``make slow-clients`` is the full size."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Iterator

import pytest

from benchmarks.servers import Server, serving
from benchmarks.slow_clients import watch
from tests.support.serving import ask, children_of, wait_until
from tests.support.worker import read_all

CROWD = {"heads": 120, "bodies": 120, "readers": 20, "uploads": 20}
SECONDS = 4.0
MOST = 50
HALF = b"GET / HTTP/1.1\r\nHost: x\r\nX-A: "


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving(WEB_CONCURRENCY="2", THREADS="2", JOBS="0") as one:
        yield one


def test_others_notice_nothing_of_slow_clients(server: Server) -> None:
    """Of two workers with two threads each, eight such clients once stopped everything."""
    notice = watch(server, SECONDS, CROWD)
    assert notice.errors == 0
    assert notice.requests > 10
    assert notice.p99 < 1500, "on a machine that does other work, too"
    assert notice.memory < 60


def test_half_uploads_block_no_upload(server: Server) -> None:
    head = b"POST /page/compare/file HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    head += b"Content-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n"
    halves = [socket.create_connection(("127.0.0.1", server.port), 10) for _ in range(6)]
    for half in halves:
        half.sendall(head % (64 << 20) + b"G1\n" * 50_000)
    with socket.create_connection(("127.0.0.1", server.port), 30) as whole:
        whole.sendall(head % 5 + b"G1\n1\n")
        answer = read_all(whole)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"The file has no columns G2" in answer
    for half in halves:
        half.close()


def test_one_address_has_fifty_connections_in_all_workers(server: Server) -> None:
    connections = [socket.create_connection(("127.0.0.1", server.port), 10, ("127.7.7.7", 0))]
    refusals = []
    for _ in range(2 * MOST):
        connections.append(
            socket.create_connection(("127.0.0.1", server.port), 10, ("127.7.7.7", 0))
        )
    for connection in connections[MOST:]:
        connection.settimeout(0.2)
        try:
            refusals.append(read_all(connection))
        except TimeoutError:
            continue
    assert len(refusals) >= MOST, "all but a few that were counted at the same moment"
    for refusal in refusals:
        assert refusal.startswith(b"HTTP/1.1 429 ")
        assert json.loads(refusal.partition(b"\r\n\r\n")[2])["error"]["code"] == (
            "too_many_connections"
        )
    for connection in connections:
        connection.close()


def test_half_requests_hold_no_worker_that_stops(server: Server) -> None:
    """They are told to come again by old workers at HUP, and by the new ones at SIGTERM."""
    master = server.process.pid
    old = set(children_of(master))
    halves = [half_upload(server) for _ in range(6)]
    os.kill(master, signal.SIGHUP)
    wait_until(lambda: len(new_workers(master, old)) == 2, 60, "there are new workers")
    halves += [half_upload(server) for _ in range(6)]
    assert ask(f"{server.url}/healthz")[0] == 200, "whoever came before is accepted, too"
    os.kill(master, signal.SIGTERM)
    for half in halves:
        answer = read_all(half)
        assert answer.startswith(b"HTTP/1.1 503 "), answer
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "stopping"
        half.close()
    assert server.process.wait(40) == 0


def half_upload(server: Server) -> socket.socket:
    """A connection whose request came fast enough to have 20 seconds more."""
    connection = socket.create_connection(("127.0.0.1", server.port), 60)
    head = b"POST /page/compare/file HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\n"
    connection.sendall(head + bytes(80_000))
    return connection


def new_workers(master: int, old: set[int]) -> list[int]:
    return [
        pid for pid, name in children_of(master).items() if pid not in old and "gunicorn" in name
    ]
