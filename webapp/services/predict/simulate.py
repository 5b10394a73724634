"""Simulated traffic: what a log of two months may look like, for a demo. Never mixed with real.

The players are drawn from the baselines of two versions, from the champion's on the first day to
the other's on the last, and so is what they do. The same seed makes the same traffic of a day.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from webapp.catalog.prepared import Prepared
from webapp.db.ids import new_id
from webapp.db.schema import Source
from webapp.events.record import Event
from webapp.services.context import Services
from webapp.services.predict import version_choice
from webapp.timing import DAY_MS, HOUR_MS

SOURCE: Source = "demo"
DAYS = 60
A_DAY = 900  # events, on average
_WEEK = np.array([0.9, 0.85, 0.85, 0.9, 1.1, 1.3, 1.1])  # Monday to Sunday
_HOURS = 1 + 0.8 * np.cos((np.arange(24) - 20) * np.pi / 12)  # most play in the evening
_MEAN_DELAY = 3 * DAY_MS  # until it is known whether a player bought
_NEVER = 0.1  # share of players of whom it is never known
_MONDAY = 4 * DAY_MS  # 1970 began on a Thursday


class DemoError(ValueError):
    """Traffic can't be simulated; the message says why and what to do."""


@dataclass(frozen=True)
class Simulated:
    """What was written: events, how many of them with an outcome, and the version."""

    events: int
    labelled: int
    version: str


def write(services: Services, now: int, *, seed: int = 0, days: int = DAYS) -> Simulated:
    """Draw the traffic of ``days`` whole days and of today until ``now``, and log it at once.

    Only into a log without simulated traffic. Raises DemoError, VersionNotReadyError and
    LogUnavailableError; then nothing was written.
    """
    if services.log.totals().get(SOURCE):
        raise DemoError(
            "the log holds simulated traffic already: remove it first with everycase demo --remove"
        )
    events = draw(services, now, seed=seed, days=days)
    services.log.prune(now)  # hours that would be dropped at once are not counted either
    services.log.record_all(events, lambda _stored: None)
    labelled = sum(event.label is not None for event in events)
    return Simulated(len(events), labelled, events[0].version)


def remove(services: Services) -> int:
    """Forget all simulated traffic: how many events it was. Raises LogUnavailableError."""
    return services.log.forget(SOURCE)


def draw(services: Services, now: int, *, seed: int = 0, days: int = DAYS) -> list[Event]:
    """The events, in the order of their times. Raises DemoError and VersionNotReadyError."""
    name, first = version_choice.resolve(services, None)
    last = _farthest(services, name, first)
    today = now - now % DAY_MS
    events: list[Event] = []
    for number in range(days + 1):
        rng = np.random.default_rng((seed, number))
        begin = today - (days - number) * DAY_MS
        rows = _day(rng, begin, min(number / days, 1.0), first, last)
        events += _events(name, first, f"{SOURCE}/{seed}/{begin}/", rows, now)
    if not events:
        raise DemoError("nothing to write: ask for at least one day")
    return events


Rows = Iterator[tuple[int, int, bool, int]]  # time, case, label, when that is known (-1: never)


def _day(rng: np.random.Generator, begin: int, weight: float, a: Prepared, b: Prepared) -> Rows:
    """One day's players: when each came, which games, whether they bought, when that was known."""
    size = int(rng.poisson(A_DAY * _WEEK[(begin - _MONDAY) // DAY_MS % 7]))
    shares = (1 - weight) * _shares(a) + weight * _shares(b)
    case = rng.choice(len(shares), size, p=shares)
    buys = (1 - weight) * a.scores[case] + weight * b.scores[case]
    hour = rng.choice(24, size, p=_HOURS / _HOURS.sum())
    at = np.sort(begin + hour * HOUR_MS + rng.integers(HOUR_MS, size=size))
    label = rng.random(size) < buys
    known = at + HOUR_MS + rng.exponential(_MEAN_DELAY, size).astype(np.int64)
    known[rng.random(size) < _NEVER] = -1
    return zip(at.tolist(), case.tolist(), label.tolist(), known.tolist(), strict=True)


def _events(name: str, champion: Prepared, prefix: str, rows: Rows, now: int) -> Iterator[Event]:
    """The request ids let two processes that write at once write it once."""
    scores = champion.scores.tolist()
    for number, (at, case, label, known) in enumerate(rows):
        if at > now:
            return
        matured = 0 <= known <= now
        yield Event(
            *(new_id(at), at, SOURCE, name, case, scores[case]),
            label=int(label) if matured else None,
            labelled_at=known if matured else None,
            request_id=f"{prefix}{number}",
        )


def _shares(version: Prepared) -> NDArray[np.float64]:
    assert version.baseline is not None
    return version.baseline.n / version.baseline.total


def _farthest(services: Services, name: str, first: Prepared) -> Prepared:
    """The version whose players differ most from the champion's: total variation distance."""
    if first.baseline is None or not first.baseline.total:
        raise DemoError(
            f"{name} carries no training counts to draw players from: make a version champion "
            "that was trained with everycase train"
        )
    others = [
        version.prepared
        for version in services.catalog.versions()
        if version.prepared is not None
        and version.prepared.features == first.features
        and version.prepared.baseline is not None
        and version.prepared.baseline.total
    ]
    mine = _shares(first)
    return max(others, key=lambda other: float(np.abs(_shares(other) - mine).sum()))
