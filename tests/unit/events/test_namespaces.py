"""Request ids live in namespaces, and those from before namespaces keep working."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.events import assert_consistent, execute, make_event, select
from webapp.db import migrate
from webapp.db.database import Database
from webapp.events import namespaces
from webapp.events.log import EventLog
from webapp.timing import now_ms

BEFORE = "0009"
SENDERS = [
    ("api", "open"),
    ("api", "api"),
    ("batch", "admin"),
    ("edge", "edge/api"),
    ("edge", "edge/admin"),
    ("stream", "stream/api"),
    ("stream", namespaces.KAFKA),
    ("form", namespaces.FORM),
    ("replay", namespaces.REPLAY),
    ("demo", namespaces.DEMO),
]


def test_the_same_id_of_two_senders_is_two_requests(database: Database) -> None:
    log = EventLog(database)
    events = [
        make_event(source=source, namespace=namespace, request_id="order-18", case=case)
        for case, (source, namespace) in enumerate(SENDERS)
    ]
    assert log.record(events) == events
    again = [event._replace(id=make_event().id, case=99) for event in events]
    assert [first.case for first in log.record(again)] == list(range(len(SENDERS)))
    assert log.find_request("order-18", namespaces.KAFKA) == events[6]
    assert_consistent(database)


@pytest.mark.parametrize("token", ["open", "api", "admin"])
def test_outcomes_look_among_their_own_ids_first(database: Database, token: str) -> None:
    log = EventLog(database)
    events = {
        namespace: make_event(source=source, namespace=namespace, request_id="a")
        for source, namespace in SENDERS
    }
    log.record(list(events.values()))
    places = namespaces.labelled_by(token)  # type: ignore[arg-type]
    assert log.find_requests(["a"], places) == {"a": events[token]}
    assert {"form", "demo"}.isdisjoint(places)
    assert ("open" in places) is (token == "open")
    assert ("admin" in places) is (token == "admin")


def test_outcomes_from_kafka_are_not_caught_by_what_anybody_sent(database: Database) -> None:
    log = EventLog(database)
    early_events = [
        make_event(source=source, namespace=namespace, request_id="kafka:games:0:7")
        for source, namespace in (("api", "open"), ("form", "form"))
    ]
    log.record(early_events)
    places = namespaces.labelled_by_kafka()
    assert log.find_requests(["kafka:games:0:7"], places) == {}
    own = make_event(source="stream", namespace="kafka", request_id="kafka:games:0:7")
    assert log.record([own]) == [own]
    assert log.find_requests(["kafka:games:0:7"], places) == {"kafka:games:0:7": own}


@pytest.fixture
def old(database: Database) -> Iterator[Database]:
    """A database whose events are from before namespaces."""
    migrate.undo(database, BEFORE)
    columns = '(id, at, source, version, "case", score, request_id)'
    values = ", ".join(
        f"('{make_event(1_000).id}', 1000, '{source}', 'a_v1', {case}, 0.5, {name})"
        for case, (source, name) in enumerate(
            [
                ("api", "'row'"),
                ("batch", "'batch/0'"),
                ("edge", "'visit'"),
                ("stream", "'kafka:games:0:1'"),
                ("replay", "'replay:1'"),
                ("form", "'order-18'"),
                ("api", "NULL"),
            ]
        )
    )
    execute(database, f"INSERT INTO events {columns} VALUES {values}")
    migrate.migrate(database)
    return database


@pytest.mark.parametrize(
    ("source", "namespace", "request_id", "case"),
    [
        ("api", "open", "row", 0),
        ("api", "api", "row", 0),
        ("batch", "admin", "row", 0),
        ("api", "api", "batch/0", 1),
        ("edge", "edge/api", "visit", 2),
        ("stream", "kafka", "kafka:games:0:1", 3),
        ("stream", "stream/api", "kafka:games:0:1", 3),
        ("replay", "replay", "replay:1", 4),
    ],
)
def test_a_retry_of_an_old_request_gets_its_answer(
    old: Database, source: str, namespace: str, request_id: str, case: int
) -> None:
    log, retry = EventLog(old), make_event(source=source, request_id=request_id, case=50)
    (first,) = log.record([retry._replace(namespace=namespace)])
    assert (first.case, first.namespace) == (case, namespaces.OLD)
    new = make_event(source=source, namespace=namespace, request_id="another")
    assert log.record([retry._replace(namespace=namespace), new])[1] is new


def test_an_old_id_of_the_form_is_nobodys(old: Database) -> None:
    log = EventLog(old)
    mine = make_event(namespace="api", request_id="order-18")
    assert log.find_requests(["order-18"], namespaces.labelled_by("api")) == {}
    assert log.record([mine]) == [mine]
    places = namespaces.labelled_by("api")
    assert log.find_requests(["order-18"], places) == {"order-18": mine}
    rows = log.find_requests(["row", "visit", "batch/0"], places)
    assert {name: event.case for name, event in rows.items()} == {
        "row": 0,
        "batch/0": 1,
        "visit": 2,
    }


def test_an_older_app_finds_the_first_of_equal_ids(database: Database) -> None:
    log = EventLog(database)
    now = now_ms()
    events = [
        make_event(now + i, namespace=name, request_id="a", case=i) for i, name in enumerate("xyz")
    ]
    log.record([*events, make_event(namespace="x", request_id="b")])
    migrate.undo(database, BEFORE)
    rows = select(database, 'SELECT request_id, "case" FROM events ORDER BY "case"')
    assert rows == [("a", 0), (None, 1), (None, 2), ("b", 5)]
    migrate.migrate(database)
    assert_consistent(database)
