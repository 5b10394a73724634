"""``python -m benchmarks [NAME …]``: all benchmarks, or the named ones, and a table of figures."""

from __future__ import annotations

import sys
from importlib import import_module

from benchmarks.figures import Figure, status, table

BY_HAND = ("slow_clients", "policies")  # not with all: a crowd of its own; some minutes
NAMES = (
    "single",
    "cluster",
    "log_batch",
    "counts",
    "drift",
    "compare",
    "upload",
    "threshold",
    "heavy",
    "retrain",
    "backtest",
    "batch",
    "kafka",
    "boot",
    "cold_start",
    "memory",
    "landing",
    "flips",
    "lake",
)


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all. Returns the exit status.

    Each is imported when its turn comes, so that none slows down the one before.
    """
    unknown = set(names) - {*NAMES, *BY_HAND}
    if unknown:
        print(f"There is no benchmark {', '.join(unknown)}: {', '.join(NAMES)}", file=sys.stderr)
        return 2
    figures: list[Figure] = []
    for name in names or NAMES:
        module = import_module(f"benchmarks.{name}")
        print(f"{name}: {str(module.__doc__).splitlines()[0]}", flush=True)
        figures += module.measure()
    print()
    print(table(figures))
    return status(figures)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
