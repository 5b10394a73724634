"""Three dynos behind nginx under mixed load, one of them killed and one added meanwhile.

It takes ``CLUSTER_SECONDS`` (60). ``python -m benchmarks cluster`` prints the figures, and fails
if anything was lost, doubled or unexplained.
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
from benchmarks.mixed_load import Load, RequestRecord, load
from tests.support import cluster as clusters
from tests.support.serving import wait_until
from webapp.db.database import Database

KILL_SECONDS = 1.5  # seconds after the kill in which its answers may be missing
NOTICE_SECONDS = 20.0  # until nginx asks a dyno again that failed: 5 seconds after its last failure
CLIENTS = 8


@dataclass(frozen=True)
class ClusterRun:
    """The load and its failures; ``unexplained`` are those that were not at the kill."""

    load: Load
    unexplained: list[RequestRecord]
    check: str
    summary: dict[str, Any]


def run(folder: Path, seconds: float, clients: int = CLIENTS) -> ClusterRun:
    """Load for ``seconds``; kill a dyno after a third of them, add one after two thirds."""
    with clusters.running(folder, slots=4) as (cluster, nginx):
        first, *_ = cluster.webs(3)
        cluster.worker()
        with load(nginx, clients) as traffic:
            time.sleep(seconds / 3)
            killed_at = time.monotonic()
            first.kill()
            time.sleep(seconds / 3)
            newcomer = cluster.web(3)
            wait_until(
                lambda: _predictions(newcomer) > 0, NOTICE_SECONDS, "requests to the new dyno"
            )
            time.sleep(max(0.0, traffic.start + seconds - time.monotonic()))
        database = Database(cluster.environ["DATABASE_URL"])
        try:
            traffic.check(database)
        finally:
            database.close()
        check = cluster.everycase("check")
    late = [a for a in traffic.failures if not killed_at - 1 <= a.at <= killed_at + KILL_SECONDS]
    summary = traffic.summary() | {"predictions_of_the_added": _predictions(newcomer)}
    return ClusterRun(traffic, late, f"{check.returncode}: {check.stdout.strip()}", summary)


def _predictions(dyno: clusters.Dyno) -> int:
    return dyno.log.count("/api/v1/predict")


def measure() -> list[Figure]:
    """The failures and rate of requests. Raises AssertionError if an event is lost or doubled."""
    seconds = float(os.environ.get("CLUSTER_SECONDS") or 60)
    with tempfile.TemporaryDirectory() as folder:
        cluster_run = run(Path(folder) / "cluster", seconds)
    print("  " + json.dumps(cluster_run.summary))
    print(f"  everycase check: {cluster_run.check}")
    requests, failures = cluster_run.summary["requests"], len(cluster_run.load.failures)
    return [
        Figure(
            "3 dynos: failures but from the kill",
            "",
            (len(cluster_run.unexplained),),
            "",
            at_most=0,
        ),
        Figure(
            "3 dynos: failures at the kill",
            f"{requests} requests",
            (failures,),
            "",
            at_most=CLIENTS,
        ),
        Figure(
            "3 dynos: `everycase check` finds",
            "",
            (int(cluster_run.check[0] != "0"),),
            "",
            at_most=0,
        ),
        Figure("3 dynos: mixed requests", "", (cluster_run.summary["per_second"],), "/s"),
    ]
