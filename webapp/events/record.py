"""What is written for an event, and the SQL that writes it, for both kinds of database."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from webapp.events.database import Link
from webapp.events.schema import DAY_MS, HOUR_MS, UNKNOWN, Source

# Hours older than this may have been pruned, so a write to them has to look.
RECENT_MS = 13 * DAY_MS

EVENT = ("id", "at", "source", "version", '"case"', "score", "label", "labelled_at", "request_id")
KEY = ("version", "source", "grain", "period", '"case"', "label")

Key = tuple[str, str, str, int, int, int]


@dataclass(frozen=True, slots=True)
class Event:
    """One prediction made for someone. Times in ms since 1970, UTC."""

    id: str
    at: int
    source: Source
    version: str
    case: int
    score: float
    label: int | None = None
    labelled_at: int | None = None
    request_id: str | None = None

    def row(self) -> tuple[object, ...]:
        """Its values, in the order of the columns."""
        return (
            self.id,
            self.at,
            self.source,
            self.version,
            self.case,
            self.score,
            self.label,
            self.labelled_at,
            self.request_id,
        )


def write_events(link: Link, events: Sequence[Event]) -> list[Event]:
    """Insert events with their counts; in the order given, each as it now stands in the log.

    One whose request id is in the log already is not written: its first event is returned.
    """
    plain = [event.row() for event in events if event.request_id is None]
    if plain:
        link.run_many(insert_into("events", EVENT), plain)
    stored = list(events)
    # In one order, so that two transactions with the same retries never wait in a circle.
    for i in sorted(range(len(events)), key=lambda i: events[i].request_id or ""):
        if events[i].request_id is not None:
            stored[i] = _write_named(link, events[i])
    new = [after for before, after in zip(events, stored, strict=True) if after is before]
    add_counts(link, count(new))
    return stored


def _write_named(link: Link, event: Event) -> Event:
    conflict = "ON CONFLICT (request_id) WHERE request_id IS NOT NULL DO NOTHING"
    statement = f"{insert_into('events', EVENT)} {conflict}"
    if link.run(statement, event.row()).rowcount == 1:
        return event
    select = f"SELECT {', '.join(EVENT)} FROM events WHERE request_id = ?"
    return read_event(link.run(select, (event.request_id,)).fetchone())


def read_event(row: Sequence[Any]) -> Event:
    """The event of a row of all columns; PostgreSQL gives the id as a UUID."""
    return Event(str(row[0]), *row[1:])


def count(events: Iterable[Event]) -> Counter[Key]:
    """How many events there are of each key of ``counts``, at both grains."""
    found: Counter[Key] = Counter()
    for e in events:
        label = UNKNOWN if e.label is None else e.label
        found[e.version, e.source, "day", e.at - e.at % DAY_MS, e.case, label] += 1
        found[e.version, e.source, "hour", e.at - e.at % HOUR_MS, e.case, label] += 1
    return found


def add_counts(link: Link, changes: Counter[Key]) -> None:
    """Add to ``counts``, except to hours that have been pruned. What comes to 0 is deleted.

    Keys go in one order, so that two transactions never wait for each other in a circle.
    """
    since = _hours_since(link, changes)
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


def _hours_since(link: Link, changes: Iterable[Key]) -> int:
    """Where the hours begin that are counted; asked only when a change may lie before it."""
    recent = int(time.time() * 1000) - RECENT_MS
    if all(key[2] == "day" or key[3] >= recent for key in changes):
        return 0
    if not link.is_sqlite:  # pruning waits for us, or we see what it did
        link.run("LOCK TABLE retention IN SHARE MODE")
    found = link.run("SELECT since FROM retention WHERE grain = 'hour'").fetchone()
    return int(found[0]) if found else 0


def insert_into(table: str, columns: Sequence[str]) -> str:
    """An INSERT with a place for a value of each column."""
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
