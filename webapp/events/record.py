"""What is written for an event, and the SQL that writes it, for both kinds of database."""

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

# Hours older than this may have been pruned, so a write to them has to look.
RECENT_MS = 13 * DAY_MS
SLICE = 500  # values a query; SQLite takes 32,766, and a short query is planned once

EVENT = ("id", "at", "source", "version", '"case"', "score", "label", "labelled_at", "request_id")
KEY = ("version", "source", "grain", "period", '"case"', "label")

Key = tuple[str, str, str, int, int, int]


class Event(NamedTuple):
    """One prediction made for someone, as a row of the table. Times in ms since 1970, UTC."""

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
    """Insert events with their counts; in the order given, each as it now stands in the log.

    One whose request id is in the log already is not written: its first event is returned.
    """
    stored = insert_events(link, events)
    add_counts(link, count(new_ones(events, stored)))
    return stored


def insert_events(link: Link, events: Sequence[Event]) -> Sequence[Event]:
    """As ``write_events``, without the counts: the same sequence when all of them are new."""
    # In one order, so that two transactions with the same retries never wait in a circle.
    named = sorted((e for e in events if e.request_id is not None), key=_request_id)
    plain = events if not named else [e for e in events if e.request_id is None]
    if plain:
        link.run_many(_INSERT, plain)
    if not named or link.run_many(_INSERT_NAMED, named) == len(named):
        return events
    first = _first_of(link, named)
    return [e if e.request_id is None else first[e.request_id] for e in events]


def new_ones(events: Sequence[Event], stored: Sequence[Event]) -> Sequence[Event]:
    """Those that were not in the log before."""
    if stored is events:
        return events
    return [given for given, now in zip(events, stored, strict=True) if now is given]


def _first_of(link: Link, named: Sequence[Event]) -> dict[str | None, Event]:
    """The events that stand in the log under these request ids; the given one where that is it."""
    given = {event.id: event for event in named}
    found = find_requests(link, [str(event.request_id) for event in named])
    return {name: given.get(event.id, event) for name, event in found.items()}


def find_requests(link: Link, request_ids: Sequence[str]) -> dict[str, Event]:
    """The events that stand in the log under these request ids."""
    found: dict[str, Event] = {}
    for start in range(0, len(request_ids), SLICE):
        ids = request_ids[start : start + SLICE]
        select = f"SELECT {', '.join(EVENT)} FROM events WHERE request_id IN ({_places(ids)})"
        for row in link.run(select, ids):
            event = read_event(row)
            found[str(event.request_id)] = event
    return found


def versions_of(link: Link) -> Iterator[str]:
    """The versions that have counts; each step jumps to the next one in the index."""
    version = ""
    while True:
        select = "SELECT min(version) FROM counts WHERE version > ?"
        (found,) = link.run(select, (version,)).fetchone()
        if found is None:
            return
        yield str(found)
        version = found


def read_event(row: Sequence[Any]) -> Event:
    """The event of a row of all columns; PostgreSQL gives the id as a UUID."""
    return Event(str(row[0]), *row[1:])


def count(events: Iterable[Event]) -> Counter[Key]:
    """How many events there are of each key of ``counts``, at both grains."""
    found: Counter[Key] = Counter()
    for (version, source, at, case, known), n in Counter(map(_kind, events)).items():
        label = UNKNOWN if known is None else known
        found[version, source, "hour", at - at % HOUR_MS, case, label] += n
        found[version, source, "day", at - at % DAY_MS, case, label] += n
    return found


def add_counts(link: Link, changes: Counter[Key]) -> None:
    """Add to ``counts``, except to hours that have been pruned. What comes to 0 is deleted.

    Keys go in one order, so that two transactions never wait for each other in a circle.
    """
    since = hours_since(link, changes)
    rows = sorted(
        (*key, n) for key, n in changes.items() if n and (key[2] == "day" or key[3] >= since)
    )
    if not rows:
        return
    key = ", ".join(KEY)
    upsert = f"ON CONFLICT ({key}) DO UPDATE SET n = counts.n + excluded.n"
    link.run_many(f"{insert_into('counts', (*KEY, 'n'))} {upsert}", rows)
    gone = [row[:-1] for row in rows if row[-1] < 0]
    if gone:
        match = " AND ".join(f"{column} = ?" for column in KEY)
        link.run_many(f"DELETE FROM counts WHERE {match} AND n = 0", gone)


def hours_since(link: Link, changes: Iterable[Key]) -> int:
    """Where the hours begin that are counted; asked only when a change may lie before it."""
    recent = int(time.time() * 1000) - RECENT_MS
    if all(key[2] == "day" or key[3] >= recent for key in changes):
        return 0
    if not link.is_sqlite:  # pruning waits for us, or we see what it did
        link.run("LOCK TABLE retention IN SHARE MODE")
    found = link.run("SELECT since FROM retention WHERE grain = 'hour'").fetchone()
    return int(found[0]) if found else 0


# What the counts ask of an event; one call in C for each is most of counting 10,000.
_kind = attrgetter("version", "source", "at", "case", "label")


def _request_id(event: Event) -> str:
    return str(event.request_id)


def _places(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


_INSERT = insert_into("events", EVENT)
_INSERT_NAMED = f"{_INSERT} ON CONFLICT (request_id) WHERE request_id IS NOT NULL DO NOTHING"
