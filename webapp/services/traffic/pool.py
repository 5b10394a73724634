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
from webapp.services.traffic.source_choice import (
    SIMULATED,
    ChosenSource,
    NotShown,
    prefers_simulated,
)
from webapp.stats.drift import Window
from webapp.stats.tallies import Spans, WindowTally
from webapp.timing import DAY_MS


class TrafficPool:
    """The counts of all versions that answer as one does, from one source or from all real ones.

    Without a ``source`` the rule of ``source_choice`` takes real or simulated traffic, by what the
    ``window`` [since, until) holds; without a window, by all of it. ``not_shown`` is then what
    simulated traffic stands in front of. ``features`` are that version's inputs, unless it is
    compared on those that others need. ``last`` is the last day with events (ms), ``present`` are
    the sources that ever had any.
    """

    def __init__(
        self,
        services: Services,
        counts: CountsReader,
        reference: Prepared,
        source: ChosenSource | None,
        window: tuple[int, int] | None = None,
        features: Features | None = None,
    ) -> None:
        self._counts = counts
        self._evidence = services.evidence
        self.not_shown: NotShown | None = None
        self.features = features or reference.features
        self.versions = _same_question(services, self.features, reference)
        self.sources, last_days = self._find_sources(source, window)
        self.last = max(last_days.values(), default=None)
        self.present = frozenset(last_days)

    def _find_sources(
        self, source: ChosenSource | None, window: tuple[int, int] | None
    ) -> tuple[tuple[Source, ...], dict[Source, int]]:
        """The sources to read, and the last day with events of each that has any."""
        sources = self._evidence if source is None or source == "all" else (source,)
        last_days = self._last_days(sources)
        simulated_days = self._last_days(SIMULATED) if source is None else {}
        if not simulated_days:
            return sources, last_days
        last_real, last_simulated = max(last_days.values(), default=-1), simulated_days["demo"]
        since, until = window or (0, max(last_real, last_simulated) + DAY_MS)
        n_real, n_simulated = (self._count(names, since, until) for names in (sources, SIMULATED))
        if prefers_simulated(n_real, n_simulated) or (not n_real and last_simulated > last_real):
            self.not_shown = self._describe_rest(n_real, since, until, ever=bool(last_days))
            return SIMULATED, simulated_days
        return sources, last_days

    def _count(self, sources: tuple[Source, ...], since: int, until: int) -> int:
        """The number of events of these sources in the window."""
        grain: Grain = "day" if since % DAY_MS == until % DAY_MS == 0 else "hour"
        return self._open(sources, grain, since, until).events

    def _describe_rest(self, real: int, since: int, until: int, *, ever: bool) -> NotShown:
        """The real events; where there are none, those of the form, which are no evidence."""
        if real or "form" in self._evidence:
            return NotShown(real, ever=ever)
        form = self._count(("form",), since, until)
        return NotShown(form, "form") if form else NotShown(0, ever=ever)

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
        return self._open(self.sources, grain, since, until)

    def _open(self, sources: tuple[Source, ...], grain: Grain, since: int, until: int) -> Reading:
        length = LENGTHS[grain]
        since, until = since - since % length, -(-until // length) * length
        queries = [CountsQuery(version, sources, since, until, grain) for version in self.versions]
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
        days, outcomes = self.open("day", since, until).outcomes_by_period()
        days = days[(outcomes > 0) & _are_outside(days, spans)]
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
