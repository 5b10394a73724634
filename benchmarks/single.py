"""One prediction a request at ``/``, through gunicorn, beside a bare Flask view."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from statistics import median

import psutil

from benchmarks.figures import Figure, alternate, ratios
from benchmarks.load import apart
from benchmarks.servers import APP, Server, serving

ROUNDS, SECONDS, CLIENTS = 21, 1.5, 8
PATH = "/?" + "&".join(f"G{i}={i % 2}" for i in range(1, 11))
ONE_WORKER = {"WEB_CONCURRENCY": "1", "THREADS": "4"}
BAR = 0.85


@dataclass
class _Loaded:
    """A server and what its rounds under load came to."""

    server: Server
    rates: list[float] = field(default_factory=list)
    per_second: list[float] = field(default_factory=list)  # answers per second of processor time
    client: list[float] = field(default_factory=list)


def measure() -> list[Figure]:
    """All servers run at once, each in turn under load; the others idle alike."""
    with (
        serving(APP, **ONE_WORKER) as app,
        serving("benchmarks.peers:bare()", **ONE_WORKER) as bare,
        serving("benchmarks.peers:naive()", **ONE_WORKER) as naive,
    ):
        ours, theirs, model = loaded = [_Loaded(server) for server in (app, bare, naive)]
        alternate(ROUNDS, *(partial(_round, one) for one in loaded))
    names = ("app", "bare", "naive")
    rates = [f"{n} {median(one.rates):,.0f}" for n, one in zip(names, loaded, strict=True)]
    client = max(share for one in loaded for share in one.client)
    print(f"  requests a second: {', '.join(rates)}")
    print(f"  the load generator (ours, benchmarks/load.py) used at most {client:.0%} of one core")
    what, peer = "single prediction at /", "a bare Flask view, constant JSON"
    naively = "a view with a DataFrame and predict_proba"
    return [
        Figure(what, peer, ratios(ours.rates, theirs.rates), at_least=BAR),
        # what neighbours on the machine disturb least
        Figure(f"{what}, by CPU time", peer, ratios(ours.per_second, theirs.per_second)),
        Figure(what, naively, ratios(ours.rates, model.rates), digits=1),
    ]


def _round(one: _Loaded) -> float:
    before = _cpu(one.server)
    load = apart(one.server.port, PATH, CLIENTS, SECONDS)
    if load.failures:
        raise RuntimeError(f"{load.failures} answers were not 200")
    one.rates.append(load.rate)
    one.per_second.append(load.rate * SECONDS / (_cpu(one.server) - before))
    one.client.append(load.cpu)
    return load.rate


def _cpu(server: Server) -> float:
    """Processor time of a server's processes so far."""
    processes = psutil.Process(server.process.pid).children(recursive=True)
    return sum(sum(process.cpu_times()[:2]) for process in processes)
