"""Sessions that were signed out, for machines that share no folder but the database."""

from __future__ import annotations

import time
from collections.abc import Callable
from hashlib import sha256

from webapp.db.database import Database


class EndedSessions:
    """The table; it has digests, so who reads it can't use them. Raises LogUnavailableError."""

    def __init__(
        self, database: Database, seconds: int, clock: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._seconds = seconds  # after which a session has expired anyhow
        self._clock = clock

    def end(self, session: str) -> None:
        """Let a session work no more, at any machine."""
        now = int(self._clock() * 1000)
        again = "ON CONFLICT (digest) DO NOTHING"
        with self._database.writing() as link:
            link.run("DELETE FROM ended_sessions WHERE at < ?", (now - self._seconds * 1000,))
            insert = f"INSERT INTO ended_sessions (digest, at) VALUES (?, ?) {again}"
            link.run(insert, (_digest(session), now))

    def has_ended(self, session: str) -> bool:
        """Was it signed out, anywhere?"""
        with self._database.reading() as link:
            select = "SELECT count(*) FROM ended_sessions WHERE digest = ?"
            return bool(link.run(select, (_digest(session),)).fetchone()[0])


def _digest(session: str) -> str:
    return sha256(session.encode()).hexdigest()
