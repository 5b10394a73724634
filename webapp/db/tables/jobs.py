"""Background jobs as everybody sees them: what was asked for, how far it is, what came of it.

A queue library starts them (``webapp.jobs``); this table is the record, and it outlives restarts.
Whoever runs a job notes now and then that it is alive. When that stops, its process has died
without a word, and the next one who looks marks the job as failed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from webapp.db.database import Database, Link
from webapp.db.ids import is_id, new_id
from webapp.db.sql import insert_into

State = Literal["queued", "running", "done", "failed", "cancelled"]
OVER: tuple[State, ...] = ("done", "failed", "cancelled")

SEEN_MS = 2_000  # how often a running job is noted as alive
LOST_MS = 30_000  # after which one that wasn't is given up
STRANDED_MS = 60_000  # after which a queued one is put into the queue again, if asked for again
QUEUED_MS = 3_600_000  # after which one that nobody began is given up
_LOST = (
    (
        "state = 'running' AND seen_at < ?",
        LOST_MS,
        "Its process ended without a word: it was killed, or its machine went down.",
    ),
    (
        "state = 'queued' AND created_at < ?",
        QUEUED_MS,
        "Nobody began it within an hour: is a server running?",
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

    ``step`` names what is being done, ``message`` says it for people, or why it failed;
    ``result`` is what came of it, as the command's ``--json`` has it.
    """

    id: str
    kind: str
    state: State
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
        """Has it ended, one way or another?"""
        return self.state in OVER


class Jobs:
    """The table. Methods are safe in threads and raise LogUnavailableError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        kind: str,
        arguments: Mapping[str, Any],
        actor: str,
        now: int,
        *,
        begun: str | None = None,
    ) -> Job:
        """A new job, not begun yet; ``begun``: one that runs already, with this id."""
        with self._database.writing() as link:
            return _add(link, kind, arguments, actor, now, begun=begun)

    def add_alone(
        self, kind: str, arguments: Mapping[str, Any], actor: str, now: int
    ) -> Job | None:
        """The same; None while another of its kind is queued or runs, whoever asks meanwhile."""
        busy = "SELECT count(*) FROM jobs WHERE kind = ? AND state IN ('queued', 'running')"
        with self._database.writing() as link:
            if not link.is_sqlite:
                link.run("LOCK TABLE jobs IN SHARE ROW EXCLUSIVE MODE")
            if link.run(busy, (kind,)).fetchone()[0]:
                return None
            return _add(link, kind, arguments, actor, now)

    def stranded(self, kind: str, now: int) -> Job | None:
        """One of that kind that nobody takes, though nothing runs: its message may be lost."""
        with self._database.reading() as link:
            if link.run("SELECT count(*) FROM jobs WHERE state = 'running'").fetchone()[0]:
                return None
            waits = "WHERE kind = ? AND state = 'queued' AND created_at < ? ORDER BY id LIMIT 1"
            found = _select(link, waits, (kind, now - STRANDED_MS))
        return found[0] if found else None

    def get(self, id_: str) -> Job | None:
        """The job of that id."""
        if not is_id(id_):
            return None
        with self._database.reading() as link:
            found = _select(link, "WHERE id = ?", (id_,))
        return found[0] if found else None

    def history(self, limit: int = 50, kind: str | None = None) -> list[Job]:
        """The last jobs, newest first."""
        where, values = ("WHERE kind = ? ", (kind,)) if kind else ("", ())
        with self._database.reading() as link:
            return _select(link, f"{where}ORDER BY id DESC LIMIT {int(limit)}", values)

    def begin(self, id_: str, now: int) -> bool:
        """It runs from now on: may it? Not when it was cancelled, or somebody else runs it."""
        change = "state = 'running', started_at = ?, seen_at = ?"
        return self._change(id_, change, (now, now), "state = 'queued' AND cancel_at IS NULL")

    def progress(self, id_: str, progress: float, step: str, message: str, now: int) -> bool:
        """How far it is: may it go on? Not when it was cancelled or given up."""
        change = "progress = ?, step = ?, message = ?, seen_at = ?"
        values = (progress, step[: _LONGEST["step"]], message[: _LONGEST["message"]], now)
        return self._change(id_, change, values, "state = 'running' AND cancel_at IS NULL")

    def seen(self, id_: str, now: int) -> bool:
        """It is alive: may it go on?"""
        going = "state = 'running' AND cancel_at IS NULL"
        return self._change(id_, "seen_at = ?", (now,), going)

    def cancel(self, id_: str, now: int) -> bool:
        """Ask for its end; one that has not begun ends at once. False when it is over."""
        waiting = "state = 'cancelled', finished_at = ?, message = 'Cancelled before it began.'"
        if self._change(id_, f"cancel_at = ?, {waiting}", (now, now), "state = 'queued'"):
            return True
        ask = "cancel_at = coalesce(cancel_at, ?)"
        return self._change(id_, ask, (now,), "state = 'running'")

    def end(
        self,
        id_: str,
        state: State,
        message: str,
        now: int,
        *,
        version: str | None = None,
        result: Mapping[str, Any] | None = None,
    ) -> bool:
        """How it ended; what is over stays as it is. A job that is done has a progress of 1."""
        change = "state = ?, message = ?, finished_at = ?, version = coalesce(?, version)"
        change += ", result = ?" + (", progress = 1.0" if state == "done" else "")
        body = None if result is None else json.dumps(result)
        values = (state, message[: _LONGEST["message"]], now, version, body)
        return self._change(id_, change, values, "state IN ('queued', 'running')")

    def give_up_lost(self, now: int) -> int:
        """Mark as failed what died without a word, or what nobody began: how many."""
        with self._database.reading() as link:  # usually there are none, and nothing is written
            found = sum(
                int(link.run(f"SELECT count(*) FROM jobs WHERE {when}", (now - age,)).fetchone()[0])
                for when, age, _ in _LOST
            )
        if not found:
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
    begun: str | None = None,
) -> Job:
    id_, state = begun or new_id(now), "running" if begun else "queued"
    names = ("id", "kind", "state", "progress", "message", "actor", "arguments", "created_at")
    values = (id_, kind, state, 0.0, "", actor[:100], json.dumps(arguments), now)
    times = ("started_at", "seen_at")
    since = now if begun else None
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
