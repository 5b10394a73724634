"""``everycase consume``, killed at random points again and again: nothing lost, nothing twice.

CONSUME_KILLS says how often; 50 take a minute or two.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
from pathlib import Path

import pytest
from confluent_kafka import Message

from tests.support import kafka
from tests.support.events import assert_consistent, number_of_events, select
from tests.support.serving import wait_until
from tests.support.stream_clients import (
    ANSWERS,
    DEAD_LETTERS,
    TOPICS,
    Sent,
    committed,
    consuming,
    ends,
    headers_of,
    read,
    stop,
)
from webapp.db.database import Database

KILLS = int(os.environ.get("CONSUME_KILLS", "6"))
PATIENCE = 20.0  # seconds
# Short, so that the group soon notices who was killed.
QUICK = ("--property", "session.timeout.ms=1000", "--property", "heartbeat.interval.ms=100")


def feed(sent: Sent, seconds: float) -> None:
    """Send events for a while."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        sent.some(15)
        time.sleep(0.03)


def killed(sent: Sent, lines: Path, url: str, database: Database, kills: int) -> None:
    """Two consumers at work, one of them killed again and again, and events all the time.

    Each is killed some moments after something was logged: while it is at work, or starts.
    """
    rng, logged = random.Random(7), 0
    environ = {"DATABASE_URL": url, "VAR_DIR": str(lines.parent)}
    options = (*QUICK, "--batch", "50")
    at_work = [consuming(sent.address, lines, *options, **environ) for _ in range(2)]
    try:
        for _ in range(kills):
            end = time.monotonic() + PATIENCE
            while number_of_events(database) == logged and time.monotonic() < end:
                feed(sent, 0.1)
            assert number_of_events(database) > logged, "nothing is done between two kills"
            feed(sent, rng.uniform(0, 0.6))
            logged = number_of_events(database)
            victim = at_work.pop(rng.randrange(2))
            assert victim.poll() is None, lines.read_text()[-4000:]
            victim.kill()
            victim.wait()
            at_work.append(consuming(sent.address, lines, *options, **environ))
    finally:
        stop(at_work)


def drained(sent: Sent, lines: Path, url: str) -> None:
    """One consumer that does the rest, and is asked to stop."""
    environ = {"DATABASE_URL": url, "VAR_DIR": str(lines.parent)}
    process = consuming(sent.address, lines, *QUICK, "--hold", "2s", **environ)
    try:
        wait_until(lambda: committed(sent.address) == ends(sent.address), 40, str(lines))
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0, lines.read_text()[-4000:]
    finally:
        stop([process])


def check_answers(sent: Sent, answers: list[Message], ids: dict[str, str]) -> None:
    """Has every good message its answer, the same whenever it was given?"""
    said: dict[str, set[str]] = {}
    for message in answers:
        answer = json.loads(message.value() or b"")
        said.setdefault(answer["request_id"], set()).add(answer["id"])
        assert answer["case"] == sent.good[answer["request_id"]]
    assert said == {name: {ids[name]} for name in sent.good}


def check_dead_letters(sent: Sent, dead: list[Message]) -> None:
    """Is every bad message there as it was, with the reason, and none other?"""
    found = {}
    for message in dead:
        said = headers_of(message)
        place = (
            said["everycase-topic"],
            int(said["everycase-partition"]),
            int(said["everycase-offset"]),
        )
        found[place] = (message.value(), said["everycase-reason"])
    assert found == sent.bad


@pytest.mark.parametrize(("backend", "kills"), [("sqlite", KILLS), ("postgresql", 2)])
def test_killed_at_random_points(
    database: Database, address: str, kills: int, tmp_path: Path
) -> None:
    with kafka.cluster(TOPICS) as brokers:
        sent, lines = Sent(brokers), tmp_path / "lines"
        killed(sent, lines, address, database, kills)
        for _ in range(3):
            sent.unknown_outcome()
        sent.flush()
        drained(sent, lines, address)
        rows = select(database, 'SELECT request_id, id, "case", label FROM events')
        assert len(rows) == len(sent.good)
        assert {row[0]: row[2] for row in rows} == sent.good
        assert {row[0]: row[3] for row in rows if row[3] is not None} == sent.labels
        check_answers(sent, read(brokers, ANSWERS), {row[0]: str(row[1]) for row in rows})
        check_dead_letters(sent, read(brokers, DEAD_LETTERS))
    assert_consistent(database)
