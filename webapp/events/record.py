"""An event as a row, and the SQL that writes events and counts, for SQLite and PostgreSQL."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from webapp.db.database import Link
from webapp.db.schema import UNKNOWN, Source
from webapp.db.sql import insert_into
from webapp.timing import DAY_MS, HOUR_MS

# Older hours may have been pruned, so a write to them has to check.
RECENT_MS = 13 * DAY_MS
SLICE = 500  # values per query; SQLite takes 32,766, but a short query is planned only once

EVENT = ("id", "at", "source", "version", '"case"', "score", "label", "labelled_at", "request_id")
KEY = ("version", "source", "grain", "period", '"case"', "label")

Key = tuple[str, str, str, int, int, int]


class Event(NamedTuple):
    """One prediction, as a row of the table. Times in ms since 1970, UTC."""

    id: str
    at: int
    source: Source
    version: str
    case: int
    score: float
    label: int | None = None
    labelled_at: int | None = None
    request_id: str | None = None


def write_events(link: Link, events: Sequence[Event]) -> Sequence[Event]:
    """Insert events and counts. Returns the events as they are in the log, in the same order.

    An event whose request id is in the log already isn't written; the recorded one is returned.
    """
    results = insert_events(link, events)
    add_counts(link, count(new_events(events, results)))
    return results


def insert_events(link: Link, events: Sequence[Event]) -> Sequence[Event]:
    """Insert events as ``write_events`` does, without counts. Returns ``events`` if all are new."""
    # Sorted, so that two transactions with the same retries can't deadlock.
    with_request = sorted((e for e in events if e.request_id is not None), key=_request_id)
    plain = events if not with_request else [e for e in events if e.request_id is None]
    if plain:
        link.run_many(_INSERT, plain)
    if not with_request or link.run_many(_INSERT_NAMED, with_request) == len(with_request):
        return events
    first = _recorded_events(link, with_request)
    return [e if e.request_id is None else first[e.request_id] for e in events]


def new_events(events: Sequence[Event], results: Sequence[Event]) -> Sequence[Event]:
    """The events that weren't in the log before."""
    if results is events:
        return events
    return [event for event, now in zip(events, results, strict=True) if now is event]


def _recorded_events(link: Link, with_request: Sequence[Event]) -> dict[str | None, Event]:
    """The log's events with these request ids; the same object where it was inserted just now."""
    new = {event.id: event for event in with_request}
    first = find_requests(link, [str(event.request_id) for event in with_request])
    return {name: new.get(event.id, event) for name, event in first.items()}


def find_requests(link: Link, request_ids: Sequence[str]) -> dict[str, Event]:
    """The log's events with these request ids, by request id."""
    events: dict[str, Event] = {}
    for start in range(0, len(request_ids), SLICE):
        ids = request_ids[start : start + SLICE]
        select = f"SELECT {', '.join(EVENT)} FROM events WHERE request_id IN ({_places(ids)})"
        for row in link.run(select, ids):
            event = read_event(row)
            events[str(event.request_id)] = event
    return events


def counted_versions(link: Link) -> Iterator[str]:
    """The versions that have counts; each query jumps to the next one in the index."""
    version = ""
    while True:
        select = "SELECT min(version) FROM counts WHERE version > ?"
        (next_version,) = link.run(select, (version,)).fetchone()
        if next_version is None:
            return
        yield str(next_version)
        version = next_version


def read_event(row: Sequence[Any]) -> Event:
    """The event of a row of all columns. PostgreSQL returns the id as a UUID."""
    return Event(str(row[0]), *row[1:])


def count(events: Iterable[Event]) -> Counter[Key]:
    """The number of events for each key of ``counts``, at both grains."""
    counts: Counter[Key] = Counter()
    for (version, source, at, case, outcome), n in Counter(map(_kind, events)).items():
        label = UNKNOWN if outcome is None else outcome
        counts[version, source, "hour", at - at % HOUR_MS, case, label] += n
        counts[version, source, "day", at - at % DAY_MS, case, label] += n
    return counts


def add_counts(link: Link, changes: Counter[Key]) -> None:
    """Add to ``counts``, except to pruned hours, and delete rows that reach 0.

    Keys are sorted, so that two transactions can't deadlock.
    """
    since = first_kept_hour(link, changes)
    rows = sorted(
        (*key, n) for key, n in changes.items() if n and (key[2] == "day" or key[3] >= since)
    )
    if not rows:
        return
    key = ", ".join(KEY)
    upsert = f"ON CONFLICT ({key}) DO UPDATE SET n = counts.n + excluded.n"
    link.run_many(f"{insert_into('counts', (*KEY, 'n'))} {upsert}", rows)
    decreases = [row[:-1] for row in rows if row[-1] < 0]
    if decreases:
        match = " AND ".join(f"{column} = ?" for column in KEY)
        link.run_many(f"DELETE FROM counts WHERE {match} AND n = 0", decreases)


def first_kept_hour(link: Link, changes: Iterable[Key]) -> int:
    """The start of the first hour that is counted. Read only if a change may be before it."""
    recent = int(time.time() * 1000) - RECENT_MS
    if all(key[2] == "day" or key[3] >= recent for key in changes):
        return 0
    if not link.is_sqlite:  # pruning waits for this transaction, or has finished
        link.run("LOCK TABLE retention IN SHARE MODE")
    row = link.run("SELECT since FROM retention WHERE grain = 'hour'").fetchone()
    return int(row[0]) if row else 0


# In C: this call is most of the work of counting 10,000 events.
_kind = attrgetter("version", "source", "at", "case", "label")


def _request_id(event: Event) -> str:
    return str(event.request_id)


def _places(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


_INSERT = insert_into("events", EVENT)
_INSERT_NAMED = f"{_INSERT} ON CONFLICT (request_id) WHERE request_id IS NOT NULL DO NOTHING"
