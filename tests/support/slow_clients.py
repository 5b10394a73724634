"""A crowd of clients that are as slow as they can be, each kind on addresses of its own.

``python -m tests.support.slow_clients PORT SECONDS HEADS BODIES READERS UPLOADS PATH`` keeps them
up for a while, connects anew whom the server ends, and prints how many of each kind that were.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import count

PER_ADDRESS = 40
PAUSE_SECONDS = 1.0  # between two bytes, or between two reads of a slow reader
READ_BYTES = 1024
UPLOAD_BYTES = 200_000  # of a file that doesn't go on
_SIZE = 64 << 20
_addresses: Iterator[int] = count()


class SlowClient:
    """One connection: ``start`` is sent at once, then ``drop`` again and again."""

    def __init__(self, port: int, kind: str, start: bytes, drop: bytes) -> None:
        self.kind, self.start, self.drop, self.port = kind, start, drop, port
        self.answer = b""
        self.received = 0
        self.ends = 0
        self._number = next(_addresses)
        self.connect()

    def connect(self) -> None:
        """Connect from an address that has few connections."""
        host = self._number // PER_ADDRESS
        self.socket = socket.socket()
        if self.kind == "readers":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.bind((f"127.1.{host // 250}.{host % 250 + 1}", 0))
        self.socket.connect(("127.0.0.1", self.port))
        self.socket.setblocking(False)
        self.begins = time.monotonic()
        self._rest = self.start
        self.step()

    def step(self) -> bool:
        """Send a little, or read a little; False if the server ended it."""
        try:
            if self._rest:
                self._rest = self._rest[self.socket.send(self._rest) :]
            elif self.drop:
                self.socket.send(self.drop)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return self._read() if self.kind == "readers" else True

    def _read(self) -> bool:
        try:
            data = self.socket.recv(READ_BYTES)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self.received += len(data)
        return bool(data)

    def note_answer(self) -> bool:
        """Read what the server says before it ends the connection; False at the end."""
        try:
            data = self.socket.recv(4096)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self.answer = (self.answer + data)[:500]
        return bool(data)


def crowd(
    port: int, heads: int, bodies: int, readers: int, uploads: int, path: str
) -> list[SlowClient]:
    """Connect them all."""
    head = b"Host: x\r\nContent-Type: application/json\r\n"
    body = b"POST /api/v1/predict HTTP/1.1\r\n" + head + b"Content-Length: 100000\r\n\r\n{"
    file = b"POST /page/compare/file HTTP/1.1\r\n" + head + b"Content-Length: %d\r\n\r\n" % _SIZE
    kinds = [
        *[("heads", b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ", b"a")] * heads,
        *[("bodies", body, b" ")] * bodies,
        *[("readers", f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), b"")] * readers,
        *[("uploads", file + b"G1\n" * (UPLOAD_BYTES // 3), b"")] * uploads,
    ]
    return [SlowClient(port, *kind) for kind in kinds]


def keep_up(clients: list[SlowClient], seconds: float) -> None:
    """Send and read drops for a while; who is ended connects anew."""
    end = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        for client in clients:
            if client.kind != "readers":
                selector.register(client.socket, selectors.EVENT_READ, client)
        turn = time.monotonic()
        while (now := time.monotonic()) < end:
            for key, _ in selector.select(max(0.0, min(turn, end) - now)):
                if not key.data.note_answer():
                    _again(selector, key.data)
            if now >= turn:
                turn = now + PAUSE_SECONDS
                for client in clients:
                    if not client.step():
                        _again(selector, client)


def _again(selector: selectors.BaseSelector, client: SlowClient) -> None:
    if client.kind != "readers":
        selector.unregister(client.socket)
    client.socket.close()
    client.ends += 1
    client.connect()
    if client.kind != "readers":
        selector.register(client.socket, selectors.EVENT_READ, client)


def main(port: int, seconds: float, *sizes: int, path: str) -> None:
    """Keep a crowd up, then say what became of it."""
    heads, bodies, readers, uploads = sizes
    clients = crowd(port, heads, bodies, readers, uploads, path)
    print("up", flush=True)
    keep_up(clients, seconds)
    ends = Counter({client.kind: 0 for client in clients})
    ends.update({kind: sum(c.ends for c in clients if c.kind == kind) for kind in ends})
    statuses = Counter(
        client.answer.split(b" ")[1].decode() for client in clients if b" " in client.answer
    )
    size = sum(client.received for client in clients)
    print(json.dumps({"ends": ends, "statuses": statuses, "read": size}), flush=True)


if __name__ == "__main__":
    port, seconds, *sizes, path = sys.argv[1:]
    main(int(port), float(seconds), *map(int, sizes), path=path)
