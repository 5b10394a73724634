"""Tracks the processed offsets of each partition, and those that may be committed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from webapp.streams.message import Message

Partition = tuple[str, int]  # a topic and a partition number


class OffsetTracker:
    """The next offset of each partition, and the one last committed."""

    def __init__(self) -> None:
        self._next: dict[Partition, int] = {}
        self._commits: dict[Partition, int] = {}

    def add(self, messages: Iterable[Message]) -> None:
        """Mark messages as processed or held."""
        for message in messages:
            self._next[message.topic, message.partition] = message.offset + 1

    def drop(self, partitions: Iterable[Partition]) -> None:
        """Remove partitions that other consumers read from now on."""
        for partition in partitions:
            self._next.pop(partition, None)
            self._commits.pop(partition, None)

    def all(self, first_held: Mapping[Partition, int]) -> dict[Partition, int]:
        """The offset to commit for each partition: at most the first held one."""
        return {place: min(n, first_held.get(place, n)) for place, n in self._next.items()}

    def uncommitted(self, first_held: Mapping[Partition, int]) -> dict[Partition, int]:
        """The offsets of ``all`` that weren't committed yet."""
        return {
            place: n for place, n in self.all(first_held).items() if self._commits.get(place) != n
        }

    def mark_committed(self, offsets: Mapping[Partition, int]) -> None:
        """Record that these offsets were sent to the brokers."""
        self._commits.update(offsets)

    def forget_commits(self) -> None:
        """Forget what was committed, so that every offset is sent again.

        Asynchronous commits report no failure.
        """
        self._commits.clear()
