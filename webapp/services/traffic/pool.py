"""The traffic of all versions with the same inputs, pooled: they don't affect who comes.

An outcome is that of its version's positive class, so versions that stand for opposite classes are
never in the same pool.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.catalog.prepared import Prepared
from webapp.db.schema import LENGTHS, Grain, Source
from webapp.events.counts import Block, CountsQuery, CountsReader, Reading
from webapp.services.context import Services
from webapp.stats.drift import Window
from webapp.stats.tallies import Spans, WindowTally
from webapp.timing import DAY_MS


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

    def open(self, grain: Grain, since: int, until: int) -> Reading:
        """A reading of the counts of the periods that begin in [since, until), or reach into it.

        Raises LogUnavailableError.
        """
        length = LENGTHS[grain]
        since, until = since - since % length, -(-until // length) * length
        queries = [
            CountsQuery(version, self.sources, since, until, grain) for version in self.versions
        ]
        return self._counts.open(queries)

    def blocks(self, reading: Reading) -> Iterator[Block]:
        """The rows of a reading, without those of cases that these inputs don't have."""
        for rows, from_lake in reading.blocks():
            exists = rows[:, 1] < self.features.cases
            yield Block(rows[exists], from_lake[exists])

    def window(self, since: int, until: int, spans: Spans = ()) -> Window:
        """The counts of the days that begin in [since, until), without those within the spans.

        Raises LogUnavailableError.
        """
        return self.sum_window(self.open("day", since, until), since, until, spans)

    def sum_window(self, reading: Reading, since: int, until: int, spans: Spans = ()) -> Window:
        """The same of days that are open already. Raises LogUnavailableError."""
        tally = WindowTally(self.features.cases, since, until)
        for rows, _ in self.blocks(reading):
            tally.add(rows[_are_outside(rows[:, 0], spans)])
        return tally.window()

    def first_outcome(self, since: int, until: int, spans: Spans) -> int | None:
        """The first of these days with a known outcome; None without one.

        Raises LogUnavailableError.
        """
        days = self.open("day", since, until).periods_with_outcomes()
        days = days[_are_outside(days, spans)]
        return int(days[0]) if len(days) else None


def _are_outside(days: NDArray[np.int64], spans: Spans) -> NDArray[np.bool_]:
    """True for the days that have no time in common with any of the spans."""
    outside = np.ones(len(days), bool)
    for begin, end in spans:
        outside &= (days >= end) | (days + DAY_MS <= begin)
    return outside


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
