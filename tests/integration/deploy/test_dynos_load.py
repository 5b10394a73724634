"""Three dynos under mixed load; one is killed, one is added. ``benchmarks.cluster`` for longer."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import cluster
from tests.support.nginx import needs_nginx

pytestmark = [needs_nginx, pytest.mark.long]
SECONDS = 7.0  # and as long as it takes until the new dyno has a request


def test_nothing_is_lost_or_doubled_while_dynos_come_and_go(tmp_path: Path) -> None:
    outcome = cluster.run(tmp_path / "cluster", SECONDS)
    assert outcome.unexplained == []
    assert len(outcome.load.failures) <= len(outcome.load.clients), "only what was at work broke"
    assert outcome.check.startswith("0: "), outcome.check
    assert outcome.summary["events"] > 200
    kinds = outcome.summary["kinds"]
    names = {"predict", "predict again", "predict unnamed", "GET /", "batch", "outcome", "promote"}
    assert {*names, "page", "read"} <= kinds.keys()
