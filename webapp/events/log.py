"""The event log as services use it: record predictions, label them, delete a source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from webapp.db.database import Database, Link, LogUnavailableError
from webapp.db.schema import SOURCES, Source
from webapp.db.sql import insert_into
from webapp.events import namespaces
from webapp.events.external import ExternalResult, write_external
from webapp.events.fast_insert import can_insert_fast, insert_fast
from webapp.events.group_commit import GroupWriter
from webapp.events.labels import OutcomeStatus, find_events, write_labels
from webapp.events.record import Event, counted_versions, find_requests, write_events
from webapp.events.withdrawals import Withdrawal, withdraw_event, withdraw_outcome
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
    """Events and their counts in one database. Methods are thread-safe.

    All methods raise LogUnavailableError, and then nothing was written. The exception is a
    connection that broke during a commit, whose result is unknown: a retry with the same request
    id is safe.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._record = GroupWriter(self._write_group, (LogUnavailableError,))

    def record(self, events: Sequence[Event]) -> Sequence[Event]:
        """Write events in one transaction; they are on disk when it returns.

        An event whose request id is in the log already isn't written. The recorded event is
        returned in its place, so that the caller can see whether it was the same request.
        """
        return self._record(events)

    def record_all(
        self, events: Sequence[Event], check: Callable[[Sequence[Event]], None]
    ) -> Sequence[Event]:
        """Write events as ``record`` does, but nothing if ``check`` raises on the result."""
        with self.database.writing() as link:
            results = write_events(link, events)
            if results is not events:
                check(results)
        return results

    def label(
        self, outcomes: Sequence[tuple[str, int]], at: Sequence[int] | None = None
    ) -> list[OutcomeStatus]:
        """Write outcomes ``(id, label)`` in one transaction. Returns their statuses, in order.

        ``at``: when each was known (ms since 1970), by default now.
        """
        when = [now_ms()] * len(outcomes) if at is None else at
        with self.database.writing() as link:
            return write_labels(link, outcomes, when)

    def withdraw(self, event_id: str) -> Withdrawal:
        """Delete a prediction of the last hour that has no outcome. Returns what came of it."""
        with self.database.writing() as link:
            return withdraw_event(link, event_id, now_ms())

    def withdraw_outcome(self, event_id: str, at: int) -> Withdrawal:
        """Delete an outcome recorded at ``at`` (ms), in the last hour. Returns what came of it."""
        with self.database.writing() as link:
            return withdraw_outcome(link, event_id, at, now_ms())

    def record_external(self, events: Sequence[Event]) -> list[ExternalResult]:
        """Write predictions made elsewhere, with outcomes that come with them, in one transaction.

        Each needs a request id. Returns the result of each, in order.
        """
        with self.database.writing() as link:
            return write_external(link, events)

    def find(self, ids: Sequence[str]) -> dict[str, Event]:
        """The events with these ids, by id. Unknown ids are left out."""
        with self.database.reading() as link:
            return find_events(link, ids)

    def find_request(self, request_id: str, namespace: str = namespaces.OLD) -> Event | None:
        """The event with that request id in a namespace or from before namespaces, if any."""
        places = (namespace, namespaces.OLD)
        return self.find_requests([request_id], places).get(request_id)

    def find_requests(
        self, request_ids: Sequence[str], places: Sequence[str] = (namespaces.OLD,)
    ) -> dict[str, Event]:
        """The events with these request ids, by request id. Unknown ones are left out.

        ``places`` are the namespaces to look in, first to last.
        """
        with self.database.reading() as link:
            return find_requests(link, request_ids, places)

    def forget(self, source: Source) -> int:
        """Delete all events of a source and their counts. Returns how many events there were.

        Raises ValueError for the lake, whose datasets ``Lake.forget`` removes. With simulated
        traffic, what checks stored of it is deleted, so the next check starts from new traffic.
        """
        if source == "lake":
            raise ValueError("use Lake.forget for datasets of a lake")
        with self.database.writing() as link:
            if not link.is_sqlite:  # an event written in between would leave its count behind
                link.run("LOCK TABLE events, counts IN EXCLUSIVE MODE")
                link.run("SET LOCAL statement_timeout = 0")  # deleting many events takes a while
            link.run("DELETE FROM counts WHERE source = ?", (source,))
            if source == "demo":
                link.run(f"{_END_CHECKS} AND finished_at IS NULL", (now_ms(),))
                link.run(_EMPTY_CHECKS)
            return int(link.run("DELETE FROM events WHERE source = ?", (source,)).rowcount)

    def totals(self) -> dict[str, int]:
        """The number of events by source."""
        with self.database.reading() as link:
            return _totals(link, "", "events", 0)

    def matured(self, since: int = 0) -> dict[str, int]:
        """The number of events with an outcome by source, from the day of ``since`` (ms) on."""
        with self.database.reading() as link:
            return _totals(link, "AND label >= 0", "labelled", since - since % DAY_MS)

    def ping(self) -> None:
        """Check that the database answers. Raises LogUnavailableError."""
        with self.database.reading() as link:
            link.run("SELECT 1").fetchone()

    def prune(self, now: int | None = None) -> int:
        """Delete hourly counts older than 14 days. Returns the number of rows deleted."""
        since = (now_ms() if now is None else now) - HOURS_KEPT_MS
        keep = "ON CONFLICT (grain) DO UPDATE SET since = excluded.since"
        keep += " WHERE excluded.since > retention.since"  # in case the clock was set back
        with self.database.writing() as link:
            statement = f"{insert_into('retention', ('grain', 'since'))} {keep}"
            link.run(statement, ("hour", since))
            return _prune(link, since)

    def _write_group(self, group: list[Sequence[Event]]) -> list[Sequence[Event]]:
        events = group[0] if len(group) == 1 else [event for part in group for event in part]
        if can_insert_fast(events):
            insert_fast(self.database, events)
            return group
        with self.database.writing() as link:
            results = iter(write_events(link, events))
        return [[next(results) for _ in part] for part in group]


def _prune(link: Link, since: int) -> int:
    """Delete by the beginning of each key, so that years of daily counts aren't scanned."""
    old, row_count = "grain = 'hour' AND period < ?", 0
    for version in list(counted_versions(link)):
        for source in SOURCES:
            delete = f"DELETE FROM counts WHERE version = ? AND source = ? AND {old}"
            row_count += int(link.run(delete, (version, source, since)).rowcount)
    for (dataset,) in link.run("SELECT DISTINCT dataset FROM lake_periods").fetchall():
        link.run(f"DELETE FROM lake_counts WHERE dataset = ? AND {old}", (dataset, since))
    return row_count


def _totals(link: Link, which: str, in_lake: str, since: int) -> dict[str, int]:
    """Totals by source. For lakes they come from ``lake_periods``: no need to add up counts."""
    places = ", ".join("?" * len(_LOGGED))
    select = (
        f"SELECT source, sum(n) FROM counts WHERE version = ? AND source IN ({places}) "
        f"AND grain = 'day' AND period >= ? {which} GROUP BY source"
    )
    totals: Counter[str] = Counter()
    for version in counted_versions(link):
        for source, n in link.run(select, (version, *_LOGGED, since)).fetchall():
            totals[source] += int(n)
    lake = f"SELECT coalesce(sum({in_lake}), 0) FROM lake_periods WHERE day >= ?"
    if lake_total := int(link.run(lake, (since,)).fetchone()[0]):
        totals["lake"] = lake_total
    return dict(totals)
