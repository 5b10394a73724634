"""What a client notices while 2,300 others are as slow as they can be.

By ``make slow-clients``, which takes a minute and a half and needs 3,000 descriptors.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass

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
    """What the measured client saw: ``p99`` in ms, and the server's memory, in MB, above before."""

    requests: int
    errors: int
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
        Figure(f"p99 {what}", "", (notice.p99,), "ms", at_most=P99_BAR, digits=0),
        Figure(f"errors {what}", "", (float(notice.errors),), "", at_most=0, digits=0),
        Figure(f"memory for {what[7:]}", "", (notice.memory,), "MB", at_most=MEMORY_BAR, digits=0),
    ]


def watch(server: Server, seconds: float, crowd: dict[str, int]) -> Notice:
    """Ask again and again, each time on a connection of its own, while a crowd is up."""
    for _ in range(20):
        _ask(server.port, PATHS)
    before, peak = memory_mb(server.process.pid), 0.0
    sizes = [str(crowd[kind]) for kind in ("heads", "bodies", "readers", "uploads")]
    asset = next((ROOT / "assets" / "vendor").glob("plotly-*.js"))
    command = [str(server.port), str(seconds), *sizes, f"/{asset.relative_to(ROOT)}"]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.slow_clients", *command], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        times, errors = [], 0
        while process.poll() is None:
            start = time.perf_counter()
            errors += not _ask(server.port, PATHS)
            times.append((time.perf_counter() - start) / len(PATHS))
            if len(times) % 20 == 1:
                peak = max(peak, memory_mb(server.process.pid))
            time.sleep(PAUSE)
        report = json.loads(process.stdout.read())
    p99 = sorted(times)[int(0.99 * len(times))] * 1000
    return Notice(len(times), errors, p99, peak - before, report)


def memory_mb(process: int) -> float:
    """Memory of gunicorn and its workers, shared pages in parts."""
    tree = [psutil.Process(process), *psutil.Process(process).children()]
    return sum(one.memory_full_info().pss for one in tree) / 2**20


def _ask(port: int, paths: tuple[str, ...]) -> bool:
    try:
        return all(get(port, path)[0] == 200 for path in paths)
    except OSError:
        return False


def _raise_descriptors() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
