"""Three dynos behind nginx under mixed load, one of them killed and one added meanwhile.

``CLUSTER_SECONDS`` says how long (60). ``python -m benchmarks cluster`` prints what came of it.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure
from benchmarks.mixed_load import Asked, Load, load
from tests.support import cluster as clusters
from tests.support.serving import wait_until
from webapp.db.database import Database

AFTERWARDS = 1.5  # seconds after a kill in which answers of the killed one may be missed
NOTICED = 20.0  # until nginx asks one that was away: 5 seconds after it failed last
CLIENTS = 8


@dataclass(frozen=True)
class Outcome:
    """What came of it: ``unexplained`` are failures that no broken connection accounts for."""

    load: Load
    unexplained: list[Asked]
    check: str
    summary: dict[str, Any]


def run(folder: Path, seconds: float, clients: int = CLIENTS) -> Outcome:
    """Load for so long; after a third one dyno is killed, after another one is added."""
    with clusters.running(folder, slots=4) as (cluster, nginx):
        first, *_ = cluster.webs(3)
        cluster.worker()
        with load(nginx, clients) as busy:
            time.sleep(seconds / 3)
            killed = time.monotonic()
            first.kill()
            time.sleep(seconds / 3)
            added = cluster.web(3)
            wait_until(lambda: _predicted(added) > 0, NOTICED, "the added one is asked")
            time.sleep(max(0.0, busy.begun + seconds - time.monotonic()))
        database = Database(cluster.environ["DATABASE_URL"])
        try:
            busy.check(database)
        finally:
            database.close()
        checked = cluster.everycase("check")
    late = [a for a in busy.failed if not killed - 1 <= a.at <= killed + AFTERWARDS]
    summary = busy.summary() | {"predictions_of_the_added": _predicted(added)}
    return Outcome(busy, late, f"{checked.returncode}: {checked.stdout.strip()}", summary)


def _predicted(dyno: clusters.Dyno) -> int:
    return dyno.log.count("/api/v1/predict")


def measure() -> list[Figure]:
    """Nothing lost, nothing doubled, and how fast it was."""
    seconds = float(os.environ.get("CLUSTER_SECONDS") or 60)
    with tempfile.TemporaryDirectory() as folder:
        outcome = run(Path(folder) / "cluster", seconds)
    print("  " + json.dumps(outcome.summary))
    print(f"  everycase check: {outcome.check}")
    asked, failed = outcome.summary["requests"], len(outcome.load.failed)
    return [
        Figure(
            "3 dynos: failures but from the kill", "", (len(outcome.unexplained),), "", at_most=0
        ),
        Figure(
            "3 dynos: failures at the kill", f"{asked} requests", (failed,), "", at_most=CLIENTS
        ),
        Figure("3 dynos: mixed requests", "", (outcome.summary["per_second"],), "/s"),
    ]
