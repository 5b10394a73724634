"""How the versions stand: all on the same events, none on events that it was trained on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.support import populations
from tests.support.traffic import DIGEST, NOW, A, B, C, D, send, shipped, with_versions
from tests.support.versions import broken, ready
from webapp.cases import Features
from webapp.db.database import LogUnavailableError
from webapp.services.context import Services
from webapp.services.models.leaderboard import standing
from webapp.stats import metrics
from webapp.stats.counts import Counts
from webapp.timing import DAY_MS


def test_all_are_judged_on_the_same_events_as_on_the_rows(services: Services) -> None:
    case, label = send(services, 4000)
    found = standing(services, NOW)
    assert (found.matured, found.events, found.nothing) == (4000, 4000, None)
    assert set(found.judged) == {A, B, C, D}
    counts = Counts.of(np.array(case), np.array(label), 1024)
    for name, judged in found.judged.items():
        expected = metrics.evaluate(populations.shipped(name).scores, counts)
        assert judged.log_loss is not None
        assert judged.auc is not None
        assert judged.log_loss.value == pytest.approx(expected.log_loss, abs=1e-12)
        assert judged.auc.value == pytest.approx(expected.auc, abs=1e-12)
        assert judged.log_loss.low < judged.log_loss.value < judged.log_loss.high
        assert not judged.trained


def test_only_the_last_days_count(services: Services) -> None:
    send(services, 2000)  # a hundred a day, the last one being today
    assert standing(services, NOW, days=5).matured == pytest.approx(500, abs=60)
    later = standing(services, NOW + 40 * DAY_MS)
    assert (later.nothing, later.judged) == ("no events", {})


def test_versions_trained_on_some_of_them_are_marked() -> None:
    services = with_versions(shipped(A), shipped(B, rows="1900:2400", sha256=DIGEST))
    send(services, 2000)
    found = standing(services, NOW)
    assert (found.judged[A].trained, found.judged[B].trained) == (False, True)
    services.close()


def test_versions_that_ask_for_other_inputs_are_left_out() -> None:
    odd = ready("odd_v1", Features(("G1", "H")))
    few = ready("few_v1", Features(("G2", "G1")))
    services = with_versions(shipped(A), odd, few, broken("torn_v1", "torn"))
    send(services, 300)
    found = standing(services, NOW)
    assert set(found.judged) == {A, "few_v1"}
    services.close()


def test_why_nobody_is_judged(services: Services) -> None:
    assert standing(services, NOW).nothing == "no traffic"
    send(services, 50, label_delay=90 * DAY_MS)
    found = standing(services, NOW)
    assert (found.nothing, found.events, found.matured) == ("no outcomes", 50, 0)
    none = with_versions(broken("torn_v1", "torn"))
    assert standing(none, NOW).nothing == "no version"
    none.close()


class Away:
    """Counts whose database is away."""

    def __getattr__(self, name: str) -> Any:
        def fail(*_: object) -> None:
            raise LogUnavailableError("no connection")

        return fail


def test_a_log_that_is_away_is_said(services: Services) -> None:
    found = standing(replace(services, counts=Away()), NOW)  # type: ignore[arg-type]
    assert (found.nothing, found.judged) == ("log away", {})


def test_one_label_ranks_nothing() -> None:
    services = with_versions(shipped(A))
    send(services, 1)
    judged = standing(services, NOW).judged[A]
    assert judged.auc is None
    assert judged.log_loss is not None
    services.close()
