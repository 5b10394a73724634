"""Ten years of traffic: what no request may take, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.long_logs import NAMES, make_versions, write_counts
from webapp.settings import ROOT

MOST_MB = 100
VERSIONS = ",".join(NAMES)
ADDRESSES = (
    f"/api/v1/drift?days=3660&version={NAMES[0]}",
    f"/api/v1/drift?days=1830&baseline=previous&every=day&version={NAMES[0]}",
    f"/api/v1/compare?days=3660&versions={VERSIONS}",
    f"/page/compare.html?days=3660&versions={VERSIONS}",
    # What was computed for the API: these draw it
    f"/drift?days=3660&version={NAMES[0]}",
    f"/compare?days=3660&versions={VERSIONS}",
)
AT_ONCE = f"/drift?days=3640&version={NAMES[0]} /compare?days=3660&versions={VERSIONS}"
BUSY = 100_000  # bytes that a page is longer than, unless it says that the server is busy


@pytest.mark.slow
@pytest.mark.parametrize(("inputs", "rows_a_day"), [(10, 100), (16, 40)])
def test_no_request_takes_more_than_100_mb(tmp_path: Path, inputs: int, rows_a_day: int) -> None:
    make_versions(tmp_path / "models", inputs)
    url = f"sqlite:///{tmp_path / 'log.db'}"
    write_counts(url, inputs, rows_a_day)
    addresses = (*ADDRESSES, *((AT_ONCE,) if inputs > 10 else ()))
    command = [sys.executable, "-m", "tests.support.peak_memory", str(tmp_path), url, *addresses]
    output = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    for line in output.decode().splitlines():
        address, length, megabytes = json.loads(line)
        assert length > (BUSY if "/api/" not in address else 0), address
        assert megabytes <= MOST_MB, address
