"""Send answers and dead letters, and confirm their delivery."""

from __future__ import annotations

import time
from functools import partial
from typing import Any, NamedTuple

import orjson

from webapp.cases import shorten
from webapp.events.record import Event
from webapp.grammar import quantity
from webapp.streams.kafka import FINAL, RefusedError, reason
from webapp.streams.message import BadMessageError, Headers, Message

_FLUSH_SECONDS = 5.0
_PREFIX = "everycase-"
_TOO_LARGE = "MSG_SIZE_TOO_LARGE"


class UndeliveredError(Exception):
    """Some messages haven't been delivered; the text says why."""


class _Form(NamedTuple):
    """One way to send a message."""

    value: bytes | None
    key: bytes | None
    headers: Headers


_Forms = tuple[_Form, ...]  # of one message; each is sent if the one before it is too large


class Sender:
    """Sends to two topics through one producer, from one thread.

    All methods may raise UndeliveredError and RefusedError.
    """

    def __init__(self, producer: Any, answers: str, dead_letters: str) -> None:
        from confluent_kafka import KafkaException

        self._refusal = KafkaException
        self._producer = producer
        self._answers = answers
        self._dead_letters = dead_letters
        self._failed: str | None = None
        self._refused: str | None = None
        self._large: list[tuple[str, _Forms]] = []  # smaller forms of messages that were too large

    def begin(self) -> None:
        """Wait for messages of an earlier attempt, so that attempts don't fill the queue."""
        if len(self._producer):
            self._wait()
        self._failed = None
        self._large.clear()

    def answer(self, message: Message, event: Event) -> None:
        """Send a prediction, with the key and headers of the message that it answers."""
        value = orjson.dumps(
            {
                "id": event.id,
                "request_id": event.request_id,
                "version": event.version,
                "case": event.case,
                "probability": event.score,
                "at": event.at,
            }
        )
        whole = _Form(value, message.key, message.headers or [])
        self._send(self._answers, (whole, whole, _Form(value, None, _BARE)))

    def refuse(self, message: Message, error: BadMessageError) -> None:
        """Send an unusable message unchanged, with the reason in its headers."""
        reason_headers = {
            "reason": error.code,
            "message": str(error),
            "field": error.field,
            "topic": message.topic,
            "partition": str(message.partition),
            "offset": str(message.offset),
            "timestamp": "" if message.at is None else str(message.at),
        }
        original, ours = message.headers or [], _headers(reason_headers)
        whole = _Form(message.value, message.key, [*original, *ours])
        # Its position is in the headers, so the original can be found.
        cut = _headers({"cut": f"{len(message.value or b'')} bytes exceeded the limit"})
        small = _Form(None, message.key, [*original, *ours, *cut])
        bare = _Form(None, None, [*ours, *cut, *_BARE])
        self._send(self._dead_letters, (whole, whole, small, bare))

    def finish(self) -> None:
        """Wait until everything is delivered."""
        self._wait()
        while self._large:  # one by one, because a batch is refused as a whole
            topic, forms = self._large.pop()
            self._send(topic, forms)
            self._wait()
        problem, self._failed = self._failed, None
        if problem is not None:
            raise UndeliveredError(problem)

    def _wait(self) -> None:
        waiting = self._producer.flush(_FLUSH_SECONDS)
        if self._refused is not None:
            raise RefusedError(self._refused)
        if waiting:
            messages = quantity(waiting, "message")
            raise UndeliveredError(f"{messages} not delivered within {_FLUSH_SECONDS:g} s")

    def _send(self, topic: str, forms: _Forms) -> None:
        """Send the first form of a message; the others are used if it is too large."""
        (value, key, headers), smaller = forms[0], forms[1:]
        while True:
            try:
                self._producer.produce(
                    topic,
                    value,
                    key,
                    headers=headers,
                    on_delivery=partial(self._on_delivery, smaller),
                )
                return
            except BufferError:  # the queue is full
                start = time.monotonic()
                self._producer.poll(1.0)
                if time.monotonic() - start > 0.9:
                    raise UndeliveredError("no messages are being delivered") from None
            except self._refusal as error:
                if error.args[0].name() != _TOO_LARGE or not smaller:
                    raise RefusedError(f"{topic}: {reason(error)}") from None
                self._large.append((topic, smaller))
                return

    def _on_delivery(self, smaller: _Forms, error: Any, message: Any) -> None:
        if error is None:
            return
        if error.name() == _TOO_LARGE and smaller:
            self._large.append((message.topic(), smaller))
            return
        self._failed = f"{message.topic()}: {shorten(error.str())}"
        if error.name() in FINAL:
            self._refused = self._failed


def _headers(values: dict[str, str]) -> Headers:
    return [(_PREFIX + name, value.encode()) for name, value in values.items()]


_BARE = _headers({"bare": "key and headers were too large"})
