"""The traffic of all versions with the same inputs, pooled: they don't affect who comes.

An outcome is that of its version's positive class, so versions that stand for opposite classes are
never in the same pool.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.catalog.prepared import Prepared
from webapp.db.schema import LENGTHS, Grain, Source
from webapp.events.counts import CountsQuery, CountsReader
from webapp.services.context import Services
from webapp.stats.series import Traffic

Rows = NDArray[np.int64]


class TrafficPool:
    """The counts of all versions that answer as one does, from one source or from all real ones.

    ``features`` are that version's inputs, unless it is compared on those that others need.
    ``last`` is the last day with events (ms), ``present`` are the sources that ever had any.
    """

    def __init__(
        self,
        services: Services,
        counts: CountsReader,
        reference: Prepared,
        source: Source | None,
        features: Features | None = None,
    ) -> None:
        self._counts = counts
        self._evidence = services.evidence
        self.features = features or reference.features
        self.versions = _same_question(services, self.features, reference)
        self.sources, last_days = self._find_sources(source)
        self.last = max(last_days.values(), default=None)
        self.present = frozenset(last_days)

    def _find_sources(self, source: Source | None) -> tuple[tuple[Source, ...], dict[Source, int]]:
        """The sources to read, and the last day with events of each that has any.

        Without a source all that are evidence, or simulated traffic where there is no other.
        """
        sources = (source,) if source else self._evidence
        last_days = self._last_days(sources)
        if not last_days and source is None:
            last_days = self._last_days(("demo",))
            sources = ("demo",) if last_days else sources
        return sources, last_days

    def _last_days(self, sources: tuple[Source, ...]) -> dict[Source, int]:
        last_days: dict[Source, int] = {}
        for version in self.versions:
            for source, day in self._counts.last(version, sources).items():
                last_days[source] = max(day, last_days.get(source, day))
        return last_days

    def read(
        self, grain: Grain, since: int, until: int, sources: tuple[Source, ...] | None = None
    ) -> list[Rows]:
        """Read one array of counts per version; the same objects while nothing new is counted.

        Reads all the pool's sources unless ``sources`` names some of them.
        """
        length = LENGTHS[grain]
        since, until = since - since % length, -(-until // length) * length
        return [
            self._counts.read(CountsQuery(version, sources or self.sources, since, until, grain))
            for version in self.versions
        ]

    def traffic(self, parts: Sequence[Rows], grain: Grain, since: int, until: int) -> Traffic:
        """The counts that ``read`` returned, by period."""
        length, cases = LENGTHS[grain], self.features.cases
        begins = np.arange(since - since % length, until, length)
        rows = np.concatenate(parts) if parts else np.empty((0, 4), np.int64)
        rows = rows[(rows[:, 0] >= begins[0]) & (rows[:, 0] < until) & (rows[:, 1] < cases)]
        return Traffic.of(rows, begins, length, cases)


def _same_question(services: Services, features: Features, reference: Prepared) -> list[str]:
    """The names of the versions with exactly these inputs whose outcomes mean the same.

    Where the reference doesn't name its classes, versions that contradict each other stay out.
    """
    candidates = [
        (version.name, version.prepared.facts)
        for version in services.catalog.versions()
        if version.prepared is not None and version.prepared.features == features
        if not version.prepared.facts.opposes(reference.facts)
    ]
    return [
        name
        for name, facts in candidates
        if not any(facts.opposes(other) for _, other in candidates)
    ]
