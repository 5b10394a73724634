"""A load generator: ``python -m benchmarks.load PORT PATH CLIENTS SECONDS`` prints what it saw.

Every client has one connection, kept alive, and asks again as soon as it is answered. One thread
serves them all from plain sockets, so that a request costs the machine little beside its answer;
``cpu`` in the output says how much.
"""

from __future__ import annotations

import json
import selectors
import socket
import subprocess
import sys
import time
from dataclasses import dataclass

_HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True)
class Load:
    """What the generator saw; ``cpu`` is its own share of one core."""

    rate: float
    failures: int
    cpu: float


class _Client:
    """One connection: sends the request, counts an answer when it is whole, asks again."""

    def __init__(self, port: int, request: bytes) -> None:
        self.answers = 0
        self.failures = 0
        self._request = request
        self._got = b""
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self) -> None:
        self._got = b""
        self.socket.sendall(self._request)

    def read(self) -> None:
        received = self.socket.recv(65536)
        if not received:
            raise ConnectionError("the server closed a connection that was to be kept alive")
        self._got += received
        head, end, body = self._got.partition(_HEAD_END)
        if end and len(body) >= _length(head):
            self.answers += 1
            self.failures += not head.startswith(b"HTTP/1.1 200 ")
            self.ask()


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0])


def generate(port: int, path: str, clients: int, seconds: float) -> Load:
    """Keep the server busy for a while."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: */*\r\n\r\n".encode()
    busy = [_Client(port, request) for _ in range(clients)]
    start, cpu = time.perf_counter(), time.process_time()
    with selectors.DefaultSelector() as selector:
        for client in busy:
            selector.register(client.socket, selectors.EVENT_READ, client)
            client.ask()
        while time.perf_counter() - start < seconds:
            for key, _ in selector.select(timeout=1):
                key.data.read()
    elapsed = time.perf_counter() - start
    for client in busy:
        client.socket.close()
    answers = sum(client.answers for client in busy)
    failures = sum(client.failures for client in busy)
    return Load(answers / elapsed, failures, (time.process_time() - cpu) / elapsed)


def apart(port: int, path: str, clients: int, seconds: float) -> Load:
    """``generate`` in a process of its own."""
    arguments = [str(port), path, str(clients), str(seconds)]
    output = subprocess.run(
        [sys.executable, "-m", "benchmarks.load", *arguments], stdout=subprocess.PIPE, check=True
    ).stdout
    return Load(**json.loads(output))


if __name__ == "__main__":
    port, path, clients, seconds = sys.argv[1:]
    print(json.dumps(generate(int(port), path, int(clients), float(seconds)).__dict__))
