"""Counts of events that lie in a lake: each dataset's days, whole, as part of ``counts``.

The source ``lake`` in ``counts`` is the sum over datasets. ``lake_counts`` keeps what each of them
brought, so that a day can be replaced or a dataset forgotten without looking at the lake again.
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
from webapp.events.record import KEY, Key, hours_since, versions_of
from webapp.timing import DAY_MS, HOUR_MS, now_ms

Put = Literal["recorded", "replaced", "same"]
Cell = tuple[str, str, int, int, int]  # version, grain, period, case, label

HISTORY_MS = 30 * DAY_MS  # a day so far behind the newest, when first counted, is history
LONGEST = 100  # characters of a name
_CASES = 1 << 16  # more than any model here has
_MOST = 1 << 45  # events of a cell that the reader of counts can take
_COLUMNS = ("dataset", "grain", "period", "version", '"case"', "label", "n")
_PERIOD = ("dataset", "day", "events", "labelled", "digest", "counted_at", "history")
_OF_DAY = "FROM lake_counts WHERE dataset = ? AND grain = ? AND period >= ? AND period < ?"
# What stands for a digest. A day that was forgotten stays noted, as whether it is history is asked
# once; one that was damaged here has to be counted again.
FORGOTTEN, DAMAGED = "", "?"
_FORGET = "UPDATE lake_periods SET events = 0, labelled = 0, digest = ? "
_FORGET += "WHERE dataset = ? AND day = ?"


class LakeError(ValueError):
    """Counts that can't be taken; says what is wrong with which of them."""


class LakeRows(NamedTuple):
    """Counts of one day as parallel columns.

    ``period`` is when the hour begins, in ms since 1970, UTC; of days whose hours aren't kept any
    more it may be when the day begins. ``label`` is 0, 1, or -1 where it isn't known.
    """

    version: Sequence[str]
    period: Sequence[int]
    case: Sequence[int]
    label: Sequence[int]
    n: Sequence[int]


class Period(NamedTuple):
    """A day of a dataset as it was counted; times in ms since 1970."""

    counted_at: int
    events: int
    labelled: int


class Dataset(NamedTuple):
    """All days of a dataset; ``first`` and ``last`` are when those days begin."""

    name: str
    days: int
    events: int
    labelled: int
    first: int
    last: int
    counted_at: int


class Lake:
    """The tables of lakes. Methods are safe in threads and raise LogUnavailableError.

    Those that write do so one at a time, in one transaction a day of a dataset: a process that is
    killed leaves all of a day or nothing.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def done(self, dataset: str) -> dict[int, Period]:
        """The days (ms since 1970) that were counted, oldest first."""
        select = "SELECT day, counted_at, events, labelled FROM lake_periods"
        with self._database.reading() as link:
            which = "WHERE dataset = ? AND digest NOT IN (?, ?) ORDER BY day"
            rows = link.run(f"{select} {which}", (dataset, FORGOTTEN, DAMAGED))
            return {int(row[0]): Period(*map(int, row[1:])) for row in rows}

    def put(self, dataset: str, day: int, rows: LakeRows, at: int | None = None) -> Put:
        """Write one day of a dataset, whole: it replaces what was counted of it before.

        Raises LakeError.
        """
        cells = _read(dataset, day, rows)
        digest = _digest(cells)
        with self._database.writing() as link:
            _alone(link)
            where = "WHERE dataset = ? AND day = ?"
            known = link.run(f"SELECT digest FROM lake_periods {where}", (dataset, day)).fetchone()
            past = int(known is None and _is_history(link, day))
            counted_at = now_ms() if at is None else at
            _note(link, (dataset, day, *_sums(cells), digest, counted_at, past))
            if known is not None and known[0] == digest:
                return "same"
            # Before the rows are looked at: those that are pruned meanwhile must not be subtracted.
            since = max(hours_since(link, [_hour(day)]), now_ms() - HOURS_KEPT_MS)
            before = _of_day(link, dataset, day)
            kept = {cell: n for cell, n in cells.items() if cell[1] == "day" or cell[2] >= since}
            again = known is not None and known[0] != FORGOTTEN
            corrections.note(link, dataset, day, _matured(before), _matured(cells), again)
            _replace(link, dataset, before, kept)
        return "replaced" if again else "recorded"

    def forget(self, dataset: str) -> int:
        """Take a dataset out of the counts: how many events it had.

        Day by day, and called again it goes on: years in one transaction would keep everybody else
        from writing to SQLite for longer than they wait.
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
            _alone(link)
            hours_since(link, [_hour(day)])
            select = "SELECT events FROM lake_periods WHERE dataset = ? AND day = ?"
            events = int(link.run(select, (dataset, day)).fetchone()[0])
            before = _of_day(link, dataset, day)
            corrections.note_forgotten(link, dataset, day, _matured(before))
            _replace(link, dataset, before, {})
            link.run(_FORGET, (FORGOTTEN, dataset, day))
        return events

    def datasets(self) -> list[Dataset]:
        """All that were counted, by name."""
        select = (
            "SELECT dataset, count(*), sum(events), sum(labelled), min(day), max(day), "
            "max(counted_at) FROM lake_periods WHERE digest <> ? GROUP BY dataset ORDER BY dataset"
        )
        with self._database.reading() as link:
            rows = link.run(select, (FORGOTTEN,))
            return [Dataset(row[0], *map(int, row[1:])) for row in rows]

    def live(self, since: int, until: int, versions: Sequence[str]) -> list[int]:
        """Days in which the log itself has events of these versions that somebody asked for.

        A lake that holds them, too, would count them twice.
        """
        select = (
            "SELECT DISTINCT period FROM counts WHERE version = ? AND source = ? "
            "AND grain = 'day' AND period >= ? AND period < ?"
        )
        sources = [source for source in SOURCES if source not in ("lake", "demo", "replay")]
        span = since - since % DAY_MS, until
        with self._database.reading() as link:
            found = {
                int(row[0])
                for version in versions
                for source in sources
                for row in link.run(select, (version, source, *span)).fetchall()
            }
        return sorted(found)


def _alone(link: Link) -> None:
    """Nobody else writes these tables until the end of the transaction; reading goes on."""
    if not link.is_sqlite:  # a day of many versions takes longer than a request may
        link.run("SET LOCAL lock_timeout = '60s'")
        link.run("SET LOCAL statement_timeout = 0")
        link.run("LOCK TABLE lake_periods IN SHARE ROW EXCLUSIVE MODE")


def _read(dataset: str, day: int, rows: LakeRows) -> Counter[Cell]:
    """The rows at both grains, checked. Raises LakeError."""
    if not 1 <= len(dataset) <= LONGEST or dataset != dataset.strip() or not dataset.isprintable():
        raise LakeError(
            f"dataset must be a name of 1 to {LONGEST} characters, without spaces around"
        )
    if day < 0 or day % DAY_MS:
        raise LakeError(f"day must be when a day begins, in ms since 1970 (UTC): {day}")
    lengths = [len(column) for column in rows]
    if len(set(lengths)) > 1:
        raise LakeError(f"version, period, case, label and n must be of one length: {lengths}")
    cells: Counter[Cell] = Counter()
    for place, (version, period, case, label, n) in enumerate(zip(*rows, strict=True)):
        problem = _problem(day, version, period, case, label, n)
        if problem:
            raise LakeError(f"row {place + 1}: {problem}")
        cells[version, "day", day, int(case), int(label)] += int(n)
        cells[version, "hour", int(period), int(case), int(label)] += int(n)
    if max(cells.values(), default=0) >= _MOST:
        raise LakeError(f"n must add up to less than {_MOST:,} events of one case in a day")
    return cells


def _problem(day: int, version: str, period: int, case: int, label: int, n: int) -> str | None:
    if not 1 <= len(version) <= LONGEST:
        return f"version must be a name of 1 to {LONGEST} characters"
    if not day <= period < day + DAY_MS or period % HOUR_MS:
        return f"period must be the beginning of an hour of the day {day}: {period}"
    if not 0 <= case < _CASES:
        return f"case must be a whole number from 0 to {_CASES - 1:,}: {case}"
    if label not in (UNKNOWN, 0, 1):
        return f"label must be 0, 1, or {UNKNOWN} for one that isn't known: {label}"
    return None if n > 0 else f"n must be a whole number above 0: {n}"


def _digest(cells: Counter[Cell]) -> str:
    text = json.dumps(sorted((*cell, n) for cell, n in cells.items()), separators=(",", ":"))
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _sums(cells: Counter[Cell]) -> tuple[int, int]:
    """How many events there are, and how many of them have an outcome."""
    events = sum(n for cell, n in cells.items() if cell[1] == "day")
    return events, sum(_matured(cells).values())


def _note(link: Link, period: Sequence[object]) -> None:
    """What was counted, and when. Whether it is history stays as it was at first."""
    change = ", ".join(f"{name} = excluded.{name}" for name in _PERIOD[2:-1])
    upsert = f"ON CONFLICT (dataset, day) DO UPDATE SET {change}"
    link.run(f"{insert_into('lake_periods', _PERIOD)} {upsert}", period)


def _is_history(link: Link, day: int) -> bool:
    """Does the day lie long before the newest one that has events of real traffic?

    None is newer than now: a wrong time in a lake must not make the present history.
    """
    newest = 0
    for version in versions_of(link):
        for source in (source for source in SOURCES if source != "demo"):
            last = "SELECT max(period) FROM counts WHERE version = ? AND source = ? AND grain = ?"
            newest = max(newest, link.run(last, (version, source, "day")).fetchone()[0] or 0)
    return day < min(newest, now_ms()) - HISTORY_MS


def _hour(day: int) -> Key:
    """A key of its first hour."""
    return "", "lake", "hour", day, 0, UNKNOWN


def _of_day(link: Link, dataset: str, day: int) -> Counter[Cell]:
    select = f'SELECT version, grain, period, "case", label, n {_OF_DAY}'
    return Counter(
        {
            tuple(row[:5]): int(row[5])
            for grain in ("day", "hour")
            for row in link.run(select, (dataset, grain, day, day + DAY_MS)).fetchall()
        }
    )


def _matured(cells: Counter[Cell]) -> Counter[corrections.Matured]:
    """Events with an outcome."""
    return Counter({(c[0], c[3], c[4]): n for c, n in cells.items() if c[1] == "day" and c[4] >= 0})


def _replace(link: Link, dataset: str, before: Counter[Cell], now: dict[Cell, int]) -> None:
    """Only what changes is written, so counting a day again costs little."""
    put = [(cell, n) for cell, n in now.items() if before.get(cell) != n]
    gone = [cell for cell in before if cell not in now]
    changes = {cell: n - before.get(cell, 0) for cell, n in put}
    changes |= {cell: -before[cell] for cell in gone}
    rows: list[tuple[Any, ...]] = sorted(
        (v, "lake", grain, *rest, n) for (v, grain, *rest), n in changes.items()
    )
    upsert = f"ON CONFLICT ({', '.join(KEY)}) DO UPDATE SET n = counts.n + excluded.n"
    if rows:
        link.run_many(f"{insert_into('counts', (*KEY, 'n'))} {upsert}", rows)
    fallen = [row[:-1] for row in rows if row[-1] < 0]
    if fallen:
        match = " AND ".join(f"{column} = ?" for column in KEY)
        link.run_many(f"DELETE FROM counts WHERE {match} AND n = 0", fallen)
    if put:
        keys = ", ".join(_COLUMNS[:-1])
        upsert = f"ON CONFLICT ({keys}) DO UPDATE SET n = excluded.n"
        values = [(dataset, grain, period, v, *rest, n) for (v, grain, period, *rest), n in put]
        link.run_many(f"{insert_into('lake_counts', _COLUMNS)} {upsert}", sorted(values))
    if gone:
        match = " AND ".join(f"{column} = ?" for column in _COLUMNS[:-1])
        values = [(dataset, grain, period, v, *rest) for v, grain, period, *rest in gone]
        link.run_many(f"DELETE FROM lake_counts WHERE {match}", values)
