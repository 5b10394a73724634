"""How the versions stand: every one of them on the same events, those of the last 30 days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from webapp.cases import Features
from webapp.catalog.prepared import Prepared
from webapp.catalog.versions import Version
from webapp.db.database import LogUnavailableError
from webapp.db.schema import Source
from webapp.services.context import Services
from webapp.services.predict import version_choice
from webapp.services.traffic import common_inputs, training_overlap
from webapp.services.traffic.pool import TrafficPool
from webapp.stats import performance
from webapp.stats.counts import Counts
from webapp.stats.rates import Interval
from webapp.timing import DAY_MS

DAYS = 30
Nothing = Literal["no version", "no traffic", "no events", "no outcomes", "log away"]


@dataclass(frozen=True)
class Judged:
    """A version on the events; None where a figure can't be told.

    ``trained``: it was trained on some of these events, so they are no evidence for it.
    """

    log_loss: Interval | None
    auc: Interval | None
    trained: bool


@dataclass(frozen=True)
class Standing:
    """All versions whose answers can be told for these events; ``nothing`` says why there are none.

    Times in ms since 1970, UTC; the window is [since, until).
    """

    since: int
    until: int
    sources: tuple[Source, ...] = ()
    events: int = 0
    matured: int = 0
    judged: Mapping[str, Judged] = field(default_factory=dict)
    nothing: Nothing | None = None

    @property
    def simulated(self) -> bool:
        """Is it all simulated?"""
        return self.sources == ("demo",)


def standing(services: Services, now: int, days: int = DAYS) -> Standing:
    """The versions on the events of the last days; when there are none, why. Never fails."""
    until = now - now % DAY_MS + DAY_MS
    plain = Standing(until - days * DAY_MS, until)
    features = _features(services)
    if features is None:
        return _without(plain, "no version")
    try:
        return _on_traffic(services, plain, features)
    except LogUnavailableError:
        return _without(plain, "log away")


def on_simulated(services: Services) -> bool:
    """Is all traffic simulated, so that nothing can be learned from any other?"""
    return services.traffic.simulated() == "only"


def _without(plain: Standing, nothing: Nothing) -> Standing:
    return Standing(plain.since, plain.until, nothing=nothing)


def _features(services: Services) -> Features | None:
    """The inputs of the champion, or of the first version that can answer."""
    best = version_choice.champion(services)
    able = [best, *services.catalog.versions()]
    return next((v.prepared.features for v in able if v is not None and v.prepared), None)


def _on_traffic(services: Services, plain: Standing, features: Features) -> Standing:
    pool = TrafficPool(services, services.counts, features, None)
    rows = pool.read("day", plain.since, plain.until)
    window = pool.traffic(rows, "day", plain.since, plain.until).window()
    nothing: Nothing | None = None
    if not window.labelled.total:
        nothing = "no traffic" if pool.last is None else "no outcomes"
        nothing = "no events" if pool.last is not None and not window.total else nothing
    judged = {
        version.name: _judge(services, pool, version.prepared, plain, window.labelled)
        for version in services.catalog.versions()
        if version.prepared is not None and answers(version, features)
    }
    return Standing(
        plain.since,
        plain.until,
        pool.sources,
        int(window.total),
        window.labelled.total,
        {} if nothing else judged,
        nothing,
    )


def answers(version: Version, features: Features) -> bool:
    """Can it be told what the version says of events with these features?"""
    if version.prepared is None:
        return False
    return set(version.prepared.features.names) <= set(features.names)


def _judge(
    services: Services, pool: TrafficPool, prepared: Prepared, window: Standing, labelled: Counts
) -> Judged:
    spans = training_overlap.spans(services, pool, prepared.facts)
    seen = any(first < window.until and window.since < last for first, last in spans)
    scores = common_inputs.scores_on(prepared, pool.features)
    return Judged(_loss(scores, labelled), _auc(scores, labelled), seen)


def _loss(scores: NDArray[np.float64], labelled: Counts) -> Interval | None:
    return performance.loss(scores, labelled).interval() if labelled.total else None


def _auc(scores: NDArray[np.float64], labelled: Counts) -> Interval | None:
    if not 0 < labelled.positives.sum() < labelled.total:
        return None
    return performance.bounded(performance.auc_estimate(scores, labelled))
