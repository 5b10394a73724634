"""The event log as services use it: record predictions, label them, forget a source."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

from webapp.events.database import Database, Link, LogUnavailableError
from webapp.events.ids import is_id
from webapp.events.quick import is_quick, write_quickly
from webapp.events.record import (
    EVENT,
    SLICE,
    Event,
    Key,
    add_counts,
    count,
    insert_into,
    read_event,
    versions_of,
    write_events,
)
from webapp.events.schema import DAY_MS, SOURCES, Source
from webapp.events.writer import GroupWriter

# recorded: it is the first for its event; repeated: it was known already;
# contradicted: another one is known, nothing was changed; unknown: there is no such event
OutcomeStatus = Literal["recorded", "repeated", "contradicted", "unknown"]

HOURS_KEPT_MS = 14 * DAY_MS


def now_ms() -> int:
    """The time now as the log writes it."""
    return time.time_ns() // 1_000_000


_LOGGED = tuple(source for source in SOURCES if source != "lake")
_END_CHECKS = (
    "UPDATE checks SET finished_at = ?, verdict = 'failed', "
    "explanation = explanation || ' Its traffic was removed.' WHERE traffic = 'simulated'"
)
_EMPTY_CHECKS = (
    "UPDATE checks SET batch = '{}', snapshot = '{}', state = NULL WHERE traffic = 'simulated'"
)


class EventLog:
    """Events and their counts in one database; methods are safe in threads.

    Everything raises LogUnavailableError when the database can't do it now; then nothing of it is
    in the log, except after a connection that broke in the middle of a commit, of which nobody can
    know: a retry with the same request id finds out.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._record = GroupWriter(self._write_group, (LogUnavailableError,))

    def record(self, events: Sequence[Event]) -> Sequence[Event]:
        """Write events, in one transaction; they are on the disk when it returns.

        An event whose request id is in the log already is not written; the first one with that id
        comes back in its place, for the caller to see whether it was the same request.
        """
        return self._record(events)

    def record_all(
        self, events: Sequence[Event], check: Callable[[Sequence[Event]], None]
    ) -> Sequence[Event]:
        """As ``record``; when ``check`` raises over what came back, nothing is written."""
        with self.database.writing() as link:
            stored = write_events(link, events)
            if stored is not events:
                check(stored)
        return stored

    def label(
        self, outcomes: Sequence[tuple[str, int]], at: Sequence[int] | None = None
    ) -> list[OutcomeStatus]:
        """Write outcomes ``(id, label)``, in one transaction; what became of each, in order.

        ``at``: when each was known (ms since 1970), by default now.
        """
        when = [now_ms()] * len(outcomes) if at is None else at
        with self.database.writing() as link:
            return _label(link, outcomes, when)

    def find(self, ids: Sequence[str]) -> dict[str, Event]:
        """The events of these ids, as far as there are any."""
        with self.database.reading() as link:
            return _find(link, ids)

    def find_request(self, request_id: str) -> Event | None:
        """The event that a request id stands for, if there is one."""
        select = f"SELECT {', '.join(EVENT)} FROM events WHERE request_id = ?"
        with self.database.reading() as link:
            row = link.run(select, (request_id,)).fetchone()
        return None if row is None else read_event(row)

    def forget(self, source: Source) -> int:
        """Delete all events of a source, with their counts: how many there were.

        Not the lake, whose events lie elsewhere: its datasets are forgotten by ``Lake.forget``.

        Simulated traffic goes with what checks kept of it: the next one looks at new traffic anew.
        """
        if source == "lake":
            raise ValueError("datasets of a lake are forgotten by Lake.forget")
        with self.database.writing() as link:
            if not link.is_sqlite:  # an event written meanwhile could leave its count behind
                link.run("LOCK TABLE events, counts IN EXCLUSIVE MODE")
            link.run("DELETE FROM counts WHERE source = ?", (source,))
            if source == "demo":
                link.run(f"{_END_CHECKS} AND finished_at IS NULL", (now_ms(),))
                link.run(_EMPTY_CHECKS)
            return int(link.run("DELETE FROM events WHERE source = ?", (source,)).rowcount)

    def totals(self) -> dict[str, int]:
        """How many events there are of each source."""
        with self.database.reading() as link:
            return _totals(link, "", "events", 0)

    def matured(self, since: int = 0) -> dict[str, int]:
        """How many events of each source have their outcome, from that day (ms) on."""
        with self.database.reading() as link:
            return _totals(link, "AND label >= 0", "labelled", since - since % DAY_MS)

    def ping(self) -> None:
        """Ask the database for an answer. Raises LogUnavailableError."""
        with self.database.reading() as link:
            link.run("SELECT 1").fetchone()

    def prune(self, now: int | None = None) -> int:
        """Drop the hourly counts of more than 14 days ago; days are kept. How many rows went."""
        since = (now_ms() if now is None else now) - HOURS_KEPT_MS
        keep = "ON CONFLICT (grain) DO UPDATE SET since = excluded.since"
        keep += " WHERE excluded.since > retention.since"  # a clock set back brings no hours back
        with self.database.writing() as link:
            statement = f"{insert_into('retention', ('grain', 'since'))} {keep}"
            link.run(statement, ("hour", since))
            return _prune(link, since)

    def _write_group(self, group: list[Sequence[Event]]) -> list[Sequence[Event]]:
        events = group[0] if len(group) == 1 else [event for part in group for event in part]
        if is_quick(events):
            write_quickly(self.database, events)
            return group
        with self.database.writing() as link:
            stored = iter(write_events(link, events))
        return [[next(stored) for _ in part] for part in group]


def _prune(link: Link, since: int) -> int:
    """By the beginning of each key: years of days, which stay, are not gone through."""
    old, pruned = "grain = 'hour' AND period < ?", 0
    for version in list(versions_of(link)):
        for source in SOURCES:
            delete = f"DELETE FROM counts WHERE version = ? AND source = ? AND {old}"
            pruned += int(link.run(delete, (version, source, since)).rowcount)
    for (dataset,) in link.run("SELECT DISTINCT dataset FROM lake_periods").fetchall():
        link.run(f"DELETE FROM lake_counts WHERE dataset = ? AND {old}", (dataset, since))
    return pruned


def _totals(link: Link, which: str, in_lake: str, since: int) -> dict[str, int]:
    """Of the log, version by version; years of a lake's counts are not added up for it."""
    places = ", ".join("?" * len(_LOGGED))
    select = (
        f"SELECT source, sum(n) FROM counts WHERE version = ? AND source IN ({places}) "
        f"AND grain = 'day' AND period >= ? {which} GROUP BY source"
    )
    found: Counter[str] = Counter()
    for version in versions_of(link):
        for source, n in link.run(select, (version, *_LOGGED, since)).fetchall():
            found[source] += int(n)
    lake = f"SELECT coalesce(sum({in_lake}), 0) FROM lake_periods WHERE day >= ?"
    if counted := int(link.run(lake, (since,)).fetchone()[0]):
        found["lake"] = counted
    return dict(found)


def _label(
    link: Link, outcomes: Sequence[tuple[str, int]], when: Sequence[int]
) -> list[OutcomeStatus]:
    known = _find(link, sorted({id_ for id_, _ in outcomes}), lock=True)
    labels = {id_: event.label for id_, event in known.items()}
    statuses: list[OutcomeStatus] = []
    new: dict[str, tuple[int, int]] = {}
    for (id_, label), at in zip(outcomes, when, strict=True):
        if id_ not in labels:
            statuses.append("unknown")
        elif labels[id_] is None:
            labels[id_], new[id_] = label, (label, at)
            statuses.append("recorded")
        else:
            statuses.append("repeated" if labels[id_] == label else "contradicted")
    if new:
        update = "UPDATE events SET label = ?, labelled_at = ? WHERE id = ?"
        link.run_many(update, [(label, at, id_) for id_, (label, at) in new.items()])
        add_counts(link, _moved([(known[id_], label) for id_, (label, _) in new.items()]))
    return statuses


def _moved(labelled: Sequence[tuple[Event, int]]) -> Counter[Key]:
    """What labels change in the counts: one less that is unknown, one more that is known."""
    changes = count(event for event, _ in labelled)
    changes = Counter({key: -n for key, n in changes.items()})
    for (version, source, grain, period, case, _), label in _keys(labelled):
        changes[version, source, grain, period, case, label] += 1
    return changes


def _keys(labelled: Sequence[tuple[Event, int]]) -> Iterator[tuple[Key, int]]:
    for event, label in labelled:
        for key in count([event]):
            yield key, label


def _find(link: Link, ids: Sequence[str], *, lock: bool = False) -> dict[str, Event]:
    """``lock`` keeps others from labelling them meanwhile: in one order, so no circle of waits."""
    end = " FOR UPDATE" if lock and not link.is_sqlite else ""
    columns = ", ".join(EVENT)
    found: dict[str, Event] = {}
    ids = [id_ for id_ in ids if is_id(id_)]  # PostgreSQL refuses a query with anything else
    for start in range(0, len(ids), SLICE):
        part: tuple[Any, ...] = tuple(ids[start : start + SLICE])
        places = ", ".join("?" * len(part))
        select = f"SELECT {columns} FROM events WHERE id IN ({places}) ORDER BY id{end}"
        for row in link.run(select, part):
            event = read_event(row)
            found[event.id] = event
    return found
