"""How far each partition is done, and how far that may be told the brokers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from webapp.streams.message import Message

Place = tuple[str, int]  # a topic and the number of its partition


class Done:
    """The next offset of each partition, told once."""

    def __init__(self) -> None:
        self._next: dict[Place, int] = {}
        self._told: dict[Place, int] = {}

    def add(self, messages: Iterable[Message]) -> None:
        """These are done, or held."""
        for message in messages:
            self._next[message.topic, message.partition] = message.offset + 1

    def forget(self, places: Iterable[Place]) -> None:
        """These partitions are read by others now."""
        for place in places:
            self._next.pop(place, None)
            self._told.pop(place, None)

    def all(self, held: Mapping[Place, int]) -> dict[Place, int]:
        """How far each is done, but not past what is held."""
        return {place: min(n, held.get(place, n)) for place, n in self._next.items()}

    def news(self, held: Mapping[Place, int]) -> dict[Place, int]:
        """The same without what was told already."""
        return {place: n for place, n in self.all(held).items() if self._told.get(place) != n}

    def told(self, offsets: Mapping[Place, int]) -> None:
        """The brokers were told."""
        self._told.update(offsets)

    def doubt(self) -> None:
        """Tell all of it again: of what is told in passing, nobody says that it didn't arrive."""
        self._told.clear()
