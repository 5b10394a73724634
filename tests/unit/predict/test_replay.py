"""Replay: rows of a file as traffic, in order, once, with their outcomes in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice, pairwise

import pytest

from tests.support.event_logs import fresh_database
from tests.support.events import assert_consistent, select
from tests.support.synthetic_rows import labelled_rows
from tests.support.versions import HandCatalog, ready
from webapp.cases import Features, InputError
from webapp.db.database import Database
from webapp.db.tables.alerts import Alerts
from webapp.db.tables.ledger import Ledger
from webapp.events.counts import CountsReader
from webapp.events.log import EventLog
from webapp.services.context import Services
from webapp.services.predict.replay import BATCH, ReplayPlan, judge, replay
from webapp.stats.counts import Counts
from webapp.stats.metrics import evaluate
from webapp.timing import DAY_MS

NOW = 1_764_000_000_000
FEATURES = Features.numbered(10)
ROWS = labelled_rows(2500)
CASES = FEATURES.number(ROWS[:, :-1])
LABELS = ROWS[:, -1]
PLAN = ReplayPlan(
    digest="ab" * 32,
    first=101,
    features=FEATURES,
    case=CASES.tolist(),
    label=LABELS.tolist(),
    version="logit_games_v1",
    days=10,
)


@pytest.fixture
def log() -> Database:
    return fresh_database()


@pytest.fixture
def services(log: Database) -> Services:
    catalog = HandCatalog([ready("logit_games_v1"), ready("small_v1", Features.numbered(3))])
    return Services(catalog, EventLog(log), Ledger(log), CountsReader(log), Alerts(log), log.close)


def run(services: Services, plan: ReplayPlan = PLAN, now: int = NOW) -> int:
    steps = list(replay(services, plan, now))
    return steps[-1].sent


def events(log: Database) -> Sequence[tuple[object, ...]]:
    return select(log, 'SELECT at, "case", label, labelled_at, source FROM events ORDER BY at, id')


def test_every_row_is_an_event_with_its_outcome(services: Services, log: Database) -> None:
    assert run(services) == len(CASES)
    rows = events(log)
    assert [row[1] for row in rows] == CASES.tolist()
    assert [row[2] for row in rows] == LABELS.tolist()
    assert {row[4] for row in rows} == {"replay"}
    times = [int(str(row[0])) for row in rows]
    assert times[0] == NOW - 10 * DAY_MS
    assert times[-1] <= NOW
    steps = {b - a for a, b in pairwise(times)}
    assert max(steps) - min(steps) <= 1  # spread evenly
    assert_consistent(log)


def test_the_logs_own_figures_are_those_of_the_rows(services: Services) -> None:
    run(services)
    outcome = judge(services, "logit_games_v1")
    prepared = services.catalog.versions()[0].prepared
    assert prepared is not None
    metrics = evaluate(prepared.scores, Counts.of(CASES, LABELS, 1024))
    assert (outcome.events, outcome.labelled) == (2500, 2500)
    assert outcome.metrics == metrics


def test_stopped_and_started_again_it_doubles_nothing(services: Services, log: Database) -> None:
    first_steps = list(islice(replay(services, PLAN, NOW), 2))
    assert first_steps[-1].sent == 2 * BATCH
    assert len(events(log)) == 2 * BATCH
    assert run(services, now=NOW + 3_600_000) == 2500
    first = events(log)
    assert len(first) == 2500
    assert run(services, now=NOW + DAY_MS) == 2500
    assert events(log) == first
    times = [int(str(row[0])) for row in first]
    assert times == sorted(times)  # it went on in the time of the first part
    assert [row[1] for row in first] == CASES.tolist()
    assert_consistent(log)


def test_outcomes_come_after_their_delay(services: Services, log: Database) -> None:
    plan = replace(PLAN, label_delay=2 * DAY_MS)
    run(services, plan)
    for at, _case, label, labelled_at, _source in events(log):
        if int(str(at)) + 2 * DAY_MS <= NOW:
            assert labelled_at == int(str(at)) + 2 * DAY_MS
            assert label is not None
        else:
            assert (label, labelled_at) == (None, None)
    run(services, plan, now=NOW + 2 * DAY_MS)  # then the rest is known, too
    assert all(row[2] is not None for row in events(log))
    assert_consistent(log)


def test_a_paced_replay_waits_for_its_time(services: Services, monkeypatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("webapp.services.predict.replay.time.monotonic", lambda: clock[0])

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    steps = []
    plan = replace(PLAN, days=1.0, speed=3600.0)  # a day in 24 seconds
    for step in replay(services, plan, NOW, sleep):
        steps.append((clock[0], step.sent))
    assert 23 <= clock[0] <= 25
    for time_passed, rows_sent in steps:
        assert rows_sent <= 2500 * time_passed / 24 + 1


def test_rows_with_other_features_are_refused(services: Services, log: Database) -> None:
    with pytest.raises(InputError, match="G4"):
        run(services, replace(PLAN, version="small_v1"))
    assert events(log) == []
