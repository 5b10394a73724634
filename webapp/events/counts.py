"""Counts of periods as arrays, read a few periods at a time.

Neither the time nor the memory of a reading depends on the number of events, and its memory
doesn't depend on the length of time either: rows come in blocks, and only some periods are kept.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from threading import Lock
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from webapp.db.database import Database, Link
from webapp.db.schema import Grain, Source
from webapp.timing import DAY_MS

Whole = NDArray[np.int64]
CountRows = Whole  # int64[k, 4]: period, case, label (-1: unknown), n
_Totals = tuple[int, int, int, int]
_Key = tuple[str, Source, Grain]
_Digests = tuple[str, ...]  # one per dataset that has the day

_ROWS = 2_000_000  # rows of periods kept: 16 MB
_PERIODS = 100_000  # totals of periods kept until the next change: 4 MB
_BLOCK = 100_000  # rows of a block, unless a single period has more
_N_BIT = 18  # position of n, above 16 bits of the case and 2 of the label: 2**45 events per row
_CELL = (1 << _N_BIT) - 1
_NOTHING: Whole = np.empty(0, np.int64)


@dataclass(frozen=True)
class CountsQuery:
    """Counts of a version and sources, over the periods in ``[since, until)`` in ms."""

    version: str
    sources: tuple[Source, ...]
    since: int
    until: int
    grain: Grain = "day"


class Block(NamedTuple):
    """Rows of some periods; ``from_lake`` bool[k] is true for those that were counted in a lake."""

    rows: CountRows
    from_lake: NDArray[np.bool_]


@dataclass(frozen=True)
class _Part:
    """One source of a query, and its periods that have counts.

    ``totals`` int64[p, 4] are events, known labels, positive labels and rows of each period.
    """

    key: _Key
    periods: Whole
    totals: Whole
    digests: dict[int, _Digests]  # of the days of a lake, and of those with withdrawals

    def stamp(self, at: int) -> tuple[_Digests, _Totals]:
        """What tells whether the period at this place has changed."""
        period, totals = int(self.periods[at]), self.totals[at].tolist()
        return self.digests.get(period - period % DAY_MS, ()), tuple(totals)


class Reading:
    """What some queries ask for. ``blocks`` reads it, in the order of the periods.

    ``mark`` is equal to that of another reading only if its counts are the same, ``rows`` is their
    number and ``events`` their sum. ``first`` is the first period with counts, None without any.
    """

    def __init__(self, reader: CountsReader, parts: Sequence[_Part]) -> None:
        self._reader = reader
        self._parts = [part for part in parts if len(part.periods)]
        self.rows = sum(int(part.totals[:, 3].sum()) for part in self._parts)
        self.events = sum(int(part.totals[:, 0].sum()) for part in self._parts)
        self.first = min((int(part.periods[0]) for part in self._parts), default=None)
        digest = blake2b(digest_size=16)
        for part in self._parts:
            digest.update(repr((part.key, part.digests)).encode())
            digest.update(part.periods.tobytes() + part.totals.tobytes())
        self.mark = digest.digest()

    def rows_by_period(self) -> tuple[Whole, Whole]:
        """The periods that have counts, in order, and the rows of each."""
        return self._sum_by_period(3)

    def outcomes_by_period(self) -> tuple[Whole, Whole]:
        """The periods that have counts, in order, and the known outcomes of each."""
        return self._sum_by_period(1)

    def _sum_by_period(self, total: int) -> tuple[Whole, Whole]:
        every = [_NOTHING, *(part.periods for part in self._parts)]
        periods, place = np.unique(np.concatenate(every), return_inverse=True)
        parts = np.concatenate([_NOTHING, *(part.totals[:, total] for part in self._parts)])
        sums = np.bincount(place, weights=parts, minlength=len(periods))
        return periods, sums.astype(np.int64)

    def blocks(self) -> Iterator[Block]:
        """Yield all rows. No period comes before an earlier one. Raises LogUnavailableError."""
        periods, sizes = self.rows_by_period()
        if not len(periods):
            return
        number = (np.cumsum(sizes) - 1) // _BLOCK
        for begin in np.flatnonzero(np.diff(number, prepend=-1)):
            last = int(np.searchsorted(number, number[begin], side="right")) - 1
            blocks = self._read(int(periods[begin]), int(periods[last]))
            if last == begin:  # it may be large
                yield from blocks
            else:
                yield Block(*(np.concatenate(parts) for parts in zip(*blocks, strict=True)))

    def _read(self, first: int, last: int) -> Iterator[Block]:
        for part in self._parts:
            begin = int(np.searchsorted(part.periods, first))
            end = int(np.searchsorted(part.periods, last, side="right"))
            if begin < end:
                rows = self._reader.rows(part, begin, end)
                yield Block(rows, np.full(len(rows), part.key[1] == "lake"))


class CountsReader:
    """Reads counts, and keeps periods that haven't changed. Thread-safe.

    Events are only added and labelled, so a period is unchanged exactly as long as its totals
    (events, known labels, positive labels) are. Days of a lake can be replaced, so for those the
    digests are compared. As long as nothing has been written at all, neither is read.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = Lock()
        self._state: Hashable = None
        self._parts: dict[Hashable, _Part] = {}  # valid for this state
        # By key and period; the first is the one that was used longest ago
        self._kept: OrderedDict[Hashable, tuple[Hashable, Whole]] = OrderedDict()
        self._kept_rows = 0

    def state(self) -> Hashable:
        """A token that is equal to an earlier one only if nothing was written since."""
        with self._lock:
            return self._database.state()

    def open(self, queries: Sequence[CountsQuery]) -> Reading:
        """A reading of these queries, whose rows aren't read yet. Raises LogUnavailableError."""
        pairs = [(query, source) for query in queries for source in query.sources]
        with self._lock:
            state = self._database.state()
            periods = sum(len(part.periods) for part in self._parts.values())
            if state != self._state or periods > _PERIODS:
                self._state, self._parts = state, {}
            missing = [pair for pair in pairs if _name(*pair) not in self._parts]
            parts = {_name(*p): self._parts[_name(*p)] for p in pairs if p not in missing}
            if missing:
                with self._database.reading() as link:
                    parts |= {_name(*pair): _read_part(link, *pair) for pair in missing}
            self._parts |= parts
        return Reading(self, [parts[_name(*pair)] for pair in pairs])

    def read(self, query: CountsQuery) -> CountRows:
        """All rows of one query in the order of sources and periods. Raises LogUnavailableError."""
        readings = [self.open([replace(query, sources=(source,))]) for source in query.sources]
        rows = [block.rows for reading in readings for block in reading.blocks()]
        return np.concatenate([np.empty((0, 4), np.int64), *rows])

    def last(self, version: str, sources: Sequence[Source]) -> dict[Source, int]:
        """The last day with counts of each source that has any. Raises LogUnavailableError."""
        select = f"SELECT max(period) {_WHERE}"
        with self._database.reading() as link:
            days = {s: link.run(select, (version, s, "day")).fetchone()[0] for s in sources}
        return {source: int(day) for source, day in days.items() if day is not None}

    def rows(self, part: _Part, begin: int, end: int) -> CountRows:
        """The rows of the part's periods from place ``begin`` to before ``end``."""
        with self._lock:
            packs = {at: self._find(part, at) for at in range(begin, end)}
            missing = [at for at, pack in packs.items() if pack is None]
            by_period: dict[int, Whole] = {}
            if missing:
                edges = int(part.periods[missing[0]]), int(part.periods[missing[-1]])
                with self._database.reading() as link:
                    by_period = _read_packs(link, part.key, *edges)
            rows = []
            for at in range(begin, end):
                period, pack = int(part.periods[at]), packs[at]
                if pack is None:
                    pack = by_period.get(period, _NOTHING)
                    self._keep(part, at, pack)
                rows.append((period, pack))
        return _unpack(rows)

    def _find(self, part: _Part, at: int) -> Whole | None:
        """The rows of a period if they are kept and haven't changed."""
        name = part.key, int(part.periods[at])
        stamp, pack = self._kept.get(name, (None, None))
        if pack is None or stamp != part.stamp(at):
            return None
        self._kept.move_to_end(name)
        return pack

    def _keep(self, part: _Part, at: int, pack: Whole) -> None:
        """Keep a period's rows; what was used longest ago makes room."""
        name = part.key, int(part.periods[at])
        _, before = self._kept.pop(name, (None, _NOTHING))
        digests, _ = part.stamp(at)
        self._kept[name] = (digests, _sums(pack)), pack
        self._kept_rows += len(pack) - len(before)
        while self._kept_rows > _ROWS:
            _, (_, oldest) = self._kept.popitem(last=False)
            self._kept_rows -= len(oldest)


def _name(query: CountsQuery, source: Source) -> Hashable:
    return query.version, source, query.grain, query.since, query.until


def _sums(pack: Whole) -> _Totals:
    """The totals of a period, from its rows."""
    label, n = (pack & 3) - 1, pack >> _N_BIT
    return int(n.sum()), int(n[label >= 0].sum()), int(n[label == 1].sum()), len(pack)


def _unpack(packs: Sequence[tuple[int, Whole]]) -> CountRows:
    every = np.concatenate([pack for _, pack in packs])
    rows = np.empty((len(every), 4), np.int64)
    rows[:, 0] = np.repeat([period for period, _ in packs], [len(pack) for _, pack in packs])
    rows[:, 1] = (every >> 2) & (_CELL >> 2)
    rows[:, 2] = (every & 3) - 1
    rows[:, 3] = every >> _N_BIT
    return rows


_WHERE = "FROM counts WHERE version = ? AND source = ? AND grain = ?"


def _read_part(link: Link, query: CountsQuery, source: Source) -> _Part:
    """The periods that have counts, with their totals."""
    select = (
        "SELECT period, sum(n), sum(CASE WHEN label >= 0 THEN n ELSE 0 END), "
        f"sum(CASE WHEN label = 1 THEN n ELSE 0 END), count(*) {_WHERE} "
        "AND period >= ? AND period < ? GROUP BY period ORDER BY period"
    )
    key = query.version, source, query.grain
    rows = link.run(select, (*key, query.since, query.until)).fetchall()
    table = np.array([[int(value) for value in row] for row in rows], np.int64).reshape(-1, 5)
    digests = _marks(link, query, source) if rows else {}
    return _Part(key, table[:, 0].copy(), table[:, 1:], digests)


def _marks(link: Link, query: CountsQuery, source: Source) -> dict[int, _Digests]:
    """What tells apart days with the same totals, by day: only these sources can have such."""
    if source == "lake":
        return _digests(link, query)
    if source != "form":
        return {}
    select = "SELECT day, n FROM withdrawals WHERE day >= ? AND day < ?"
    since = query.since - query.since % DAY_MS
    rows = link.run(select, (since, query.until)).fetchall()
    return {int(day): (f"{n} withdrawn",) for day, n in rows}


def _digests(link: Link, query: CountsQuery) -> dict[int, _Digests]:
    """The digests of the days counted in lakes, by day."""
    select = "SELECT day, digest FROM lake_periods WHERE day >= ? AND day < ? ORDER BY day, dataset"
    digests: dict[int, _Digests] = {}
    since = query.since - query.since % DAY_MS
    for day, digest in link.run(select, (since, query.until)).fetchall():
        digests[int(day)] = (*digests.get(int(day), ()), digest)
    return digests


def _read_packs(link: Link, key: _Key, first: int, last: int) -> dict[int, Whole]:
    """The rows of the periods from ``first`` to ``last``, a number each, by period.

    They are fetched as a string per period: twice as fast as a tuple per row.
    """
    row_numbers = (
        f'SELECT period, (n << {_N_BIT}) | ("case" << 2) | (label + 1) AS packed {_WHERE} '
        "AND period >= ? AND period <= ?"
    )
    aggregate = "group_concat(packed)" if link.is_sqlite else "string_agg(packed::text, ',')"
    select = f"SELECT period, {aggregate} FROM ({row_numbers}) AS counted GROUP BY period"
    packs: dict[int, Whole] = {}
    for period, text in link.run(select, (*key, first, last)):
        pack = np.fromstring(text or "", np.int64, sep=",")
        place = pack & _CELL
        in_order = bool((place[1:] > place[:-1]).all())
        packs[int(period)] = pack if in_order else pack[np.argsort(place)]
    return packs
