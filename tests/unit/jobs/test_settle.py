"""Outcomes that come sooner for one label than for the other, and the days that they get."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.events import VERSION, make_event
from tests.support.installation import PLAN, Installation
from webapp.db.database import Database
from webapp.db.tables.checks import Check, Checks
from webapp.events.log import EventLog
from webapp.jobs.retrain import matured_stream
from webapp.services.predict import version_choice
from webapp.timing import DAY_MS, now_ms

pytestmark = pytest.mark.filterwarnings("ignore")
PERIODIC = replace(PLAN, every=10_000)


def record(database: Database, label: int | None, ages: tuple[int, ...]) -> None:
    """100 events on each of these days ago."""
    begins = now_ms() - now_ms() % DAY_MS
    times = [begins - age * DAY_MS for age in ages for _ in range(100)]
    events = [
        make_event(at, case=3, score=0.2, label=label, labelled_at=label and at, version=VERSION)
        for at in times
    ]
    EventLog(database).record(events)


def found(installation: Installation, days: int, check: Check | None = None) -> tuple[int, int]:
    """How many events with outcomes a check sees, and how many of them bought."""
    services = installation.services(settle_days=days)
    try:
        _, champion = version_choice.resolve(services, None)
        stream = matured_stream.read(services, champion, "real", check)
    finally:
        services.close()
    return stream.matured, int(sum(block.counts.positives.sum() for block in stream.new))


def test_only_days_whose_outcomes_had_their_time_are_looked_at(
    installation: Installation, database: Database
) -> None:
    """Who buys says so at once, who doesn't after five days."""
    record(database, 1, tuple(range(20)))
    record(database, 0, tuple(range(6, 20)))
    assert found(installation, 0) == (3400, 2000), "as skewed as what is known"
    assert found(installation, 5) == (2800, 1400)


def test_what_was_counted_is_not_counted_again_when_the_days_change(
    installation: Installation, database: Database
) -> None:
    record(database, 1, tuple(range(20)))
    statuses = [installation.run(PERIODIC, settle_days=n).status for n in (5, 5, 9, 0, 9, 3)]
    none = "nothing new"
    assert statuses == ["waits", none, none, "waits", none, none]
    checks = Checks(database)
    assert [check.evidence["matured"] for check in checks.history()] == [600, 1400]
    record(database, 1, (2,))
    assert found(installation, 9, checks.last()) == (100, 100), "these days were looked at before"
