"""Traffic of all versions with the same inputs: whoever answered it, players are players."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.db.schema import LENGTHS, Grain, Source
from webapp.events.counts import CountsReader, Wanted
from webapp.services.context import Services
from webapp.services.traffic import windows
from webapp.stats.series import Traffic

Rows = NDArray[np.int64]


class TrafficPool:
    """The counts that versions with some features have in common."""

    def __init__(
        self, services: Services, counts: CountsReader, features: Features, source: Source | None
    ) -> None:
        self._counts = counts
        self.features = features
        self.versions = same_inputs(services, features)
        self.sources, found = self._find(source)
        self.last = max(found.values(), default=None)  # day on which there were events
        self.present = frozenset(found)  # sources that ever had any

    def _find(self, asked: Source | None) -> tuple[tuple[Source, ...], dict[Source, int]]:
        """Those asked for; else all real ones, or the simulated where nothing else is.

        And the last day on which each of them had events.
        """
        sources = (asked,) if asked else windows.REAL
        found = self._last(sources)
        if not found and asked is None:
            found = self._last(("demo",))
            sources = ("demo",) if found else sources
        return sources, found

    def _last(self, sources: tuple[Source, ...]) -> dict[Source, int]:
        found: dict[Source, int] = {}
        for version in self.versions:
            for source, day in self._counts.last(version, sources).items():
                found[source] = max(day, found.get(source, day))
        return found

    def read(
        self, grain: Grain, since: int, until: int, sources: tuple[Source, ...] | None = None
    ) -> list[Rows]:
        """One array of counts a version; the same object while nothing was counted.

        Of all the pool's sources, unless some of them are named.
        """
        length = LENGTHS[grain]
        since, until = since - since % length, -(-until // length) * length
        return [
            self._counts.read(Wanted(version, sources or self.sources, since, until, grain))
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
