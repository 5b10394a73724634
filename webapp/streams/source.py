"""Read messages in batches from partitions that come and go, and commit their offsets."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from threading import Thread
from typing import Any

from webapp.streams.kafka import FINAL, RefusedError, reason
from webapp.streams.message import Headers, Message
from webapp.streams.offsets import Partition
from webapp.streams.outage import AWAY, Outage

_MORE_SECONDS = 0.005  # wait for a batch after its first message
_ASK_SECONDS = 1.0  # time limit of a request to the brokers
_LEAVE_SECONDS = 10.0  # time limit for leaving the group
_QUIET_SECONDS = 60.0  # between two log lines of the same warning
_log = logging.getLogger("everycase.streams")


class MessageSource:
    """One member of a consumer group, used by one thread."""

    def __init__(
        self, consumer: Any, topics: list[str], most: int, outage: Outage | None = None
    ) -> None:
        self._consumer = consumer
        self._outage = outage or Outage()
        self._most = most
        self._warned_at: dict[str, float] = {}
        self._early: list[Message] = []  # received while it was resting
        self._left: set[Partition] = set()  # partitions revoked while a batch was read
        self._paused: set[str] = set()  # topics
        self._changed = False  # new partitions were assigned, which start unpaused
        self.on_release: Callable[[set[Partition], bool], None] | None = None
        consumer.subscribe(
            topics, on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
        )

    def read(self, seconds: float) -> list[Message]:
        """Read the next messages, at most a batch. Empty if none arrive in that time."""
        early, self._early = self._early, []
        messages = early or self._receive(seconds)
        if not messages:
            self._outage.check(self._is_there)
        return messages

    def _receive(self, seconds: float) -> list[Message]:
        first = self._consumer.poll(seconds)
        if first is None:
            return []
        self._left.clear()
        more = self._consumer.consume(self._most - 1, _MORE_SECONDS) if self._most > 1 else []
        if (first.topic(), first.partition()) in self._left:  # it will be read again
            return self._read_messages(more)
        return self._read_messages([first, *more])

    def _is_there(self) -> bool:
        """True if a broker answers."""
        from confluent_kafka import KafkaException

        try:
            self._consumer.list_topics(timeout=_ASK_SECONDS)
        except KafkaException:
            return False
        return True

    def rest(self, seconds: float) -> None:
        """Stay in the group for a while without reading."""
        end = time.monotonic() + seconds
        while (remaining := end - time.monotonic()) > 0:
            partitions = self._consumer.assignment()
            if partitions:  # including those assigned in the meantime
                self._consumer.pause(partitions)
            one = self._consumer.poll(min(remaining, 0.2))
            if one is not None:
                self._early += self._read_messages([one])

    def resume(self) -> None:
        """Resume reading, except of paused topics."""
        partitions = [p for p in self._consumer.assignment() if p.topic not in self._paused]
        if partitions:
            self._consumer.resume(partitions)

    def pause(self, topic: str, pause: bool) -> None:
        """Pause or resume reading a topic."""
        if pause == (topic in self._paused) and not self._changed:
            return
        self._changed = False
        self._paused = self._paused | {topic} if pause else self._paused - {topic}
        places = [p for p in self._consumer.assignment() if p.topic == topic]
        if places:
            (self._consumer.pause if pause else self._consumer.resume)(places)

    def commit(self, offsets: Mapping[Partition, int], *, wait: bool = False) -> None:
        """Commit the offsets of partitions. A failed commit is made up for by the next one."""
        from confluent_kafka import KafkaException, TopicPartition

        places = [TopicPartition(topic, n, offset) for (topic, n), offset in offsets.items()]
        if not places:
            return
        try:
            self._consumer.commit(offsets=places, asynchronous=not wait)
        except KafkaException as error:
            self._warn(f"offsets were not committed: {reason(error)}")

    def lag(self) -> int | None:
        """The number of messages still to be read, or None if unknown."""
        from confluent_kafka import KafkaException

        total = 0
        try:
            for place in self._positions():
                offsets = self._consumer.get_watermark_offsets(place, cached=True)
                if offsets is None or offsets[1] < 0:
                    return None
                begin = place.offset if place.offset >= 0 else max(0, offsets[0])
                total += max(0, offsets[1] - begin)
        except KafkaException:
            return None
        return total

    def _positions(self) -> list[Any]:
        """The current positions; the committed ones where nothing has been read yet."""
        partitions = self._consumer.assignment()
        places = self._consumer.position(partitions) if partitions else []
        unread = [place for place in places if place.offset < 0]
        if unread:
            unread = self._consumer.committed(unread, timeout=_ASK_SECONDS)
        return [place for place in places if place.offset >= 0] + unread

    def leave(self, offsets: Mapping[Partition, int]) -> None:
        """Commit and leave the group. Gives up if the brokers don't answer."""

        def leave() -> None:
            self.commit(offsets, wait=True)
            self._consumer.close()

        thread = Thread(target=leave, daemon=True)  # neither call takes a time limit
        thread.start()
        thread.join(_LEAVE_SECONDS)
        if thread.is_alive():
            _log.warning("the brokers don't answer: uncommitted messages will be read again")

    def _read_messages(self, messages: Iterable[Any]) -> list[Message]:
        """The messages without errors. Raises RefusedError for a permanent error."""
        readable = []
        for one in messages:
            error = one.error()
            if error is not None:
                self._handle_error(error)
                continue
            self._outage.end()
            kind, at = one.timestamp()
            readable.append(
                Message(
                    one.topic(),
                    one.partition(),
                    one.offset(),
                    one.key(),
                    one.value(),
                    at if kind else None,
                    self._headers(one),
                )
            )
        return readable

    def _headers(self, one: Any) -> Headers | None:
        """A message's headers, or None if a name isn't UTF-8, which the library can't read."""
        try:
            headers: Headers | None = one.headers()
        except (SystemError, UnicodeDecodeError):
            self._warn(f"headers were dropped: a name is not UTF-8 ({one.topic()})")
            return None
        return headers

    def _handle_error(self, error: Any) -> None:
        if error.fatal() or error.name() in FINAL:
            raise RefusedError(error.str())
        if error.name() in AWAY:
            self._outage.note(error.str())
        else:
            self._warn(error.str())

    def _warn(self, text: str) -> None:
        now = time.monotonic()
        if now - self._warned_at.get(text, float("-inf")) >= _QUIET_SECONDS:
            self._warned_at[text] = now
            _log.warning("kafka: %s", text)

    def _on_assign(self, _consumer: Any, places: list[Any]) -> None:
        self._changed = True
        _log.info("partitions assigned", extra={"partitions": _partition_names(places)})

    def _on_revoke(self, _consumer: Any, places: list[Any]) -> None:
        self._release(places, is_lost=False)

    def _on_lost(self, _consumer: Any, places: list[Any]) -> None:
        self._release(places, is_lost=True)

    def _release(self, places: list[Any], *, is_lost: bool) -> None:
        partitions = {(place.topic, place.partition) for place in places}
        self._left |= partitions
        self._early = [m for m in self._early if (m.topic, m.partition) not in partitions]
        _log.info("partitions revoked", extra={"partitions": _partition_names(places)})
        if self.on_release is not None:
            self.on_release(partitions, is_lost)


def _partition_names(partitions: list[Any]) -> list[str]:
    return sorted(f"{place.topic}[{place.partition}]" for place in partitions)
