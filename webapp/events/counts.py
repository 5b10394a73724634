"""Counts of periods as arrays; their size doesn't depend on the number of events."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from webapp.db.database import Database, Link
from webapp.db.schema import Grain, Source
from webapp.timing import DAY_MS

CountRows = NDArray[np.int64]  # int64[k, 4]: period, case, label (-1: unknown), n
_Totals = tuple[int, int, int]
_Key = tuple[str, Source, Grain]
_Digests = tuple[str, ...]  # one per dataset that has the day

_ANSWERS = 32  # whole answers cached
_ROWS = 2_000_000  # cached rows of periods, and of answers: 64 MB each
_PARTS = 512  # partial answers cached until the next change
_N_BIT = 18  # position of n, above 16 bits of the case and 2 of the label: 2**45 events per row


@dataclass(frozen=True)
class CountsQuery:
    """Counts of a version and sources, over the periods in ``[since, until)`` in ms."""

    version: str
    sources: tuple[Source, ...]
    since: int
    until: int
    grain: Grain = "day"


class CountsReader:
    """Reads counts, and caches periods that haven't changed. Thread-safe.

    Events are only added and labelled, so a period is unchanged exactly as long as its totals
    (events, known labels, positive labels) are. Days of a lake can be replaced, so for those the
    digests are compared. As long as nothing has been written at all, neither is read.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = Lock()
        self._periods: dict[_Key, dict[int, tuple[_Digests, CountRows]]] = {}
        self._state: Hashable = None
        self._parts: dict[Hashable, list[CountRows]] = {}  # valid for this state
        self._answers: OrderedDict[CountsQuery, tuple[Hashable, CountRows]] = OrderedDict()

    def read(self, query: CountsQuery) -> CountRows:
        """The counts in the order of sources and periods, as a read-only array.

        Raises LogUnavailableError.
        """
        with self._lock:
            state = self._database.state()
            answer = self._answers.get(query)
            if answer is not None and answer[0] == state:
                return answer[1]
            if state != self._state or len(self._parts) > _PARTS:
                self._state, self._parts = state, {}
            with self._database.reading() as link:
                parts = [
                    part for source in query.sources for part in self._part(link, query, source)
                ]
            rows = np.concatenate(parts or [np.empty((0, 4), np.int64)])
            rows.flags.writeable = False
            self._answers[query] = state, rows
            self._make_room()
            return rows

    def _make_room(self) -> None:
        """Shrink the caches, so that one request for years of a lake doesn't fill the memory."""
        answers = sum(len(rows) for _, rows in self._answers.values())
        while len(self._answers) > _ANSWERS or (answers > _ROWS and len(self._answers) > 1):
            _, (_, rows) = self._answers.popitem(last=False)
            answers -= len(rows)
        size = sum(len(rows) for days in self._periods.values() for _, rows in days.values())
        if size > _ROWS:
            self._periods, self._parts = {}, {}

    def last(self, version: str, sources: Sequence[Source]) -> dict[Source, int]:
        """The last day with counts of each source that has any. Raises LogUnavailableError."""
        select = f"SELECT max(period) {_WHERE}"
        with self._database.reading() as link:
            days = {s: link.run(select, (version, s, "day")).fetchone()[0] for s in sources}
        return {source: int(day) for source, day in days.items() if day is not None}

    def _part(self, link: Link, query: CountsQuery, source: Source) -> list[CountRows]:
        """The rows of one source, cached until the next change."""
        key = query.version, source, query.grain, query.since, query.until
        if key not in self._parts:
            self._parts[key] = self._read_part(link, query, source)
        return self._parts[key]

    def _read_part(self, link: Link, query: CountsQuery, source: Source) -> list[CountRows]:
        key = query.version, source, query.grain
        periods_by_start = self._periods.setdefault(key, {})
        # Before the rows, so that a period replaced in between is read again the next time.
        totals = _totals(link, key, query) if periods_by_start else {}
        periods = totals if totals else _periods(link, key, query)
        digests = _digests(link, query) if source == "lake" and periods else {}
        for period in periods:
            digest = digests.get(period - period % DAY_MS, ())
            before = periods_by_start.get(period)
            if before is None or before[0] != digest or _sums(before[1]) != totals.get(period):
                periods_by_start[period] = digest, _rows(link, key, period)
        return [periods_by_start[period][1] for period in periods]


def _sums(rows: CountRows) -> _Totals:
    label, n = rows[:, 2], rows[:, 3]
    return int(n.sum()), int(n[label >= 0].sum()), int(n[label == 1].sum())


_WHERE = "FROM counts WHERE version = ? AND source = ? AND grain = ?"


def _periods(link: Link, key: _Key, query: CountsQuery) -> list[int]:
    """The periods that have counts; each query jumps to the next one in the index."""
    periods: list[int] = []
    after = query.since - 1
    while True:
        select = f"SELECT min(period) {_WHERE} AND period > ? AND period < ?"
        (period,) = link.run(select, (*key, after, query.until)).fetchone()
        if period is None:
            return periods
        after = int(period)
        periods.append(after)


def _totals(link: Link, key: _Key, query: CountsQuery) -> dict[int, _Totals]:
    select = (
        "SELECT period, sum(n), sum(CASE WHEN label >= 0 THEN n ELSE 0 END), "
        f"sum(CASE WHEN label = 1 THEN n ELSE 0 END) {_WHERE} "
        "AND period >= ? AND period < ? GROUP BY period ORDER BY period"
    )
    rows = link.run(select, (*key, query.since, query.until)).fetchall()
    return {
        int(period): (int(n), int(with_label), int(ones)) for period, n, with_label, ones in rows
    }


def _digests(link: Link, query: CountsQuery) -> dict[int, _Digests]:
    """The digests of the days counted in lakes, by day."""
    select = "SELECT day, digest FROM lake_periods WHERE day >= ? AND day < ? ORDER BY day, dataset"
    digests: dict[int, _Digests] = {}
    since = query.since - query.since % DAY_MS
    for day, digest in link.run(select, (since, query.until)).fetchall():
        digests[int(day)] = (*digests.get(int(day), ()), digest)
    return digests


def _rows(link: Link, key: _Key, period: int) -> CountRows:
    """The counts of a period, fetched as one string: twice as fast as a tuple per row."""
    row_numbers = (
        f'SELECT (n << {_N_BIT}) | ("case" << 2) | (label + 1) AS packed {_WHERE} AND period = ?'
    )
    aggregate = "group_concat(packed)" if link.is_sqlite else "string_agg(packed::text, ',')"
    select = f'SELECT {aggregate} FROM ({row_numbers} ORDER BY "case", label) AS counted'
    (text,) = link.run(select, (*key, period)).fetchone()
    numbers = np.fromstring(text or "", np.int64, sep=",")
    rows = np.empty((len(numbers), 4), np.int64)
    rows[:, 0] = period
    rows[:, 1] = (numbers >> 2) & ((1 << (_N_BIT - 2)) - 1)
    rows[:, 2] = (numbers & 3) - 1
    rows[:, 3] = numbers >> _N_BIT
    return rows
