"""A load generator: ``python -m benchmarks.load PORT PATH CLIENTS SECONDS BODY``.

Every client has one connection, kept alive, and sends its next request as soon as it has an answer.
One thread serves them all from plain sockets, so that generating load costs little processor time;
``cpu`` in the output is that cost.
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
    """Results: ``rate`` per second, ``p99`` in seconds, ``cpu`` the generator's share of a core."""

    rate: float
    failures: int
    cpu: float
    p99: float


class _Client:
    """One connection: sends the request, counts a complete answer, sends again."""

    def __init__(self, port: int, request: bytes) -> None:
        self.seconds: list[float] = []  # of each answer
        self.failures = 0
        self._request = request
        self._got = b""
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self) -> None:
        self._got = b""
        self._asked = time.perf_counter()
        self.socket.sendall(self._request)

    def read(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("the server closed a connection that it should keep alive")
        self._got += data
        head, end, body = self._got.partition(_HEAD_END)
        if end and len(body) >= _length(head):
            self.seconds.append(time.perf_counter() - self._asked)
            self.failures += not head.startswith(b"HTTP/1.1 200 ")
            self.ask()


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0])


def generate(port: int, path: str, clients: int, seconds: float, body: str = "") -> Load:
    """Keep the server busy for a while: GET, or POST of a JSON body."""
    head = f"{path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: */*\r\n"
    request = f"GET {head}\r\n".encode()
    if body:
        kind = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        request = f"POST {head}{kind}{body}".encode()
    busy = [_Client(port, request) for _ in range(clients)]
    start, cpu = time.perf_counter(), time.process_time()
    with selectors.DefaultSelector() as selector:
        for client in busy:
            selector.register(client.socket, selectors.EVENT_READ, client)
            client.ask()
        while time.perf_counter() - start < seconds:
            for key, _ in selector.select(timeout=1):
                key.data.read()
    duration = time.perf_counter() - start
    for client in busy:
        client.socket.close()
    times = sorted(second for client in busy for second in client.seconds)
    failures = sum(client.failures for client in busy)
    p99 = times[int(0.99 * len(times))]
    return Load(len(times) / duration, failures, (time.process_time() - cpu) / duration, p99)


def generate_in_process(port: int, path: str, clients: int, seconds: float, body: str = "") -> Load:
    """Run ``generate`` in a process of its own."""
    arguments = [str(port), path, str(clients), str(seconds), body]
    output = subprocess.run(
        [sys.executable, "-m", "benchmarks.load", *arguments], stdout=subprocess.PIPE, check=True
    ).stdout
    return Load(**json.loads(output))


if __name__ == "__main__":
    port, path, clients, seconds, body = sys.argv[1:]
    print(json.dumps(generate(int(port), path, int(clients), float(seconds), body).__dict__))
