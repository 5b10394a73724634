"""Sessions that were signed out, for machines that share only the database."""

from __future__ import annotations

import time
from collections.abc import Callable
from hashlib import sha256

from webapp.db.database import Database


class EndedSessions:
    """The table. It stores digests, which can't be used to sign in. Raises LogUnavailableError."""

    def __init__(
        self, database: Database, seconds: int, clock: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._seconds = seconds  # lifetime of a session
        self._clock = clock

    def end(self, session: str) -> None:
        """End a session on every machine."""
        now = int(self._clock() * 1000)
        again = "ON CONFLICT (digest) DO NOTHING"
        with self._database.writing() as link:
            link.run("DELETE FROM ended_sessions WHERE at < ?", (now - self._seconds * 1000,))
            insert = f"INSERT INTO ended_sessions (digest, at) VALUES (?, ?) {again}"
            link.run(insert, (_digest(session), now))

    def has_ended(self, session: str) -> bool:
        """True if the session was signed out on any machine."""
        with self._database.reading() as link:
            select = "SELECT count(*) FROM ended_sessions WHERE digest = ?"
            return bool(link.run(select, (_digest(session),)).fetchone()[0])


def _digest(session: str) -> str:
    return sha256(session.encode()).hexdigest()
