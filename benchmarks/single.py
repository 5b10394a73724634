"""One logged prediction per request at ``/``, beside a bare Flask view and others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median

import psutil

from benchmarks.figures import Figure, alternate, ratios
from benchmarks.load import generate_in_process
from benchmarks.servers import APP, serving
from tests.support import postgres
from tests.support.serving import ask, free_port, wait_until
from webapp.settings import ROOT

ROUNDS, SECONDS, CLIENTS = 21, 1.5, 8
GAMES = {f"G{i}": i % 2 for i in range(1, 11)}
PATH = "/?" + "&".join(f"{name}={value}" for name, value in GAMES.items())
ONE_WORKER = {"WEB_CONCURRENCY": "1", "THREADS": "4"}
BAR, POSTGRESQL_BAR = 0.65, 0.4
P99_BAR = 40  # ms


@dataclass
class _LoadedServer:
    """A server and the results of its rounds under load."""

    name: str
    port: int
    process: int
    path: str = PATH
    body: str = ""
    rates: list[float] = field(default_factory=list)
    per_second: list[float] = field(default_factory=list)  # answers per second of processor time
    client: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)


def measure() -> list[Figure]:
    """Run all servers at once and load each in turn, while the others idle."""
    with ExitStack() as stack:
        servers = list(_servers(stack))
        alternate(ROUNDS, *(partial(_round, one) for one in servers))
    ours, on_postgresql, theirs, naive, mlflow = servers
    print("  requests a second: " + ", ".join(f"{o.name} {median(o.rates):,.0f}" for o in servers))
    print("  p99: " + ", ".join(f"{o.name} {median(o.p99):.0f} ms" for o in servers))
    client = max(share for one in servers for share in one.client)
    print(f"  the load generator (ours, benchmarks/load.py) used at most {client:.0%} of one core")
    what, peer = "logged prediction at /", "a bare Flask view, constant JSON"
    return [
        Figure(f"{what}, SQLite", peer, ratios(ours.rates, theirs.rates), at_least=BAR),
        Figure(
            f"{what}, PostgreSQL",
            peer,
            ratios(on_postgresql.rates, theirs.rates),
            at_least=POSTGRESQL_BAR,
        ),
        Figure(f"{what}, SQLite, p99", "", tuple(ours.p99), "ms", at_most=P99_BAR, digits=0),
        # the figure that other work on the machine disturbs least
        Figure(f"{what}, by CPU time", peer, ratios(ours.per_second, theirs.per_second)),
        Figure(what, "the seed's view", ratios(ours.rates, naive.rates), digits=1),
        Figure(what, "mlflow models serve", ratios(ours.rates, mlflow.rates), digits=1),
    ]


def _servers(stack: ExitStack) -> Iterator[_LoadedServer]:
    database = stack.enter_context(postgres.running(durable=True)).url()
    migrate = [sys.executable, "-m", "webapp.cli", "migrate"]
    environ = os.environ | {"DATABASE_URL": database}
    subprocess.run(migrate, cwd=ROOT, env=environ, check=True, stdout=subprocess.DEVNULL)
    for name, target, more in (
        ("app", APP, {}),
        ("app on PostgreSQL", APP, {"DATABASE_URL": database}),
        ("bare", "benchmarks.peers:bare()", {}),
        ("seed", "benchmarks.peers:naive()", {}),
    ):
        server = stack.enter_context(serving(target, **ONE_WORKER, **more))
        yield _LoadedServer(name, server.port, server.process.pid)
    port, process = stack.enter_context(_mlflow())
    body = json.dumps({"dataframe_records": [GAMES]})
    yield _LoadedServer("mlflow models serve", port, process, "/invocations", body)


@contextmanager
def _mlflow() -> Iterator[tuple[int, int]]:
    """MLflow's own server of the champion: its port and its process."""
    port, model = free_port(), str(ROOT / "models" / "logit_games_v1")
    serve = [str(Path(sys.executable).with_name("mlflow")), "models", "serve", "--model-uri", model]
    process = subprocess.Popen(
        [*serve, "--env-manager", "local", "--port", str(port), "--workers", "1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
    )
    try:
        wait_until(lambda: ask(f"http://127.0.0.1:{port}/ping")[0] == 200, 120)
        yield port, process.pid
    finally:
        for child in psutil.Process(process.pid).children(recursive=True):
            child.terminate()
        process.terminate()
        process.wait(40)
        time.sleep(0.1)


def _round(one: _LoadedServer) -> float:
    before = _cpu(one.process)
    load = generate_in_process(one.port, one.path, CLIENTS, SECONDS, one.body)
    if load.failures:
        raise RuntimeError(f"{load.failures} answers of {one.name} were not 200")
    one.rates.append(load.rate)
    one.per_second.append(load.rate * SECONDS / max(_cpu(one.process) - before, 0.01))
    one.client.append(load.cpu)
    one.p99.append(load.p99 * 1000)
    return load.rate


def _cpu(process: int) -> float:
    """Processor time of a server's processes so far."""
    processes = psutil.Process(process).children(recursive=True)
    return sum(sum(one.cpu_times()[:2]) for one in processes)
