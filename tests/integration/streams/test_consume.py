"""``everycase consume`` on a Kafka cluster: events answered, held and refused."""

from __future__ import annotations

import json
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event as Flag
from threading import Thread
from typing import Any

import pytest

from tests.support import kafka
from tests.support.events import assert_consistent, make_event, number_of_events, select
from tests.support.serving import wait_until
from tests.support.stream_clients import (
    ANSWERS,
    DEAD_LETTERS,
    FEATURES,
    OUTCOMES,
    TOPICS,
    VERSION,
    Sent,
    committed,
    consuming,
    ends,
    headers_of,
    read,
    row_of,
    stop,
)
from tests.support.versions import HandCatalog, ready
from webapp.composition import create_services
from webapp.db.database import Database
from webapp.services.context import Services
from webapp.settings import Settings
from webapp.streams.features import ReadingRules
from webapp.streams.kafka import Cluster, open_clients
from webapp.streams.report import ConsumerReport
from webapp.streams.sender import Sender
from webapp.streams.source import MessageSource
from webapp.streams.worker import ConsumerPlan, Worker
from webapp.timing import now_ms

DEFAULT = ReadingRules()
QUICK = {"session.timeout.ms": "1000", "heartbeat.interval.ms": "100"}  # who left is soon noticed
QUICKLY = [word for name, value in QUICK.items() for word in ("--property", f"{name}={value}")]
OTHER = "hgb_games_v1"
CATALOG = HandCatalog([ready(VERSION, seed=1), ready(OTHER, seed=2)])


@pytest.fixture
def brokers() -> Iterator[str]:
    with kafka.cluster(TOPICS) as address:
        yield address


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    new_services = create_services(Settings(var_dir=tmp_path), CATALOG)
    new_services.log.ping()
    yield new_services
    new_services.close()


@pytest.fixture
def log(services: Services, tmp_path: Path) -> Iterator[Database]:
    """The log, looked at from outside."""
    database = Database(f"sqlite:///{tmp_path / 'everycase.db'}")
    yield database
    assert_consistent(database)
    database.close()


@contextmanager
def working(
    services: Services, brokers: str, rules: ReadingRules = DEFAULT, **plan: Any
) -> Iterator[ConsumerReport]:
    """A consumer in a thread; at the end of the block it has done all there is."""
    consumer, producer = open_clients(Cluster(brokers, "everycase", QUICK))
    end, report = Flag(), ConsumerReport()
    source = MessageSource(consumer, [FEATURES, OUTCOMES], 500)
    sender = Sender(producer, ANSWERS, DEAD_LETTERS)
    plan = {"hold_seconds": 0.5, **plan}
    worker = Worker(
        services, source, sender, ConsumerPlan(FEATURES, OUTCOMES, rules, 500, **plan), report, end
    )
    thread = Thread(target=worker.run)
    thread.start()
    try:
        yield report
        wait_until(lambda: committed(brokers) == ends(brokers), 30)
    finally:
        end.set()
        thread.join(20)
    assert not thread.is_alive()


def read_answers(brokers: str) -> list[dict[str, Any]]:
    return [json.loads(message.value() or b"") for message in read(brokers, ANSWERS)]


def reasons(brokers: str) -> list[tuple[str, str]]:
    headers = [headers_of(message) for message in read(brokers, DEAD_LETTERS)]
    return sorted((values["everycase-reason"], values["everycase-field"]) for values in headers)


def test_an_answer_is_what_is_in_the_log(services: Services, brokers: str, log: Database) -> None:
    traffic = Sent(brokers)
    at = now_ms() - 60_000
    body = row_of(341) | {"at": at, "request_id": "visit-1", "version": OTHER}
    traffic.send(FEATURES, body, key="player 7", headers=[("trace", b"abc")])
    traffic.send(FEATURES, {"features": row_of(5)}, key="player 8", partition=2, timestamp=at)
    traffic.flush()
    with working(services, brokers):
        pass
    messages = {json.loads(m.value() or b"")["request_id"]: m for m in read(brokers, ANSWERS)}
    first, second = messages["visit-1"], messages[f"kafka:{FEATURES}:2:0"]
    assert (first.key(), first.headers()) == (b"player 7", [("trace", b"abc")])
    assert (second.key(), second.headers()) == (b"player 8", None)
    for message, version, case in ((first, OTHER, 341), (second, VERSION, 5)):
        answer = json.loads(message.value() or b"")
        event = services.log.find([answer["id"]])[answer["id"]]
        assert (event.source, event.version, event.case, event.at) == ("stream", version, case, at)
        prepared = CATALOG.by_name[version].prepared
        assert prepared is not None
        assert answer["probability"] == event.score == float(prepared.scores[case])
        assert (answer["version"], answer["case"], answer["at"]) == (version, case, at)


def test_the_champion_is_followed_and_a_pinned_version_stays(
    services: Services, brokers: str, log: Database
) -> None:
    traffic = Sent(brokers)
    with working(services, brokers) as report:
        traffic.one(is_named=False)
        traffic.flush()
        wait_until(lambda: report.counts["logged"] == 1, 20)
        services.ledger.promote(OTHER, actor="test", reason="better", default=VERSION)
        traffic.one(is_named=False)
        traffic.flush()
    with working(services, brokers, ReadingRules(version=VERSION)):
        traffic.one(is_named=False)
        traffic.flush()
    versions = select(log, "SELECT version FROM events ORDER BY id")
    assert [version for (version,) in versions] == [VERSION, OTHER, VERSION]


def test_a_key_may_be_the_request_id(services: Services, brokers: str, log: Database) -> None:
    traffic = Sent(brokers)
    traffic.send(OUTCOMES, {"label": 1}, key="order 1")
    traffic.send(FEATURES, row_of(5), key="order 1")
    traffic.send(FEATURES, row_of(6) | {"request_id": "mine"}, key="order 2")
    traffic.send(FEATURES, row_of(7))
    traffic.send(FEATURES, row_of(8), key="ordér")
    traffic.send(OUTCOMES, {"label": 1}, key=b"\xff")
    traffic.flush()
    with working(services, brokers, ReadingRules(keyed=True), hold_seconds=5.0):
        pass
    rows = select(log, 'SELECT request_id, "case", label FROM events ORDER BY "case"')
    assert rows[:2] == [("order 1", 5, 1), ("mine", 6, None)]
    assert rows[2][0].startswith(f"kafka:{FEATURES}:")
    assert len(rows) == 3
    assert reasons(brokers) == [("bad_input", "key")] * 2


def test_outcomes_wait_for_their_events(services: Services, brokers: str, log: Database) -> None:
    traffic = Sent(brokers)
    event = make_event(case=9)
    services.log.record([event])
    at = now_ms() - 1000
    for outcome in (
        {"request_id": "early", "label": 1, "at": at},
        {"id": event.id.upper(), "label": 0},
        {"id": event.id, "label": 0},
        {"id": event.id, "label": 1},  # a contradiction
        {"request_id": "never", "label": 1},
        {"id": "x", "label": 1},
        {"id": event.id, "request_id": "early", "label": 1},
        {"label": 1},
        {"request_id": "early", "label": 2},
        {"request_id": "early", "label": 1, "lable": 1},
    ):
        traffic.send(OUTCOMES, outcome, partition=0)
    traffic.flush()
    with working(services, brokers, hold_seconds=2.0) as report:
        wait_until(lambda: report.counts["outcomes"] == 2, 20)
        assert committed(brokers).get((OUTCOMES, 0), 0) == 0  # the first outcome waits
        traffic.send(FEATURES, row_of(5) | {"request_id": "early"})
        traffic.flush()
    assert ("early", 1, at) in select(log, "SELECT request_id, label, labelled_at FROM events")
    assert report.counts["outcomes"] == 3
    assert sorted(code for code, _ in reasons(brokers)) == ["bad_input"] * 5 + [
        "contradiction",
        "unknown_event",
    ]


def test_no_more_outcomes_are_read_than_may_wait(
    services: Services, brokers: str, log: Database
) -> None:
    traffic, event = Sent(brokers), make_event()
    services.log.record([event])
    for i in range(5):
        traffic.send(OUTCOMES, {"request_id": f"nobody {i}", "label": 1}, partition=0)
    traffic.flush()
    with working(services, brokers, hold_most=5, hold_seconds=2.0) as report:
        wait_until(lambda: committed(brokers).get((OUTCOMES, 0)) == 0, 20)  # they wait
        traffic.send(OUTCOMES, {"id": event.id, "label": 1}, partition=0)
        traffic.one(is_named=False)
        traffic.flush()
        wait_until(lambda: report.counts["logged"] == 1, 20)
        wait_until(lambda: report.counts["outcomes"] == 1, 20)
        assert report.counts["dead"] > 0  # before that
    assert report.counts["dead"] == 5
    assert number_of_events(log) == 2


def test_a_topic_made_anew_is_not_taken_for_the_old_one(services: Services, log: Database) -> None:
    for _ in range(2):
        with kafka.cluster(TOPICS) as brokers:
            traffic = Sent(brokers)
            traffic.send(FEATURES, row_of(5), partition=0, timestamp=now_ms())
            traffic.flush()
            with working(services, brokers):
                pass
            refusals = reasons(brokers)
    assert refusals == [("request_conflict", "offset")]
    assert number_of_events(log) == 1


def test_an_id_of_another_request(services: Services, brokers: str, log: Database) -> None:
    traffic = Sent(brokers)
    for row in (row_of(5), row_of(5), row_of(6), row_of(5) | {"version": OTHER}):
        traffic.send(FEATURES, row | {"request_id": "a"}, partition=0)
    traffic.flush()
    with working(services, brokers) as report:
        pass
    assert reasons(brokers) == [("request_conflict", "request_id")] * 2
    assert (report.counts["logged"], report.counts["repeated"]) == (1, 1)
    assert len({answer["id"] for answer in read_answers(brokers)}) == 1


def test_while_the_log_is_unavailable_nothing_is_lost(
    services: Services, brokers: str, log: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    traffic = Sent(brokers)
    with working(services, brokers) as report:
        traffic.some(50)
        wait_until(lambda: report.counts["logged"] > 0, 20)
        with closing(sqlite3.connect(str(log.url.database), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            traffic.some(50)
            wait_until(lambda: report.counts["away"] >= 2, 30)
            before = committed(brokers)
            traffic.some(50)
            assert committed(brokers) == before
    rows = select(log, 'SELECT request_id, "case" FROM events')
    assert dict(rows) == traffic.good
    assert report.counts["dead"] == len(traffic.bad)


def test_it_stops_on_a_signal(tmp_path: Path, brokers: str) -> None:
    """Also during an outage; the next consumer finds everything done, or does it."""
    traffic, lines = Sent(brokers), tmp_path / "lines"
    traffic.some(40)
    metrics = tmp_path / "everycase.prom"
    process = consuming(brokers, lines, *QUICKLY, "--metrics", str(metrics), VAR_DIR=str(tmp_path))
    try:
        wait_until(lambda: committed(brokers).keys() >= ends(brokers).keys(), 40)
        with closing(sqlite3.connect(tmp_path / "everycase.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            traffic.some(40)
            wait_until(lambda: "waiting" in lines.read_text(), 20)
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0, lines.read_text()
    finally:
        stop([process])
    assert "everycase_stream_logged_total" in metrics.read_text()
    assert '"event": "consumed"' in lines.read_text()
    assert (tmp_path / "catalog" / "index.json").exists()  # new versions are looked for
    process = consuming(brokers, lines, *QUICKLY, VAR_DIR=str(tmp_path))
    try:
        wait_until(lambda: committed(brokers) == ends(brokers), 40)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0, lines.read_text()
    finally:
        stop([process])
    with closing(sqlite3.connect(tmp_path / "everycase.db")) as log_file:
        assert dict(log_file.execute('SELECT request_id, "case" FROM events')) == traffic.good
