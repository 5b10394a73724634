"""One prediction a request at ``/``, through gunicorn, beside a bare Flask view."""

from __future__ import annotations

from benchmarks.figures import Figure, alternate, ratios
from benchmarks.load import Load, apart
from benchmarks.servers import APP, Server, serving

ROUNDS, SECONDS, CLIENTS = 15, 1.5, 8
PATH = "/?" + "&".join(f"G{i}={i % 2}" for i in range(1, 11))
ONE_WORKER = {"WEB_CONCURRENCY": "1", "THREADS": "4"}


def measure() -> list[Figure]:
    """All servers run at once, each in turn under load; the others idle alike."""
    with (
        serving(APP, **ONE_WORKER) as app,
        serving("benchmarks.peers:bare()", **ONE_WORKER) as bare,
        serving("benchmarks.peers:naive()", **ONE_WORKER) as naive,
    ):
        client_cpu: list[float] = []
        taken = alternate(ROUNDS, *(lambda s=s: _rate(s, client_cpu) for s in (app, bare, naive)))
    ours, theirs, model = taken
    rates = f"app {_middle(ours)}, bare {_middle(theirs)}, naive {_middle(model)}"
    print(f"  requests a second: {rates}")
    print(f"  the load generator used at most {max(client_cpu):.0%} of one core")
    return [
        Figure(
            "single prediction at /",
            "a bare Flask view, constant JSON",
            ratios(ours, theirs),
            at_least=0.85,
        ),
        Figure(
            "single prediction at /",
            "a view with a DataFrame and predict_proba",
            ratios(ours, model),
            digits=1,
        ),
    ]


def _rate(server: Server, client_cpu: list[float]) -> float:
    load: Load = apart(server.port, PATH, CLIENTS, SECONDS)
    if load.failures:
        raise RuntimeError(f"{load.failures} answers were not 200")
    client_cpu.append(load.cpu)
    return load.rate


def _middle(rates: tuple[float, ...]) -> str:
    return f"{sorted(rates)[len(rates) // 2]:,.0f}"
