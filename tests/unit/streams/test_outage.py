"""With the brokers away: a line when that begins, one at each longer wait, one at the end."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any, cast

import pytest
from confluent_kafka import KafkaException

from tests.unit.streams.test_worker import Letters, Member, bad, worker
from webapp.streams import kafka
from webapp.streams.outage import LONGEST_SECONDS, Outage
from webapp.streams.source import MessageSource

REFUSED = "127.0.0.1:9: Connect to ipv4#127.0.0.1:9 failed: Connection refused"


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Brokers:
    """A consumer of brokers that are away until a time: each poll takes half a second."""

    def __init__(self, clock: Clock, back_at: float) -> None:
        self.clock, self.back_at, self.asked = clock, back_at, 0

    def subscribe(self, *_arguments: Any, **_more: Any) -> None: ...

    def poll(self, seconds: float) -> Any:
        self.clock.now += seconds
        if self.clock.now >= self.back_at:
            return None
        values = {"fatal": False, "name": "_TRANSPORT", "str": REFUSED}
        error = SimpleNamespace(**{name: lambda it=it: it for name, it in values.items()})
        return SimpleNamespace(error=lambda: error, topic=str, partition=int)

    def consume(self, _most: int, _seconds: float) -> list[Any]:
        return []

    def list_topics(self, timeout: float) -> None:
        self.asked += 1
        self.clock.now += timeout
        if self.clock.now < self.back_at:
            raise KafkaException("no broker")


def test_an_hour_without_brokers_is_a_few_lines(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    brokers = Brokers(clock, 3600.0)
    outage = Outage(clock)
    source = MessageSource(brokers, ["features"], 10, outage)
    with caplog.at_level(logging.INFO, "everycase.streams"):
        while clock.now < 3700:
            assert source.read(0.5) == []
    texts = [record.getMessage() for record in caplog.records]
    assert texts[0] == f"kafka: no broker can be reached: {REFUSED}; trying on"
    waits = [cast(Any, record).seconds for record in caplog.records[1:-1]]
    assert waits == [2, 4, 8, 16, 32, LONGEST_SECONDS]
    assert texts[-1] == "kafka: the brokers are back"
    assert 3600 <= cast(Any, caplog.records[-1]).away_seconds < 3600 + 2 * LONGEST_SECONDS
    assert brokers.asked < 3600 / LONGEST_SECONDS + 10
    assert not outage.is_on


def test_the_lines_of_the_library_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    outage = Outage(Clock())
    log = logging.getLogger("everycase.streams.kafka")
    error = SimpleNamespace(name=lambda: "_ALL_BROKERS_DOWN", str=lambda: "3/3 brokers are down")
    with caplog.at_level(logging.INFO, "everycase.streams"):
        kafka._log_error(outage, error)
        for text in (f"FAIL [everycase#consumer-1] [thrd:x]: {REFUSED}", "1/1 brokers are down"):
            record = log.makeRecord(log.name, logging.ERROR, "", 0, text, (), None)
            assert not kafka._is_news(outage, record)
        other = log.makeRecord(log.name, logging.ERROR, "", 0, "SASL [x]: refused", (), None)
        assert kafka._is_news(outage, other)
    assert len(caplog.records) == 1


def test_an_unavailable_log_is_told_at_each_longer_wait(caplog: pytest.LogCaptureFixture) -> None:
    attempts = 12
    member = Member(lambda: [bad(0, 7)], *[list] * attempts)
    letters = Letters()
    letters.away = attempts
    with caplog.at_level(logging.INFO, "everycase.streams"):
        worker(member, letters).step(0)
    texts = [record.getMessage() for record in caplog.records]
    assert texts == ["waiting: away"] * 6 + ["going on: what was unavailable is back"]
    assert [cast(Any, r).seconds for r in caplog.records[:-1]] == [0.25, 0.5, 1, 2, 4, 5]
