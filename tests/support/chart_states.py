"""What charts must bear: families of versions, each over traffic of one extreme kind.

Each family has inputs of its own, so one app shows all of them without mixing their traffic. The
counts are written as counts: a hundred million events are a few rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.support.model_folders import make_model
from webapp.cases import Features
from webapp.catalog.digest import OWN_FOLDER, model_digest
from webapp.catalog.prepared import Facts, write_prepared
from webapp.composition import create_services
from webapp.settings import Settings
from webapp.stats.counts import Counts
from webapp.timing import DAY_MS, HOUR_MS, now_ms

Row = tuple[int, int, int, int]  # hours before today's noon, case, label (-1: open), n
SHARES = (4, 3, 2, 1, 3, 2, 1, 1)  # of the cases of three inputs, in training
MANY = 12  # versions of one family


def _day(days_ago: int, scale: float = 10, rate: float = 0.3) -> list[Row]:
    """A usual day: its events, a quarter of them open."""
    rows = []
    for case, share in enumerate(SHARES):
        n = round(scale * share)
        positive = round(n * rate * 0.75)
        closed_events = round(n * 0.75)
        parts = ((1, positive), (0, closed_events - positive), (-1, n - closed_events))
        rows += [(24 * days_ago, case, label, part) for label, part in parts if part]
    return rows


def _days(days: range, scale: float = 10, rate: float = 0.3) -> list[Row]:
    return [row for day in days for row in _day(day, scale, rate)]


def _hours() -> list[Row]:
    """One day, in all of its hours until noon."""
    return [(hour, *row[1:]) for hour in range(12) for row in _day(0, 3)]


def _rare() -> list[Row]:
    """Two of three inputs are set once in ten thousand events."""
    return [(24 * d, case, d % 2, n) for d in range(30) for case, n in ((0, 9_999), (6, 1))]


STATES: dict[str, Callable[[], list[Row]]] = {
    "event": lambda: [(1, 3, -1, 1)],
    "bucket": lambda: _day(0, 20),
    "day": _hours,
    "zeros": lambda: _days(range(30), rate=0),
    "ones": lambda: _days(range(30), rate=1.0),
    "gap": lambda: _days(range(4)) + _days(range(33, 40)),
    "rare": _rare,
    "huge": lambda: _days(range(20), scale=300_000),
    "lone": lambda: _days(range(20)),
    "many": lambda: _days(range(20), scale=40),
}


def versions_of(state: str) -> list[str]:
    """The versions of a family."""
    count = {"lone": 1, "many": MANY}.get(state, 2)
    return [f"{state}_v{number}" for number in range(1, count + 1)]


def write_models(models: Path) -> None:
    """The folders of all families' models, which carry their score tables."""
    for state in STATES:
        features = Features(tuple(f"{state}_{letter}" for letter in "abc"))
        for place, name in enumerate(versions_of(state)):
            folder = make_model(models, name, f"weights of {name}")
            facts: dict[str, Any] = {"digest": model_digest(folder), "features": features.names}
            n = np.array(SHARES, np.int64) * 100
            counts = Counts(n, np.round(n * 0.3).astype(np.int64))
            scores = _scores(state, place)
            write_prepared(folder / OWN_FOLDER, Facts(**facts), scores, counts)


def _scores(state: str, place: int) -> NDArray[np.float64]:
    """The scores of a family's version; second versions of some are as sure as can be."""
    if place and state in ("zeros", "ones"):
        return np.full(8, float(state == "ones"))
    noise = np.random.default_rng(place).normal(0, 0.06, 8)
    scores = np.clip(np.linspace(0.1, 0.6, 8) + noise, 0.01, 0.99)
    return scores / 2_000 if state == "rare" else scores


def write_counts(var: Path) -> None:
    """The traffic of all families, in the log's tables of counts."""
    services = create_services(Settings.read({"VAR_DIR": str(var)}))
    noon = now_ms() // DAY_MS * DAY_MS + DAY_MS // 2
    with services.log.database.writing() as link:
        for state, rows in STATES.items():
            for values in _grains(f"{state}_v1", noon, rows()):
                link.run(_INSERT, values)
    services.close()


_INSERT = (
    'INSERT INTO counts (version, source, grain, period, "case", label, n) '
    "VALUES (?, 'api', ?, ?, ?, ?, ?) "
    'ON CONFLICT (version, source, grain, period, "case", label) DO UPDATE SET n = n + excluded.n'
)


def _grains(version: str, noon: int, rows: list[Row]) -> Iterator[tuple[object, ...]]:
    """The rows of the table, by hour and by day."""
    for hours, *counts in rows:
        at = noon - hours * HOUR_MS
        for grain, length in (("hour", HOUR_MS), ("day", DAY_MS)):
            yield (version, grain, at // length * length, *counts)
