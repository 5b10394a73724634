"""Counts of periods as arrays, whatever the number of events behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from webapp.events.database import Database, Link
from webapp.events.schema import Grain, Source

Rows = NDArray[np.int64]  # int64[k, 4]: period, case, label (-1: not known), n
_Totals = tuple[int, int, int]


@dataclass(frozen=True)
class Wanted:
    """Which counts: of a version and its sources, periods in ``[since, until)`` in ms."""

    version: str
    sources: tuple[Source, ...]
    since: int
    until: int
    grain: Grain = "day"


class CountsReader:
    """Reads counts, and keeps periods in which nothing has changed since. Safe in threads.

    Events are only ever added and labelled, so the totals of a period (events, known labels,
    positive labels) stay the same exactly as long as all of its counts do.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = Lock()
        self._kept: dict[tuple[str, Source, Grain, int], tuple[_Totals, Rows]] = {}

    def read(self, wanted: Wanted) -> Rows:
        """All sources together, in the order of sources and periods. Raises LogUnavailableError."""
        with self._lock, self._database.reading() as link:
            parts = [self._of(link, wanted, source) for source in wanted.sources]
        return np.concatenate([part for part in parts if len(part)] or [_empty()])

    def _of(self, link: Link, wanted: Wanted, source: Source) -> Rows:
        totals = _totals(link, wanted, source)
        key = wanted.version, source, wanted.grain
        stale = [p for p, t in totals.items() if self._kept.get((*key, p), ((), None))[0] != t]
        if stale:
            rows = _rows(link, wanted, source, min(stale), max(stale) + 1)
            starts = np.searchsorted(rows[:, 0], stale)
            ends = np.searchsorted(rows[:, 0], stale, side="right")
            for period, start, end in zip(stale, starts, ends, strict=True):
                self._kept[*key, period] = totals[period], rows[start:end]
        parts = [self._kept[*key, period][1] for period in totals]
        return np.concatenate(parts) if parts else _empty()


def _empty() -> Rows:
    return np.empty((0, 4), np.int64)


def _range(wanted: Wanted, source: Source) -> tuple[str, str, str, int, int]:
    return wanted.version, source, wanted.grain, wanted.since, wanted.until


def _totals(link: Link, wanted: Wanted, source: Source) -> dict[int, _Totals]:
    select = (
        "SELECT period, sum(n), sum(CASE WHEN label >= 0 THEN n ELSE 0 END), "
        "sum(CASE WHEN label = 1 THEN n ELSE 0 END) FROM counts WHERE version = ? AND source = ? "
        "AND grain = ? AND period >= ? AND period < ? GROUP BY period ORDER BY period"
    )
    found: Sequence[tuple[int, int, int, int]] = link.run(select, _range(wanted, source)).fetchall()
    return {int(period): (int(n), int(known), int(ones)) for period, n, known, ones in found}


def _rows(link: Link, wanted: Wanted, source: Source, since: int, until: int) -> Rows:
    select = (
        'SELECT period, "case", label, n FROM counts WHERE version = ? AND source = ? '
        'AND grain = ? AND period >= ? AND period < ? ORDER BY period, "case", label'
    )
    values = (wanted.version, source, wanted.grain, since, until)
    rows = link.run(select, values).fetchall()
    flat = np.fromiter(chain.from_iterable(rows), np.int64, count=4 * len(rows))
    return flat.reshape(-1, 4)
