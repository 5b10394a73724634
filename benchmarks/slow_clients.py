"""What a client notices while 2,300 others are as slow as they can be.

By ``make slow-clients``, which takes a minute and a half and needs 3,000 descriptors.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import psutil

from benchmarks.figures import Figure
from benchmarks.servers import Server, get, serving
from webapp.settings import ROOT

SECONDS = 60.0
CROWD = {"heads": 1000, "bodies": 1000, "readers": 200, "uploads": 100}
PAUSE = 0.02  # between two requests of the client that is measured
P99_BAR, MEMORY_BAR = 250, 100  # ms, MB
_ROW = "&".join(f"G{i}={i % 2}" for i in range(1, 11))
PATHS = ("/healthz", f"/?{_ROW}")  # the second one is logged


@dataclass(frozen=True)
class Notice:
    """What the measured client saw, and the server's ``memory``, in MB, above before.

    ``p99`` in ms, beside the crowd and ``alone``: on a busy machine neither is small.
    """

    requests: int
    errors: int
    alone: float
    p99: float
    memory: float
    crowd: dict[str, dict[str, int]]


def measure() -> list[Figure]:
    """The full size."""
    _raise_descriptors()
    with serving() as server:
        notice = watch(server, SECONDS, CROWD)
    print(f"  {notice.requests} requests; {notice.crowd}")
    what = "beside 2,300 slow clients"
    return [
        Figure("p99 without them", "", (notice.alone,), "ms", digits=0),
        Figure(f"p99 {what}", "", (notice.p99,), "ms", at_most=P99_BAR, digits=0),
        Figure(f"errors {what}", "", (float(notice.errors),), "", at_most=0, digits=0),
        Figure(f"memory for {what[7:]}", "", (notice.memory,), "MB", at_most=MEMORY_BAR, digits=0),
    ]


@dataclass
class _Client:
    """Asks again and again, each time on a connection of its own."""

    server: Server
    times: list[float] = field(default_factory=list)  # in ms
    errors: int = 0
    peak: float = 0.0  # of the server's memory, in MB

    def ask_while(self, goes_on: Callable[[], bool]) -> None:
        """Ask, and look at the memory now and then."""
        while goes_on():
            start = time.perf_counter()
            self.errors += not all(self._is_answered(path) for path in PATHS)
            self.times.append((time.perf_counter() - start) / len(PATHS) * 1000)
            if len(self.times) % 20 == 1:
                self.peak = max(self.peak, memory_mb(self.server.process.pid))
            time.sleep(PAUSE)

    @property
    def p99(self) -> float:
        """Of the times, in ms."""
        return sorted(self.times)[int(0.99 * len(self.times))]

    def _is_answered(self, path: str) -> bool:
        try:
            return get(self.server.port, path)[0] == 200
        except OSError:
            return False


def watch(server: Server, seconds: float, crowd: dict[str, int]) -> Notice:
    """Be a client alone for a while, then while a crowd is up."""
    alone, client = _Client(server), _Client(server)
    end = time.monotonic() + seconds / 5
    alone.ask_while(lambda: time.monotonic() < end)
    sizes = [str(crowd[kind]) for kind in ("heads", "bodies", "readers", "uploads")]
    asset = next((ROOT / "assets" / "vendor").glob("plotly-*.js"))
    command = [str(server.port), str(seconds), *sizes, f"/{asset.relative_to(ROOT)}"]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.slow_clients", *command], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        client.ask_while(lambda: process.poll() is None)
        report = json.loads(process.stdout.read())
    memory = client.peak - alone.peak
    return Notice(len(client.times), client.errors, alone.p99, client.p99, memory, report)


def memory_mb(process: int) -> float:
    """Memory of gunicorn and its workers, shared pages in parts."""
    tree = [psutil.Process(process), *psutil.Process(process).children()]
    return sum(one.memory_full_info().pss for one in tree) / 2**20


def _raise_descriptors() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
