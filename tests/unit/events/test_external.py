"""Predictions made elsewhere that arrive in several batches at once."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tests.support.events import assert_consistent, make_event, number_of_events
from webapp.db.database import Database
from webapp.events.external import ExternalResult
from webapp.events.log import EventLog
from webapp.events.record import Event

THREADS, ROUNDS, CASES = 4, 8, 16


def made(number: int, label: int | None = None) -> Event:
    labelled_at = None if label is None else 1_790_000_000_000
    return make_event(
        request_id=f"visit {number}", case=number % CASES, label=label, labelled_at=labelled_at
    )


def test_batches_with_new_events_and_labels_of_known_ones_do_not_wait_in_a_circle(
    database: Database,
) -> None:
    log = EventLog(database)
    log.record_external([made(number) for number in range(800)])

    def send(seed: int) -> None:
        rng = random.Random(seed)
        for i in range(ROUNDS):
            new = [made(10_000 * (seed + 1) + 10 * i + rng.randrange(10))]
            retries = [made(number, number % 2) for number in rng.sample(range(800), 20)]
            log.record_external(new + retries)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(send, range(THREADS)))
    assert number_of_events(database) == 800 + THREADS * ROUNDS
    assert_consistent(database)


def test_the_same_request_in_several_batches_at_once_is_recorded_once(database: Database) -> None:
    log = EventLog(database)

    def send(_: int) -> list[ExternalResult]:
        return [
            one
            for i in range(ROUNDS)
            for one in log.record_external([made(i), made(i), made(i, 1)])
        ]

    with ThreadPoolExecutor(THREADS) as pool:
        answers = [one for part in pool.map(send, range(THREADS)) for one in part]
    statuses = Counter(one.status for one in answers)
    assert statuses == {"recorded": 2 * ROUNDS, "repeated": (3 * THREADS - 2) * ROUNDS}
    assert number_of_events(database) == len({one.event.id for one in answers}) == ROUNDS
    assert_consistent(database)
