"""What dead workers counted stays, and their files go."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector

from webapp.server.metric_files import fold_dead, locked

WORKER = """
from prometheus_client import Counter, Histogram
counter, histogram = Counter("asked", "", ["route"]), Histogram("took", "", ["route"])
for i in range(3):
    counter.labels("/").inc()
    histogram.labels("/").observe(0.2)
"""


def work(folder: Path) -> None:
    environ = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(folder)}
    subprocess.run([sys.executable, "-c", WORKER], env=environ, check=True)


def values(folder: Path) -> dict[str, float | None]:
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(folder))  # type: ignore[no-untyped-call]
    labels = {"route": "/"}
    names = ("asked_total", "took_count", "took_sum")
    return {name: registry.get_sample_value(name, labels) for name in names}


def test_counts_stay_and_files_go(tmp_path: Path) -> None:
    for workers in (1, 2):
        work(tmp_path)
        before = values(tmp_path)
        assert before["asked_total"] == before["took_count"] == 3 * workers
        fold_dead(tmp_path)
        assert values(tmp_path) == before
        files = sorted(file.name for file in tmp_path.glob("*.db"))
        assert files == ["counter_gone.db", "histogram_gone.db"]


def test_who_lives_keeps_his_file(tmp_path: Path) -> None:
    work(tmp_path)
    (dead,) = tmp_path.glob("counter_*.db")
    alive = dead.rename(tmp_path / f"counter_{os.getpid()}.db")
    fold_dead(tmp_path)
    assert alive.exists()


def test_nothing_goes_while_somebody_reads(tmp_path: Path) -> None:
    work(tmp_path)
    with locked(tmp_path, alone=False):
        fold_dead(tmp_path)
    assert not (tmp_path / "counter_gone.db").exists()
    fold_dead(tmp_path)
    assert (tmp_path / "counter_gone.db").exists()


@pytest.mark.parametrize("content", [b"", b"\xff" * 64])
def test_a_broken_file_stops_nobody(tmp_path: Path, content: bytes) -> None:
    work(tmp_path)
    (tmp_path / "counter_999999999.db").write_bytes(content)
    fold_dead(tmp_path)
    assert values(tmp_path)["asked_total"] == 3
