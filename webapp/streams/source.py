"""Where messages come from: partitions that come and go, read in batches, and told when done."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from threading import Thread
from typing import Any

from webapp.streams.kafka import FINAL, RefusedError, reason
from webapp.streams.message import Headers, Message
from webapp.streams.offsets import Place

_MORE_SECONDS = 0.005  # that a batch is waited for after its first message
_ASK_SECONDS = 1.0  # that a question to the brokers may take
_LEAVE_SECONDS = 10.0  # that brokers get to hear of the end
_QUIET_SECONDS = 60.0  # in which the same trouble is said once
_log = logging.getLogger("everycase.streams")


class Source:
    """One member of a consumer group, for one thread."""

    def __init__(self, consumer: Any, topics: list[str], most: int) -> None:
        self._consumer = consumer
        self._most = most
        self._said: dict[str, float] = {}
        self._early: list[Message] = []  # that came while it was resting
        self._left: set[Place] = set()  # partitions that went while a batch was read
        self._paused: set[str] = set()  # topics
        self._changed = False  # partitions came, and they come unpaused
        self.on_gone: Callable[[set[Place], bool], None] | None = None
        consumer.subscribe(topics, on_assign=self._got, on_revoke=self._gone, on_lost=self._lost)

    def read(self, seconds: float) -> list[Message]:
        """The next messages, at most a batch; none when none come in that time."""
        early, self._early = self._early, []
        if early:
            return early
        first = self._consumer.poll(seconds)
        if first is None:
            return []
        self._left.clear()
        more = self._consumer.consume(self._most - 1, _MORE_SECONDS) if self._most > 1 else []
        if (first.topic(), first.partition()) in self._left:  # others read it, or we do so again
            return self._good(more)
        return self._good([first, *more])

    def rest(self, seconds: float) -> None:
        """Stay in the group for a while without reading on."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            assigned = self._consumer.assignment()
            if assigned:  # partitions that came meanwhile, too
                self._consumer.pause(assigned)
            one = self._consumer.poll(min(left, 0.2))
            if one is not None:
                self._early += self._good([one])

    def go_on(self) -> None:
        """Read on, all but the topics that are paused."""
        wanted = [p for p in self._consumer.assignment() if p.topic not in self._paused]
        if wanted:
            self._consumer.resume(wanted)

    def pause(self, topic: str, pause: bool) -> None:
        """Read no more of a topic for now, or again."""
        if pause == (topic in self._paused) and not self._changed:
            return
        self._changed = False
        self._paused = self._paused | {topic} if pause else self._paused - {topic}
        places = [p for p in self._consumer.assignment() if p.topic == topic]
        if places:
            (self._consumer.pause if pause else self._consumer.resume)(places)

    def tell(self, offsets: Mapping[Place, int], *, wait: bool = False) -> None:
        """Commit how far partitions are done. What fails is told again with the next."""
        from confluent_kafka import KafkaException, TopicPartition

        places = [TopicPartition(topic, n, offset) for (topic, n), offset in offsets.items()]
        if not places:
            return
        try:
            self._consumer.commit(offsets=places, asynchronous=not wait)
        except KafkaException as error:
            self._warn(f"offsets were not committed: {reason(error)}")

    def lag(self) -> int | None:
        """How many messages there are to read, as far as it is known."""
        from confluent_kafka import KafkaException

        total = 0
        try:
            for place in self._positions():
                known = self._consumer.get_watermark_offsets(place, cached=True)
                if known is None or known[1] < 0:
                    return None
                begin = place.offset if place.offset >= 0 else max(0, known[0])
                total += max(0, known[1] - begin)
        except KafkaException:
            return None
        return total

    def _positions(self) -> list[Any]:
        """Where the reading is: at what is committed where nothing was read yet."""
        assigned = self._consumer.assignment()
        places = self._consumer.position(assigned) if assigned else []
        unread = [place for place in places if place.offset < 0]
        if unread:
            unread = self._consumer.committed(unread, timeout=_ASK_SECONDS)
        return [place for place in places if place.offset >= 0] + unread

    def leave(self, offsets: Mapping[Place, int]) -> None:
        """Commit, and leave the group. Brokers that don't answer are not waited for long."""

        def leave() -> None:
            self.tell(offsets, wait=True)
            self._consumer.close()

        thread = Thread(target=leave, daemon=True)  # neither call takes a time limit
        thread.start()
        thread.join(_LEAVE_SECONDS)
        if thread.is_alive():
            _log.warning("the brokers don't answer: what was not committed is read again")

    def _good(self, messages: Iterable[Any]) -> list[Message]:
        """Those that are no errors."""
        found = []
        for one in messages:
            error = one.error()
            if error is not None:
                self._judge(error)
                continue
            kind, at = one.timestamp()
            found.append(
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
        return found

    def _headers(self, one: Any) -> Headers | None:
        """Its headers, or none where a name is no text, which the library can't say."""
        try:
            found: Headers | None = one.headers()
        except (SystemError, UnicodeDecodeError):
            self._warn(f"headers were left out: a name is not UTF-8 ({one.topic()})")
            return None
        return found

    def _judge(self, error: Any) -> None:
        if error.fatal() or error.name() in FINAL:
            raise RefusedError(error.str())
        self._warn(error.str())

    def _warn(self, text: str) -> None:
        now = time.monotonic()
        if now - self._said.get(text, float("-inf")) >= _QUIET_SECONDS:
            self._said[text] = now
            _log.warning("kafka: %s", text)

    def _got(self, _consumer: Any, places: list[Any]) -> None:
        self._changed = True
        _log.info("partitions assigned", extra={"partitions": _named(places)})

    def _gone(self, _consumer: Any, places: list[Any]) -> None:
        self._let_go(places, lost=False)

    def _lost(self, _consumer: Any, places: list[Any]) -> None:
        self._let_go(places, lost=True)

    def _let_go(self, places: list[Any], *, lost: bool) -> None:
        gone = {(place.topic, place.partition) for place in places}
        self._left |= gone
        self._early = [m for m in self._early if (m.topic, m.partition) not in gone]
        _log.info("partitions revoked", extra={"partitions": _named(places)})
        if self.on_gone is not None:
            self.on_gone(gone, lost)


def _named(places: list[Any]) -> list[str]:
    return sorted(f"{place.topic}[{place.partition}]" for place in places)
