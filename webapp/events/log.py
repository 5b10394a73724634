"""The event log as services use it: record predictions, label them, forget a source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from webapp.db.database import Database, Link, LogUnavailableError
from webapp.db.schema import SOURCES, Source
from webapp.db.sql import insert_into
from webapp.events.external import Made, write_made
from webapp.events.fast_insert import is_quick, write_quickly
from webapp.events.group_commit import GroupWriter
from webapp.events.labels import OutcomeStatus, find_events, write_labels
from webapp.events.record import Event, find_requests, versions_of, write_events
from webapp.timing import DAY_MS, now_ms

HOURS_KEPT_MS = 14 * DAY_MS


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
            return write_labels(link, outcomes, when)

    def take(self, made: Sequence[Event]) -> list[Made]:
        """Write predictions made elsewhere, and outcomes that come with them, in one transaction;
        what became of each, in order.
        """
        with self.database.writing() as link:
            return write_made(link, made)

    def find(self, ids: Sequence[str]) -> dict[str, Event]:
        """The events of these ids, as far as there are any."""
        with self.database.reading() as link:
            return find_events(link, ids)

    def find_request(self, request_id: str) -> Event | None:
        """The event that a request id stands for, if there is one."""
        return self.find_requests([request_id]).get(request_id)

    def find_requests(self, request_ids: Sequence[str]) -> dict[str, Event]:
        """The events of these request ids, as far as there are any."""
        with self.database.reading() as link:
            return find_requests(link, request_ids)

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
                link.run("SET LOCAL statement_timeout = 0")  # many events take a while to delete
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
