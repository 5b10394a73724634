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
from webapp.events import namespaces
from webapp.timing import DAY_MS, HOUR_MS

# Older hours may have been pruned, so a write to them has to check.
RECENT_MS = 13 * DAY_MS
SLICE = 500  # values per query; SQLite takes 32,766, but a short query is planned only once

EVENT = (
    *("id", "at", "source", "version", '"case"', "score"),
    *("label", "labelled_at", "request_id", "namespace"),
)
KEY = ("version", "source", "grain", "period", '"case"', "label")

Key = tuple[str, str, str, int, int, int]
Name = tuple[str, str]  # a namespace and a request id


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
    namespace: str = namespaces.OLD  # whose request id it is


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
    with_request = sorted((e for e in events if e.request_id is not None), key=_name)
    plain = events if not with_request else [e for e in events if e.request_id is None]
    if plain:
        link.run_many(_INSERT, plain)
    if not with_request:
        return events
    old = _old_events(link, with_request)
    candidates = [e for e in with_request if _name(e) not in old] if old else with_request
    if link.run_many(_INSERT_NAMED, candidates) == len(with_request):
        return events
    first = _recorded_events(link, candidates) | old
    return [e if e.request_id is None else first[_name(e)] for e in events]


def new_events(events: Sequence[Event], results: Sequence[Event]) -> Sequence[Event]:
    """The events that weren't in the log before."""
    if results is events:
        return events
    return [event for event, now in zip(events, results, strict=True) if now is event]


def _recorded_events(link: Link, with_request: Sequence[Event]) -> dict[Name, Event]:
    """The log's events with these request ids; the same object where it was inserted just now."""
    new = {event.id: event for event in with_request}
    by_namespace: dict[str, list[str]] = {}
    for event in with_request:
        by_namespace.setdefault(event.namespace, []).append(str(event.request_id))
    return {
        _name(event): new.get(event.id, event)
        for namespace, ids in by_namespace.items()
        for event in _select_named(link, namespace, ids)
    }


def _old_events(link: Link, with_request: Sequence[Event]) -> dict[Name, Event]:
    """The first answers to these requests from before namespaces, by the names of today."""
    if not link.memory.get("has_old_requests", True):
        return {}
    if link.run(_ANY_OLD, (namespaces.OLD,)).fetchone() is None:
        link.memory["has_old_requests"] = False  # for good: nobody writes there any more
        return {}
    ids = [str(event.request_id) for event in with_request if event.namespace != namespaces.OLD]
    old = {event.request_id: event for event in _select_named(link, namespaces.OLD, ids)}
    return {
        _name(event): first
        for event in with_request
        if (first := old.get(event.request_id)) is not None
        and event.namespace != namespaces.OLD
        and namespaces.family(first.source) == namespaces.family(event.source)
    }


def find_requests(
    link: Link, request_ids: Sequence[str], places: Sequence[str] = (namespaces.OLD,)
) -> dict[str, Event]:
    """The log's events with these request ids, by request id.

    ``places`` are the namespaces to look in: an event of the first that has one is returned.
    """
    events: dict[str, Event] = {}
    for namespace in places:
        missing = [request_id for request_id in request_ids if request_id not in events]
        if missing:
            rows = _select_named(link, namespace, missing)
            events |= {str(e.request_id): e for e in rows if not _is_old_form(e)}
    return events


def _select_named(link: Link, namespace: str, request_ids: Sequence[str]) -> Iterator[Event]:
    for start in range(0, len(request_ids), SLICE):
        ids = request_ids[start : start + SLICE]
        select = f"{_SELECT_NAMED} AND request_id IN ({_places(ids)})"
        for row in link.run(select, (namespace, *ids)):
            yield read_event(row)


def _is_old_form(event: Event) -> bool:
    """True if its request id was chosen by whoever opened the page, before namespaces."""
    return event.namespace == namespaces.OLD and event.source == "form"


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


def _name(event: Event) -> Name:
    return event.namespace, str(event.request_id)


def _places(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


_INSERT = insert_into("events", EVENT)
_INSERT_NAMED = f"{_INSERT} ON CONFLICT (namespace, request_id) WHERE request_id IS NOT NULL "
_INSERT_NAMED += "DO NOTHING"
_SELECT_NAMED = f"SELECT {', '.join(EVENT)} FROM events WHERE namespace = ? "
_SELECT_NAMED += "AND request_id IS NOT NULL"
_ANY_OLD = "SELECT 1 FROM events WHERE namespace = ? AND request_id IS NOT NULL LIMIT 1"
