"""Gunicorn's worker of ours in a thread of this process, with an app that tells what it got."""

from __future__ import annotations

import hashlib
import json
import os
import selectors
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from gunicorn.config import Config
from gunicorn.glogging import Logger

from tests.support.serving import wait_until
from webapp.server.connections.clients import ClientTable
from webapp.server.connections.request_reader import Patience
from webapp.server.gunicorn_worker import BufferingWorker, ConnectionRules
from webapp.server.middleware import BODY_LIMIT_KEY

Environ = dict[str, Any]
LIMIT = 1 << 20  # of a body


class EchoApp:
    """Tells of each request; ``/big?n=5`` answers with n bytes, ``/wait`` once ``go`` is set."""

    def __init__(self) -> None:
        self.config = {BODY_LIMIT_KEY: lambda _path: LIMIT}
        self.requests: list[Environ] = []
        self.go = threading.Event()

    def __call__(self, environ: Environ, start: Callable[..., Any]) -> Iterable[bytes]:
        self.requests.append(environ)
        length, path = environ.get("CONTENT_LENGTH", "0"), environ["PATH_INFO"]
        if int(length) > LIMIT:
            return _answer(start, "413 Too Large", b"too large")
        if path == "/wait":
            self.go.wait(10)
        elif path == "/big":
            size = int(parse_qs(environ["QUERY_STRING"])["n"][0])
            return _answer(start, "200 OK", big_body(size))
        elif path == "/fail":
            raise ValueError("a fault of the app")
        body = environ["wsgi.input"].read()
        form = {
            "method": environ["REQUEST_METHOD"],
            "path": path,
            "size": len(body),
            "sha256": hashlib.sha256(body).hexdigest(),
        }
        return _answer(start, "200 OK", json.dumps(form).encode())


def big_body(size: int) -> bytes:
    """Bytes that differ all along."""
    return b"".join(b"%015d\n" % i for i in range(size // 16 + 1))[:size]


def _answer(start: Callable[..., Any], status: str, body: bytes) -> list[bytes]:
    start(status, [("Content-Length", str(len(body)))])
    return [body]


@dataclass
class RunningWorker:
    """A worker, its port and its app."""

    worker: Any
    port: int
    app: EchoApp = field(default_factory=EchoApp)

    def connect(self, host: str = "127.0.0.1") -> socket.socket:
        """A connection from an address of this machine."""
        return socket.create_connection(("127.0.0.1", self.port), 10, (host, 0))

    def ask(self, data: bytes, host: str = "127.0.0.1") -> bytes:
        """All that is answered to these bytes, up to the end of the connection."""
        with self.connect(host) as connection:
            connection.sendall(data)
            return read_all(connection)

    @property
    def connections(self) -> int:
        """How many are open."""
        return int(self.worker.nr_conns)


@contextmanager
def running(
    folder: Path,
    *,
    most: int = 0,
    proxies: int = 0,
    threads: int = 2,
    app: Any = None,
    table: ClientTable | None = None,
    patience: Patience = Patience(),  # noqa: B008  (it doesn't change)
) -> Iterator[RunningWorker]:
    """A worker that serves the app, or one that echoes, with the limits given."""
    cfg = Config()
    for name, value in (("threads", threads), ("keepalive", 30), ("graceful_timeout", 5)):
        cfg.set(name, value)
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    worker = BufferingWorker(1, os.getppid(), [listener], None, 30, cfg, Logger(cfg))
    table = table or ClientTable()
    worker.rules = ConnectionRules(table, threads, most, proxies, folder, patience)
    worker.row = table.take_row()
    one = RunningWorker(worker, listener.getsockname()[1])
    worker.wsgi = app or one.app
    begin(worker)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield one
    finally:
        one.app.go.set()
        worker.handle_exit(None, None)
        thread.join(10)
        worker.tmp.close()
        assert not thread.is_alive()


def begin(worker: Any) -> None:
    """What gunicorn does before ``run``, without its signals."""
    worker.tpool = worker.get_thread_pool()
    worker.poller = selectors.DefaultSelector()
    worker.method_queue.init()


def read_all(connection: socket.socket) -> bytes:
    """Everything up to the end; a reset is an end."""
    data = bytearray()
    try:
        while piece := connection.recv(1 << 16):
            data += piece
    except ConnectionResetError:
        pass
    return bytes(data)


def read_answer(connection: socket.socket) -> tuple[int, bytes]:
    """Status and body of the next answer, which has a length."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(1)
        assert piece, f"the connection ended after {data!r}"
        data += piece
    head = data.lower()
    size = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
    body = b""
    while len(body) < size:
        body += connection.recv(size - len(body))
    return int(data.split(b" ")[1]), body


def wait_for_connections(one: RunningWorker, count: int, seconds: float = 5) -> None:
    """Wait until so many are open."""
    wait_until(lambda: one.connections == count, seconds, f"{count} connections are open")
