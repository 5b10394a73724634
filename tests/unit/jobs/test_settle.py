"""Outcomes that come sooner for one label than for the other, and the days that they get."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.support.event_logs import promotions
from tests.support.events import VERSION, make_event
from tests.support.installation import PLAN, Installation
from tests.support.labelled_events import record_labelled
from tests.support.populations import shares, shipped
from webapp.cases import Features
from webapp.catalog.prepared import Facts
from webapp.components.markup import markup
from webapp.db.database import Database
from webapp.db.tables.checks import Check, Checks
from webapp.db.tables.ledger import Ledger
from webapp.events.log import EventLog
from webapp.jobs.retrain import matured_stream
from webapp.pages.models.cards import policy_card
from webapp.services.models import jobs as models_jobs
from webapp.services.predict import version_choice
from webapp.services.traffic.settling import Settling, find_settling
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


def record_late_negatives(database: Database, days: float, label_days: float = 5.0) -> None:
    """A log of the last ``days``: who says yes does so within an hour, who says no days later."""
    rng, now = np.random.default_rng(0), now_ms()
    scores = shipped().scores
    times = np.sort(now - (rng.random(int(400 * days)) * days * DAY_MS).astype(np.int64))
    cases = rng.choice(len(scores), len(times), p=shares())
    labels = rng.random(len(times)) < scores[cases]
    events = []
    for at, case, is_yes in zip(times.tolist(), cases.tolist(), labels.tolist(), strict=True):
        when = at + int(DAY_MS * (rng.random() / 24 + (0 if is_yes else label_days)))
        label = int(is_yes) if when <= now else None
        labelled_at = None if label is None else when
        score = float(scores[case])
        events.append(make_event(at, case=case, score=score, label=label, labelled_at=labelled_at))
    EventLog(database).record(events)


@pytest.mark.parametrize(
    ("days", "reason"),
    [
        (3.0, "new outcomes are 1, and"),
        (5.5, "Outcomes of the last 6 days are not judged yet, as they are one-sided"),
    ],
)
def test_nothing_is_decided_on_outcomes_of_one_kind(
    sqlite_installation: Installation, days: float, reason: str
) -> None:
    """Whatever is asked for, nothing is fitted, written or read: it is judged later."""
    database = Database(sqlite_installation.address)
    record_late_negatives(database, days)
    outcome = sqlite_installation.run(replace(PLAN, now=True))
    assert (outcome.status, outcome.code) == ("not judged", 0)
    assert reason in outcome.explanation
    assert Checks(database).history() == []
    assert promotions(Ledger(database)) == []
    assert sqlite_installation.versions() == ["logit_games_v1"]
    database.close()


def test_that_they_were_not_judged_is_on_the_page_once_a_day(
    sqlite_installation: Installation,
) -> None:
    """As often as the clock looks; `everycase retrain` makes the outcome the job's result."""
    database = Database(sqlite_installation.address)
    record_late_negatives(database, 5.5)
    for _ in range(2):
        outcome = sqlite_installation.run()
    services = sqlite_installation.services()
    (job,) = models_jobs.history(services, now_ms())
    assert (job.kind, job.state, job.actor, job.message) == (
        *("retrain", "done", "ann"),
        outcome.explanation,
    )
    content = markup(policy_card(services, {}, now_ms(), can_admin=False).card)
    assert "Outcomes one-sided: not judged" in content
    assert "Outcomes of the last 6 days are not judged yet" in content
    services.close()
    database.close()


def test_they_are_judged_once_they_have_settled(sqlite_installation: Installation) -> None:
    """Ten days later: of the days that are read, both kinds are known in their true shares."""
    database = Database(sqlite_installation.address)
    record_late_negatives(database, 15)
    outcome = sqlite_installation.run(PERIODIC)
    assert outcome.status == "waits"
    assert outcome.check is not None
    assert "those that are 1 within 1 day" in outcome.explanation
    facts = Facts("", Features.numbered(10).names)
    blocks = matured_stream.unpack([outcome.check.batch], facts)
    n = sum(block.total for block in blocks)
    positives = sum(int(block.positives.sum()) for block in blocks)
    assert 400 * 7.6 <= n <= 400 * 9.4, (
        "eight days and as much as today has had, give or take chance"
    )
    assert positives / n == pytest.approx(float(shares() @ shipped().scores), abs=0.02)
    assert 0 < blocks[-1].positives.sum() < blocks[-1].total, "the newest as well"
    again = sqlite_installation.run(PERIODIC)
    assert again.status == "nothing new"
    assert "Outcomes of the last 6 days are not judged yet" in again.explanation
    database.close()


def test_outcomes_that_are_equally_late_are_read_at_once(
    installation: Installation, database: Database
) -> None:
    record_labelled(database, 900)
    settling = find_settling(database, ["logit_games_v1"], ["api"], 0, now_ms())
    assert settling == Settling(0)
    assert find_settling(database, ["logit_games_v1"], ["api"], 4, now_ms()).days == 4
    record_late_negatives(database, 15)
    settling = find_settling(database, ["logit_games_v1"], ["api"], 4, now_ms())
    assert settling == Settling(6, (1, 0), (0, 5))
    assert installation.versions() == ["logit_games_v1"]
