"""The leaderboard: all versions on the same events, and which were trained on some of them."""

from __future__ import annotations

from dataclasses import replace
from threading import BoundedSemaphore
from typing import Any

import numpy as np
import pytest

from tests.support import populations
from tests.support.traffic import DIGEST, NOW, A, B, C, D, send, shipped, with_versions
from tests.support.versions import broken, ready
from webapp.cases import Features
from webapp.db.database import LogUnavailableError
from webapp.services.context import Services
from webapp.services.models.leaderboard import read_leaderboard
from webapp.stats import metrics
from webapp.stats.counts import Counts
from webapp.timing import DAY_MS


def test_all_are_judged_on_the_same_events_as_on_the_rows(services: Services) -> None:
    case, label = send(services, 4000)
    leaderboard = read_leaderboard(services, NOW)
    assert (leaderboard.matured, leaderboard.events, leaderboard.empty) == (4000, 4000, None)
    assert set(leaderboard.scores) == {A, B, C, D}
    counts = Counts.of(np.array(case), np.array(label), 1024)
    for name, score in leaderboard.scores.items():
        truth = metrics.evaluate(populations.shipped(name).scores, counts)
        assert score.log_loss is not None
        assert score.auc is not None
        assert score.log_loss.value == pytest.approx(truth.log_loss, abs=1e-12)
        assert score.auc.value == pytest.approx(truth.auc, abs=1e-12)
        assert score.log_loss.low < score.log_loss.value < score.log_loss.high
        assert not score.trained


def test_it_is_made_once_while_nothing_is_logged(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(services, 400)
    first = read_leaderboard(services, NOW)
    assert read_leaderboard(services, NOW + 1) is first
    send(services, 500)  # of which 100 are new
    assert read_leaderboard(services, NOW).matured == 500
    monkeypatch.setattr(services.answers, "_turns", BoundedSemaphore(1))
    monkeypatch.setattr(services.answers, "wait_seconds", 0.01)
    with services.answers._turns:
        later = read_leaderboard(services, NOW + DAY_MS)
    assert (later.empty, later.scores) == ("busy", {})


def test_only_the_last_days_count(services: Services) -> None:
    send(services, 2000)  # a hundred a day, the last one being today
    later = read_leaderboard(services, NOW + 23 * DAY_MS)  # five of its days have events
    assert later.matured == pytest.approx(500, abs=60)
    later = read_leaderboard(services, NOW + 40 * DAY_MS)
    assert (later.empty, later.scores) == ("no events", {})


def test_versions_trained_on_some_of_them_are_marked() -> None:
    services = with_versions(shipped(A), shipped(B, rows="1900:2400", sha256=DIGEST))
    send(services, 2000)
    leaderboard = read_leaderboard(services, NOW)
    assert (leaderboard.scores[A].trained, leaderboard.scores[B].trained) == (False, True)
    services.close()


def test_versions_that_ask_for_other_inputs_are_left_out() -> None:
    odd = ready("odd_v1", Features(("G1", "H")))
    few = ready("few_v1", Features(("G2", "G1")))
    services = with_versions(shipped(A), odd, few, broken("torn_v1", "torn"))
    send(services, 300)
    leaderboard = read_leaderboard(services, NOW)
    assert set(leaderboard.scores) == {A, "few_v1"}
    services.close()


def test_why_no_version_is_judged(services: Services) -> None:
    assert read_leaderboard(services, NOW).empty == "no traffic"
    send(services, 50, label_delay=90 * DAY_MS)
    leaderboard = read_leaderboard(services, NOW)
    assert (leaderboard.empty, leaderboard.events, leaderboard.matured) == ("no outcomes", 50, 0)
    none = with_versions(broken("torn_v1", "torn"))
    assert read_leaderboard(none, NOW).empty == "no version"
    none.close()


class Away:
    """Counts whose database is unavailable."""

    def __getattr__(self, name: str) -> Any:
        def fail(*_: object) -> None:
            raise LogUnavailableError("no connection")

        return fail


def test_an_unavailable_log_is_reported(services: Services) -> None:
    leaderboard = read_leaderboard(replace(services, counts=Away()), NOW)  # type: ignore[arg-type]
    assert (leaderboard.empty, leaderboard.scores) == ("log unavailable", {})


def test_one_label_ranks_nothing() -> None:
    services = with_versions(shipped(A))
    send(services, 1)
    score = read_leaderboard(services, NOW).scores[A]
    assert score.auc is None
    assert score.log_loss is not None
    services.close()
