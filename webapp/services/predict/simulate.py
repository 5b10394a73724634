"""Simulated traffic for a demo: two months of a log, marked as simulated.

Cases are drawn from the training counts of two versions, moving from the champion's on the first
day to those of the most different version on the last. Outcomes are as the champion predicts on the
first day; within two weeks they come near to what the version predicts that was trained on most
events. So the shipped versions are in the order that they have on later rows of the real file, of
which none was trained on any. A seed gives the same traffic.

Where the champion came without training counts, those of other versions with the same inputs are
drawn from, or, without any, all cases alike at first, with each input rarer or more frequent later.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webapp.catalog.prepared import Prepared
from webapp.db.ids import new_id
from webapp.db.schema import Source
from webapp.events import namespaces
from webapp.events.record import Event
from webapp.services.context import Services
from webapp.services.predict import version_choice
from webapp.stats.verdicts import FEWEST
from webapp.timing import DAY_MS, HOUR_MS

Array = NDArray[np.float64]
SOURCE: Source = "demo"
DAYS = 60
EVENTS_PER_DAY = 900  # on average
_WEEK = np.array([0.9, 0.85, 0.85, 0.9, 1.1, 1.3, 1.1])  # Monday to Sunday
_HOURS = 1 + 0.8 * np.cos((np.arange(24) - 20) * np.pi / 12)  # a peak in the evening
_MEAN_DELAY = 3 * DAY_MS  # of an outcome
_WITHOUT_OUTCOME = 0.1  # share of events
_TURN_DAYS, _TURN = 14, 0.8  # when outcomes have come how far to what the best-trained predicts
_TILTED = 0.4, 0.6  # shares of the inputs on the last day, where all cases were alike on the first
_MONDAY = 4 * DAY_MS  # 1970 began on a Thursday


class DemoError(ValueError):
    """Traffic can't be simulated; the message has the reason and what to do."""


@dataclass(frozen=True)
class SimulatedTraffic:
    """Counts of what was written, and the version."""

    events: int
    labelled: int
    version: str
    origin: str = ""  # a sentence, where cases are not drawn from the champion's training


def write(services: Services, now: int, *, seed: int = 0, days: int = DAYS) -> SimulatedTraffic:
    """Draw the traffic of ``days`` whole days and of today until ``now``, and log it.

    Only into a log without simulated traffic. Raises DemoError, VersionNotReadyError and
    LogUnavailableError; then nothing was written.
    """
    if services.log.totals().get(SOURCE):
        raise DemoError(
            "the log holds simulated traffic already: remove it first with everycase demo --remove"
        )
    events = draw(services, now, seed=seed, days=days)
    services.log.prune(now)  # so that hours past their time aren't counted first
    services.log.record_all(events, lambda _events: None)
    with_outcome = sum(event.label is not None for event in events)
    name, origin = events[0].version, describe_origin(services)
    return SimulatedTraffic(len(events), with_outcome, name, origin)


def describe_origin(services: Services) -> str:
    """A sentence on where cases come from; empty if from the champion's training.

    Raises VersionNotReadyError.
    """
    name, first = version_choice.resolve(services, None)
    if _has_counts(first):
        return ""
    other = "the counts of other versions" if _with_training(services, first) else ""
    origin = other or "evenly likely inputs"
    return f"{name} came without training counts, so cases are drawn from {origin}."


def is_needless(services: Services) -> bool:
    """True if the log has simulated traffic, or as much real traffic as takes its place."""
    totals = services.log.totals()
    real = sum(n for source, n in totals.items() if source in services.evidence)
    return bool(totals.get(SOURCE)) or real >= FEWEST


def remove(services: Services) -> int:
    """Remove all simulated traffic. Returns the number of events. Raises LogUnavailableError."""
    return services.log.forget(SOURCE)


def draw(services: Services, now: int, *, seed: int = 0, days: int = DAYS) -> list[Event]:
    """Events in order of time. Raises DemoError and VersionNotReadyError."""
    name, first = version_choice.resolve(services, None)
    begins, ends, best = _find_law(services, first)
    today = now - now % DAY_MS
    events: list[Event] = []
    for number in range(days + 1):
        rng = np.random.default_rng((seed, number))
        begin = today - (days - number) * DAY_MS
        shares = _blend(begins, ends, number / days)
        chances = _blend(first.scores, best, _TURN * min(1.0, number / _TURN_DAYS))
        rows = _draw_day(rng, begin, shares, chances)
        events += _make_events(name, first, f"{SOURCE}/{seed}/{begin}/", rows, now)
    if not events:
        raise DemoError("nothing to write: ask for at least one day")
    return events


Rows = Iterator[tuple[int, int, bool, int]]  # time, case, label, its time (-1: never)


def _draw_day(rng: np.random.Generator, begin: int, shares: Array, chances: Array) -> Rows:
    """One day's rows, by each case's share of the traffic and chance of a positive outcome."""
    size = int(rng.poisson(EVENTS_PER_DAY * _WEEK[(begin - _MONDAY) // DAY_MS % 7]))
    case = rng.choice(len(shares), size, p=shares)
    hour = rng.choice(24, size, p=_HOURS / _HOURS.sum())
    at = np.sort(begin + hour * HOUR_MS + rng.integers(HOUR_MS, size=size))
    label = rng.random(size) < chances[case]
    label_at = at + HOUR_MS + rng.exponential(_MEAN_DELAY, size).astype(np.int64)
    label_at[rng.random(size) < _WITHOUT_OUTCOME] = -1
    return zip(at.tolist(), case.tolist(), label.tolist(), label_at.tolist(), strict=True)


def _make_events(
    name: str, champion: Prepared, prefix: str, rows: Rows, now: int
) -> Iterator[Event]:
    """Events of a day up to ``now``. Their request ids keep two processes from writing twice."""
    scores = champion.scores.tolist()
    for number, (at, case, label, label_at) in enumerate(rows):
        if at > now:
            return
        matured = 0 <= label_at <= now
        yield Event(
            *(new_id(at), at, SOURCE, name, case, scores[case]),
            label=int(label) if matured else None,
            labelled_at=label_at if matured else None,
            request_id=f"{prefix}{number}",
            namespace=namespaces.DEMO,
        )


def _blend(first: Array, last: Array, way: float) -> Array:
    """An array on the way from the first to the last, which it reaches at 1."""
    weight = min(way, 1.0)
    return (1 - weight) * first + weight * last


def _training_events(version: Prepared) -> int:
    assert version.baseline is not None
    return version.baseline.total


def _shares(version: Prepared) -> Array:
    assert version.baseline is not None
    return version.baseline.n / version.baseline.total


def _find_law(services: Services, first: Prepared) -> tuple[Array, Array, Array]:
    """Shares of the cases on the first and on the last day, and the chances that outcomes near."""
    others = _with_training(services, first)
    if not others:
        even = np.full(len(first.scores), 1 / len(first.scores))
        return even, _tilt(first), first.scores
    start = _shares(first if _has_counts(first) else max(others, key=_training_events))
    best = max(others, key=_training_events)
    # The one whose training cases differ most, by total variation
    last = max(others, key=lambda other: float(np.abs(_shares(other) - start).sum()))
    return start, _shares(last), best.scores


def _tilt(version: Prepared) -> Array:
    """Shares of cases in which the first half of the inputs is rarer, the rest more frequent."""
    matrix = version.features.matrix()
    likely = np.where(np.arange(matrix.shape[1]) < matrix.shape[1] / 2, *_TILTED)
    shares: Array = np.prod(np.where(matrix == 1, likely, 1 - likely), axis=1)
    return shares


def _has_counts(version: Prepared) -> bool:
    return version.baseline is not None and bool(version.baseline.total)


def _with_training(services: Services, first: Prepared) -> list[Prepared]:
    """The versions comparable to the champion, with it, that have training counts."""
    return [
        version.prepared
        for version in services.catalog.versions()
        if version.prepared is not None
        and version.prepared.is_comparable(first)
        and _has_counts(version.prepared)
    ]
