"""Events with a known outcome by the day of the event, whichever version scored them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from webapp.cases import Features
from webapp.db.schema import Source
from webapp.services.context import Services
from webapp.services.predict import version_choice
from webapp.services.traffic.pool import TrafficPool
from webapp.services.traffic.settling import find_settling
from webapp.stats.counts import Counts
from webapp.timing import DAY_MS, now_ms


def settle_days(services: Services, version: str | None, sources: Sequence[Source]) -> int:
    """The days for which a check waits for outcomes: those of the setting, or as many as they need.

    Raises UnknownVersionError, VersionNotReadyError, LogUnavailableError.
    """
    _, prepared = version_choice.resolve(services, version)
    pool = TrafficPool(services, services.counts, prepared, None)
    log_sources = tuple(source for source in sources if source != "lake")
    database = services.log.database
    return find_settling(database, pool.versions, log_sources, services.settle_days, now_ms()).days


Day = tuple[int, Counts]  # when it begins, in ms since 1970


def days(
    services: Services, version: str | None, source: Source | None
) -> tuple[Features, tuple[Source, ...], list[Day]]:
    """The outcomes of all versions that answer as this one (default: the champion), by day.

    Returns the inputs, the sources of the traffic and the days, oldest first.

    Raises UnknownVersionError, VersionNotReadyError, LogUnavailableError.
    """
    _, prepared = version_choice.resolve(services, version)
    features = prepared.features
    pool = TrafficPool(services, services.counts, prepared, source)
    until = 0 if pool.last is None else pool.last + DAY_MS
    rows = np.concatenate([*pool.read("day", 0, until), np.empty((0, 4), np.int64)])
    labelled_rows = rows[(rows[:, 2] >= 0) & (rows[:, 1] < features.cases)]
    periods, place = np.unique(labelled_rows[:, 0], return_inverse=True)
    # Sums of floats are exact up to 2**53 events.
    flat = (place * features.cases + labelled_rows[:, 1]) * 2 + labelled_rows[:, 2]
    size = len(periods) * features.cases * 2
    sums = np.bincount(flat, weights=labelled_rows[:, 3], minlength=size).astype(np.int64)
    table = sums.reshape(len(periods), features.cases, 2)
    counts = [Counts(day.sum(axis=1), day[:, 1]) for day in table]
    return features, pool.sources, list(zip(periods.tolist(), counts, strict=True))
