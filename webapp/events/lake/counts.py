"""Counts of events in a lake: whole days of each dataset, as part of ``counts``.

The source ``lake`` in ``counts`` is the sum over datasets. ``lake_counts`` stores the contribution
of each, so that a day can be replaced or a dataset removed without reading the lake again.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, Literal, NamedTuple

from webapp.db.database import Database, Link
from webapp.db.schema import SOURCES, UNKNOWN
from webapp.db.sql import insert_into
from webapp.events.lake import corrections
from webapp.events.log import HOURS_KEPT_MS
from webapp.events.record import KEY, Key, counted_versions, first_kept_hour
from webapp.timing import DAY_MS, HOUR_MS, now_ms

PutStatus = Literal["recorded", "replaced", "same"]
Cell = tuple[str, str, int, int, int]  # version, grain, period, case, label

HISTORY_MS = 30 * DAY_MS  # a day this far behind the newest, when first counted, is history
LONGEST = 100  # characters of a name
_CASES = 1 << 16  # more than any model has
_MOST = 1 << 45  # limit of events per cell in CountsReader
_COLUMNS = ("dataset", "grain", "period", "version", '"case"', "label", "n")
_PERIOD = ("dataset", "day", "events", "labelled", "digest", "counted_at", "history")
_OF_DAY = "FROM lake_counts WHERE dataset = ? AND grain = ? AND period >= ? AND period < ?"
# In place of a digest. A forgotten day keeps its row, because whether it is history is decided
# once; a damaged one has to be counted again.
FORGOTTEN, DAMAGED = "", "?"
_FORGET = "UPDATE lake_periods SET events = 0, labelled = 0, digest = ? "
_FORGET += "WHERE dataset = ? AND day = ?"


class LakeCountsError(ValueError):
    """Invalid counts; the message says which and why."""


class LakeRows(NamedTuple):
    """Counts of one day as parallel columns.

    ``period`` is the start of the hour in ms since 1970, UTC, or of the day where hours are no
    longer kept. ``label`` is 0, 1, or -1 if unknown.
    """

    version: Sequence[str]
    period: Sequence[int]
    case: Sequence[int]
    label: Sequence[int]
    n: Sequence[int]


class CountedDay(NamedTuple):
    """A counted day of a dataset: when it was counted (ms since 1970), and its totals."""

    counted_at: int
    events: int
    labelled: int


class Dataset(NamedTuple):
    """Totals of a dataset. ``first`` and ``last`` are the starts of those days, in ms."""

    name: str
    days: int
    events: int
    labelled: int
    first: int
    last: int
    counted_at: int


class Lake:
    """The tables of lakes. Methods are thread-safe and raise LogUnavailableError.

    Writes are serialized, with one transaction per day of a dataset: a killed process leaves a
    day complete or unchanged.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def counted_days(self, dataset: str) -> dict[int, CountedDay]:
        """The counted days of a dataset, by their start (ms since 1970), oldest first."""
        select = "SELECT day, counted_at, events, labelled FROM lake_periods"
        with self._database.reading() as link:
            which = "WHERE dataset = ? AND digest NOT IN (?, ?) ORDER BY day"
            rows = link.run(f"{select} {which}", (dataset, FORGOTTEN, DAMAGED))
            return {int(row[0]): CountedDay(*map(int, row[1:])) for row in rows}

    def put(self, dataset: str, day: int, rows: LakeRows, at: int | None = None) -> PutStatus:
        """Write one whole day of a dataset, replacing its earlier counts.

        ``at`` is when it was counted, by default now. Raises LakeCountsError.
        """
        cells = _count_cells(dataset, day, rows)
        digest = _digest(cells)
        with self._database.writing() as link:
            _lock(link)
            where = "WHERE dataset = ? AND day = ?"
            row = link.run(f"SELECT digest FROM lake_periods {where}", (dataset, day)).fetchone()
            past = int(row is None and _is_history(link, day))
            counted_at = now_ms() if at is None else at
            _record_day(link, (dataset, day, *_sums(cells), digest, counted_at, past))
            if row is not None and row[0] == digest:
                return "same"
            # Before reading the rows: rows pruned in between must not be subtracted.
            since = max(first_kept_hour(link, [_first_hour(day)]), now_ms() - HOURS_KEPT_MS)
            before = _read_day(link, dataset, day)
            now = {cell: n for cell, n in cells.items() if cell[1] == "day" or cell[2] >= since}
            again = row is not None and row[0] != FORGOTTEN
            matured = _cells_with_outcome(before), _cells_with_outcome(cells)
            corrections.note(link, dataset, day, *matured, again)
            _replace(link, dataset, before, now)
        return "replaced" if again else "recorded"

    def forget(self, dataset: str) -> int:
        """Remove a dataset from the counts. Returns how many events it had.

        Day by day, and resumable: one transaction for years would block SQLite's other writers.
        """
        select = "SELECT day FROM lake_periods WHERE dataset = ? AND digest <> ? ORDER BY day DESC"
        with self._database.reading() as link:
            days = [int(row[0]) for row in link.run(select, (dataset, FORGOTTEN)).fetchall()]
        events = 0
        for day in days:
            began = time.monotonic()
            events += self._forget(dataset, day)
            time.sleep((time.monotonic() - began) / 2)  # for others to write in
        return events

    def _forget(self, dataset: str, day: int) -> int:
        with self._database.writing() as link:
            _lock(link)
            first_kept_hour(link, [_first_hour(day)])
            select = "SELECT events FROM lake_periods WHERE dataset = ? AND day = ?"
            events = int(link.run(select, (dataset, day)).fetchone()[0])
            before = _read_day(link, dataset, day)
            corrections.note_forgotten(link, dataset, day, _cells_with_outcome(before))
            _replace(link, dataset, before, {})
            link.run(_FORGET, (FORGOTTEN, dataset, day))
        return events

    def datasets(self) -> list[Dataset]:
        """All counted datasets, by name."""
        select = (
            "SELECT dataset, count(*), sum(events), sum(labelled), min(day), max(day), "
            "max(counted_at) FROM lake_periods WHERE digest <> ? GROUP BY dataset ORDER BY dataset"
        )
        with self._database.reading() as link:
            rows = link.run(select, (FORGOTTEN,))
            return [Dataset(row[0], *map(int, row[1:])) for row in rows]

    def logged_days(self, since: int, until: int, versions: Sequence[str]) -> list[int]:
        """Days on which the log itself has events of these versions, simulated ones aside.

        Nor do those count that were recorded in the form, which no lake holds. If a lake holds
        the same events, they would be counted twice.
        """
        select = (
            "SELECT DISTINCT period FROM counts WHERE version = ? AND source = ? "
            "AND grain = 'day' AND period >= ? AND period < ?"
        )
        sources = [source for source in SOURCES if source not in ("lake", "demo", "replay", "form")]
        span = since - since % DAY_MS, until
        with self._database.reading() as link:
            days = {
                int(row[0])
                for version in versions
                for source in sources
                for row in link.run(select, (version, source, *span)).fetchall()
            }
        return sorted(days)


def _lock(link: Link) -> None:
    """Block other writers of these tables until the transaction ends; reads go on."""
    if not link.is_sqlite:  # writing a day of many versions takes longer than a request may
        link.run("SET LOCAL lock_timeout = '60s'")
        link.run("SET LOCAL statement_timeout = 0")
        link.run("LOCK TABLE lake_periods IN SHARE ROW EXCLUSIVE MODE")


def _count_cells(dataset: str, day: int, rows: LakeRows) -> Counter[Cell]:
    """Check the rows and count them at both grains. Raises LakeCountsError."""
    if not 1 <= len(dataset) <= LONGEST or dataset != dataset.strip() or not dataset.isprintable():
        raise LakeCountsError(
            f"dataset must be a name of 1 to {LONGEST} characters, without spaces around"
        )
    if day < 0 or day % DAY_MS:
        raise LakeCountsError(f"day must be the start of a day in ms since 1970 (UTC): {day}")
    lengths = [len(column) for column in rows]
    if len(set(lengths)) > 1:
        raise LakeCountsError(
            f"version, period, case, label and n must have the same length: {lengths}"
        )
    cells: Counter[Cell] = Counter()
    for place, (version, period, case, label, n) in enumerate(zip(*rows, strict=True)):
        problem = _problem(day, version, period, case, label, n)
        if problem:
            raise LakeCountsError(f"row {place + 1}: {problem}")
        cells[version, "day", day, int(case), int(label)] += int(n)
        cells[version, "hour", int(period), int(case), int(label)] += int(n)
    if max(cells.values(), default=0) >= _MOST:
        raise LakeCountsError(f"n must add up to less than {_MOST:,} events of one case in a day")
    return cells


def _problem(day: int, version: str, period: int, case: int, label: int, n: int) -> str | None:
    if not 1 <= len(version) <= LONGEST:
        return f"version must be a name of 1 to {LONGEST} characters"
    if not day <= period < day + DAY_MS or period % HOUR_MS:
        return f"period must be the start of an hour of the day {day}: {period}"
    if not 0 <= case < _CASES:
        return f"case must be a whole number from 0 to {_CASES - 1:,}: {case}"
    if label not in (UNKNOWN, 0, 1):
        return f"label must be 0, 1, or {UNKNOWN} if unknown: {label}"
    return None if n > 0 else f"n must be a whole number above 0: {n}"


def _digest(cells: Counter[Cell]) -> str:
    text = json.dumps(sorted((*cell, n) for cell, n in cells.items()), separators=(",", ":"))
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _sums(cells: Counter[Cell]) -> tuple[int, int]:
    """The number of events, and of those with an outcome."""
    events = sum(n for cell, n in cells.items() if cell[1] == "day")
    return events, sum(_cells_with_outcome(cells).values())


def _record_day(link: Link, period: Sequence[object]) -> None:
    """Record what was counted and when; ``history`` keeps its first value."""
    change = ", ".join(f"{name} = excluded.{name}" for name in _PERIOD[2:-1])
    upsert = f"ON CONFLICT (dataset, day) DO UPDATE SET {change}"
    link.run(f"{insert_into('lake_periods', _PERIOD)} {upsert}", period)


def _is_history(link: Link, day: int) -> bool:
    """True if the day is long before the newest one with real traffic.

    The newest counts as now at most: a wrong time in a lake must not turn today into history.
    """
    newest = 0
    for version in counted_versions(link):
        for source in (source for source in SOURCES if source not in ("demo", "form")):
            last = "SELECT max(period) FROM counts WHERE version = ? AND source = ? AND grain = ?"
            newest = max(newest, link.run(last, (version, source, "day")).fetchone()[0] or 0)
    return day < min(newest, now_ms()) - HISTORY_MS


def _first_hour(day: int) -> Key:
    """A key of the day's first hour."""
    return "", "lake", "hour", day, 0, UNKNOWN


def _read_day(link: Link, dataset: str, day: int) -> Counter[Cell]:
    select = f'SELECT version, grain, period, "case", label, n {_OF_DAY}'
    rows = (
        row
        for grain in ("day", "hour")
        for row in link.run(select, (dataset, grain, day, day + DAY_MS)).fetchall()
    )
    return Counter({tuple(row[:5]): int(row[5]) for row in rows})


def _cells_with_outcome(cells: Counter[Cell]) -> Counter[corrections.Matured]:
    """The cells with an outcome, at the day's grain."""
    return Counter({(c[0], c[3], c[4]): n for c, n in cells.items() if c[1] == "day" and c[4] >= 0})


def _replace(link: Link, dataset: str, before: Counter[Cell], now: dict[Cell, int]) -> None:
    """Write the cells that changed, so recounting a day costs little."""
    put = [(cell, n) for cell, n in now.items() if before.get(cell) != n]
    old_cells = [cell for cell in before if cell not in now]
    changes = {cell: n - before.get(cell, 0) for cell, n in put}
    changes |= {cell: -before[cell] for cell in old_cells}
    rows: list[tuple[Any, ...]] = sorted(
        (v, "lake", grain, *rest, n) for (v, grain, *rest), n in changes.items()
    )
    upsert = f"ON CONFLICT ({', '.join(KEY)}) DO UPDATE SET n = counts.n + excluded.n"
    if rows:
        link.run_many(f"{insert_into('counts', (*KEY, 'n'))} {upsert}", rows)
    decreases = [row[:-1] for row in rows if row[-1] < 0]
    if decreases:
        match = " AND ".join(f"{column} = ?" for column in KEY)
        link.run_many(f"DELETE FROM counts WHERE {match} AND n = 0", decreases)
    if put:
        keys = ", ".join(_COLUMNS[:-1])
        upsert = f"ON CONFLICT ({keys}) DO UPDATE SET n = excluded.n"
        values = [(dataset, grain, period, v, *rest, n) for (v, grain, period, *rest), n in put]
        link.run_many(f"{insert_into('lake_counts', _COLUMNS)} {upsert}", sorted(values))
    if old_cells:
        match = " AND ".join(f"{column} = ?" for column in _COLUMNS[:-1])
        values = [(dataset, grain, period, v, *rest) for v, grain, period, *rest in old_cells]
        link.run_many(f"DELETE FROM lake_counts WHERE {match}", values)
