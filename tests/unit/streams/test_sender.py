"""Answers and dead letters: sent once, in a smaller form if they are too large."""

from __future__ import annotations

from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from webapp.db.ids import new_id
from webapp.events.record import Event
from webapp.streams import kafka
from webapp.streams.message import BadMessageError, Message
from webapp.streams.sender import Sender, UndeliveredError

NOW = 1_795_000_000_000


def message(offset: int = 0, value: bytes | None = b"{}", **more: Any) -> Message:
    return Message(**({"topic": "t", "key": None, "at": NOW} | more), partition=0,
                   offset=offset, value=value)  # fmt: skip


class Producer:
    """What a sender needs of Kafka's; ``errors`` are what becomes of the next messages."""

    def __init__(self, *errors: str) -> None:
        self.errors = list(errors)
        self.queue: list[Any] = []
        self.arrived: list[Any] = []
        self.away = False

    def __len__(self) -> int:
        return len(self.queue)

    def produce(self, topic: str, value: Any, key: Any, headers: Any, on_delivery: Any) -> None:
        if len(value or b"") + len(key or b"") > kafka.LARGEST:
            raise KafkaException(KafkaError(KafkaError.MSG_SIZE_TOO_LARGE))
        self.queue.append((Produced(topic, value, key, headers), on_delivery))

    def flush(self, _seconds: float) -> int:
        if self.away:
            return len(self.queue)
        queue, self.queue = self.queue, []
        for message, then in queue:
            if self.errors and (error := self.errors.pop(0)):
                then(Error(error), message)
            else:
                self.arrived.append(message)
        return 0


class Error:
    def __init__(self, name: str) -> None:
        self.name = self.str = lambda: name


class Produced:
    def __init__(self, topic: str, *parts: Any) -> None:
        self.topic = lambda: topic
        self.value, self.key, self.headers = (lambda part=part: part for part in parts)


LARGE = "MSG_SIZE_TOO_LARGE"
BAD = BadMessageError("not_json", "what is it?")


def event() -> Event:
    return Event(new_id(NOW), NOW, "stream", "a_v1", 5, 0.25, request_id="r")


@pytest.mark.parametrize(
    ("refusals", "content"),
    [
        (1, {"value": b"x" * 99, "key": b"k"}),  # with others in a batch it was too large
        (2, {"value": None, "key": b"k"}),
        (3, {"value": None, "key": None}),
    ],
)
def test_a_dead_letter_that_is_too_large_is_cut(refusals: int, content: dict[str, Any]) -> None:
    producer = Producer(*[LARGE] * refusals)
    sender = Sender(producer, "answers", "dead")
    sender.refuse(message(5, b"x" * 99, key=b"k", headers=[("h", b"x")]), BAD)
    sender.finish()
    (letter,) = producer.arrived
    headers = dict(letter.headers())
    assert (letter.topic(), {"value": letter.value(), "key": letter.key()}) == ("dead", content)
    assert headers["everycase-offset"] == b"5"
    assert ("h" in headers) == (refusals < 3)
    assert headers.get("everycase-cut", b"").startswith(b"99 bytes") == (refusals > 1)
    assert ("everycase-bare" in headers) == (refusals == 3)


def test_an_answer_with_a_key_that_is_too_large_comes_without() -> None:
    producer = Producer(LARGE, LARGE)
    sender = Sender(producer, "answers", "dead")
    for key in (b"k", b"k" * (kafka.LARGEST + 1)):
        sender.answer(message(key=key, headers=[("h", b"x")]), event())
        sender.finish()
    for answer in producer.arrived:
        assert (answer.topic(), answer.key()) == ("answers", None)
        assert b'"request_id":"r"' in answer.value()
        assert [name for name, _ in answer.headers()] == ["everycase-bare"]


def test_what_waits_is_not_sent_again() -> None:
    producer = Producer()
    sender = Sender(producer, "answers", "dead")
    producer.away = True
    sender.begin()
    sender.answer(message(), event())
    with pytest.raises(UndeliveredError, match="1 message not delivered"):
        sender.finish()
    for _ in range(3):
        with pytest.raises(UndeliveredError):
            sender.begin()
    producer.away = False
    sender.begin()
    assert len(producer.arrived) == 1


def test_an_undelivered_answer_is_no_success() -> None:
    sender = Sender(Producer("_MSG_TIMED_OUT"), "answers", "dead")
    sender.answer(message(), event())
    with pytest.raises(UndeliveredError, match="answers: _MSG_TIMED_OUT"):
        sender.finish()
    sender.finish()


def test_what_the_brokers_refuse_for_good_ends_it() -> None:
    sender = Sender(Producer("TOPIC_AUTHORIZATION_FAILED"), "answers", "dead")
    sender.answer(message(), event())
    with pytest.raises(kafka.RefusedError, match="answers"):
        sender.finish()
