"""The leaderboard: every version on the same events, those of the last days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from webapp.catalog.prepared import Prepared
from webapp.db.database import LogUnavailableError
from webapp.db.schema import Source
from webapp.events.counts import Reading
from webapp.services.answer_cache import BusyError
from webapp.services.context import Services
from webapp.services.models.shown_traffic import find_reference
from webapp.services.traffic import common_inputs, training_overlap, windows
from webapp.services.traffic.pool import TrafficPool
from webapp.services.traffic.source_choice import ChosenSource, NotShown
from webapp.stats import performance
from webapp.stats.counts import Counts
from webapp.stats.rates import Interval

EmptyReason = Literal[
    "no version", "no traffic", "no events", "no outcomes", "log unavailable", "busy"
]


@dataclass(frozen=True)
class VersionScore:
    """The metrics of a version on the events; None if one is unknown.

    ``trained`` is true if it was trained on some of these events, so they are no evidence for it.
    """

    log_loss: Interval | None
    auc: Interval | None
    trained: bool


@dataclass(frozen=True)
class Leaderboard:
    """All versions that can score these events; ``empty`` is the reason if there are none.

    Times in ms since 1970, UTC; the window is [since, until).
    """

    since: int
    until: int
    sources: tuple[Source, ...] = ()
    events: int = 0
    matured: int = 0
    scores: Mapping[str, VersionScore] = field(default_factory=dict)
    empty: EmptyReason | None = None
    other_class: frozenset[str] = frozenset()  # versions whose probability is the opposite one
    source: ChosenSource | None = None  # as it was asked for
    not_shown: NotShown | None = None  # where simulated traffic was taken by default

    @property
    def is_simulated(self) -> bool:
        """True if all of these events are simulated."""
        return self.sources == ("demo",)


def read_leaderboard(
    services: Services, now: int, source: ChosenSource | None = None
) -> Leaderboard:
    """The versions on the events of the last days, or why there are none. Never fails.

    Kept while the counts are the same, and made at the same turns as Drift and Compare.
    """
    window = Leaderboard(*windows.last_days(now), source=source)
    reference = find_reference(services)
    if reference is None:
        return replace(window, empty="no version")
    try:
        return _score_versions(services, window, reference)
    except LogUnavailableError:
        return replace(window, empty="log unavailable")
    except BusyError:
        return replace(window, empty="busy")


def _score_versions(services: Services, window: Leaderboard, reference: Prepared) -> Leaderboard:
    services.answers.admit()
    times = window.since, window.until
    pool = TrafficPool(services, services.counts, reference, window.source, times)
    builds = tuple(
        (version.name, version.prepared.facts.build, version.prepared.facts.baseline_sha256)
        for version in services.catalog.versions()
        if version.prepared is not None
    )
    key = "leaderboard", reference.facts.build, builds, times, window.source, pool.last
    return services.answers.get(
        (*key, pool.sources, pool.not_shown),
        reference.features.cases,
        lambda: pool.open("day", window.since, window.until),
        lambda reading: _from_counts(services, window, reference, pool, reading),
    )


def _from_counts(
    services: Services,
    window: Leaderboard,
    reference: Prepared,
    pool: TrafficPool,
    reading: Reading,
) -> Leaderboard:
    counts = pool.sum_window(reading, window.since, window.until)
    empty: EmptyReason | None = None
    if not counts.labelled.total:
        empty = "no traffic" if pool.last is None else "no outcomes"
        empty = "no events" if pool.last is not None and not counts.total else empty
    scores = {
        version.name: _score(services, pool, version.prepared, window, counts.labelled)
        for version in services.catalog.versions()
        if version.prepared is not None and _can_score(version.prepared, reference)
    }
    return replace(
        window,
        sources=pool.sources,
        events=int(counts.total),
        matured=counts.labelled.total,
        scores={} if empty else scores,
        empty=empty,
        other_class=_of_other_class(services, reference),
        not_shown=pool.not_shown,
    )


def _can_score(prepared: Prepared, reference: Prepared) -> bool:
    """True if the version can score the reference's events, and its outcomes mean the same."""
    has_inputs = set(prepared.features.names) <= set(reference.features.names)
    return has_inputs and not prepared.facts.opposes(reference.facts)


def _of_other_class(services: Services, reference: Prepared) -> frozenset[str]:
    return frozenset(
        version.name
        for version in services.catalog.versions()
        if version.prepared is not None and version.prepared.facts.opposes(reference.facts)
    )


def _score(
    services: Services, pool: TrafficPool, prepared: Prepared, window: Leaderboard, outcomes: Counts
) -> VersionScore:
    spans = training_overlap.find_spans(services, pool, prepared.facts)
    is_trained = any(first < window.until and window.since < last for first, last in spans)
    scores = common_inputs.scores_on(prepared, pool.features)
    return VersionScore(_loss(scores, outcomes), _auc(scores, outcomes), is_trained)


def _loss(scores: NDArray[np.float64], outcomes: Counts) -> Interval | None:
    return performance.loss_interval(scores, outcomes) if outcomes.total else None


def _auc(scores: NDArray[np.float64], outcomes: Counts) -> Interval | None:
    return performance.auc_interval(scores, outcomes) if performance.rarer_label(outcomes) else None
