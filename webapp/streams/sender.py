"""Answers and dead letters: sent so that it is known when all have arrived."""

from __future__ import annotations

import time
from typing import Any

import orjson

from webapp.cases import shorten
from webapp.events.record import Event
from webapp.streams.kafka import FINAL, LARGEST, RefusedError, reason
from webapp.streams.message import BadMessageError, Headers, Message

_FLUSH_SECONDS = 5.0
_PREFIX = "everycase-"
_ROOM = 100_000  # bytes for key and headers


class UndeliveredError(Exception):
    """Some of what was sent has not arrived; says why."""


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
        self._large: list[Any] = []

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
        self._send(self._answers, value, message.key, message.headers)

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
        value = message.value
        if value is not None and len(value) > LARGEST - _ROOM:
            said["cut"], value = _cut(value), None
        headers = [*(message.headers or ()), *_headers(said)]
        self._send(self._dead_letters, value, message.key, headers)

    def finish(self) -> None:
        """Wait until all has arrived. Raises UndeliveredError."""
        waiting = self._producer.flush(_FLUSH_SECONDS)
        large, self._large = self._large, []
        for message in large:  # its place is in the headers, so it can be found
            headers = [*(message.headers() or ()), *_headers({"cut": _cut(message.value())})]
            self._send(self._dead_letters, None, message.key(), headers)
        waiting += self._producer.flush(_FLUSH_SECONDS) if large else 0
        failed, self._failed = self._failed, None
        if self._refused is not None:
            raise RefusedError(self._refused)
        if failed is not None:
            raise UndeliveredError(failed)
        if waiting:
            raise UndeliveredError(f"{waiting:,} messages have not arrived in {_FLUSH_SECONDS:g} s")

    def _send(
        self, topic: str, value: bytes | None, key: bytes | None, headers: Headers | None
    ) -> None:
        while True:
            try:
                self._producer.produce(
                    topic, value, key, headers=headers or [], on_delivery=self._arrived
                )
                return
            except BufferError:  # the queue is full
                begun = time.monotonic()
                self._producer.poll(1.0)
                if time.monotonic() - begun > 0.9:
                    raise UndeliveredError("nothing that is sent arrives") from None
            except self._refusal as error:
                raise RefusedError(f"{topic}: {reason(error)}") from None

    def _arrived(self, error: Any, message: Any) -> None:
        if error is None:
            return
        is_large = error.name() == "MSG_SIZE_TOO_LARGE"
        if is_large and message.topic() == self._dead_letters and message.value():
            self._large.append(message)
        else:
            self._failed = f"{message.topic()}: {shorten(error.str())}"
        if error.name() in FINAL:
            self._refused = self._failed


def _cut(value: bytes) -> str:
    return f"{len(value)} bytes were too many"


def _headers(values: dict[str, str]) -> Headers:
    return [(_PREFIX + name, value.encode()) for name, value in values.items()]
