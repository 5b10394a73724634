"""Counts of periods as arrays, whatever the number of events behind them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from webapp.events.database import Database, Link
from webapp.events.schema import Grain, Source

Rows = NDArray[np.int64]  # int64[k, 4]: period, case, label (-1: not known), n
_Totals = tuple[int, int, int]
_Key = tuple[str, Source, Grain]

_ANSWERS = 32  # that are kept whole
_N_BIT = 18  # n stands above 16 bits of the case and 2 of the label: 2**45 events a row


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
    positive labels) stay the same exactly as long as all of its counts do. While nothing at all
    was written, not even they are asked for.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = Lock()
        self._kept: dict[_Key, dict[int, Rows]] = {}
        self._answers: OrderedDict[Wanted, tuple[Hashable, Rows]] = OrderedDict()

    def read(self, wanted: Wanted) -> Rows:
        """All sources together, in the order of sources and periods; the array is read-only.

        Raises LogUnavailableError.
        """
        with self._lock:
            state = self._database.state()
            known = self._answers.get(wanted)
            if known is not None and known[0] == state:
                return known[1]
            with self._database.reading() as link:
                parts = [
                    part for source in wanted.sources for part in self._of(link, wanted, source)
                ]
            rows = np.concatenate(parts or [np.empty((0, 4), np.int64)])
            rows.flags.writeable = False
            self._answers[wanted] = state, rows
            while len(self._answers) > _ANSWERS:
                self._answers.popitem(last=False)
            return rows

    def last(self, version: str, sources: Sequence[Source]) -> int | None:
        """The last day that has counts. Raises LogUnavailableError."""
        select = f"SELECT max(period) {_WHERE}"
        with self._database.reading() as link:
            found = [link.run(select, (version, s, "day")).fetchone()[0] for s in sources]
        return max((int(day) for day in found if day is not None), default=None)

    def _of(self, link: Link, wanted: Wanted, source: Source) -> list[Rows]:
        key = wanted.version, source, wanted.grain
        kept = self._kept.setdefault(key, {})
        totals = _totals(link, key, wanted) if kept else {}
        same = {p for p, t in totals.items() if p in kept and _sums(kept[p]) == t}
        periods = totals if totals else _periods(link, key, wanted)
        for period in periods:
            if period not in same:
                kept[period] = _rows(link, key, period)
        return [kept[period] for period in periods]


def _sums(rows: Rows) -> _Totals:
    label, n = rows[:, 2], rows[:, 3]
    return int(n.sum()), int(n[label >= 0].sum()), int(n[label == 1].sum())


_WHERE = "FROM counts WHERE version = ? AND source = ? AND grain = ?"


def _periods(link: Link, key: _Key, wanted: Wanted) -> list[int]:
    """The periods that have counts; each step jumps to the next one in the index."""
    found: list[int] = []
    after = wanted.since - 1
    while True:
        select = f"SELECT min(period) {_WHERE} AND period > ? AND period < ?"
        (period,) = link.run(select, (*key, after, wanted.until)).fetchone()
        if period is None:
            return found
        after = int(period)
        found.append(after)


def _totals(link: Link, key: _Key, wanted: Wanted) -> dict[int, _Totals]:
    select = (
        "SELECT period, sum(n), sum(CASE WHEN label >= 0 THEN n ELSE 0 END), "
        f"sum(CASE WHEN label = 1 THEN n ELSE 0 END) {_WHERE} "
        "AND period >= ? AND period < ? GROUP BY period ORDER BY period"
    )
    rows = link.run(select, (*key, wanted.since, wanted.until)).fetchall()
    return {int(period): (int(n), int(known), int(ones)) for period, n, known, ones in rows}


def _rows(link: Link, key: _Key, period: int) -> Rows:
    """The counts of a period, as one text of numbers: a tuple a row takes twice as long."""
    packed = (
        f'SELECT (n << {_N_BIT}) | ("case" << 2) | (label + 1) AS packed {_WHERE} AND period = ?'
    )
    joined = "group_concat(packed)" if link.is_sqlite else "string_agg(packed::text, ',')"
    select = f'SELECT {joined} FROM ({packed} ORDER BY "case", label) AS counted'
    (text,) = link.run(select, (*key, period)).fetchone()
    numbers = np.fromstring(text or "", np.int64, sep=",")
    rows = np.empty((len(numbers), 4), np.int64)
    rows[:, 0] = period
    rows[:, 1] = (numbers >> 2) & ((1 << (_N_BIT - 2)) - 1)
    rows[:, 2] = (numbers & 3) - 1
    rows[:, 3] = numbers >> _N_BIT
    return rows
