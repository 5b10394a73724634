"""Slow clients: each has a deadline, and none has a thread."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from gunicorn.config import Config
from gunicorn.errors import ConfigError

from tests.support.serving import wait_until
from tests.support.worker import (
    RunningWorker,
    big_body,
    read_all,
    read_answer,
    running,
    wait_for_connections,
)
from webapp.server.connections.request_reader import Patience
from webapp.server.gunicorn_worker import BufferingWorker

HEAD = b"POST /a HTTP/1.1\r\nHost: x\r\n"
GET = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
SHORT = Patience(head=0.5, body=1.0, body_bytes=100, answer=0.5, rest=0.3, linger=0.3)
BIG = 4 << 20


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningWorker]:
    """A worker of one thread, without patience."""
    with running(tmp_path_factory.mktemp("var"), threads=1, patience=SHORT) as one:
        yield one


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningWorker]:
    """A worker of one thread."""
    with running(tmp_path_factory.mktemp("var"), threads=1) as one:
        yield one


def message_of(answer: bytes) -> str:
    return str(json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["message"])


def test_half_a_head_is_refused_in_time(hasty: RunningWorker) -> None:
    answer = hasty.ask(b"GET /a HTTP/1.1\r\nHost: x\r\nX-A: ")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert message_of(answer) == SENTENCES[0]


def test_a_slow_body_is_refused_in_time(hasty: RunningWorker) -> None:
    with hasty.connect() as connection:
        connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n")
        for _ in range(5):  # a stream of single bytes is no better than none
            connection.sendall(b"x")
            time.sleep(0.05)
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert message_of(answer) == SENTENCES[1]


SENTENCES = (
    "the headers took longer than 10 seconds to arrive: send them at once",
    "the body arrived at less than 500 bytes a second for 20 seconds: send it again",
)


def test_the_sentences_say_what_holds() -> None:
    patience = Patience()
    assert (patience.head, patience.body, patience.body_bytes) == (10, 20, 500 * 20)


def test_a_body_that_keeps_its_rate_may_take_long(hasty: RunningWorker) -> None:
    with hasty.connect() as connection:
        connection.sendall(HEAD + b"Content-Length: 1600\r\n\r\n")
        for _ in range(8):  # longer than two deadlines
            connection.sendall(b"x" * 200)
            time.sleep(0.3)
        assert read_answer(connection)[0] == 200


def test_what_is_refused_is_counted_in_the_log(
    hasty: RunningWorker, caplog: pytest.LogCaptureFixture
) -> None:
    def is_counted() -> bool:
        hasty.worker._loop._next_report = 0  # one of what was refused before may have come first
        return " × 400" in caplog.text

    with caplog.at_level("WARNING", "everycase.connections"):
        hasty.ask(b"nonsense\r\n\r\n")
        wait_until(is_counted, 20)


def test_a_certificate_is_refused_at_the_start() -> None:
    cfg = Config()
    cfg.set("certfile", "x")
    with pytest.raises(ConfigError, match="speaks no TLS"):
        BufferingWorker.check_config(cfg, None)


def test_who_never_asks_is_closed_without_a_word(hasty: RunningWorker) -> None:
    assert hasty.ask(b"") == b""


def test_unfinished_requests_cost_no_thread(patient: RunningWorker) -> None:
    starts = (b"GET / HT", HEAD + b"Content-Length: 9\r\n\r\n", HEAD + b"Content-Length: 9000000")
    connections = [patient.connect() for _ in range(60)]
    for i, connection in enumerate(connections):
        connection.sendall(starts[i % 3])
    start = time.monotonic()
    for _ in range(5):
        assert patient.ask(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert time.monotonic() - start < 5
    for connection in connections:
        connection.close()
    wait_for_connections(patient, 0)


def test_a_slow_reader_costs_no_thread_and_gets_everything(patient: RunningWorker) -> None:
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.connect(("127.0.0.1", patient.port))
        reader.sendall(b"GET /big?n=%d HTTP/1.1\r\nHost: x\r\n\r\n" % BIG + GET)
        with patient.connect() as other:  # the one thread is free again
            other.sendall(GET)
            assert read_answer(other)[0] == 200
        budget = patient.worker._loop._budget
        assert budget._size > BIG // 2, "it waits on disk, not in memory"
        data = bytearray()
        while len(data) < BIG:
            data += reader.recv(1 << 16)
        head, _, body = bytes(data).partition(b"\r\n\r\n")
        while len(body) < BIG:
            body += reader.recv(BIG - len(body))
        assert body[:BIG] == big_body(BIG)
        assert head.startswith(b"HTTP/1.1 200 ")
        rest = body[BIG:] + reader.recv(100)
        assert rest.startswith(b"HTTP/1.1 200 "), "and then the answer to the next request"
    wait_until(lambda: budget._size == 0, 5, "the disk space is given back")


def test_who_stops_reading_is_dropped(hasty: RunningWorker) -> None:
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.connect(("127.0.0.1", hasty.port))
        reader.sendall(b"GET /big?n=%d HTTP/1.1\r\nHost: x\r\n\r\n" % BIG)
        wait_for_connections(hasty, 1)
        wait_for_connections(hasty, 0)
        assert len(read_all(reader)) < BIG
    assert hasty.worker._loop._budget._size == 0


def test_who_is_gone_before_the_answer_disturbs_nobody(patient: RunningWorker) -> None:
    with patient.connect() as connection:
        connection.sendall(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until(lambda: any(r["PATH_INFO"] == "/wait" for r in patient.app.requests), 5)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    patient.app.go.set()
    wait_for_connections(patient, 0)
    with patient.connect() as connection:
        connection.sendall(GET)
        assert read_answer(connection)[0] == 200


def test_too_many_connections_end_the_longest_idle(tmp_path: Path) -> None:
    with running(tmp_path) as one:
        one.worker.worker_connections = 5
        first = one.connect()
        wait_for_connections(one, 1)
        others = [one.connect() for _ in range(3)]
        for connection in others:
            connection.sendall(GET)
            assert read_answer(connection)[0] == 200
        last = one.connect()
        assert read_all(first) == b""
        last.sendall(GET)
        assert read_answer(last)[0] == 200
        for connection in (first, *others, last):
            connection.close()


def test_a_worker_that_stops_answers_what_it_has(tmp_path: Path) -> None:
    with running(tmp_path, patience=Patience(draining=0.5)) as one:
        busy, half, idle = one.connect(), one.connect(), one.connect()
        busy.sendall(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
        half.sendall(HEAD + b"Content-Length: 5\r\n\r\nhel")
        wait_until(lambda: one.app.requests, 5)
        wait_for_connections(one, 3)
        one.worker.handle_exit(None, None)
        one.app.go.set()
        half.sendall(b"lo")
        assert read_answer(busy)[0] == read_answer(half)[0] == 200
        start = time.monotonic()
        assert read_all(idle) == b""
        assert time.monotonic() - start < 5
        for connection in (busy, half, idle):
            connection.close()


def test_a_worker_that_stops_waits_briefly_for_the_rest_of_a_request(tmp_path: Path) -> None:
    patience = Patience(draining=0.2, draining_body=0.6, linger=0.2)
    with running(tmp_path, patience=patience) as one:
        busy, head, body = one.connect(), one.connect(), one.connect()
        busy.sendall(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
        head.sendall(HEAD)
        body.sendall(HEAD + b"Content-Length: 100000\r\n\r\n" + bytes(50_000))
        wait_until(lambda: one.app.requests, 5)
        wait_for_connections(one, 3)
        one.worker.handle_exit(None, None)
        for connection in (head, body):
            answer = read_all(connection)
            assert answer.startswith(b"HTTP/1.1 503 ")
            assert b"\r\nRetry-After: 5\r\n" in answer
            assert message_of(answer).startswith("the server is stopping or starting anew")
        one.app.go.set()
        assert read_answer(busy)[0] == 200
        for connection in (busy, head, body):
            connection.close()
