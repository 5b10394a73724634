"""Simulated traffic: what it is drawn from, that it is reproducible, and that it stays apart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.support.event_logs import hand_services
from tests.support.versions import broken, ready
from webapp.catalog.reader import FolderCatalog
from webapp.catalog.versions import Version
from webapp.events.counts import CountsQuery
from webapp.events.record import Event
from webapp.services.context import Services
from webapp.services.predict import simulate, version_choice
from webapp.services.traffic import windows
from webapp.settings import ROOT
from webapp.stats import metrics
from webapp.stats.counts import Counts
from webapp.timing import DAY_MS

NOW = 1_764_000_000_000  # some Monday's afternoon


def services(*versions: Version) -> Services:
    return hand_services(versions or (ready("logit_games_v1", seed=1), ready("other_v1", seed=2)))


@pytest.fixture
def shipped_services(tmp_path: Path) -> Iterator[Services]:
    shipped_services = hand_services(FolderCatalog(ROOT / "models", tmp_path).versions())
    yield shipped_services
    shipped_services.close()


def facts(events: list[Event]) -> list[tuple[object, ...]]:
    """All but the ids, which are random."""
    return [tuple(event)[1:] for event in events]


def test_the_same_seed_makes_the_same_traffic() -> None:
    first = simulate.draw(services(), NOW, seed=7)
    assert facts(first) == facts(simulate.draw(services(), NOW, seed=7))
    assert facts(first) != facts(simulate.draw(services(), NOW, seed=8))


def test_later_that_day_only_what_came_since_is_new() -> None:
    early = simulate.draw(services(), NOW, seed=7)
    late = simulate.draw(services(), NOW + 5 * 3_600_000, seed=7)
    assert len(late) > len(early)
    keys = [(e.at, e.case, e.score, e.request_id) for e in late[: len(early)]]
    assert keys == [(e.at, e.case, e.score, e.request_id) for e in early]


def test_sixty_days_of_traffic_whose_outcomes_mature() -> None:
    events = simulate.draw(services(), NOW)
    assert len(events) >= 50_000
    at = np.array([event.at for event in events])
    assert (np.diff(at) >= 0).all()
    assert NOW - 62 * DAY_MS < at[0] < NOW - 59 * DAY_MS
    assert NOW - 3_600_000 < at[-1] <= NOW
    has_label = np.array([event.label is not None for event in events])
    old, new = at < NOW - 30 * DAY_MS, at > NOW - DAY_MS
    assert 0.87 < has_label[old].mean() < 0.93  # a tenth never gets one
    assert has_label[new].mean() < 0.3
    assert all(e.at < (e.labelled_at or NOW) <= NOW for e in events)
    assert {e.source for e in events} == {"demo"}
    assert {e.version for e in events} == {"logit_games_v1"}


def test_players_drift_from_one_baseline_to_another() -> None:
    own = services()
    events = simulate.draw(own, NOW)
    baselines = {
        name: version.prepared.baseline.n / version.prepared.baseline.total
        for name in ("logit_games_v1", "other_v1")
        if (version := own.catalog.get(name)) and version.prepared and version.prepared.baseline
    }
    week = 7 * DAY_MS
    first = [e.case for e in events if e.at < events[0].at + week]
    last = [e.case for e in events if e.at > NOW - week]
    for cases, near, far in (
        (first, "logit_games_v1", "other_v1"),
        (last, "other_v1", "logit_games_v1"),
    ):
        counts = np.bincount(cases, minlength=1024)

        def likelihood(name: str, counts: np.ndarray = counts) -> float:
            return float(counts @ np.log(baselines[name] * 0.99 + 0.01 / 1024))

        assert likelihood(near) > likelihood(far)


def test_scores_are_the_champions() -> None:
    own = services()
    _, prepared = version_choice.resolve(own, None)
    for event in simulate.draw(own, NOW, days=3):
        assert event.score == prepared.scores[event.case]


def test_it_is_written_once_and_can_be_removed() -> None:
    own = services()
    traffic = simulate.write(own, NOW)
    assert own.log.totals() == {"demo": traffic.events}
    with pytest.raises(simulate.DemoError, match="everycase demo --remove"):
        simulate.write(own, NOW)
    assert own.log.totals() == {"demo": traffic.events}
    assert simulate.remove(own) == traffic.events
    assert own.log.totals() == {}


def test_two_processes_at_once_write_it_once() -> None:
    own = services()
    events = simulate.draw(own, NOW, days=2)
    own.log.record(simulate.draw(own, NOW, days=2))
    own.log.record(events)
    assert own.log.totals() == {"demo": len(events)}


def test_it_is_never_among_real_traffic_unless_asked_for() -> None:
    own = services()
    traffic = simulate.write(own, NOW, days=3)
    real = own.counts.read(
        CountsQuery("logit_games_v1", ("api", "form", "batch", "replay"), 0, 2 * NOW)
    )
    assert real.size == 0
    rows_read = own.counts.read(CountsQuery("logit_games_v1", ("demo",), 0, 2 * NOW))
    assert rows_read[:, 3].sum() == traffic.events
    assert rows_read[rows_read[:, 2] >= 0, 3].sum() == traffic.labelled


def test_without_training_counts_cases_are_alike_at_first() -> None:
    own = services(ready("logit_games_v1", baseline=False))
    traffic = simulate.write(own, NOW, days=20)
    assert traffic.origin.endswith("so cases are drawn from evenly likely inputs.")
    query = CountsQuery("logit_games_v1", ("demo",), 0, NOW - 18 * DAY_MS)
    case, n = own.counts.read(query)[:, [1, 3]].T
    _, prepared = version_choice.resolve(own, None)
    shares = n @ prepared.features.matrix()[case] / n.sum()
    assert np.abs(shares - 0.5).max() < 0.05


def test_without_training_counts_those_of_another_version_are_drawn_from() -> None:
    own = services(ready("logit_games_v1", baseline=False), ready("other_v1"))
    assert "from the counts of other versions." in simulate.write(own, NOW, days=1).origin


def test_without_a_champion_there_is_no_demo() -> None:
    with pytest.raises(version_choice.VersionNotReadyError):
        simulate.write(services(broken("logit_games_v1", "it is broken")), NOW)


def test_one_version_alone_does_not_drift() -> None:
    assert simulate.draw(services(ready("logit_games_v1")), NOW, days=2)


def test_the_shipped_versions_drift_towards_the_second(shipped_services: Services) -> None:
    events = simulate.draw(shipped_services, NOW)
    shares = {}
    for name in ("logit_games_v1", "logit_games_v2"):
        _, prepared = version_choice.resolve(shipped_services, name)
        assert isinstance(prepared.baseline, Counts)
        owners = prepared.features.bits["G8"]
        has = (np.arange(1024) & owners) > 0
        shares[name] = prepared.baseline.n[has].sum() / prepared.baseline.total
    last = [bool(e.case & owners) for e in events if e.at > NOW - 7 * DAY_MS]
    assert abs(np.mean(last) - shares["logit_games_v2"]) < 0.03


@pytest.mark.parametrize("seed", [0, 1])
def test_the_shipped_versions_are_in_the_order_of_the_real_file(
    shipped_services: Services, seed: int
) -> None:
    """Rows 12,001–22,905: hgb .29292, keras .30252, logit v1 .32971, v2 .33131 (docs/models.md)."""
    events = [e for e in simulate.draw(shipped_services, NOW, seed=seed) if e.label is not None]
    for days in (windows.DAYS, 60):
        rows = [(e.case, e.label) for e in events if e.at > NOW - days * DAY_MS]
        counts = Counts.of(*np.array(rows).T, 1024)
        names = [version.name for version in shipped_services.catalog.versions()]
        tables = {name: version_choice.resolve(shipped_services, name)[1].scores for name in names}
        names.sort(key=lambda name: metrics.evaluate(tables[name], counts).log_loss)
        order = ["hgb_games_v1", "keras_games_v1", "logit_games_v1", "logit_games_v2"]
        assert names == order, days
