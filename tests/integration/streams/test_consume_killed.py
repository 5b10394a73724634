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


def feed(traffic: Sent, seconds: float) -> None:
    """Send events for a while."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        traffic.some(15)
        time.sleep(0.03)


def kill_repeatedly(traffic: Sent, lines: Path, url: str, database: Database, kills: int) -> None:
    """Two consumers at work, one of them killed again and again, and events all the time.

    Each is killed some moments after something was logged: while it is at work, or starts.
    """
    rng, count = random.Random(7), 0
    environ = {"DATABASE_URL": url, "VAR_DIR": str(lines.parent)}
    options = (*QUICK, "--batch", "50")
    at_work = [consuming(traffic.address, lines, *options, **environ) for _ in range(2)]
    try:
        for _ in range(kills):
            end = time.monotonic() + PATIENCE
            while number_of_events(database) == count and time.monotonic() < end:
                feed(traffic, 0.1)
            assert number_of_events(database) > count, "nothing is done between two kills"
            feed(traffic, rng.uniform(0, 0.6))
            count = number_of_events(database)
            victim = at_work.pop(rng.randrange(2))
            assert victim.poll() is None, lines.read_text()[-4000:]
            victim.kill()
            victim.wait()
            at_work.append(consuming(traffic.address, lines, *options, **environ))
    finally:
        stop(at_work)


def drain(traffic: Sent, lines: Path, url: str) -> None:
    """One consumer that does the rest, and is asked to stop."""
    environ = {"DATABASE_URL": url, "VAR_DIR": str(lines.parent)}
    process = consuming(traffic.address, lines, *QUICK, "--hold", "2s", **environ)
    try:
        wait_until(lambda: committed(traffic.address) == ends(traffic.address), 40, str(lines))
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0, lines.read_text()[-4000:]
    finally:
        stop([process])


def check_answers(traffic: Sent, answers: list[Message], ids: dict[str, str]) -> None:
    """Every good message has its answer, the same each time."""
    ids_by_request: dict[str, set[str]] = {}
    for message in answers:
        answer = json.loads(message.value() or b"")
        ids_by_request.setdefault(answer["request_id"], set()).add(answer["id"])
        assert answer["case"] == traffic.good[answer["request_id"]]
    assert ids_by_request == {name: {ids[name]} for name in traffic.good}


def check_dead_letters(traffic: Sent, dead: list[Message]) -> None:
    """Every bad message is there unchanged, with the reason, and no other."""
    letters = {}
    for message in dead:
        headers = headers_of(message)
        place = (
            headers["everycase-topic"],
            int(headers["everycase-partition"]),
            int(headers["everycase-offset"]),
        )
        letters[place] = (message.value(), headers["everycase-reason"])
    assert letters == traffic.bad


@pytest.mark.parametrize(("backend", "kills"), [("sqlite", KILLS), ("postgresql", 2)])
def test_killed_at_random_points(
    database: Database, address: str, kills: int, tmp_path: Path
) -> None:
    with kafka.cluster(TOPICS) as brokers:
        traffic, lines = Sent(brokers), tmp_path / "lines"
        kill_repeatedly(traffic, lines, address, database, kills)
        for _ in range(3):
            traffic.unknown_outcome()
        traffic.flush()
        drain(traffic, lines, address)
        rows = select(database, 'SELECT request_id, id, "case", label FROM events')
        assert len(rows) == len(traffic.good)
        assert {row[0]: row[2] for row in rows} == traffic.good
        assert {row[0]: row[3] for row in rows if row[3] is not None} == traffic.labels
        check_answers(traffic, read(brokers, ANSWERS), {row[0]: str(row[1]) for row in rows})
        check_dead_letters(traffic, read(brokers, DEAD_LETTERS))
    assert_consistent(database)
