"""Events with a known outcome by the day of the event, whichever version scored them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.db.schema import Source
from webapp.services.context import Services
from webapp.services.predict import version_choice
from webapp.services.traffic.pool import TrafficPool
from webapp.services.traffic.settling import find_settling
from webapp.services.traffic.source_choice import SIMULATED, ChosenSource, NotShown
from webapp.stats.counts import Counts
from webapp.stats.tallies import sum_by
from webapp.timing import DAY_MS, now_ms


def settle_days(services: Services, version: str | None, sources: Sequence[Source]) -> int:
    """The days for which a check waits for outcomes: those of the setting, or as many as they need.

    Raises UnknownVersionError, VersionNotReadyError, LogUnavailableError.
    """
    _, prepared = version_choice.resolve(services, version)
    pool = TrafficPool(services, services.counts, prepared, "all")
    log_sources = tuple(source for source in sources if source != "lake")
    database = services.log.database
    return find_settling(database, pool.versions, log_sources, services.settle_days, now_ms()).days


Day = tuple[int, Counts]  # when it begins, in ms since 1970


class Days(Sequence[Day]):
    """Days with outcomes, oldest first. Only the cases that occurred are in memory."""

    def __init__(self, cases: int) -> None:
        self._cases = cases
        self._rows: dict[int, list[NDArray[np.int64]]] = {}

    def add(self, rows: NDArray[np.int64]) -> None:
        """Add rows of counts, int64[r, 4]: day, case, label, n; no earlier day than before."""
        rows = rows[rows[:, 2] >= 0]
        for day in np.unique(rows[:, 0]).tolist():
            self._rows.setdefault(day, []).append(rows[rows[:, 0] == day, 1:])

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> Day: ...
    @overload
    def __getitem__(self, place: slice) -> list[Day]: ...
    def __getitem__(self, place: int | slice) -> Day | list[Day]:
        days = list(self._rows)
        if isinstance(place, slice):
            return [self._day(day) for day in days[place]]
        return self._day(days[place])

    def __iter__(self) -> Iterator[Day]:
        return map(self._day, self._rows)

    def _day(self, day: int) -> Day:
        case, label, n = np.concatenate(self._rows[day]).T
        sums = sum_by(label * self._cases + case, n, 2 * self._cases).astype(np.int64)
        negatives, positives = sums.reshape(2, self._cases)
        return day, Counts(negatives + positives, positives)


@dataclass(frozen=True)
class LoggedOutcomes:
    """All outcomes of a log, or of one source, by day; ``sources`` are those that have events."""

    features: Features
    sources: tuple[Source, ...]
    days: Days
    not_shown: NotShown | None

    @property
    def shown(self) -> str:
        """The log and the source that was taken, with what was left out for it."""
        if self.sources == SIMULATED:
            rest = self.not_shown
            left_out = f"; {rest.text}" if rest is not None and rest.events else ""
            return f"The log (simulated traffic{left_out})"
        return f"The log (real traffic: {', '.join(self.sources)})"


def read_outcomes(
    services: Services, version: str | None, source: ChosenSource | None
) -> LoggedOutcomes:
    """The outcomes of all versions that answer as this one (default: the champion), by day.

    Raises UnknownVersionError, VersionNotReadyError, LogUnavailableError.
    """
    _, prepared = version_choice.resolve(services, version)
    features = prepared.features
    pool = TrafficPool(services, services.counts, prepared, source)
    until = 0 if pool.last is None else pool.last + DAY_MS
    outcomes = Days(features.cases)
    for rows, _ in pool.blocks(pool.open("day", 0, until)):
        outcomes.add(rows)
    sources = tuple(name for name in pool.sources if name in pool.present)
    return LoggedOutcomes(features, sources or pool.sources, outcomes, pool.not_shown)
