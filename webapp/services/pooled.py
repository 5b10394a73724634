"""Traffic of all versions with the same inputs: whoever answered it, players are players."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.events.counts import CountsReader, Wanted
from webapp.events.schema import LENGTHS, Grain, Source
from webapp.services import windows
from webapp.stats.series import Traffic

if TYPE_CHECKING:
    from webapp.services import Services

Rows = NDArray[np.int64]
T = TypeVar("T")
_KEPT = 16


class Pool:
    """The counts that versions with some features have in common."""

    def __init__(
        self, services: Services, counts: CountsReader, features: Features, source: Source | None
    ) -> None:
        self._counts = counts
        self.features = features
        self.versions = same_inputs(services, features)
        self.sources, self.last = self._find(source)

    def _find(self, asked: Source | None) -> tuple[tuple[Source, ...], int | None]:
        """Those asked for; else all real ones, or the simulated where nothing else is.

        And the last day on which they had events.
        """
        sources = (asked,) if asked else windows.REAL
        last = self._last(sources)
        if last is None and asked is None:
            last = self._last(("demo",))
            sources = sources if last is None else ("demo",)
        return sources, last

    def _last(self, sources: tuple[Source, ...]) -> int | None:
        found = [self._counts.last(version, sources) for version in self.versions]
        return max((day for day in found if day is not None), default=None)

    def read(self, grain: Grain, since: int, until: int) -> list[Rows]:
        """One array of counts a version; the same object while nothing was counted."""
        length = LENGTHS[grain]
        since, until = since - since % length, -(-until // length) * length
        return [
            self._counts.read(Wanted(version, self.sources, since, until, grain))
            for version in self.versions
        ]

    def traffic(self, parts: Sequence[Rows], grain: Grain, since: int, until: int) -> Traffic:
        """What was read, by periods."""
        length, cases = LENGTHS[grain], self.features.cases
        begins = np.arange(since - since % length, until, length)
        rows = np.concatenate(parts) if parts else np.empty((0, 4), np.int64)
        rows = rows[(rows[:, 0] >= begins[0]) & (rows[:, 0] < until) & (rows[:, 1] < cases)]
        return Traffic.of(rows, begins, length, cases)


def same_inputs(services: Services, features: Features) -> list[str]:
    """Versions whose traffic can be judged together."""
    return [
        version.name
        for version in services.catalog.versions()
        if version.prepared is not None and version.prepared.features == features
    ]


class Kept(Generic[T]):
    """Answers for as long as the counts that they were made of are the same. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[Hashable, tuple[tuple[Rows, ...], T]] = OrderedDict()

    def get(self, key: Hashable, read: tuple[Rows, ...], make: Callable[[], T]) -> T:
        """The kept answer, or a new one."""
        with self._lock:
            known = self._kept.get(key)
        if known is not None and _same(known[0], read):
            return known[1]
        answer = make()
        with self._lock:
            self._kept[key] = read, answer
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return answer


def _same(before: tuple[Rows, ...], now: tuple[Rows, ...]) -> bool:
    return len(before) == len(now) and all(a is b for a, b in zip(before, now, strict=True))
