"""Background jobs: the request, its progress and its result.

A queue library starts them (``webapp.jobs``); this table is their record and survives restarts.
The process that runs a job sends heartbeats. When they stop, the process has died, and the next
reader of the table marks the job as failed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from webapp.db.database import Database, Link
from webapp.db.ids import is_id, new_id
from webapp.db.sql import insert_into

JobState = Literal["queued", "running", "done", "failed", "cancelled"]
OVER: tuple[JobState, ...] = ("done", "failed", "cancelled")

SEEN_MS = 2_000  # between two heartbeats of a running job
LOST_MS = 30_000  # without a heartbeat, after which a running job has failed
STRANDED_MS = 60_000  # in the queue, after which a repeated request enqueues the job again
QUEUED_MS = 3_600_000  # in the queue, after which a job has failed
_LOST = (
    (
        "state = 'running' AND seen_at < ?",
        LOST_MS,
        "Its process ended unexpectedly: it was killed, or its machine went down.",
    ),
    (
        "state = 'queued' AND created_at < ?",
        QUEUED_MS,
        "It wasn't started within an hour. Is a server running?",
    ),
)
_COLUMNS = (
    *("id", "kind", "state", "progress", "step", "message", "version", "actor", "arguments"),
    *("result", "created_at", "started_at", "finished_at", "cancel_at", "seen_at"),
)
_LONGEST = {"step": 64, "message": 1000, "version": 100, "actor": 100}


@dataclass(frozen=True)
class Job:
    """One job. Times in ms since 1970, UTC; ``progress`` from 0 to 1.

    ``step`` is a key of the current step, ``message`` describes it or the failure in words;
    ``result`` equals the command's ``--json`` output.
    """

    id: str
    kind: str
    state: JobState
    progress: float
    step: str
    message: str
    version: str | None
    actor: str
    arguments: Mapping[str, Any]
    result: Mapping[str, Any] | None
    created_at: int
    started_at: int | None
    finished_at: int | None
    cancel_at: int | None
    seen_at: int | None

    @property
    def over(self) -> bool:
        """True if it is done, failed or cancelled."""
        return self.state in OVER


class Jobs:
    """The table of jobs. Methods are thread-safe and raise LogUnavailableError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        kind: str,
        arguments: Mapping[str, Any],
        actor: str,
        now: int,
        *,
        running_id: str | None = None,
    ) -> Job:
        """Add a queued job, or one that runs already under ``running_id``."""
        with self._database.writing() as link:
            return _add(link, kind, arguments, actor, now, running_id=running_id)

    def add_unless_busy(
        self, kind: str, arguments: Mapping[str, Any], actor: str, now: int
    ) -> Job | None:
        """Add a queued job, unless one of its kind is queued or running: then returns None."""
        busy = "SELECT count(*) FROM jobs WHERE kind = ? AND state IN ('queued', 'running')"
        with self._database.writing() as link:
            if not link.is_sqlite:
                link.run("LOCK TABLE jobs IN SHARE ROW EXCLUSIVE MODE")
            if link.run(busy, (kind,)).fetchone()[0]:
                return None
            return _add(link, kind, arguments, actor, now)

    def find_stranded(self, kind: str, now: int) -> Job | None:
        """A job of that kind that stays queued though nothing runs: its message may be lost."""
        with self._database.reading() as link:
            if link.run("SELECT count(*) FROM jobs WHERE state = 'running'").fetchone()[0]:
                return None
            waits = "WHERE kind = ? AND state = 'queued' AND created_at < ? ORDER BY id LIMIT 1"
            jobs = _select(link, waits, (kind, now - STRANDED_MS))
        return jobs[0] if jobs else None

    def get(self, id_: str) -> Job | None:
        """The job with that id."""
        if not is_id(id_):
            return None
        with self._database.reading() as link:
            jobs = _select(link, "WHERE id = ?", (id_,))
        return jobs[0] if jobs else None

    def history(self, limit: int = 50, kind: str | None = None) -> list[Job]:
        """The last jobs, newest first."""
        where, values = ("WHERE kind = ? ", (kind,)) if kind else ("", ())
        with self._database.reading() as link:
            return _select(link, f"{where}ORDER BY id DESC LIMIT {int(limit)}", values)

    def begin(self, id_: str, now: int) -> bool:
        """Mark a job as running. False if it was cancelled or another process runs it."""
        change = "state = 'running', started_at = ?, seen_at = ?"
        return self._change(id_, change, (now, now), "state = 'queued' AND cancel_at IS NULL")

    def progress(self, id_: str, progress: float, step: str, message: str, now: int) -> bool:
        """Record how far a job is. False if it must stop: it was cancelled or given up."""
        change = "progress = ?, step = ?, message = ?, seen_at = ?"
        values = (progress, step[: _LONGEST["step"]], message[: _LONGEST["message"]], now)
        return self._change(id_, change, values, "state = 'running' AND cancel_at IS NULL")

    def seen(self, id_: str, now: int) -> bool:
        """Record a heartbeat. False if the job must stop."""
        running = "state = 'running' AND cancel_at IS NULL"
        return self._change(id_, "seen_at = ?", (now,), running)

    def cancel(self, id_: str, now: int) -> bool:
        """Request cancellation; a queued job is cancelled at once. False if it had ended."""
        waiting = "state = 'cancelled', finished_at = ?, message = 'Cancelled before it started.'"
        if self._change(id_, f"cancel_at = ?, {waiting}", (now, now), "state = 'queued'"):
            return True
        ask = "cancel_at = coalesce(cancel_at, ?)"
        return self._change(id_, ask, (now,), "state = 'running'")

    def end(
        self,
        id_: str,
        state: JobState,
        message: str,
        now: int,
        *,
        version: str | None = None,
        result: Mapping[str, Any] | None = None,
    ) -> bool:
        """Record how a job ended. A job that has ended already isn't changed (returns False).

        ``done`` sets its progress to 1.
        """
        change = "state = ?, message = ?, finished_at = ?, version = coalesce(?, version)"
        change += ", result = ?" + (", progress = 1.0" if state == "done" else "")
        body = None if result is None else json.dumps(result)
        values = (state, message[: _LONGEST["message"]], now, version, body)
        return self._change(id_, change, values, "state IN ('queued', 'running')")

    def give_up_lost(self, now: int) -> int:
        """Mark jobs as failed that stopped sending heartbeats or never started; return how many."""
        with self._database.reading() as link:  # usually there are none and nothing is written
            count = sum(
                int(link.run(f"SELECT count(*) FROM jobs WHERE {when}", (now - age,)).fetchone()[0])
                for when, age, _ in _LOST
            )
        if not count:
            return 0
        change = "UPDATE jobs SET state = 'failed', finished_at = ?, message = ?"
        with self._database.writing() as link:
            return sum(
                int(link.run(f"{change} WHERE {when}", (now, why, now - age)).rowcount)
                for when, age, why in _LOST
            )

    def _change(self, id_: str, change: str, values: tuple[Any, ...], when: str) -> bool:
        if not is_id(id_):
            return False
        statement = f"UPDATE jobs SET {change} WHERE id = ? AND {when}"
        with self._database.writing() as link:
            return int(link.run(statement, (*values, id_)).rowcount) == 1


def _add(
    link: Link,
    kind: str,
    arguments: Mapping[str, Any],
    actor: str,
    now: int,
    *,
    running_id: str | None = None,
) -> Job:
    id_, state = running_id or new_id(now), "running" if running_id else "queued"
    names = ("id", "kind", "state", "progress", "message", "actor", "arguments", "created_at")
    values = (id_, kind, state, 0.0, "", actor[:100], json.dumps(arguments), now)
    times = ("started_at", "seen_at")
    since = now if running_id else None
    link.run(insert_into("jobs", (*names, *times)), (*values, since, since))
    return _one(link, id_)


def _one(link: Link, id_: str) -> Job:
    return _select(link, "WHERE id = ?", (id_,))[0]


def _select(link: Link, rest: str, values: tuple[Any, ...] = ()) -> list[Job]:
    rows = link.run(f"SELECT {', '.join(_COLUMNS)} FROM jobs {rest}", values).fetchall()
    return [_job(dict(zip(_COLUMNS, row, strict=True))) for row in rows]


def _job(row: dict[str, Any]) -> Job:
    row["id"] = str(row["id"])  # PostgreSQL gives a UUID
    for name in ("arguments", "result"):
        row[name] = json.loads(row[name]) if isinstance(row[name], str) else row[name]
    return Job(**row)
