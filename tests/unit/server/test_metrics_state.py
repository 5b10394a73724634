"""/metrics adds up all counts at most once in a moment, however many ask."""

from __future__ import annotations

import pytest

from tests.support.event_logs import hand_services
from tests.support.versions import ready
from webapp.server import metrics


def test_sums_are_given_again_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    services = hand_services([ready("logit_games_v1")])
    sums: list[int] = []
    now, matured = [100.0], services.log.matured

    def sum_up(since: int = 0) -> dict[str, int]:
        sums.append(since)
        return matured(since)

    monkeypatch.setattr(services.log, "matured", sum_up)
    monkeypatch.setattr("webapp.server.metrics.time.monotonic", lambda: now[0])
    app_metrics = metrics.AppMetrics(services)
    assert b"everycase_log_up 1.0" in app_metrics.exposition()
    once = len(sums)
    for _ in range(5):
        app_metrics.exposition()
    assert len(sums) == once
    now[0] += metrics.KEPT_SECONDS
    app_metrics.exposition()
    assert len(sums) == 2 * once
    services.close()
