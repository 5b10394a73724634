"""Answers and dead letters: sent so that it is known when all have arrived."""

from __future__ import annotations

import time
from functools import partial
from typing import Any, NamedTuple

import orjson

from webapp.cases import shorten
from webapp.events.record import Event
from webapp.streams.kafka import FINAL, RefusedError, reason
from webapp.streams.message import BadMessageError, Headers, Message

_FLUSH_SECONDS = 5.0
_PREFIX = "everycase-"
_TOO_LARGE = "MSG_SIZE_TOO_LARGE"


class UndeliveredError(Exception):
    """Some of what was sent has not arrived; says why."""


class _Form(NamedTuple):
    """A message as it may be sent."""

    value: bytes | None
    key: bytes | None
    headers: Headers


_Forms = tuple[_Form, ...]  # of one message, each to be sent when that before it is too large


class Sender:
    """Sends to two topics through one producer, for one thread.

    Whatever sends may raise UndeliveredError and RefusedError.
    """

    def __init__(self, producer: Any, answers: str, dead_letters: str) -> None:
        from confluent_kafka import KafkaException

        self._refusal = KafkaException
        self._producer = producer
        self._answers = answers
        self._dead_letters = dead_letters
        self._failed: str | None = None
        self._refused: str | None = None
        self._large: list[tuple[str, _Forms]] = []  # what was too large, in smaller forms

    def begin(self) -> None:
        """Wait for what an earlier try has sent; else each try would add as much to what waits."""
        if len(self._producer):
            self._wait()
        self._failed = None
        self._large.clear()

    def answer(self, message: Message, event: Event) -> None:
        """Send what was predicted, under the key of who asked."""
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
        """Send a message that can't be used, as it was, with the reason in its headers."""
        said = {
            "reason": error.code,
            "message": str(error),
            "field": error.field,
            "topic": message.topic,
            "partition": str(message.partition),
            "offset": str(message.offset),
            "timestamp": "" if message.at is None else str(message.at),
        }
        given, ours = message.headers or [], _headers(said)
        whole = _Form(message.value, message.key, [*given, *ours])
        # Its place is in the headers, so it can be found.
        cut = _headers({"cut": f"{len(message.value or b'')} bytes were too many"})
        small = _Form(None, message.key, [*given, *ours, *cut])
        bare = _Form(None, None, [*ours, *cut, *_BARE])
        self._send(self._dead_letters, (whole, whole, small, bare))

    def finish(self) -> None:
        """Wait until all has arrived. Raises UndeliveredError."""
        self._wait()
        while self._large:  # one by one: a batch is refused as a whole
            topic, forms = self._large.pop()
            self._send(topic, forms)
            self._wait()
        failed, self._failed = self._failed, None
        if failed is not None:
            raise UndeliveredError(failed)

    def _wait(self) -> None:
        waiting = self._producer.flush(_FLUSH_SECONDS)
        if self._refused is not None:
            raise RefusedError(self._refused)
        if waiting:
            raise UndeliveredError(f"{waiting:,} messages have not arrived in {_FLUSH_SECONDS:g} s")

    def _send(self, topic: str, forms: _Forms) -> None:
        """Send the first form of a message; the others are for when it is too large."""
        (value, key, headers), smaller = forms[0], forms[1:]
        while True:
            try:
                self._producer.produce(
                    topic, value, key, headers=headers, on_delivery=partial(self._arrived, smaller)
                )
                return
            except BufferError:  # the queue is full
                begun = time.monotonic()
                self._producer.poll(1.0)
                if time.monotonic() - begun > 0.9:
                    raise UndeliveredError("nothing that is sent arrives") from None
            except self._refusal as error:
                if error.args[0].name() != _TOO_LARGE or not smaller:
                    raise RefusedError(f"{topic}: {reason(error)}") from None
                self._large.append((topic, smaller))
                return

    def _arrived(self, smaller: _Forms, error: Any, message: Any) -> None:
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
