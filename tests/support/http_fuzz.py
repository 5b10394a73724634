"""Requests that are almost HTTP, for ``python -m tests.support.http_fuzz COUNT`` and the tests."""

from __future__ import annotations

import random
import socket
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tests.support.app_access import make_app
from tests.support.worker import RunningWorker, read_all, running

SEED = 20
_ROW = b"&".join(b"G%d=1" % i for i in range(1, 11))
_JSON = b"Content-Type: application/json\r\n"
_PREDICT = b"POST /api/v1/predict HTTP/1.1\r\nHost: x\r\n" + _JSON
TEMPLATES = (
    b"GET /?" + _ROW + b" HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\nCookie: a=b\r\n\r\n",
    b"GET /api/v1/versions?a=%00%ff HTTP/1.0\r\n\r\n",
    _PREDICT + b'Content-Length: 15\r\n\r\n{"inputs": {}}\n',
    _PREDICT
    + b'Transfer-Encoding: chunked\r\n\r\n5;a=b\r\n{"inp\r\n9\r\nuts": {}}\r\n0\r\nA: b\r\n\r\n',
    _PREDICT + b'Expect: 100-continue\r\nContent-Length: 15\r\n\r\n{"inputs": {}}\n',
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\nG1=1",
    b"PUT /page/compare/file?versions=a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nG1\n",
    b"OPTIONS * HTTP/1.1\r\nHost: x\r\nOrigin: http://y\r\n\r\n",
    b"GET http://x:8050/healthz HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n",
)
PIECES = (
    *(b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b":", b";", b",", b"%", b"%00", b"%2e%2e/", b"//"),
    *(b"\xff\xfe", b"\xc3\xa9", b"?", b"#", b"[", b"]", b"@", b"..", b"\x1b[2J", b"\x7f"),
    *(b"-1", b"+5", b"0x5", b"99999999999999999999", b"1e3", b"chunked", b"identity", b"gzip"),
    b"Content-Length: 5\r\n",
    b"Content-Length: 0\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding:\x0bchunked\r\n",
    b"Content-Encoding: gzip\r\n",
    b"Connection: close, upgrade\r\nUpgrade: websocket\r\n",
    b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
    b"Expect: 100-continue\r\n",
    b"Host: [::1\r\n",
    b"Host: a b\r\n",
    b"Host: \xff\r\n",
    b"X-Forwarded-For: nobody, \xff\r\n",
    b"X-Forwarded-Proto: gopher\r\n",
    b"X-Request-ID: \x1b[2J\r\n",
    b"Script_Name: /a\r\n",
    b"Authorization: Bearer \xff\r\n",
    b"Authorization: Basic ====\r\n",
    b'Cookie: =;=;,\xff="\\\r\n',
    b'If-Modified-Since: never\r\nIf-None-Match: "\r\n',
    b"Range: bytes=9-1,-0\r\n",
    b"Accept: ;q=x, */*;q=2\r\n",
    b"Accept-Encoding: \xff;q=1\r\n",
    b"Content-Type: multipart/form-data; boundary=\xff\r\n",
    b"Content-Type: application/json; charset=nope\r\n",
    b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n",
    b"\x16\x03\x01\x02\x00\x01",
)


def mutations(count: int, seed: int = SEED) -> Iterator[bytes]:
    """As many requests, each with one to four faults or oddities."""
    dice = random.Random(seed)
    for _ in range(count):
        data = bytearray(dice.choice(TEMPLATES))
        if dice.random() < 0.2:
            data += dice.choice(TEMPLATES)
        for _ in range(dice.randint(1, 4)):
            _change(data, dice)
        yield bytes(data)


def _change(data: bytearray, dice: random.Random) -> None:
    place = dice.randrange(len(data) + 1)
    kind = dice.randrange(7)
    if kind <= 1:
        data[place:place] = dice.choice(PIECES)
    elif kind == 2:  # a whole header, at the end of a line
        end = data.find(b"\r\n", place)
        data[end + 2 : end + 2] = dice.choice(PIECES[31:])
    elif kind == 3:
        del data[place : place + dice.randint(1, 20)]
    elif kind == 4:
        data[place : place + 1] = bytes([dice.randrange(256)])
    elif kind == 5:
        data[place:place] = data[place : place + dice.randint(1, 40)] * dice.choice((1, 3, 300))
    else:
        del data[place:]


def problem_of(one: RunningWorker, data: bytes) -> tuple[str, str]:
    """The status of the first answer, or none; and what is wrong with it, empty for nothing."""
    with one.connect() as connection:
        connection.sendall(data)
        with suppress(OSError):  # the answer may be there already, and the connection ended
            connection.shutdown(socket.SHUT_WR)
        answer = read_all(connection)
    if not answer:
        return "none", ""
    status = answer[9:12].decode("latin-1")
    if not answer.startswith(b"HTTP/1.") or not status.isdigit() or status >= "500":
        return status, f"{data!r} is answered with {answer[:300]!r}"
    if b"Traceback" in answer or b'File "' in answer:
        return status, f"{data!r} shows a stack trace: {answer[:300]!r}"
    return status, ""


def fuzz(folder: Path, count: int, seed: int = SEED) -> tuple[Counter[str], list[str]]:
    """Send as many requests to the app behind the worker: statuses, and problems."""
    statuses: Counter[str] = Counter()
    problems = []
    app = make_app(folder)
    with running(folder, app=app.server) as one:
        for data in mutations(count, seed):
            status, problem = problem_of(one, data)
            statuses[status] += 1
            if problem:
                problems.append(problem)
    app.services.close()
    return statuses, problems


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        statuses, problems = fuzz(Path(folder), int(sys.argv[1]), random.randrange(1 << 32))
    print(dict(statuses), *problems[:20], sep="\n")
    sys.exit(bool(problems))
