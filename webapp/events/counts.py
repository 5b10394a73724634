"""Counts of periods as arrays, whatever the number of events behind them."""

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

Rows = NDArray[np.int64]  # int64[k, 4]: period, case, label (-1: not known), n
_Totals = tuple[int, int, int]
_Key = tuple[str, Source, Grain]
_Digests = tuple[str, ...]  # of each dataset that has the day

_ANSWERS = 32  # that are kept whole
_ROWS = 2_000_000  # of the periods that are kept, and of the answers: 64 MB each
_PARTS = 512  # that are kept until the next change
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
    positive labels) stay the same exactly as long as all of its counts do. Days of a lake can be
    replaced, so there the digests of what was counted decide. While nothing at all was written,
    not even they are asked for.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = Lock()
        self._kept: dict[_Key, dict[int, tuple[_Digests, Rows]]] = {}
        self._state: Hashable = None
        self._parts: dict[Hashable, list[Rows]] = {}  # as they are in this state
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
            if state != self._state or len(self._parts) > _PARTS:
                self._state, self._parts = state, {}
            with self._database.reading() as link:
                parts = [
                    part for source in wanted.sources for part in self._part(link, wanted, source)
                ]
            rows = np.concatenate(parts or [np.empty((0, 4), np.int64)])
            rows.flags.writeable = False
            self._answers[wanted] = state, rows
            self._make_room()
            return rows

    def _make_room(self) -> None:
        """Years of a lake must not stay in a worker's memory for one look at them."""
        answers = sum(len(rows) for _, rows in self._answers.values())
        while len(self._answers) > _ANSWERS or (answers > _ROWS and len(self._answers) > 1):
            _, (_, gone) = self._answers.popitem(last=False)
            answers -= len(gone)
        held = sum(len(rows) for days in self._kept.values() for _, rows in days.values())
        if held > _ROWS:
            self._kept, self._parts = {}, {}

    def last(self, version: str, sources: Sequence[Source]) -> dict[Source, int]:
        """The last day that has counts, of each source that has any. Raises LogUnavailableError."""
        select = f"SELECT max(period) {_WHERE}"
        with self._database.reading() as link:
            found = {s: link.run(select, (version, s, "day")).fetchone()[0] for s in sources}
        return {source: int(day) for source, day in found.items() if day is not None}

    def _part(self, link: Link, wanted: Wanted, source: Source) -> list[Rows]:
        """Of one source; what was read for another question since the last change is not again."""
        key = wanted.version, source, wanted.grain, wanted.since, wanted.until
        if key not in self._parts:
            self._parts[key] = self._of(link, wanted, source)
        return self._parts[key]

    def _of(self, link: Link, wanted: Wanted, source: Source) -> list[Rows]:
        key = wanted.version, source, wanted.grain
        kept = self._kept.setdefault(key, {})
        # Before the rows: what is replaced meanwhile is then read again the next time.
        totals = _totals(link, key, wanted) if kept else {}
        periods = totals if totals else _periods(link, key, wanted)
        digests = _digests(link, wanted) if source == "lake" and periods else {}
        for period in periods:
            digest = digests.get(period - period % DAY_MS, ())
            known = kept.get(period)
            if known is None or known[0] != digest or _sums(known[1]) != totals.get(period):
                kept[period] = digest, _rows(link, key, period)
        return [kept[period][1] for period in periods]


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


def _digests(link: Link, wanted: Wanted) -> dict[int, _Digests]:
    """What was counted in lakes, by day."""
    select = "SELECT day, digest FROM lake_periods WHERE day >= ? AND day < ? ORDER BY day, dataset"
    found: dict[int, _Digests] = {}
    since = wanted.since - wanted.since % DAY_MS
    for day, digest in link.run(select, (since, wanted.until)).fetchall():
        found[int(day)] = (*found.get(int(day), ()), digest)
    return found


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
