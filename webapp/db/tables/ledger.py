"""The promotion ledger: which version is champion, since when, who said so, and why."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from webapp.db.database import Database, Link, LogUnavailableError
from webapp.db.sql import insert_into
from webapp.timing import now_ms

FRESH_SECONDS = 1.0  # how old the answer to "who is champion?" may be
_COLUMNS = ("id", "at", "version", "previous", "actor", "reason", "evidence")


@dataclass(frozen=True)
class Promotion:
    """One line of the ledger; ``at`` in ms since 1970, UTC."""

    id: int
    at: int
    version: str
    previous: str | None
    actor: str
    reason: str
    evidence: Mapping[str, Any]


class LedgerMovedError(RuntimeError):
    """Somebody else promoted meanwhile."""


class Ledger:
    """Append-only; the champion is its last line. Methods are safe in threads."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._lock = Lock()
        self._last: Promotion | None = None
        self._looked = float("-inf")

    def champion(self) -> Promotion | None:
        """The last promotion, at most a second old; None when there never was one.

        While the database is unavailable, the last that was seen.
        """
        if self._clock() - self._looked >= FRESH_SECONDS and self._lock.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._lock.release()
        return self._last

    def promote(
        self,
        version: str,
        *,
        actor: str,
        reason: str,
        evidence: Mapping[str, Any] | None = None,
        default: str | None = None,
        follows: int | None = None,
    ) -> Promotion:
        """Make a version champion; nothing is added when it is. Raises LogUnavailableError.

        ``default`` is who was it before the first promotion. ``follows`` is the id of the last
        line that the caller knows (0: none); LedgerMovedError when there is another by now.
        """
        with self._database.writing() as link:
            if not link.is_sqlite:  # two at once: each knows whom it follows
                link.run("LOCK TABLE promotions IN SHARE ROW EXCLUSIVE MODE")
            before = _read(link, 1)
            if follows is not None and follows != (before[0].id if before else 0):
                raise LedgerMovedError("somebody else promoted meanwhile")
            if before and before[0].version == version:
                return before[0]
            previous = before[0].version if before else default
            values = (now_ms(), version, previous, actor, reason, json.dumps(evidence or {}))
            link.run(insert_into("promotions", _COLUMNS[1:]), values)
            last = _read(link, 1)[0]
        self._last, self._looked = last, self._clock()
        return last

    def history(self, limit: int = 100) -> list[Promotion]:
        """The last promotions, newest first. Raises LogUnavailableError."""
        with self._database.reading() as link:
            return _read(link, limit)

    def after(self, line: int) -> list[Promotion]:
        """All promotions after the one of that id, newest first. Raises LogUnavailableError."""
        with self._database.reading() as link:
            return _select(link, "WHERE id > ? ORDER BY id DESC", (int(line),))

    def _look(self) -> None:
        try:
            newest = self.history(1)
        except LogUnavailableError:
            pass  # the log says so to whoever writes; answers go on as before
        else:
            self._last = newest[0] if newest else None
        self._looked = self._clock()


def _read(link: Link, limit: int) -> list[Promotion]:
    return _select(link, f"ORDER BY id DESC LIMIT {int(limit)}", ())


def _select(link: Link, rest: str, values: tuple[Any, ...]) -> list[Promotion]:
    rows = link.run(f"SELECT {', '.join(_COLUMNS)} FROM promotions {rest}", values).fetchall()
    return [
        Promotion(**dict(zip(_COLUMNS, (*row[:6], _evidence(row[6])), strict=True))) for row in rows
    ]


def _evidence(value: object) -> Mapping[str, Any]:
    found = json.loads(value) if isinstance(value, str) else value
    return found if isinstance(found, dict) else {}
