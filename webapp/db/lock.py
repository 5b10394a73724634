"""Work that must be done once, whoever starts it and on how many machines.

The lock is held by a connection (PostgreSQL) or an open file beside the database (SQLite), so it
ends with the process that holds it, however that ends: there is nothing to wait for or to remove.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from webapp.db.database import Database, LogUnavailableError, translated

Name = str
_KEYS = {"retrain": 3_141_592_654, "alert": 3_141_592_655}
# A machine that lost its power never closes its connection: the server has to ask.
_KEEP_ALIVE = (
    "tcp_keepalives_idle = 20",
    "tcp_keepalives_interval = 5",
    "tcp_keepalives_count = 3",
)


class BusyError(RuntimeError):
    """Somebody else is at it."""


@contextmanager
def only_one(database: Database, name: Name) -> Iterator[Callable[[], None]]:
    """Hold the lock of that name. Raises BusyError at once when somebody else does.

    What it gives raises LogUnavailableError when the lock was lost: call it before writing what
    must not be written twice.
    """
    hold = _file_lock if database.is_sqlite else _advisory_lock
    with hold(database, name) as still:
        yield still


@contextmanager
def _advisory_lock(database: Database, name: Name) -> Iterator[Callable[[], None]]:
    connection = database.apart()
    try:
        with translated():
            connection.autocommit = True
            for setting in _KEEP_ALIVE:
                connection.execute(f"SET {setting}")
            row = connection.execute("SELECT pg_try_advisory_lock(%s)", (_KEYS[name],)).fetchone()
        if not row[0]:
            raise BusyError(name)

        def still() -> None:
            with translated():
                connection.execute("SELECT 1")

        try:
            yield still
        finally:  # closing lets go of it, too, but the server may take a moment for that
            with suppress(LogUnavailableError), translated():
                connection.execute("SELECT pg_advisory_unlock(%s)", (_KEYS[name],))
    finally:
        connection.close()


@contextmanager
def _file_lock(database: Database, name: Name) -> Iterator[Callable[[], None]]:
    place = Path(f"{database.url.database}.{name}.lock")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise LogUnavailableError(f"{place} can't be written: {error.strerror}") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(name) from None
        yield lambda: None  # it can't be lost
    finally:
        os.close(handle)
