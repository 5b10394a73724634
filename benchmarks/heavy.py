"""Logged predictions while 32 clients ask for the heaviest comparison, each for another one."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from threading import Thread

from benchmarks.figures import Figure
from benchmarks.load import Load, generate_in_process
from benchmarks.servers import Server, get, serving
from tests.support.long_logs import NAMES, make_versions, write_counts

CLIENTS, PREDICTORS = 32, 8
SECONDS, ROUNDS, PAUSE = 6.0, 3, 0.05
RATIO_BAR, P99_BAR = 0.5, 250  # ms
INPUTS, ROWS_A_DAY = 16, 100
BODY = json.dumps({f"G{i + 1}": i % 2 for i in range(INPUTS)} | {"version": NAMES[0]})


def measure() -> list[Figure]:
    """Predict alone, then beside the clients that ask for comparisons, in turns."""
    ratios, p99s = [], []
    with tempfile.TemporaryDirectory(prefix="everycase-bench-") as folder:
        url = f"sqlite:///{Path(folder) / 'log.db'}"
        make_versions(Path(folder) / "models", INPUTS)
        write_counts(url, INPUTS, ROWS_A_DAY)
        with serving(MODELS_URI=f"{folder}/models", DATABASE_URL=url) as server:
            wait_until_ready(server)
            for _ in range(ROUNDS):
                alone = _predict(server)
                with subprocess.Popen(
                    [sys.executable, "-m", "benchmarks.heavy", str(server.port), str(SECONDS + 1)],
                    stdout=subprocess.PIPE,
                ) as asking:
                    time.sleep(1)
                    beside = _predict(server)
                    output = asking.communicate()[0]
                rates = f"{alone.rate:.0f} and {beside.rate:.0f} predictions/s"
                print(
                    f"  {rates}, p99 alone {alone.p99:.3f} s, comparisons {output.decode()}", end=""
                )
                ratios.append(beside.rate / alone.rate)
                p99s.append(1000 * beside.p99)
    what = f"logged predictions beside {CLIENTS} clients that compare ten years of 16 inputs"
    return [
        Figure(f"{what}, rate", "without them", tuple(ratios), "×", at_least=RATIO_BAR, digits=2),
        Figure(f"{what}, p99", "", tuple(p99s), "ms", at_most=P99_BAR, digits=0),
    ]


def wait_until_ready(server: Server) -> None:
    """Wait until all versions can be compared."""
    end = time.monotonic() + 60
    while any(get(server.port, f"/api/v1/versions/{name}")[0] != 200 for name in NAMES):
        if time.monotonic() > end:
            raise RuntimeError("the versions aren't ready")
        time.sleep(0.1)


def _predict(server: Server) -> Load:
    load = generate_in_process(server.port, "/api/v1/predict", PREDICTORS, SECONDS, BODY)
    if load.failures:
        raise RuntimeError(f"{load.failures} predictions failed")
    return load


def ask_for_comparisons(port: int, seconds: float, clients: int = CLIENTS) -> Counter[int]:
    """The statuses of what clients got who ask without a break, never twice for the same."""
    statuses: Counter[int] = Counter()
    end = time.monotonic() + seconds

    def ask(seed: int) -> None:
        rng = random.Random(seed)
        while time.monotonic() < end:
            query = f"days=3660&threshold={rng.uniform(0.1, 0.9):.4f}&versions={','.join(NAMES)}"
            statuses[get(port, f"/api/v1/compare?{query}")[0]] += 1
            time.sleep(PAUSE)

    threads = [Thread(target=ask, args=(seed,)) for seed in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses


if __name__ == "__main__":
    print(dict(ask_for_comparisons(int(sys.argv[1]), float(sys.argv[2]))))
