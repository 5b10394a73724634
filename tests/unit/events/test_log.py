"""The event log: events are written, counted and labelled once."""

from __future__ import annotations

from threading import Thread

import pytest

from tests.support.event_logs import fresh_database
from webapp.db.ids import is_id, new_id, new_ids
from webapp.events import integrity
from webapp.events.log import EventLog
from webapp.events.record import Event
from webapp.timing import DAY_MS, HOUR_MS, now_ms


def event(at: int | None = None, case: int = 3, request_id: str | None = None) -> Event:
    when = now_ms() if at is None else at
    return Event(new_id(when), when, "api", "logit_games_v1", case, 0.25, request_id=request_id)


@pytest.fixture
def database():
    fresh = fresh_database()
    yield fresh
    assert integrity.check(fresh) == (0, [])
    fresh.close()


def counted(database) -> dict[tuple[object, ...], int]:
    with database.reading() as link:
        rows = link.run('SELECT grain, period, "case", label, n FROM counts').fetchall()
    return {row[:4]: row[4] for row in rows}


def test_ids_sort_by_time_and_have_their_form() -> None:
    ids = [new_id(at) for at in (1, 1_000, 1_795_000_000_000)] + new_ids(1_795_000_000_001, 2)
    assert all(map(is_id, ids))
    assert [i[:13] for i in ids] == sorted(i[:13] for i in ids)
    assert {i[14] for i in ids} == {"7"}
    assert len(set(ids)) == 5


def test_an_event_is_counted_at_both_grains(database) -> None:
    log = EventLog(database)
    at = now_ms()
    log.record([event(at), event(at), event(at, case=4)])
    day, hour = at - at % DAY_MS, at - at % HOUR_MS
    assert counted(database) == {
        ("day", day, 3, -1): 2,
        ("day", day, 4, -1): 1,
        ("hour", hour, 3, -1): 2,
        ("hour", hour, 4, -1): 1,
    }


def test_a_request_id_is_answered_once(database) -> None:
    log = EventLog(database)
    first = event(request_id="a")
    other = event(case=9, request_id="a")
    assert log.record([first]) == [first]
    assert log.record([other, event()])[0] == first
    assert log.totals() == {"api": 2}


def test_an_outcome_moves_the_count(database) -> None:
    log = EventLog(database)
    one, two = log.record([event(), event()])
    unknown = new_id(1)
    outcomes = [(one.id, 1), (one.id, 1), (one.id, 0), (unknown, 1)]
    assert log.label(outcomes) == ["recorded", "repeated", "contradicted", "unknown"]
    assert log.label([(one.id, 1), (two.id, 0)]) == ["repeated", "recorded"]
    assert log.find([one.id])[one.id].label == 1
    assert sorted(key[3] for key in counted(database)) == [0, 0, 1, 1]


def test_late_outcomes_of_pruned_hours_are_counted_by_day(database) -> None:
    log = EventLog(database)
    old = event(now_ms() - 20 * DAY_MS)
    log.record([old])
    assert log.prune() == 1
    log.record([event(old.at)])
    assert log.label([(old.id, 1)]) == ["recorded"]
    assert {key[0] for key in counted(database)} == {"day"}


def test_threads_lose_nothing(database) -> None:
    log = EventLog(database)
    answers: list[str] = []

    def client() -> None:
        for _ in range(50):
            answers.extend(one.id for one in log.record([event()]))

    threads = [Thread(target=client) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(answers)) == 400
    assert set(log.find(sorted(answers))) == set(answers)


def test_forgetting_a_source_leaves_the_others(database) -> None:
    log = EventLog(database)
    log.record([event(), Event(new_id(1), 1, "demo", "v", 0, 0.5)])
    assert log.forget("demo") == 1
    assert log.totals() == {"api": 1}


def test_repair_counts_anew(database) -> None:
    log = EventLog(database)
    log.record([event()])
    with database.writing() as link:
        link.run("UPDATE counts SET n = n + 1 WHERE grain = 'day'")
    wrong, findings = integrity.check(database)
    assert (wrong, findings[0].counted, findings[0].events) == (1, 2, 1)
    assert integrity.repair(database) == 1
