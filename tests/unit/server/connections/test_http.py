"""How requests are framed: split, in chunks, in one packet, too large, or meant to confuse."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Iterator

import pytest

from tests.support.worker import LIMIT, RunningWorker, big_body, read_all, read_answer, running

HEAD = b"POST /a HTTP/1.1\r\nHost: x\r\n"
GET = b"GET /next HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
LENGTH, CODING = b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n"
CHUNKED = HEAD + CODING + b"\r\n"
EXPECTING = HEAD + b"Expect: 100-continue\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningWorker]:
    with running(tmp_path_factory.mktemp("var")) as one:
        yield one


def forms(data: bytes) -> list[dict[str, object]]:
    """What the app told of each request."""
    answers = data.split(b"HTTP/1.1 ")[1:]
    assert all(answer.startswith(b"200 OK") for answer in answers), data
    return [json.loads(answer.partition(b"\r\n\r\n")[2]) for answer in answers]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("request_", "body"),
    [
        (HEAD + b"Content-Length: 5\r\n\r\nhello", b"hello"),
        (CHUNKED + b"2\r\nhe\r\n3;a=b\r\nllo\r\n0\r\nX-Sum: 1\r\n\r\n", b"hello"),
        (b"\r\n" + HEAD + b"\r\n", b""),
    ],
    ids=["length", "chunks", "none"],
)
def test_a_request_may_be_split_anywhere(
    worker: RunningWorker, request_: bytes, body: bytes
) -> None:
    data = request_ + LAST
    with worker.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i in range(len(request_)):  # a segment for each byte
            connection.send(data[i : i + 1])
        connection.sendall(LAST)
        first, last = forms(read_all(connection))
    assert (first["path"], first["sha256"], last["path"]) == ("/a", sha256(body), "/last")


@pytest.mark.parametrize(
    ("head", "body"),
    [(HEAD + b"Content-Length: 5\r\n\r\n", b"hello"), (CHUNKED, b"5\r\nhello\r\n0\r\n\r\n")],
    ids=["length", "chunks"],
)
def test_a_body_may_come_after_its_head(worker: RunningWorker, head: bytes, body: bytes) -> None:
    """As many clients send it: the head in a packet of its own."""
    with worker.connect() as connection:
        connection.sendall(head)
        connection.settimeout(0.1)
        with pytest.raises(TimeoutError):  # by then it has been read
            connection.recv(1)
        connection.settimeout(10)
        connection.sendall(body + LAST)
        first, last = forms(read_all(connection))
    assert (first["path"], first["sha256"], last["path"]) == ("/a", sha256(b"hello"), "/last")


def test_requests_in_one_packet_are_answered_in_their_order(worker: RunningWorker) -> None:
    several = b"".join(
        b"POST /%d HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (i, i, b"x" * i)
        for i in range(20)
    )
    answers = forms(worker.ask(several + CHUNKED + b"1\r\nx\r\n0\r\n\r\n" + LAST))
    assert [form["path"] for form in answers] == [*(f"/{i}" for i in range(20)), "/a", "/last"]
    assert [form["size"] for form in answers] == [*range(20), 1, 0]


def test_who_only_stops_sending_gets_the_answer(worker: RunningWorker) -> None:
    with worker.connect() as connection:
        connection.sendall(GET)
        connection.shutdown(socket.SHUT_WR)
        (form,) = forms(read_all(connection))
    assert form["path"] == "/next"


@pytest.mark.parametrize(
    ("head", "keeps"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", True),
        (b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", True),
    ],
)
def test_a_connection_is_kept_as_both_sides_say(
    worker: RunningWorker, head: bytes, keeps: bool
) -> None:
    answer = worker.ask(head + LAST)
    assert answer.count(b" 200 OK\r\n") == 1 + keeps


@pytest.mark.parametrize("size", [70_000, LIMIT])
@pytest.mark.parametrize("in_chunks", [False, True])
def test_a_large_body_arrives_whole(worker: RunningWorker, size: int, in_chunks: bool) -> None:
    body = big_body(size)
    data = HEAD + b"Content-Length: %d\r\n\r\n" % size + body
    if in_chunks:
        pieces = [body[i : i + 30_000] for i in range(0, size, 30_000)]
        data = CHUNKED + b"".join(b"%X\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"
    first, _ = forms(worker.ask(data + LAST))
    assert (first["size"], first["sha256"]) == (size, sha256(body))
    budget = worker.worker._loop._budget
    assert (budget._size, budget._sizes) == (0, {}), "no room is left taken"


def test_after_a_body_that_is_too_large_comes_the_next_request(worker: RunningWorker) -> None:
    size = LIMIT + 500_000
    with worker.connect() as connection:
        connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % size)
        assert read_answer(connection)[0] == 413, "before the body has arrived"
        connection.sendall(b"x" * size + LAST)
        (form,) = forms(read_all(connection))
    assert form["path"] == "/last"


def test_100_continue_is_sent_where_the_body_is_wanted(worker: RunningWorker) -> None:
    with worker.connect() as connection:
        connection.sendall(EXPECTING + b"Content-Length: 5\r\n\r\n")
        assert connection.recv(100) == CONTINUE
        connection.sendall(b"hello" + LAST)
        first, _ = forms(read_all(connection))
        assert first["sha256"] == sha256(b"hello")
    assert CONTINUE not in worker.ask(EXPECTING + b"Content-Length: 5\r\n\r\nhello" + LAST)
    assert CONTINUE not in worker.ask(EXPECTING + b"\r\n" + LAST)
    answer = worker.ask(EXPECTING + b"Content-Length: %d\r\n\r\n" % (LIMIT + 1) + LAST)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"Connection: close" in answer  # or the body and a next request could be mixed up
    assert b"/last" not in answer


CONFUSING = {
    "both lengths": HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "both, the other way": HEAD
    + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "a list of lengths": HEAD + b"Content-Length: 5, 5\r\n\r\nhello",
    "a length with a sign": HEAD + b"Content-Length: +5\r\n\r\nhello",
    "a negative length": HEAD + b"Content-Length: -5\r\n\r\nhello",
    "a length in hexadecimal": HEAD + b"Content-Length: 0x5\r\n\r\nhello",
    "a length of many digits": HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
    "chunked twice": HEAD + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "a coding nobody knows": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked, then more": HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "chunked in 1.0": b"POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a space before the colon": HEAD + b"Content-Length : 5\r\n\r\nhello",
    "a folded header": HEAD + b"X-A: a\r\n Content-Length: 5\r\n\r\nhello",
    "a lone CR": HEAD + b"X-A: a\rContent-Length: 5\r\n\r\nhello",
    "a NUL": HEAD + b"X-A: a\0b\r\n\r\n",
    "two hosts": HEAD + b"Host: y\r\n\r\n",
    "no method": b"/a HTTP/1.1\r\nHost: x\r\n\r\n",
    "a method in small letters": b"get /a HTTP/1.1\r\nHost: x\r\n\r\n",
    "no version": b"GET /a\r\nHost: x\r\n\r\n",
    "HTTP/2.0": b"GET /a HTTP/2.0\r\nHost: x\r\n\r\n",
    "the start of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a chunk with a sign": CHUNKED + b"+5\r\nhello\r\n0\r\n\r\n",
    "a chunk with 0x": CHUNKED + b"0x5\r\nhello\r\n0\r\n\r\n",
    "a chunk without a size": CHUNKED + b"\r\nhello\r\n0\r\n\r\n",
    "a chunk that is longer": CHUNKED + b"5\r\nhelloXX0\r\n\r\n",
    "a chunk that ends in LF": CHUNKED + b"5\nhello\n0\n\n",
    "a chunk of very many digits": CHUNKED + b"F" * 30 + b"\r\nhello\r\n0\r\n\r\n",
    "very many chunks of a byte": CHUNKED + b"1\r\nx\r\n" * 20_000,
    "an endless chunk line": CHUNKED + b"5;" + b"a" * 70_000,
    "an expectation nobody knows": HEAD + b"Expect: 200-ok\r\nContent-Length: 5\r\n\r\nhello",
    "a long address": b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "many headers": HEAD + b"X-A: a\r\n" * 200 + b"\r\n",
    "a long header": HEAD + b"X-A: " + b"a" * 9_000 + b"\r\n\r\n",
    "headers without an end": HEAD + b"X-A: a\r\n" * 20_000,
}


@pytest.mark.parametrize("data", CONFUSING.values(), ids=CONFUSING.keys())
def test_nothing_that_could_be_read_in_two_ways_is_served(
    worker: RunningWorker, data: bytes
) -> None:
    """The connection ends, so that nothing behind it is taken for a request."""
    before = len(worker.app.requests)
    answer = worker.ask(data + LAST)
    head, _, body = answer.partition(b"\r\n\r\n")
    status = int(head.split(b" ")[1])
    assert status in (400, 414, 417, 431)
    assert b"Connection: close" in head
    assert len(json.loads(body)["error"]["message"]) > 20, "one answer, and a sentence"
    assert len(worker.app.requests) == before


def test_a_header_that_cannot_be_told_from_another_is_dropped(worker: RunningWorker) -> None:
    worker.ask(b"GET /a HTTP/1.1\r\nHost: x\r\nX_Forwarded_For: 1.2.3.4\r\n\r\n" + LAST)
    assert all("HTTP_X_FORWARDED_FOR" not in environ for environ in worker.app.requests)


def test_a_script_name_that_does_not_fit_is_no_fault(worker: RunningWorker) -> None:
    answer = worker.ask(b"GET /a HTTP/1.1\r\nHost: x\r\nScript_Name: /b\r\n\r\n" + LAST)
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_a_fault_of_the_app_is_a_500_without_a_trace(
    worker: RunningWorker, caplog: pytest.LogCaptureFixture
) -> None:
    answer = worker.ask(b"GET /fail HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"Traceback" not in answer
    assert b"a fault" not in answer
