"""From the command to the first page, beside a process that only imports dash and MLflow."""

from __future__ import annotations

import subprocess
import sys
import time

from benchmarks.figures import Figure, alternate, ratios
from benchmarks.servers import starting, wait_for_answer

ROUNDS = 5
IMPORTS = "import dash, mlflow.sklearn"


def measure() -> list[Figure]:
    """Start each in turns, after a round that isn't counted: it fills the file system's cache."""
    alternate(1, _boot, _import)
    ours, theirs = alternate(ROUNDS, _boot, _import)
    print(f"  first page after {min(ours):.2f} s, imports alone {min(theirs):.2f} s (fastest)")
    return [
        Figure(
            "boot to the first page",
            f'python -c "{IMPORTS}"',
            ratios(ours, theirs),
            at_most=1.0,
        )
    ]


def _boot() -> float:
    start = time.perf_counter()
    with starting() as server:
        wait_for_answer(server)
        return time.perf_counter() - start


def _import() -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", IMPORTS], check=True)
    return time.perf_counter() - start
