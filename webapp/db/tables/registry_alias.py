"""What is remembered of a registry's alias, to tell who moved since: it, or the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import astuple, dataclass, fields

from webapp.db.database import Database
from webapp.db.lock import BusyError, only_one

_LOCK = 2718281828  # of PostgreSQL's advisory locks, ours for this


@dataclass(frozen=True)
class Remembered:
    """How alias and ledger were when they were last in step, and what has been seen since."""

    version: str | None = None  # that both named
    sent: str | None = None  # that we were about to set the alias to
    noticed: str | None = None  # that the alias was found on, moved by somebody else
    noticed_at: int | None = None  # when it was first found there; ms since 1970, UTC


class AliasMemory:
    """One row a registry; ``place`` says which."""

    def __init__(self, database: Database, place: str) -> None:
        self._database = database
        self._place = place

    @property
    def place(self) -> str:
        """The registry and model that are remembered."""
        return self._place

    def recall(self) -> Remembered:
        """What is remembered; nothing of a new place. Raises LogUnavailableError."""
        with self._database.reading() as link:
            row = link.run(f"SELECT {_COLUMNS} FROM aliases WHERE place = ?", (self._place,))
            found = row.fetchone()
        return Remembered(*found) if found else Remembered()

    def remember(self, what: Remembered) -> None:
        """Replace it. Raises LogUnavailableError."""
        updates = ", ".join(f"{name} = excluded.{name}" for name in _NAMES)
        with self._database.writing() as link:
            link.run(
                f"INSERT INTO aliases (place, {_COLUMNS}) VALUES (?, ?, ?, ?, ?) "
                f"ON CONFLICT (place) DO UPDATE SET {updates}",
                (self._place, *astuple(what)),
            )

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Does nobody else keep an alias in step now? Of several processes and machines one does.

        Raises LogUnavailableError.
        """
        if self._database.is_sqlite:
            with ExitStack() as held:
                yield _held(held, self._database)
            return
        with self._database.reading() as link:  # until the end of this transaction
            yield bool(link.run(f"SELECT pg_try_advisory_xact_lock({_LOCK})").fetchone()[0])


def _held(until: ExitStack, database: Database) -> bool:
    """Is the lock beside a file ours, until then?"""
    try:
        until.enter_context(only_one(database, "alias"))
    except BusyError:
        return False
    return True


_NAMES = tuple(field.name for field in fields(Remembered))
_COLUMNS = ", ".join(_NAMES)
