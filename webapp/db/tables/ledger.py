"""The promotion ledger: which version is champion, since when, promoted by whom, and why.

Its first line is the champion by default: who answers when nobody has promoted a version yet is
decided once, by whichever process asks first, and written down, so that nothing but a promotion
changes it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import Any

from webapp.db.database import Database, Link, LogUnavailableError
from webapp.db.sql import insert_into
from webapp.timing import now_ms

FRESH_SECONDS = 1.0  # how old the answer to "who is champion?" may be
RETRY_SECONDS = 10.0  # between attempts to write the champion by default
DEFAULT_ACTOR = "default"
_COLUMNS = ("id", "at", "version", "previous", "actor", "reason", "evidence")


@dataclass(frozen=True)
class Promotion:
    """One entry of the ledger; ``at`` in ms since 1970, UTC."""

    id: int
    at: int
    version: str
    previous: str | None
    actor: str
    reason: str
    evidence: Mapping[str, Any]

    @property
    def is_default(self) -> bool:
        """True if nobody promoted it: it is who answered when the ledger began."""
        return self.previous is None and self.actor == DEFAULT_ACTOR


@dataclass(frozen=True)
class DefaultChampion:
    """A version that answers before anybody promoted one, and why it does."""

    version: str
    reason: str
    evidence: Mapping[str, Any]


class LedgerMovedError(RuntimeError):
    """Another promotion came in between."""


class Ledger:
    """Append-only; its last entry names the champion. Methods are thread-safe."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._lock = Lock()
        self._last: Promotion | None = None
        self._read_at = float("-inf")
        self._default: DefaultChampion | None = None  # this process's choice, perhaps unwritten
        self._tried_at = float("-inf")

    def champion(self) -> Promotion | None:
        """The last promotion, read at most a second ago; None if there is none.

        While the database is unavailable, the last one that was read.
        """
        if self._clock() - self._read_at >= FRESH_SECONDS and self._lock.acquire(blocking=False):
            try:
                self.refresh()
            finally:
                self._lock.release()
        return self._last

    def refresh(self) -> None:
        """Read the last promotion now, for who may just have promoted through another process."""
        with suppress(LogUnavailableError):  # writers report it; readers keep the last champion
            self.history(1)
        self._read_at = self._clock()

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
        """Make a version champion; adds nothing if it was promoted last.

        ``default`` is the champion before the first line. ``follows`` is the id of the last
        entry that the caller has read (0: none); raises LedgerMovedError if there is a newer one.
        Raises LogUnavailableError.
        """
        with self._database.writing() as link:
            before = _lock_and_read(link)
            if follows is not None and follows != (before.id if before else 0):
                raise LedgerMovedError("another version was promoted in the meantime")
            if before and before.version == version and not before.is_default:
                return before
            previous = before.version if before else default
            previous = None if previous == version else previous
            last = _append(link, version, previous, actor, reason, evidence or {})
        self._last, self._read_at = last, self._clock()
        return last

    def decide_default(self, choose: Callable[[], DefaultChampion | None]) -> str | None:
        """The champion's name where ``champion`` has no line: the default, written once for all.

        Of several processes and machines the first decides, and the others read its line. While
        the database can't be written, the first choice of this process stands. None if ``choose``
        has none.
        """
        if self._default is None:
            self._default = choose()
        if self._default is None:
            return None
        if self._clock() - self._tried_at >= RETRY_SECONDS and self._lock.acquire(blocking=False):
            try:
                self._write_default(self._default)
            finally:
                self._lock.release()
        return self._last.version if self._last else self._default.version

    def _write_default(self, default: DefaultChampion) -> None:
        self._tried_at = self._clock()
        try:
            with self._database.writing() as link:
                last = _lock_and_read(link) or _append(
                    link, default.version, None, DEFAULT_ACTOR, default.reason, default.evidence
                )
        except LogUnavailableError:
            return  # writers report it
        self._last, self._read_at = last, self._clock()

    def history(self, limit: int = 100) -> list[Promotion]:
        """The last promotions, newest first. Raises LogUnavailableError."""
        with self._database.reading() as link:
            promotions = _read(link, limit)
        # Else a page with these lines could name a champion that is older than they are
        self._last, self._read_at = next(iter(promotions), None), self._clock()
        return promotions

    def after(self, line: int) -> list[Promotion]:
        """All promotions after the one with that id, newest first. Raises LogUnavailableError."""
        with self._database.reading() as link:
            return _select(link, "WHERE id > ? ORDER BY id DESC", (int(line),))


def _lock_and_read(link: Link) -> Promotion | None:
    """The last line; until the transaction ends, nobody adds another."""
    if not link.is_sqlite:  # so that of two at once, each sees the one before it
        link.run("LOCK TABLE promotions IN SHARE ROW EXCLUSIVE MODE")
    return next(iter(_read(link, 1)), None)


def _append(
    link: Link,
    version: str,
    previous: str | None,
    actor: str,
    reason: str,
    evidence: Mapping[str, Any],
) -> Promotion:
    values = (now_ms(), version, previous, actor, reason, json.dumps(evidence))
    link.run(insert_into("promotions", _COLUMNS[1:]), values)
    return _read(link, 1)[0]


def _read(link: Link, limit: int) -> list[Promotion]:
    return _select(link, f"ORDER BY id DESC LIMIT {int(limit)}", ())


def _select(link: Link, rest: str, values: tuple[Any, ...]) -> list[Promotion]:
    rows = link.run(f"SELECT {', '.join(_COLUMNS)} FROM promotions {rest}", values).fetchall()
    return [
        Promotion(**dict(zip(_COLUMNS, (*row[:6], _evidence(row[6])), strict=True))) for row in rows
    ]


def _evidence(value: object) -> Mapping[str, Any]:
    evidence = json.loads(value) if isinstance(value, str) else value
    return evidence if isinstance(evidence, dict) else {}
