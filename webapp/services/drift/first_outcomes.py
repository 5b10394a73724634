"""A version's own first outcomes: what those after them are held against, for want of better.

A version that came without a cross-validation is known by its traffic alone. Who came first, and
what became of them, is what it was worth when it came; whole days are taken, as counts are.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np

from webapp.catalog.prepared import Prepared
from webapp.events.counts import Reading
from webapp.events.first_day import find_first_day
from webapp.services.context import Services
from webapp.services.traffic import budget, training_overlap
from webapp.services.traffic.pool import TrafficPool
from webapp.stats.counts import Counts
from webapp.timing import DAY_MS

FIRST = 1_000  # outcomes, as many as say skill to some two points either way
_SPAN = 32 * DAY_MS  # that is looked at first; then twice as much each time


@dataclass(frozen=True)
class FirstOutcomes:
    """The days [since, until), in ms, from a version's first on that hold enough outcomes.

    ``n`` are the outcomes that they hold; fewer than ``FIRST`` are all that there are so far.
    ``reading`` has their counts; None where the version has had no traffic yet.
    """

    since: int = 0
    until: int = 0
    n: int = 0
    reading: Reading | None = None

    @property
    def is_enough(self) -> bool:
        """True if they are as many as a verdict is held against."""
        return self.n >= FIRST

    @property
    def mark(self) -> Hashable:
        """Equal to another one only if the outcomes are the same."""
        return (self.until, self.reading.mark) if self.reading is not None else None

    def counts(self, pool: TrafficPool) -> Counts:
        """The outcomes by case. Raises LogUnavailableError."""
        assert self.reading is not None, "there are none"
        return pool.sum_window(self.reading, self.since, self.until).labelled


def find_first_outcomes(
    services: Services, pool: TrafficPool, name: str, prepared: Prepared, until: int
) -> FirstOutcomes:
    """The first outcomes of a version's traffic before ``until`` (ms), from the pool's sources.

    Its days of training, where it was trained on the log, come before. Raises LogUnavailableError.
    """
    first = find_first_day(services.log.database, name, pool.sources)
    if first is None:
        return FirstOutcomes()
    last_trained = training_overlap.trained_until(prepared.facts)
    since = first if last_trained is None else max(first, (last_trained // DAY_MS + 1) * DAY_MS)
    span = _SPAN
    while True:
        end = min(since + span, until)
        if end <= since:
            return FirstOutcomes()
        reading = pool.open("day", since, end)
        days, outcomes = reading.outcomes_by_period()
        enough = np.flatnonzero(np.cumsum(outcomes) >= FIRST)
        if len(enough):
            end = int(days[enough[0]]) + DAY_MS
            n = int(outcomes[: enough[0] + 1].sum())
            return FirstOutcomes(since, end, n, pool.open("day", since, end))
        if end == until or reading.rows > budget.ROWS:
            return FirstOutcomes(since, end, int(outcomes.sum()), reading)
        span *= 2
