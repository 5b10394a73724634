"""A registry's champion alias and the ledger when they last agreed: to see which one moved."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import astuple, dataclass, fields

from webapp.db.database import Database
from webapp.db.lock import BusyError, only_one

_LOCK = 2718281828  # of PostgreSQL's advisory locks, ours for this


@dataclass(frozen=True)
class Remembered:
    """Alias and ledger when they last agreed, and what has been seen since."""

    version: str | None = None  # champion of both
    sent: str | None = None  # version that we were about to set the alias to
    noticed: str | None = None  # version that the alias was moved to by someone else
    noticed_at: int | None = None  # when that was first seen; ms since 1970, UTC


class AliasMemory:
    """The row of one registry, which ``place`` identifies."""

    def __init__(self, database: Database, place: str) -> None:
        self._database = database
        self._place = place

    @property
    def place(self) -> str:
        """The registry and model that are remembered."""
        return self._place

    def recall(self) -> Remembered:
        """The stored state; all None for a new place. Raises LogUnavailableError."""
        with self._database.reading() as link:
            result = link.run(f"SELECT {_COLUMNS} FROM aliases WHERE place = ?", (self._place,))
            row = result.fetchone()
        return Remembered(*row) if row else Remembered()

    def remember(self, what: Remembered) -> None:
        """Replace the stored state. Raises LogUnavailableError."""
        updates = ", ".join(f"{name} = excluded.{name}" for name in _NAMES)
        with self._database.writing() as link:
            link.run(
                f"INSERT INTO aliases (place, {_COLUMNS}) VALUES (?, ?, ?, ?, ?) "
                f"ON CONFLICT (place) DO UPDATE SET {updates}",
                (self._place, *astuple(what)),
            )

    @contextmanager
    def locked(self) -> Iterator[bool]:
        """Hold the lock for syncing aliases, if it is free. Yields whether it is held.

        One process syncs at a time, over all machines. Raises LogUnavailableError.
        """
        if self._database.is_sqlite:
            with ExitStack() as stack:
                yield _enter_lock(stack, self._database)
            return
        with self._database.reading() as link:  # until the end of this transaction
            yield bool(link.run(f"SELECT pg_try_advisory_xact_lock({_LOCK})").fetchone()[0])


def _enter_lock(stack: ExitStack, database: Database) -> bool:
    """Hold the file lock until the stack is closed. False if another process holds it."""
    try:
        stack.enter_context(only_one(database, "alias"))
    except BusyError:
        return False
    return True


_NAMES = tuple(field.name for field in fields(Remembered))
_COLUMNS = ", ".join(_NAMES)
